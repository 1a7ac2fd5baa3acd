"""A figure as a picture: bytes of a PNG, and a text for who cannot see it, made from what is drawn."""

from base64 import b64encode
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

LISTED = 12  # titles or curves that a text names, before it only counts the rest


class Picture(Figure):
    """A Figure that a notebook shows as a PNG with alternative text: without pyplot, matplotlib leaves that to us."""

    def _repr_mimebundle_(self, **options) -> tuple[dict, dict]:
        return bundle(to_png(self), describe(self))


def bundle(png: bytes, alt: str) -> tuple[dict, dict]:
    """What a notebook stores of a picture, and what it shows."""
    width, height = Image.open(BytesIO(png)).size
    text = f"a picture of {width} x {height} pixels"
    return {"image/png": b64encode(compact(png)).decode(), "text/plain": text}, {"image/png": {"alt": alt}}


def source_note(source: str) -> str:
    """Which images a figure shows."""
    return "data: stand-in images, not CIFAR-10" if source == "stand-in" else f"data: {source}"


def to_png(figure: Figure) -> bytes:
    """A Figure as the bytes of a PNG file, without the version of the library that drew it."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def compact(png: bytes) -> bytes:
    """Nearly the same picture in fewer bytes, for notebooks that keep it: see `rounded`."""
    content = BytesIO()
    rounded(Image.open(BytesIO(png))).save(content, "PNG", optimize=True)
    return content.getvalue()


def rounded(picture: Image.Image) -> Image.Image:
    """A picture without transparency, which no figure here has, and with levels of colour that are multiples of 4.

    No value moves by more than 2 of 255, and a file of photographs becomes smaller.
    """
    return picture.convert("RGB").point(lambda level: min((level + 2) // 4 * 4, 255))


def describe(figure: Figure) -> str:
    """What a figure shows, in sentences made from its titles, labels and numbers."""
    axes = [ax for ax in figure.axes if ax.get_label() != "<colorbar>" and (ax.images or ax.has_data())]
    pictures = [ax for ax in axes if ax.images]
    sentences = [one_line(figure.get_suptitle())] if figure.get_suptitle() else []
    if pictures:
        rows = names(ax.get_ylabel() for ax in pictures)
        titles = names(ax.get_title() for ax in pictures)
        count = f"{len(pictures)} pictures" if len(pictures) > 1 else "A picture"
        sentences.append(": ".join(filter(None, [f"{count}, rows {rows}" if rows else count, titles])))
    sentences += [curves(ax) for ax in axes if not ax.images]
    return ". ".join(sentence.rstrip(".") for sentence in [*sentences, one_line(figure.get_supxlabel())] if sentence)


def curves(ax: Axes) -> str:
    """The curves and bars on one axes, by their first and last values; a drawing by the words in it."""
    title, x, y = (one_line(text) for text in (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()))
    found = []
    for line in ax.lines:
        xs, ys = line.get_xdata(), line.get_ydata()
        label = line.get_label()
        if label.startswith("_") or not len(xs):
            continue
        found.append(
            f"{one_line(label)} from {number(ys[0])} at {number(xs[0])} to {number(ys[-1])} at {number(xs[-1])}"
            if len(xs) > 1
            else f"{one_line(label)} {number(ys[0])} at {number(xs[0])}"
        )
    for bars in ax.containers:
        if getattr(bars, "lines", None) and bars.lines[0] is not None:  # a curve with error bars
            xs, ys = bars.lines[0].get_data()
            ends = f"from {number(ys[0])} at {number(xs[0])} to {number(ys[-1])} at {number(xs[-1])}"
            found.append(f"{one_line(bars.get_label())} {ends}")
            continue
        if getattr(bars, "orientation", "") == "horizontal":
            rows = [one_line(label.get_text()) for label in ax.get_yticklabels()]
            sizes = [f"{row} {number(bar.get_width())}" for row, bar in zip(rows, bars, strict=False)]
            found.append(f"{one_line(bars.get_label())}: {', '.join(sizes)}".removeprefix("_nolegend_: "))
            continue
        heights = [bar.get_height() for bar in bars if hasattr(bar, "get_height")]
        if heights:
            found.append(f"{len(heights)} bars from {number(min(heights))} to {number(max(heights))}")
    found = found or [one_line(text.get_text()) for text in ax.texts if text.get_text()]
    axes = f"{y} against {x}" if x and y else x or y
    return ": ".join(filter(None, [title, axes, "; ".join(shortened(found))]))


def names(texts) -> str:
    return ", ".join(shortened(list(dict.fromkeys(filter(None, map(one_line, texts))))))


def shortened(texts: list[str]) -> list[str]:
    more = len(texts) - LISTED
    return texts if more <= 0 else [*texts[:LISTED], f"and {more} more"]


def one_line(text: str) -> str:
    return " ".join(text.split())


def number(value) -> str:
    try:
        return f"{float(value):.4g}"
    except (TypeError, ValueError):
        return str(value)
