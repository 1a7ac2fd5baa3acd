"""The user's own pictures: any file that Pillow reads, as uint8 RGB, and files of what comes back."""

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from cae_lib.data.images import DataError

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


def read_picture(data: bytes, name: str) -> tuple[np.ndarray, list[str]]:
    """The picture in a file's bytes: uint8 (H, W, 3), and a note on each thing that was changed to get it.

    name: what messages call the file. Raises DataError for bytes that are no picture, or one with too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit stands below
            with Image.open(BytesIO(data)) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise Image.DecompressionBombError
                notes = changes(picture)
                return to_rgb(ImageOps.exif_transpose(picture)), notes
    except Image.DecompressionBombError:
        raise DataError(f"{name} has more than {MAX_PIXELS:,} pixels: cut it or scale it down.") from None
    except UnidentifiedImageError:
        raise DataError(f"{name} is no image in a format that Pillow knows: give a PNG or JPEG, for example.") from None
    except Exception as error:  # on damaged files, Pillow's readers raise almost anything
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(f"{name} cannot be read as an image ({reason}): save it anew, as PNG for example.") from error


def changes(picture: Image.Image) -> list[str]:
    """What read_picture changes of a picture that was opened and not yet read, in words."""
    # Pillow reads colours of 16 bits as 8: only what it is about to decode tells, and other questions may start that.
    deep = picture.mode.startswith("I") or ";16" in str(getattr(picture, "tile", ""))
    notes = []
    if getattr(picture, "is_animated", False):
        notes.append(f"only the first of {picture.n_frames} pictures is taken")
    if picture.getexif().get(ExifTags.Base.Orientation, 1) > 1:
        notes.append("it is turned as its EXIF orientation says")
    if deep:
        notes.append("values of more than 8 bits become 8")
    if picture.has_transparency_data:
        notes.append("transparent parts are laid over white")
    if picture.mode not in ("RGB", "RGBA"):
        notes.append(f"mode {picture.mode} becomes RGB")
    return notes


def to_rgb(picture: Image.Image) -> np.ndarray:
    """A Pillow image of any mode -> uint8 (H, W, 3): 16 bits become 8, and what is transparent turns white.

    Raises ValueError for floating-point pixels, whose range is unknown.
    """
    if picture.mode == "F":
        raise ValueError("floating-point pixels have no known range")
    if picture.mode.startswith("I"):  # Pillow's own conversion cuts 16 bits off at 255
        grey = np.asarray(picture).astype(np.int64).clip(0, 65535)
        return np.repeat(((grey + 128) // 257).astype(np.uint8)[:, :, None], 3, 2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.array(picture.convert("RGB"))


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
