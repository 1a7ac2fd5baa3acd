"""Pictures made by a test, as arrays and as files, and .cae files changed by hand."""

import dataclasses
import struct
import zlib

import numpy as np
import torch

from cae_lib.codec.container import pack, unpack


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Flat areas, slopes and noise: uint8 (H, W, 3)."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(0, rng.integers(1, 400), width)[None, :, None] + np.linspace(0, 200, height)[:, None, None]
    noise = rng.integers(0, 256, (height, width, 3)) * (rng.random((height, width, 1)) < rng.choice([0, 0.3, 1]))
    return (rng.integers(0, 256, 3) * rng.integers(0, 2) + slope + noise).clip(0, 255).astype(np.uint8)


def batch(*images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


def changed(data: bytes, **fields) -> bytes:
    """A file with another header and a checksum that fits."""
    header, inside = unpack(data)
    return pack(dataclasses.replace(header, **fields), inside)


def with_checksum(content: bytes) -> bytes:
    """Bytes whose checksum fits, whatever they say."""
    return content + zlib.crc32(content).to_bytes(4, "big")


def png(width: int, height: int, rows: bytes, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG file by hand: its header may claim anything."""

    def chunk(name: bytes, content: bytes) -> bytes:
        whole = name + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
