"""Every codec by its name, ours and the classical ones, and images as codecs take them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cae_lib.codec.codec import Codec, TransformCodec
from cae_lib.codec.container import CodecError
from cae_lib.codec.streams import MODELS, OWN, load_codec
from cae_lib.race.baselines import BASELINES

PIXELS = 2**20  # coded at a time
SEARCHED = ", searched"  # after a codec's name: its encoder with the highest effort


@dataclass(frozen=True)
class Searched:
    """A codec whose encoder searches with the highest effort; its files are the codec's."""

    codec: TransformCodec

    @property
    def qualities(self) -> Sequence[int]:
        """The codec's."""
        return self.codec.qualities

    @property
    def curve_qualities(self) -> Sequence[int]:
        """The codec's."""
        return self.codec.curve_qualities

    def encode(self, images: Tensor, quality: int) -> list[bytes]:
        """As Codec.encode."""
        return self.codec.encode(images, quality, max(self.codec.efforts), progress=True)

    def decode(self, files: list[bytes]) -> Tensor:
        """As Codec.decode."""
        return self.codec.decode(files)

    def payload_size(self, file: bytes) -> int:
        """As Codec.payload_size."""
        return self.codec.payload_size(file)


def codec_named(name: str) -> Codec:
    """One of streams.MODELS or streams.OWN, "rd, searched" and the like, or one of BASELINES. Raises CodecError."""
    if name in BASELINES:
        return BASELINES[name]
    if name.endswith(SEARCHED):
        return Searched(codec_named(name.removesuffix(SEARCHED)))
    if name not in MODELS and name not in OWN:
        raise CodecError(f"No codec is called {name!r}; there are {', '.join([*MODELS, *OWN, *BASELINES])}.")
    return load_codec(name)


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
