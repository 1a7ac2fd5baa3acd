"""The reader's own picture through every codec of the kit."""

from collections.abc import Callable
from math import isinf
from pathlib import Path

import torch
from ipywidgets import FileUpload, Layout, Text
from matplotlib.figure import Figure
from torch import Tensor

from cae_lib import plots
from cae_lib.codec import streams
from cae_lib.data.images import DataError
from cae_lib.pictures.files import small_picture
from cae_lib.race.baselines import BASELINES
from cae_lib.race.codecs import codec_named
from cae_lib.race.rate_distortion import decibels
from cae_lib.race.rates import bits_per_pixel
from cae_lib.views.drawing import show_map
from cae_lib.views.view import View, chooser, look, slider

LARGEST = 256  # pixels a side: more would make each move slow


def own_image(start: Tensor | str | Path, name: str = "JPEG 4:4:4", *, source: str = "") -> View:
    """Any picture through any codec of the kit, with its bytes: also the reader's own, uploaded or given by its path.

    start: uint8 (3, H, W), or the path of a picture; sides above 256 pixels are scaled down; name: the codec to begin
    with. Raises DataError for a file that is no picture.
    """
    names = [*streams.MODELS, *streams.OWN, *BASELINES]
    first = "from the data set" if isinstance(start, Tensor) else Path(start).name
    pictures = {first: start if isinstance(start, Tensor) else read(Path(start))}

    def draw(picture: str, name: str, quality: float) -> Figure:
        image = pictures[picture]
        after, whole, payload = coded(image, name, quality)
        figure, ((left, middle, right),) = plots.new_figure(1, 3, 8.0, 3.6, source if picture == first else "")
        plots.show_image(left, image, f"{image.shape[2]} × {image.shape[1]} pixels\n{image.numel():,} bytes")
        rate = bits_per_pixel(whole, image[0].numel())
        title = f"{name}, quality {quality:g}\n{whole:,} bytes (payload {payload:,})\n{rate:.2f} bits per pixel"
        plots.show_image(middle, after, title)
        error, db = (image.float() - after.float()).abs().mean(0) / 255, decibels(image, after)
        show_map(right, error, "no error: nothing is lost" if isinf(db) else f"error: {db:.1f} dB", cmap="magma")
        return figure

    controls = {
        "picture": chooser("picture", pictures),
        "codec": chooser("codec", names, name),
        "quality": slider("quality", codec_named(name).curve_qualities, middle(name)),
    }
    wide = Layout(width="200px")  # its text is longer than that of an ordinary button
    upload = FileUpload(
        accept="image/*", description="upload a picture", tooltip="choose a picture of yours", layout=wide
    )
    path = Text(placeholder="folder/picture.png", continuous_update=False, **look("or give its path"))

    def fit_qualities(change) -> None:  # before the view hears of the new codec
        with view.hold():
            controls["quality"].options = codec_named(change["new"]).curve_qualities
            controls["quality"].value = middle(change["new"])
            controls["quality"].disabled = len(controls["quality"].options) == 1  # a lossless codec has one

    def add(name: str, read: Callable[[], Tensor]) -> None:
        pictures[name] = read()
        view.frame.cache_clear()  # another picture of this name may have been drawn
        with view.hold():
            controls["picture"].options = list(pictures)
            controls["picture"].value = name

    def take_upload(change) -> None:
        for file in change["new"]:  # one at most
            view.attempt(
                lambda file=file: add(
                    file["name"], lambda: small_picture(bytes(file["content"]), file["name"], LARGEST)
                )
            )

    def take_path(change) -> None:
        if change["new"]:
            view.attempt(lambda: add(Path(change["new"]).name, lambda: read(Path(change["new"]))))

    controls["codec"].observe(fit_qualities, names="value")
    upload.observe(take_upload, names="value")
    path.observe(take_path, names="value")
    columns = {"original": pictures[first]}
    for shown in dict.fromkeys(("model1", "model2", name, "JPEG 4:4:4", "AVIF")):
        after, whole, _ = coded(pictures[first], shown, middle(shown))
        columns[f"{shown}\nquality {middle(shown):g}\n{whole:,} bytes"] = after
    static = plots.image_rows({"": torch.stack(list(columns.values()))}, list(columns), source=source, cell=1.5)
    rows = [[controls["picture"], upload, path], [controls["codec"], controls["quality"]]]
    view = View(draw, controls, static, "A picture, what a codec makes of it, and the error", rows=rows)
    return view


def middle(name: str) -> float:
    """A codec's quality to begin with."""
    return codec_named(name).curve_qualities[len(codec_named(name).curve_qualities) // 2]


def coded(image: Tensor, name: str, quality: float) -> tuple[Tensor, int, int]:
    """What comes back of an image (3, H, W) through a codec, and the bytes of its file and its payload."""
    (file,) = codec_named(name).encode(image[None], quality)
    return codec_named(name).decode([file])[0], len(file), codec_named(name).payload_size(file)


def read(path: Path) -> Tensor:
    """The picture at a path. Raises DataError."""
    try:
        return small_picture(path.expanduser().read_bytes(), path.name, LARGEST)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): check the path.") from error
