"""What a codec is: to the race, which compares codecs of any kind, and to the range coder, which writes ours.

`Codec` is all that the race asks for. Three kinds of ours implement it by way of `TransformCodec`, and the classical
ones in race/baselines.py on their own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from cae_lib.base.weights import save_tensors
from cae_lib.codec import payload
from cae_lib.codec.container import CodecError, Header, pack, unpack

UNNUMBERED = 255  # the number in files of codecs that the kit does not ship


class Codec(Protocol):
    """Images become files and come back.

    qualities: all settings, the worst picture first; curve_qualities: those that draw its curve.
    """

    qualities: Sequence[float]
    curve_qualities: Sequence[float]

    def encode(self, images: Tensor, quality: float) -> list[bytes]:
        """uint8 images (N, 3, H, W) -> N files, each of which decodes on its own."""

    def decode(self, files: list[bytes]) -> Tensor:
        """Files of images of one size -> uint8 images (N, 3, H, W)."""

    def payload_size(self, file: bytes) -> int:
        """Bytes of a file without its header."""


class TransformCodec(payload.Transform):
    """A codec of ours: an analysis transform, symbols, tables for the range coder, and the way back.

    A kind of codec adds what payload.Transform lists, and `tensors`. name: what messages call it; number, fingerprint:
    what its files say about it.
    """

    name = "this codec"
    number = UNNUMBERED
    efforts = range(1)
    fingerprint = bytes(3)

    @property
    def curve_qualities(self) -> Sequence[int]:
        """Every quality is on its curve."""
        return self.qualities

    def encode(self, images: Tensor, quality: int, effort: int = 0, progress: bool = False) -> list[bytes]:
        """uint8 images (N, 3, H, W) -> N .cae files. Raises CodecError."""
        self.check_quality(quality)
        self.check_effort(effort)
        if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] != 3:
            raise CodecError(f"Images must be uint8 (N, 3, H, W), not {images.dtype} {tuple(images.shape)}.")
        height, width = images.shape[2:]
        header = Header(self.number, self.fingerprint, quality, width, height)
        pack(header, b"")  # refuses a size that cannot be stored before any work is done
        return [pack(header, inside) for inside in payload.encode(images, self, quality, effort, progress)]

    def decode(self, files: list[bytes], progress: bool = False) -> Tensor:
        """.cae files of this codec, of one quality and size -> uint8 images (N, 3, H, W). Raises CodecError."""
        if not files:
            raise CodecError("There is nothing to decode: give at least one .cae file.")
        headers, payloads = zip(*map(unpack, files), strict=True)
        if len(set(headers)) > 1:
            raise CodecError("Files decoded together must have one model, quality and size: decode them one by one.")
        header = headers[0]
        if (header.model, header.fingerprint) != (self.number, self.fingerprint):
            raise CodecError("This .cae file was made by another codec: decode it with the one that made it.")
        self.check_quality(header.quality)
        return payload.decode(payloads, self, header.quality, header.height, header.width, progress)

    def payload_size(self, file: bytes) -> int:
        """Bytes of a .cae file that are entropy-coded symbols, without the container's."""
        return len(unpack(file)[1])

    def check_quality(self, quality: int) -> None:
        """Raise CodecError unless the codec has this quality."""
        if not isinstance(quality, int | np.integer) or quality not in self.qualities:
            low, high = self.qualities[0], self.qualities[-1]
            raise CodecError(f"{self.name} has no quality {quality}: choose a whole number from {low} to {high}.")

    def check_effort(self, effort: int) -> None:
        """Raise CodecError unless the codec's encoder can search so long."""
        if effort not in self.efforts:
            raise CodecError(f"{self.name} has no effort {effort}: choose one of {', '.join(map(str, self.efforts))}.")

    def tensors(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """All numbers of the codec as float32 tensors, and the texts to read them by: what its file holds."""
        raise NotImplementedError

    def save(self, path: Path) -> None:
        """Write all numbers of the codec in one file, for the `load` of its module."""
        save_tensors(path, *self.tensors())
