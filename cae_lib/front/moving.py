"""The moving picture of the README: the slider over two runs' epochs, then the course's chart, notebook by notebook.

Its frames are those of the real views; only the line with the slider is drawn here, since a picture has no handle.
"""

from io import BytesIO

from PIL import Image, ImageDraw

from cae_lib import plots
from cae_lib.checkpoints import load_run
from cae_lib.course.chart import chart
from cae_lib.data.images import ImageSet
from cae_lib.results import measurements
from cae_lib.views.strip import letters
from cae_lib.views.widgets import epoch_slider

SIZE, LINE = (800, 444), 44  # pixels: the picture, and the height of the line with the slider
TRACK = (210, 560)  # pixels from the left
BRIEF, LONG = 400, 2_500  # milliseconds: a frame, and the last one of a part


def epochs(test: ImageSet) -> list[Image.Image]:
    """A frame for every epoch that both of the report's models have kept."""
    view = epoch_slider(load_run("model1"), test, test.one_per_class()[:4], other=load_run("model2"))
    numbers, frames = [values[0] for values in view.states(("epoch",))], []
    for place, number in enumerate(numbers):
        view.set(epoch=number)
        frames.append(framed(view.png, "epoch", str(number), place / (len(numbers) - 1)))
    return frames


def filling() -> list[Image.Image]:
    """A frame for every notebook that adds points to the chart."""
    notebooks, frames = sorted({point["notebook"] for point in measurements.stored("chart")["points"]}), []
    for place, notebook in enumerate(notebooks):
        figure = chart(notebook, "")  # no source: without a student's own points
        frames.append(framed(plots.to_png(figure), "after notebook", notebook, place / (len(notebooks) - 1)))
    return frames


def framed(png: bytes, name: str, value: str, share: float) -> Image.Image:
    """A view's picture below a line with a slider's name, its handle at a share of its way, and its value."""
    whole, picture = Image.new("RGB", SIZE, "white"), Image.open(BytesIO(png)).convert("RGB")
    picture.thumbnail((SIZE[0], SIZE[1] - LINE))
    whole.paste(picture, ((SIZE[0] - picture.width) // 2, LINE + (SIZE[1] - LINE - picture.height) // 2))
    draw, font, middle = ImageDraw.Draw(whole), letters(16), LINE // 2
    handle = TRACK[0] + share * (TRACK[1] - TRACK[0])
    draw.text((TRACK[0] - 18, middle), name, "black", font, anchor="rm")
    draw.rounded_rectangle((TRACK[0], middle - 2, TRACK[1], middle + 2), 2, "#cccccc")
    draw.rounded_rectangle((TRACK[0], middle - 2, handle, middle + 2), 2, plots.COLOURS[0])
    draw.ellipse((handle - 9, middle - 9, handle + 9, middle + 9), plots.COLOURS[0])
    draw.text((TRACK[1] + 18, middle), value, "black", font, anchor="lm")
    return whole


def moving(test: ImageSet) -> bytes:
    """The picture as an animated WebP that runs for ever."""
    parts, out = (epochs(test), filling()), BytesIO()
    first, *others = [frame for part in parts for frame in part]
    durations = [LONG if k == len(part) - 1 else BRIEF for part in parts for k in range(len(part))]
    first.save(out, "WEBP", save_all=True, append_images=others, duration=durations, loop=0, quality=90, method=4)
    return out.getvalue()
