"""Pixels of any mode, depth and polarity as uint8 RGB, with a note on each thing that was changed on the way.

Note and pixels come from one decision. What has no certain meaning is refused.
"""

import numpy as np
from PIL import Image

from cae_lib.pictures import metadata

# Of what a TIFF may say about YCbCr, all that Pillow heeds: no sample is shared, and the full range.
YCBCR = ((530, (1, 1)), (532, (0, 255, 128, 255, 128, 255)))


class Unclear(ValueError):
    """A sound file whose pixels have no certain meaning; the message says why."""


def to_rgb(picture: Image.Image, data: bytes, facts: metadata.Metadata) -> tuple[np.ndarray, list[str]]:
    """An opened picture -> uint8 (H, W, 3), and a note on each thing that was changed on the way.

    data: the file's bytes. Raises Unclear for pixels whose black and white nobody knows.
    """
    bits, mode, notes = depth(picture, data), picture.mode, []
    frames = max(facts.pages, getattr(picture, "n_frames", 1))
    if frames > 1:
        notes.append(f"only the first of {frames} pictures is taken")
    if len(sizes := picture.info.get("sizes", ())) > 1:  # of an icon
        notes.append(f"only the largest of {len(sizes)} pictures is taken")
    if extra := extra_channels(picture, data):
        notes.append(f"{extra} more channel{'s are' if extra > 1 else ' is'} left out")
    if bits > 8:
        notes.append("values of more than 8 bits become 8")
    image, seen = (deep_grey if mode.startswith("I") else flat)(picture, bits, facts.key)
    if seen:
        notes.append("transparent parts are laid over white")
    if mode not in ("RGB", "RGBA"):
        notes.append(f"mode {mode} becomes RGB")
    if facts.profile or picture.info.get("icc_profile"):
        notes.append("its colour profile is not applied")
    turn = facts.orientation
    if turn == 1 and picture.info.get("exif"):  # of the formats that are read with their metadata
        turn = metadata.orientation(picture.info["exif"].removeprefix(b"Exif\0\0"))
    if turn > 1:
        notes.append("it is turned as its EXIF orientation says")
        image = image.swapaxes(0, 1) if turn >= 5 else image
        image = image[:: -1 if turn in (3, 4, 7, 8) else 1, :: -1 if turn in (2, 3, 6, 7) else 1]
    return np.ascontiguousarray(image), notes


def flat(picture: Image.Image, bits: int, key: tuple[int, ...]) -> tuple[np.ndarray, bool]:
    """Pixels of any mode but I -> uint8 (H, W, 3), and whether transparent ones among them are white now.

    key: the transparent grey or colour, in the file's own `bits`.
    """
    if key and bits > 8:
        raise Unclear("Pillow cannot tell which colours of 16 bits are the transparent one")
    if picture.mode == "La":
        picture = picture.convert("LA")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        seen = picture.getextrema()[3][0] < 255
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return np.array(picture.convert("RGB")), seen
    image = np.array(picture.convert("RGB"))
    if not key:
        return image, False
    hidden = (image == np.array(key) % 2**bits * 255 // (2**bits - 1)).all(2)
    image[hidden] = 255
    return image, bool(hidden.any())


def deep_grey(picture: Image.Image, bits: int, key: tuple[int, ...]) -> tuple[np.ndarray, bool]:
    """As flat, for grey values of more than 8 bits; Pillow's own conversion would cut them off at 255."""
    values = np.asarray(picture).astype(np.int32)
    hidden = values == key[0] if key else np.zeros_like(values, bool)
    white = 2**16 - 1
    if picture.format == "TIFF":
        white = 2**bits - 1
        values = values if picture.tag_v2.get(262, 0) else white - values  # 0: white is zero
    elif picture.format == "JPEG2000":  # Pillow appends zeros up to 16 bits
        white -= 2 ** (16 - bits) - 1
    grey = (values * 255 + white // 2) // white
    grey[hidden] = 255
    return np.repeat(grey.astype(np.uint8)[:, :, None], 3, 2), bool(hidden.any())


def depth(picture: Image.Image, data: bytes) -> int:
    """How many bits the values in a file have; Pillow's modes tell it of few formats.

    Raises Unclear where they are anything but whole numbers from 0, of up to 16 bits.
    """
    known, bits, signed = picture.format in ("PNG", "PPM", "TIFF", "JPEG2000"), 8, False
    if picture.format == "PNG":
        bits = data[24]
    elif picture.format == "TIFF":
        bits, signed = max(picture.tag_v2.get(258, (1,))), 2 in picture.tag_v2.get(339, ())
        if picture.mode == "YCbCr" and any(picture.tag_v2.get(*tag) != tag[1] for tag in YCBCR):
            raise Unclear("Pillow does not know its kind of YCbCr")
        if picture.mode == "CMYK" and picture.tag_v2.get(332, 1) != 1:
            raise Unclear("its inks are not those of CMYK")
    elif picture.format == "JPEG2000":
        begin = data.index(b"\xff\x4f\xff\x51") + 40
        samples = data[begin + 2 :: 3][: int.from_bytes(data[begin : begin + 2], "big")]
        bits, signed = max(s % 128 for s in samples) + 1, max(samples) > 127
        if min(s % 128 for s in samples) < 7:
            raise Unclear("Pillow does not know the white of JPEG 2000 with less than 8 bits")
    elif picture.format == "AVIF" and b"av1C" in data:
        bits = 10 if data[data.index(b"av1C") + 6] & 64 else 8
    elif picture.format == "SGI":
        bits = 8 * data[3]
    elif ";16" in str(picture.tile) or picture.format == "PPM" and max_value(picture) > 255:
        bits = 16
    if picture.mode == "F":
        raise Unclear("floating-point pixels have no known range")
    if signed:
        raise Unclear("values with a sign have no known black")
    if bits > 16 or picture.mode.startswith("I") and not known:
        raise Unclear("values of more than 16 bits have no known white")
    return bits


def max_value(picture: Image.Image) -> int:
    """The white of a PPM, before Pillow brings it to 255 or, for grey, 65,535."""
    arguments = picture.tile[0].args
    return arguments[1] if isinstance(arguments, tuple) else 65535 if ";16" in arguments else 255


def extra_channels(picture: Image.Image, data: bytes) -> int:
    """How many channels of a TIFF or PSD are neither colour nor transparency, and lost."""
    if picture.format == "TIFF":
        return sum(kind == 0 for kind in picture.tag_v2.get(338, ()))
    if picture.format == "PSD":
        return max(0, int.from_bytes(data[12:14], "big") - len(picture.getbands()))
    return 0
