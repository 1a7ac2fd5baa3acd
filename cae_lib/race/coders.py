"""Every codec behind one interface, so that the race can treat ours and the classical ones alike."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from cae_lib.codec import payload
from cae_lib.codec.container import CodecError, Header, pack, unpack
from cae_lib.codec.streams import MODELS, Codec, decode_batch, encode_batch, load_codec, payload_size
from cae_lib.race import baselines
from cae_lib.race.baselines import BASELINES, decode

PIXELS = 2**20  # coded at a time


class Coder(NamedTuple):
    """What the race needs of a codec: images -> files -> images, and a file's bytes without the header.

    qualities: all of them, the worst picture first; steps: those on its curve.
    """

    qualities: tuple[float, ...]
    steps: tuple[float, ...]
    encode: Callable[[Tensor, float], list[bytes]]
    decode: Callable[[list[bytes]], Tensor]
    payload_size: Callable[[bytes], int]


def coder(name: str) -> Coder:
    """The codec of that name. Raises CodecError when there is none."""
    if name in BASELINES:
        baseline = BASELINES[name]
        return Coder(
            baseline.qualities,
            baseline.steps,
            lambda images, quality: [baseline.encode(pixels(image), quality) for image in images],
            lambda files: torch.stack([torch.from_numpy(decode(file)).permute(2, 0, 1) for file in files]),
            lambda file: len(baselines.payload(file)),
        )
    if name not in MODELS:
        raise CodecError(f"No codec is called {name!r}; there are {', '.join([*MODELS, *BASELINES])}.")
    qualities = tuple(load_codec(name).qualities)
    return Coder(
        qualities,
        qualities,
        lambda images, quality: encode_batch(images, model=name, quality=quality),
        decode_batch,
        payload_size,
    )


def coder_of(codec: Codec) -> Coder:
    """A codec that is not in codec.MODELS, such as one just trained; its files bear the number 255."""

    def encode(images: Tensor, quality: int) -> list[bytes]:
        header = Header(255, bytes(3), quality, images.shape[3], images.shape[2])
        return [pack(header, inside) for inside in payload.encode(images, codec, quality)]

    def decode(files: list[bytes]) -> Tensor:
        headers, inside = zip(*map(unpack, files), strict=True)
        return payload.decode(inside, codec, headers[0].quality, headers[0].height, headers[0].width)

    qualities = tuple(codec.qualities)
    return Coder(qualities, qualities, encode, decode, payload_size)


def pixels(image: Tensor) -> np.ndarray:
    """uint8 (3, H, W) -> the array (H, W, 3) that picture libraries take."""
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def batches(images: Tensor | list[Tensor]) -> Iterator[Tensor]:
    """The images in tensors (n, 3, H, W) of equal sizes, about PIXELS pixels each."""
    groups = {}
    for image in images:
        groups.setdefault(image.shape, []).append(image)
    for (_, height, width), group in groups.items():
        count = max(PIXELS // (height * width), 1)
        for start in range(0, len(group), count):
            yield torch.stack(group[start : start + count])
