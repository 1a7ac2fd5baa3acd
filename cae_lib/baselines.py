"""JPEG, WebP, JPEG 2000, AVIF and PNG through Pillow, with every byte of their files accounted for.

A small picture costs little more than its header, so each size is given twice. `file`: all bytes, what lands on a
disk. `payload`: the bytes without the header, which a sender and a receiver who have agreed on the format, the
quality and the size of the picture need not exchange: the fair race between methods. HEADERS says what counts as
header; `payload` takes a file apart by that rule and refuses what it does not know.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

HEADERS = {  # by Pillow's names of the formats
    "JPEG": "everything up to the end of the SOS segment, and the EOI marker; but Huffman tables other than the "
    "standard's (optimised ones) are made for the picture and count as payload",
    "WEBP": "RIFF header (12 bytes), chunk header (8), VP8 frame header (10; lossless: VP8L header, 5)",
    "JPEG2000": "everything up to and including the SOD marker, and the EOC marker",
    "AVIF": "everything but the content of the mdat box",
    "PNG": "everything but the content of the IDAT chunks",
}


class BaselineError(ValueError):
    """A picture cannot be coded or a file not be read; the message says why."""


@dataclass(frozen=True)
class Baseline:
    """A classical codec with fixed settings.

    format: Pillow's name; qualities: all settings, the worst picture first; steps: those that draw its curve, from
    about 24 to 40 dB on CIFAR-10 where it reaches them; options: for Pillow's save. A lossless one has one setting.
    """

    name: str
    format: str
    qualities: tuple[float, ...]
    steps: tuple[float, ...]
    options: dict = field(default_factory=dict)

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        """uint8 image (H, W, 3) -> file. Raises BaselineError where Pillow lacks the format or refuses the size."""
        options = self.options | {"quality": quality}
        if self.format == "JPEG2000":
            # 4 resolutions at 32 pixels and one more at each doubling; more than a picture has fail.
            levels = min(max(min(image.shape[:2]).bit_length() - 2, 1), 6)
            options = self.options | {"quality_layers": [quality], "num_resolutions": levels}
        Image.init()
        if self.format not in Image.SAVE:
            raise BaselineError(f"This Pillow cannot write {self.format}: install Pillow 11.3 or newer.")
        out = BytesIO()
        try:
            Image.fromarray(image).save(out, self.format, **options)
        except (OSError, ValueError) as error:
            raise BaselineError(
                f"{self.name} cannot code {image.shape[1]} x {image.shape[0]} pixels ({error}): cut or scale the "
                "picture, or leave this codec out."
            ) from error
        return out.getvalue()


JPEG_STEPS = (5, 8, 12, 16, 20, 25, 30, 40, 50, 60, 70, 80, 85, 90, 95)
JPEG_QUALITIES = tuple(range(1, 101))
DECIBELS = {"quality_mode": "dB", "irreversible": True, "mct": 1, "no_jp2": True}
ALL = tuple(range(101))

BASELINES = {
    b.name: b
    for b in (
        Baseline("JPEG 4:2:0", "JPEG", JPEG_QUALITIES, JPEG_STEPS, {"subsampling": 2}),
        Baseline("JPEG 4:4:4", "JPEG", JPEG_QUALITIES, JPEG_STEPS, {"subsampling": 0}),
        Baseline("JPEG 4:2:0 optimised", "JPEG", JPEG_QUALITIES, JPEG_STEPS, {"subsampling": 2, "optimize": True}),
        Baseline("JPEG 4:4:4 optimised", "JPEG", JPEG_QUALITIES, JPEG_STEPS, {"subsampling": 0, "optimize": True}),
        Baseline("WebP", "WEBP", ALL, (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95, 100), {"method": 6}),
        Baseline("JPEG 2000", "JPEG2000", tuple(n / 2 for n in range(30, 121)), tuple(range(22, 46, 2)), DECIBELS),
        Baseline("AVIF", "AVIF", ALL, tuple(range(10, 95, 8)),
                 {"subsampling": "4:4:4", "speed": 2, "advanced": {"tune": "psnr"}}),
        Baseline("PNG", "PNG", (100,), (100,), {"optimize": True}),
        # Method 4 is Pillow's default; 6 makes lossless files of 32 x 32 pixels larger.
        Baseline("WebP lossless", "WEBP", (100,), (100,), {"lossless": True, "method": 4}),
    )
}  # fmt: skip


def decode(data: bytes) -> np.ndarray:
    """A file of any of the formats -> uint8 (H, W, 3). Raises BaselineError for one that Pillow cannot read."""
    try:
        with Image.open(BytesIO(data)) as picture:
            return np.array(picture.convert("RGB"))
    except (OSError, SyntaxError) as error:
        raise BaselineError(
            f"Pillow cannot read these {len(data):,} bytes ({error}): give a file that is whole."
        ) from error


def size(data: bytes, which: str) -> int:
    """Bytes of a file, all ("file") or without the header ("payload")."""
    if which not in ("file", "payload"):
        raise ValueError(f'A size is that of the "file" or of the "payload", not of {which!r}.')
    return len(data) if which == "file" else len(payload(data))


def at_least(image: np.ndarray, baseline: Baseline, least: int, which: str = "file") -> tuple[bytes, float]:
    """The smallest encoding of `least` bytes or more (`which`: of the file or of the payload), and its quality.

    Tries every quality. Raises BaselineError when the picture cannot be made that large.
    """
    files = [(baseline.encode(image, quality), quality) for quality in baseline.qualities]
    large = [pair for pair in files if size(pair[0], which) >= least]
    if not large:
        raise BaselineError(
            f"No {baseline.name} file of this picture has a {which} of {least:,} bytes or more: lower the quality of "
            "the codec that it is compared with."
        )
    return min(large, key=lambda pair: size(pair[0], which))


def payload(data: bytes) -> bytes:
    """What a file holds besides its header, by the rule in HEADERS. Raises BaselineError for an unknown layout."""
    starts = {b"\xff\xd8": of_jpeg, b"RIFF": of_webp, b"\xff\x4f\xff\x51": of_jpeg2000, b"\x89PNG\r\n\x1a\n": of_png}
    reader = next((reader for start, reader in starts.items() if data.startswith(start)), None)
    reader = of_avif if data[4:12] == b"ftypavif" else reader
    found = reader(data) if reader else None
    if found is None:
        raise BaselineError(
            "This file's layout is unknown, so its header and payload cannot be told apart: make it with Pillow, as "
            "this module does."
        )
    return found


def segments(data: bytes, last: bytes) -> tuple[list[tuple[bytes, bytes]], int]:
    """Markers of JPEG or JPEG 2000 with their segments, up to `last`, and the offset where its segment begins."""
    found, at = [], 2
    while data[at : at + 1] == b"\xff" and data[at : at + 2] != last:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((data[at : at + 2], data[at:end]))
        at = end
    return found, at


def of_jpeg(data: bytes) -> bytes | None:
    """The payload of a JPEG file, None for a layout that is not known."""
    found, at = segments(data, b"\xff\xda")
    scan = data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") : -2]
    tables = b"".join(segment for marker, segment in found if marker == b"\xff\xc4")
    # One scan only, so no marker within it: an FF there is followed by 00 or is a restart marker.
    whole = data[at : at + 2] == b"\xff\xda" and data[-2:] == b"\xff\xd9"
    if not whole or re.search(rb"\xff[^\x00\xd0-\xd7]", scan, re.DOTALL):
        return None
    return scan if tables == standard_tables() else tables + scan


@cache
def standard_tables() -> bytes:
    """The DHT segments of JPEG's standard Huffman tables (ITU-T T.81, annex K.3), as Pillow writes them."""
    found, _ = segments(BASELINES["JPEG 4:4:4"].encode(np.zeros((1, 1, 3), np.uint8), 50), b"\xff\xda")
    return b"".join(segment for marker, segment in found if marker == b"\xff\xc4")


def of_jpeg2000(data: bytes) -> bytes | None:
    """The payload of a JPEG 2000 file, None for a layout that is not known."""
    found, at = segments(data, b"\xff\x93")
    if not found or found[-1][0] != b"\xff\x90" or data[-2:] != b"\xff\xd9":
        return None
    tile_part = int.from_bytes(found[-1][1][6:10], "big")  # counted from the SOT marker
    return data[at + 2 : -2] if at - 12 + tile_part == len(data) - 2 else None


def of_webp(data: bytes) -> bytes | None:
    """The payload of a WebP file, None for a layout that is not known."""
    length = int.from_bytes(data[16:20], "little")
    if int.from_bytes(data[4:8], "little") != len(data) - 8 or len(data) - 20 - length not in (0, 1):
        return None
    if data[8:16] == b"WEBPVP8 " and data[23:26] == b"\x9d\x01\x2a":
        return data[30:]
    return data[25:] if data[8:16] == b"WEBPVP8L" and data[20] == 0x2F else None


def of_png(data: bytes) -> bytes | None:
    """The payload of a PNG file, None for a layout that is not known."""
    found = chunks(data, 8, 12, 4)  # a length counts neither itself nor name and checksum
    return b"".join(c for name, c in found if name == b"IDAT") if found and found[-1][0] == b"IEND" else None


def of_avif(data: bytes) -> bytes | None:
    """The payload of a AVIF file, None for a layout that is not known."""
    found = chunks(data, 0, 0, 0)
    return found[2][1] if [name for name, _ in found] == [b"ftyp", b"meta", b"mdat"] else None


def chunks(data: bytes, at: int, uncounted: int, checksum: int) -> list[tuple[bytes, bytes]]:
    """Names and contents of PNG's chunks or AVIF's boxes from offset `at`; none when they do not fill the file."""
    found = []
    while at < len(data):
        end = at + uncounted + int.from_bytes(data[at : at + 4], "big")
        if end < at + 8 + checksum:
            return []
        found.append((data[at + 4 : at + 8], data[at + 8 : end - checksum]))
        at = end
    return found if at == len(data) else []
