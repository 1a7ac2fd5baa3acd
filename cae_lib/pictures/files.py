"""The user's own pictures: any file that Pillow reads, as uint8 RGB, and files of what comes back."""

import re
import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from cae_lib.data.images import DataError
from cae_lib.pictures import metadata
from cae_lib.pictures.modes import Unclear, to_rgb

MAX_PIXELS = 100_000_000  # of one picture

# Formats that keep every pixel: what comes out of a codec must not be coded with loss a second time.
LOSSLESS = {
    ".png": {"format": "PNG"},
    ".tif": {"format": "TIFF"},
    ".tiff": {"format": "TIFF"},
    ".bmp": {"format": "BMP"},
    ".ppm": {"format": "PPM"},
    ".webp": {"format": "WebP", "lossless": True},
}


# How the files of a format begin: to tell damaged ones from those of no known format.
MAGIC = {
    "PNG": rb"\x89PNG",
    "JPEG": rb"\xff\xd8",
    "GIF": rb"GIF8[79]a",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "BMP": rb"BM.{4}\0{4}",
    "WebP": rb"RIFF.{4}WEBP",
    "AVIF": rb".{4}ftypavi[fs]",
    "JPEG 2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "PPM": rb"P[1-6]\s",
    "ICO": rb"\0\0[\1\2]\0",
    "PSD": rb"8BPS",
    "QOI": rb"qoif",
    "SGI": rb"\x01\xda",
    "DDS": rb"DDS ",
    "ICNS": rb"icns",
}


def read_picture(data: bytes, name: str) -> tuple[np.ndarray, list[str]]:
    """The picture in a file's bytes: uint8 (H, W, 3), and a note on each thing that was changed to get it.

    name: what messages call the file. Raises DataError for bytes that are no picture, or one with too many pixels.
    """
    kind = next((kind for kind, magic in MAGIC.items() if re.match(magic, data, re.DOTALL)), None)
    try:
        content, facts = metadata.split(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of metadata, and of sizes below our own limit
            with Image.open(BytesIO(content)) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
                return to_rgb(picture, content, facts)
    except Image.DecompressionBombError:
        raise DataError(f"{name} has more than {MAX_PIXELS:,} pixels: cut it or scale it down.") from None
    except Unclear as error:
        raise DataError(f"{name} cannot be read as an image ({error}): save it anew, as PNG for example.") from None
    except UnidentifiedImageError:
        if kind:
            raise DataError(f"{damaged(name, kind)}: fetch it again, or save it anew as PNG, for example.") from None
        raise DataError(f"{name} is no image in a format that Pillow knows: give a PNG or JPEG, for example.") from None
    except Exception as error:  # on damaged files, Pillow's readers raise almost anything
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        what = damaged(name, kind or "file")
        raise DataError(f"{what} ({reason}): fetch it again, or save it anew as PNG, for example.") from error


def damaged(name: str, kind: str) -> str:
    if kind in ("PNG", "GIF"):  # Pillow reads all of these
        return f"{name} is a damaged {kind}"
    return f"{name} is a damaged {kind}, or of a kind that Pillow does not read"


def small_picture(data: bytes, name: str, side: int) -> Tensor:
    """The picture in a file's bytes as uint8 (3, H, W), scaled down to sides of at most `side` pixels.

    Raises DataError as read_picture does.
    """
    picture = Image.fromarray(read_picture(data, name)[0])
    picture.thumbnail((side, side))
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)


def picture_file(image: np.ndarray, suffix: str) -> bytes:
    """A uint8 image (H, W, 3) as the bytes of a file: suffix is one of LOSSLESS.

    Raises DataError for a picture that is too large for the format, KeyError for another suffix.
    """
    content = BytesIO()
    try:
        Image.fromarray(image).save(content, **LOSSLESS[suffix])
    except (OSError, ValueError) as error:  # WebP ends at 16,383 pixels a side
        raise DataError(f"The picture cannot be written as {suffix} ({error}): choose .png.") from error
    return content.getvalue()


def load_folder(folder: Path | str) -> list[Tensor]:
    """The images that lie in a folder, sorted by name, as uint8 tensors (3, H, W).

    Files that are no readable images are left out with a warning that names them; hidden files and folders count as
    none. Raises DataError for a folder that is not there or that holds no image.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder: give one that holds images.")
    images, skipped = [], []
    for path in sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")):
        try:
            image, _ = read_picture(path.read_bytes(), path.name)
            images.append(torch.from_numpy(image).permute(2, 0, 1))
        except (OSError, DataError):
            skipped.append(path.name)
    if skipped:
        warnings.warn(f"Left out, no readable images: {', '.join(skipped)}.", stacklevel=2)
    if not images:
        raise DataError(f"{folder} holds no image that can be read: give a folder with PNG or JPEG files, for example.")
    return images
