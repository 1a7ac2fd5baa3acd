"""The reader's own picture through every codec of the kit."""

from math import isinf
from pathlib import Path

import torch
from torch import Tensor

from cae_lib import plots
from cae_lib.codec import streams
from cae_lib.data.images import DataError
from cae_lib.pictures.files import small_picture
from cae_lib.race.baselines import BASELINES
from cae_lib.race.codecs import codec_named
from cae_lib.race.rate_distortion import decibels
from cae_lib.race.rates import bits_per_pixel
from cae_lib.views.controls import Control, chooser, slider
from cae_lib.views.strip import Strip, image_tile, map_tile
from cae_lib.views.view import View

LARGEST = 256  # pixels a side: more would make each move slow


def own_image(start: Tensor | str | Path, name: str = "JPEG 4:4:4", *, source: str = "") -> View:
    """Any picture through any codec of the kit, with its bytes: also the reader's own, uploaded or given by its path.

    start: uint8 (3, H, W) with sides of at most 256 pixels, or the path of a picture, which is scaled down to that;
    name: the codec to begin with. Raises DataError for a file that is no picture.
    """
    names = [*streams.MODELS, *streams.OWN, *BASELINES]
    first = "from the data set" if isinstance(start, Tensor) else Path(start).name
    pictures = {first: start if isinstance(start, Tensor) else read(Path(start))}

    def draw(picture: str, name: str, quality: float) -> Strip:
        image = pictures[picture]
        after, whole, payload = coded(image, name, quality)
        rate = bits_per_pixel(whole, image[0].numel())
        error, db = (image.float() - after.float()).abs().mean(0) / 255, decibels(image, after)
        lost = "no error: nothing is lost" if isinf(db) else f"error: {db:.1f} dB"
        said = f"{name}, quality {quality:g}\n{whole:,} bytes (payload {payload:,})\n{rate:.2f} bits per pixel"
        tiles = [
            image_tile(image, f"{image.shape[2]} × {image.shape[1]} pixels\n{image.numel():,} bytes"),
            image_tile(after, said),
            map_tile(error, lost, colours="magma"),
        ]
        return Strip(tiles, source=source if picture == first else "")

    controls = {
        "picture": chooser(pictures),
        "upload a picture": Control("file", [], None),
        "or give its path": Control("text", [], "", label="folder/picture.png"),
        "codec": chooser(names, name),
        "quality": slider(codec_named(name).curve_qualities, middle(name)),
    }

    def fit_quality() -> None:
        chosen = controls["codec"].value
        controls["quality"].fit(codec_named(chosen).curve_qualities, middle(chosen))

    def add_file() -> None:
        file, content = controls["upload a picture"].value
        add(file, small_picture(content, file, LARGEST))

    def add_path() -> None:
        path = controls["or give its path"].value
        if path:
            add(Path(path).name, read(Path(path)))

    def add(name: str, image: Tensor) -> None:
        pictures[name] = image
        view.frame.cache_clear()  # another picture of this name may have been drawn
        controls["picture"].fit(pictures, name)

    columns = {"original": pictures[first]}
    for shown in dict.fromkeys(("model1", "model2", name, "JPEG 4:4:4", "AVIF")):
        after, whole, _ = coded(pictures[first], shown, middle(shown))
        columns[f"{shown}\nquality {middle(shown):g}\n{whole:,} bytes"] = after
    static = plots.image_rows({"": torch.stack(list(columns.values()))}, list(columns), source=source, cell=1.5)
    adapt = {"codec": fit_quality, "upload a picture": add_file, "or give its path": add_path}
    view = View(draw, controls, static, "A picture, what a codec makes of it, and the error", adapt=adapt)
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
