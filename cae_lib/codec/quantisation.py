"""A trained autoencoder made ready for bytes: its code rounded to a few levels, and how likely each level is."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor

from cae_lib.base.weights import damaged, load_tensors, save_tensors, under
from cae_lib.checkpoints import model_config
from cae_lib.codec.entropy import Tables
from cae_lib.data.images import ImageSet
from cae_lib.evaluation import PART
from cae_lib.models import Autoencoder, build

BITS = range(1, 9)  # bits a value: the quality of a quantised autoencoder


def quantise(code: Tensor, low: Tensor, high: Tensor, bits: int) -> Tensor:
    """Round a code (N, C, h, w) to 2^bits evenly spaced levels: whole numbers 0 ... 2^bits - 1.

    low, high (C,): the range of each channel; values outside are moved to its ends.
    """
    step = (high - low)[:, None, None] / (2**bits - 1)
    return ((code - low[:, None, None]) / step).round().clamp(0, 2**bits - 1)


def dequantise(symbols: Tensor, low: Tensor, high: Tensor, bits: int) -> Tensor:
    """The values that symbols (N, C, h, w) stand for: the inverse of quantise, except for what was rounded away."""
    step = (high - low)[:, None, None] / (2**bits - 1)
    return symbols * step + low[:, None, None]


class QuantisedAutoencoder:
    """An autoencoder whose code is quantised with 1 to 8 bits a value and coded channel by channel.

    low, high (C,): the range of each code channel; counts: bits a value -> (C, 2^bits), how often each symbol
    occurred, which is what the coder takes for its probability.

    Everything is computed in float64: sums in another order then differ so little that rounding hides it, and the
    same image gives the same bytes in any batch and with any number of threads.
    """

    stride = 2  # pixels a place of the code
    margin = 4  # places of the code around a tile that reach into its picture
    qualities = BITS

    def __init__(self, model: Autoencoder, low: Tensor, high: Tensor, counts: dict[int, Tensor]):
        self.model = deepcopy(model).double().eval()
        self.low, self.high, self.counts = low.double(), high.double(), counts
        self.channels = len(low)
        self.tables = {bits: Tables(counts[bits].double().numpy()) for bits in counts}

    def to_code(self, images: Tensor) -> Tensor:
        """uint8 images (N, 3, H, W), H and W even -> code (N, C, H/2, W/2), float64."""
        low, high = self.model.config.pixel_range
        return self.model.encode(images.double() * ((high - low) / 255) + low)

    def analyse(self, images: Tensor, quality: int) -> Tensor:
        """uint8 images (N, 3, H, W), H and W even -> symbols (N, C, H/2, W/2), int64."""
        return quantise(self.to_code(images), self.low, self.high, quality).long()

    def synthesise(self, symbols: Tensor, quality: int) -> Tensor:
        """Symbols (N, C, h, w) -> uint8 images (N, 3, 2h, 2w)."""
        low, high = self.model.config.pixel_range
        images = self.model.decode(dequantise(symbols.double(), self.low, self.high, quality))
        return ((images - low) * (255 / (high - low))).round().clamp(0, 255).to(torch.uint8)

    def passes(self, symbols: Tensor, quality: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """One pass over all symbols (N, C, h, w), every channel under its own table.

        Yields (where, table, offset): the places (C, h, w) coded together, and for each of them (N, n) its table
        and the smallest symbol that this table knows.
        """
        count, channels, height, width = symbols.shape
        where = torch.ones(channels, height, width, dtype=torch.bool)
        table = torch.arange(channels).repeat_interleave(height * width).expand(count, -1)
        yield where, table, torch.zeros_like(table)


@torch.no_grad()
def fit(model: Autoencoder, train: ImageSet) -> QuantisedAutoencoder:
    """Find the ranges of a model's code channels on training images, and count how often each symbol occurs.

    Every count starts at one, so that a symbol never seen can still be coded.
    """
    blank = torch.zeros(model.config.code_channels)
    codec = QuantisedAutoencoder(model, blank, blank, {})
    code = torch.cat([codec.to_code(part) for part in train.images.split(PART)])
    codec.low = code.amin((0, 2, 3))
    codec.high = torch.maximum(code.amax((0, 2, 3)), codec.low + 1e-6 * (1 + codec.low.abs()))
    for bits in BITS:
        symbols = quantise(code, codec.low, codec.high, bits).long().transpose(0, 1).flatten(1)
        codec.counts[bits] = torch.stack([torch.bincount(channel, minlength=2**bits) + 1 for channel in symbols])
    return QuantisedAutoencoder(model, codec.low, codec.high, codec.counts)


def save(path: Path, codec: QuantisedAutoencoder) -> None:
    """Write weights, ranges and counts in one file."""
    tensors = {f"model/{name}": tensor.float() for name, tensor in codec.model.state_dict().items()}
    tensors |= {"low": codec.low.float(), "high": codec.high.float()}
    tensors |= {f"counts/{bits}": counts.float() for bits, counts in codec.counts.items()}
    save_tensors(path, tensors, {"config": json.dumps(codec.model.config.as_dict())})


def load(path: Path) -> QuantisedAutoencoder:
    """Read what save wrote. Raises CheckpointError for a missing or damaged file."""
    tensors, metadata = load_tensors(path)
    if "config" not in metadata or "low" not in tensors:
        raise damaged(path, "it holds no codec")
    model = build(model_config(json.loads(metadata["config"])))
    model.load_state_dict(under("model", tensors))
    counts = {bits: tensors[f"counts/{bits}"] for bits in BITS}
    return QuantisedAutoencoder(model, tensors["low"], tensors["high"], counts)
