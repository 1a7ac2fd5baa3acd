"""The .cae container: what a decoder has to know, in 15 bytes for a small picture.

    byte   content
    0-2    the letters CAE
    3      version of the format: 1
    4      number of the model in streams.MODELS, from 0
    5-7    fingerprint: the first three bytes of the SHA-256 that the file of weights and tables carries
    8      quality
    9...   width, then height, in pixels: seven bits a byte, the lowest first; all but a number's last byte have
           their highest bit set, so a number below 128 takes one byte
    ...    payload: the entropy-coded symbols
    last 4 CRC-32 of all bytes before, the highest first

The checksum comes first for the reader: nothing else is believed before it fits.
"""

import zlib
from dataclasses import dataclass

from cae_lib.base.errors import KitError
from cae_lib.pictures.files import MAX_PIXELS

MAGIC, VERSION = b"CAE", 1
CHECKSUM = 4  # bytes


class CodecError(KitError):
    """An image or a stream cannot be coded; the message says why and what to do."""


@dataclass(frozen=True)
class Header:
    """What the decoder reads before the payload; width and height in pixels, fingerprint three bytes."""

    model: int
    fingerprint: bytes
    quality: int
    width: int
    height: int


def pack(header: Header, payload: bytes) -> bytes:
    """Header, payload and checksum as the bytes of a .cae file."""
    check_size(header.width, header.height)
    start = MAGIC + bytes([VERSION, header.model]) + header.fingerprint + bytes([header.quality])
    content = start + variable_length(header.width) + variable_length(header.height) + payload
    return content + zlib.crc32(content).to_bytes(CHECKSUM, "big")


def unpack(data: bytes) -> tuple[Header, bytes]:
    """The header and the payload of a .cae file.

    Raises CodecError for bytes that are no .cae file, of another version, damaged, or of an absurd image size.
    """
    data = bytes(data)
    if data[:3] != MAGIC:
        raise CodecError("This is no .cae file: its first three bytes are not CAE. Make one with `cae compress`.")
    content, checksum = data[:-CHECKSUM], data[-CHECKSUM:]
    if len(content) < 11 or zlib.crc32(content) != int.from_bytes(checksum, "big"):
        raise CodecError("This .cae file is damaged or cut short (its checksum does not fit): fetch it again.")
    if content[3] != VERSION:
        raise CodecError(f"This .cae file has version {content[3]}, this kit reads version {VERSION}: update the kit.")
    width, start = read_variable_length(content, 9)
    height, start = read_variable_length(content, start)
    check_size(width, height)
    return Header(content[4], content[5:8], content[8], width, height), content[start:]


def check_size(width: int, height: int) -> None:
    """Raise CodecError for an image without pixels or with more than the format allows."""
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise CodecError(
            f"An image of {width} x {height} pixels cannot be coded: sides must be 1 or more and "
            f"the whole at most {MAX_PIXELS:,} pixels. Cut or scale it."
        )


def variable_length(number: int) -> bytes:
    """A whole number, seven bits a byte, the lowest first; the highest bit says that more follow."""
    digits = bytearray()
    while number >= 128:
        digits.append(number % 128 + 128)
        number //= 128
    return bytes([*digits, number])


def read_variable_length(data: bytes, start: int) -> tuple[int, int]:
    """The number that begins at `start` and the place after it. Raises CodecError if it is not well formed."""
    number = 0
    for place, byte in enumerate(data[start : start + 4]):
        number += byte % 128 << 7 * place
        if byte == 0 and place > 0:
            break
        if byte < 128:
            return number, start + place + 1
    raise CodecError("This .cae file has an image size that is not written as it should: this kit did not make it.")
