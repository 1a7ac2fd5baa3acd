"""The files of the classical codecs taken apart, byte by byte: what is header, and what is payload.

HEADERS says what counts as header; `payload` takes a file apart by that rule and refuses what it does not know.
"""

import re
from functools import cache
from io import BytesIO

from PIL import Image

from cae_lib.base.errors import KitError

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
    out = BytesIO()
    Image.new("RGB", (1, 1)).save(out, "JPEG", quality=50, subsampling=0)
    found, _ = segments(out.getvalue(), b"\xff\xda")
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
