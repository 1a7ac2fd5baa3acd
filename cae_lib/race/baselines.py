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

from cae_lib.base.errors import KitError, UsageError

# By Pillow's names of the formats. One rule for all: header is what is the same in every file of one size and quality,
# and what only repeats what the rest says (lengths, checksums); payload is what the picture itself decides.
HEADERS = {
    "JPEG": "everything up to the end of the SOS segment, and the EOI marker; but Huffman tables other than the "
    "standard's (optimised ones) are made for the picture, so their counts and values are payload, without the marker, "
    "the length and the number of each table (5 bytes)",
    "WEBP": "RIFF header (12 bytes), chunk header (8), VP8 frame header (10), and the zero byte that ends the data of "
    "every file; lossless: VP8L header (5), and the byte that fills a chunk of odd length",
    "JPEG2000": "everything up to and including the SOD marker, and the EOC marker; the headers of the packets after "
    "it say what the picture's code blocks hold and are payload",
    "AVIF": "every box but mdat; in mdat the temporal delimiter (2 bytes), the sequence header (10 at 32 x 32 pixels), "
    "and the type and length of the frame's unit (2 to 4); the content of that unit is payload, with the frame header "
    "in its first bits, which no byte divides from the rest",
    "PNG": "everything but the content of the IDAT chunks, and of that zlib's header (2 bytes) and checksum (4)",
}


class BaselineError(KitError):
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
        raise UsageError(f'A size is that of the "file" or of the "payload", not of {which!r}.')
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
    if tables == standard_tables():
        return scan
    made = [segment for marker, segment in found if marker == b"\xff\xc4"]
    # One table a segment: marker, length and number in 5 bytes, 16 counts, and as many values as they add up to.
    if any(len(segment) != 21 + sum(segment[5:21]) for segment in made):
        return None
    return b"".join(segment[5:] for segment in made) + scan


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
        return data[30 : 20 + length].removesuffix(b"\0")
    return data[25 : 20 + length] if data[8:16] == b"WEBPVP8L" and data[20] == 0x2F else None


def of_png(data: bytes) -> bytes | None:
    """The payload of a PNG file, None for a layout that is not known."""
    found = chunks(data, 8, 12, 4)  # a length counts neither itself nor name and checksum
    stream = b"".join(content for name, content in found if name == b"IDAT")
    return stream[2:-4] if found and found[-1][0] == b"IEND" and len(stream) > 6 else None


def of_avif(data: bytes) -> bytes | None:
    """The payload of an AVIF file, None for a layout that is not known."""
    found = chunks(data, 0, 0, 0)
    if [name for name, _ in found] != [b"ftyp", b"meta", b"mdat"]:
        return None
    units = obus(found[2][1])
    return units[2][1] if [kind for kind, _ in units] == [DELIMITER, SEQUENCE, FRAME] and not units[0][1] else None


DELIMITER, SEQUENCE, FRAME = 2, 1, 6  # types of AV1's units (AV1 specification, section 6.2.2)


def obus(data: bytes) -> list[tuple[int, bytes]]:
    """Types and contents of AV1's units (OBUs); none when they do not fill the data or have no length of their own."""
    found, at = [], 0
    while at < len(data):
        kind, plain = data[at] >> 3, data[at] & 7 == 2  # no extension, but a length: seven bits a byte, lowest first
        length, shift, more = 0, 0, True
        while plain and more:
            at += 1
            plain = at < len(data) and shift < 32
            length, more = length | (data[at] & 127) << shift if plain else 0, plain and data[at] >= 128
            shift += 7
        at += 1 + length
        if not plain or at > len(data):
            return []
        found.append((kind, data[at - length : at]))
    return found


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
