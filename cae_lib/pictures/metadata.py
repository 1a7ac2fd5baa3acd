"""What a picture file holds beside its pixels: taken out before Pillow reads the file, so that none of it can refuse
the picture.

Of what is taken out, only the orientation is used. What says how to read the pixels stays in.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

PNG = b"\x89PNG\r\n\x1a\n"
PNG_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
# The tags of a TIFF that tell how its pixels are stored: size, samples, compression, places, colours.
TIFF_PIXELS = {
    *(256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 332, 338, 339),
    *(347, *range(512, 522), 529, 530, 531, 532, 50674),
}
TIFF_COLOURS = {291, 301, 34675}  # curves and profiles, which nobody applies here
ORIENTATION, SUB_DIRECTORIES = 274, 330
WHOLE = {3: 2, 4: 4, 8: 2, 9: 4, 16: 8}  # bytes of the types of TIFF that stand for whole numbers


@dataclass
class Metadata:
    """orientation: 1 to 8, 1 for none; profile: whether the file describes its colours further than by their mode;

    key: the grey or the colour that a PNG calls transparent, as stored; pages: pictures in a TIFF.
    """

    orientation: int = 1
    profile: bool = False
    key: tuple[int, ...] = ()
    pages: int = 1
    blocks: list[bytes] = field(default_factory=list)  # of EXIF and XMP, as found


def split(data: bytes) -> tuple[bytes, Metadata]:
    """A file of any format without its metadata, as far as they might refuse the pixels, and what they say.

    Raises ValueError for a PNG that is damaged or cut, wherever that is.
    """
    facts = Metadata()
    if data.startswith(PNG):
        data = png(data, facts)
    elif data.startswith(b"\xff\xd8"):
        data = jpeg(data, facts)
    elif data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        data = tiff(data, facts)
    elif data[4:11] == b"ftypavi":
        boxes, pixels, rest = data.partition(b"mdat")
        data = boxes.replace(b"Exif", b"none") + pixels + rest  # AVIF has an orientation of its own
    for block in facts.blocks:
        learn(block, facts)
    return data, facts


def png(data: bytes, facts: Metadata) -> bytes:
    kept, at, kind = [data[: len(PNG)]], len(PNG), b""
    while kind != b"IEND":
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind, content = data[at + 4 : at + 8], data[at + 8 : end - 4]
        if len(data) < end:
            raise ValueError("it is cut short")
        if zlib.crc32(kind + content) != int.from_bytes(data[end - 4 : end], "big"):
            raise ValueError("a checksum does not fit")
        if kind == b"tRNS" and kept[1][17] in (0, 2):  # of grey or RGB: Pillow gets the depths below and above 8 wrong
            facts.key = struct.unpack(f">{len(content) // 2}H", content)
            if len(facts.key) != kept[1][17] + 1:
                raise ValueError("a transparent colour of the wrong length")
        elif kind[:1].isupper() or kind == b"tRNS" or kind in PNG_ANIMATION:
            kept.append(data[at:end])
        elif kind in (b"eXIf", b"iTXt"):
            facts.blocks.append(content)
        elif kind in (b"iCCP", b"cICP") or kind == b"gAMA" and not 45_000 < int.from_bytes(content, "big") < 46_000:
            facts.profile = True
        at = end
    return b"".join(kept)


def jpeg(data: bytes, facts: Metadata) -> bytes:
    """JFIF and Adobe's segment tell the colours, and MPF that more pictures follow."""
    kept, at = [data[:2]], 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] not in (b"\xda", b"\xd9", b"\xff", b""):
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        marker, content = data[at + 1], data[at + 4 : end]
        if not (0xE1 <= marker <= 0xEF or marker == 0xFE) or marker == 0xEE or content.startswith(b"MPF\0"):
            kept.append(data[at:end])
        elif marker == 0xE1:
            facts.blocks.append(content)
        elif content.startswith(b"ICC_PROFILE\0"):
            facts.profile = True
        at = end
    return b"".join([*kept, data[at:]])


def tiff(data: bytes, facts: Metadata) -> bytes:
    """The first directory without most of its tags, behind the end of the file."""
    order, big, directories = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+"), list(pages(data))
    if not directories:
        return data
    facts.pages = len(directories)
    kept = []
    for entry in directories[0]:
        tag = struct.unpack_from(order + "H", entry)[0]
        if tag in TIFF_PIXELS:
            kept.append(entry)
        facts.profile |= tag in TIFF_COLOURS
        if tag == SUB_DIRECTORIES:
            facts.pages += struct.unpack_from(order + "IQ"[big], entry, 4)[0]
    facts.orientation = orientation(data)
    data += b"\0" * (len(data) % 2)
    count, place = struct.pack(order + "HQ"[big], len(kept)), struct.pack(order + "IQ"[big], len(data))
    head = 8 if big else 4
    return b"".join([data[:head], place, data[head + len(place) :], count, *kept, bytes(len(place))])


def pages(data: bytes) -> Iterator[list[bytes]]:
    """The entries of each directory of a TIFF, or of EXIF, which is one; it ends where they make no sense."""
    order, big = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+")
    seen, at, size = set(), 8 if big else 4, 20 if big else 12
    try:
        while True:
            (place,) = struct.unpack_from(order + "IQ"[big], data, at)
            if place in seen or not place:
                return
            seen.add(place)
            (count,) = struct.unpack_from(order + "HQ"[big], data, place)
            begin = place + (8 if big else 2)
            at = begin + count * size
            if at > len(data):
                return
            yield [data[i : i + size] for i in range(begin, at, size)]
    except (struct.error, OverflowError):
        return


def orientation(data: bytes) -> int:
    """What a TIFF, or EXIF, says about its orientation: 1 unless it is one whole number from 2 to 8."""
    order, big = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+")
    for entry in next(pages(data), []):
        tag, kind, count = struct.unpack_from(order + "HH" + "IQ"[big], entry)
        if tag == ORIENTATION and count == 1 and kind in WHOLE:
            value = entry[-8 if big else -4 :][: WHOLE[kind]]
            number = int.from_bytes(value, "little" if order == "<" else "big")
            return number if 2 <= number <= 8 else 1
    return 1


def learn(block: bytes, facts: Metadata) -> None:
    """Take the orientation from a block of EXIF or XMP, unless another block told it."""
    block = block.removeprefix(b"Exif\0\0")
    if block[:4] in (b"II*\0", b"MM\0*"):
        told = orientation(block)
    else:
        found = re.search(rb"""tiff:Orientation(?:=["']|>)([2-8])["'<]""", block)
        told = int(found[1]) if found else 1
    if facts.orientation == 1:
        facts.orientation = told
