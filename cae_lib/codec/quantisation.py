"""A trained autoencoder made ready for bytes: its code rounded to a few levels, and how likely each level is."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn

from cae_lib.base.weights import damaged, load_tensors, under
from cae_lib.codec.codec import TransformCodec
from cae_lib.codec.container import CodecError
from cae_lib.codec.entropy import Tables
from cae_lib.data.images import ImageSet
from cae_lib.evaluation import PART
from cae_lib.models import as_record, code_shape, from_record, range_of

SIDE = 32  # pixels a side of the images that a code's shape is asked of
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


class QuantisedAutoencoder(TransformCodec):
    """An autoencoder whose code is quantised with 1 to 8 bits a value and coded channel by channel.

    model: any nn.Module with encode and decode (see models.py); low, high (C,): the range of each code channel; counts:
    bits a value -> (C, 2^bits), how often each symbol occurred, which is what the coder takes for its probability.

    Everything is computed in float64: sums in another order then differ so little that rounding hides it, and the
    same image gives the same bytes in any batch and with any number of threads.
    """

    qualities = BITS

    def __init__(self, model: nn.Module, low: Tensor, high: Tensor, counts: dict[int, Tensor]):
        self.model = deepcopy(model).cpu().double().eval()
        self.low, self.high, self.counts = low.double(), high.double(), counts
        self.tables = {bits: Tables(counts[bits].double().numpy()) for bits in counts}
        self.channels, *places = code_shape(self.model, SIDE, SIDE)
        self.flat = not places  # a code without places: of each square of SIDE pixels, on its own
        self.stride = SIDE if self.flat else SIDE // places[0]
        self.margin = 0 if self.flat else 4
        if places and (len(places) != 2 or places[0] != places[1] or SIDE % places[0]):
            raise CodecError(
                f"The code of a {SIDE} x {SIDE} image is {(self.channels, *places)}; it must be (C, h, h) with h a "
                f"divisor of {SIDE}, or (numbers,)."
            )

    def to_code(self, images: Tensor) -> Tensor:
        """uint8 images (N, 3, H, W), sides multiples of stride -> code (N, C, H/stride, W/stride), float64."""
        low, high = range_of(self.model)
        images = images.double() * ((high - low) / 255) + low
        if not self.flat:
            return self.model.encode(images)
        count, _, height, width = images.shape
        code = self.model.encode(rearranged(images, SIDE))
        return code.view(count, height // SIDE, width // SIDE, -1).permute(0, 3, 1, 2)

    def from_code(self, code: Tensor) -> Tensor:
        """Code (N, C, h, w) -> images (N, 3, stride h, stride w) in the model's range: the way back."""
        if not self.flat:
            return self.model.decode(code)
        count, channels, rows, columns = code.shape
        squares = self.model.decode(code.permute(0, 2, 3, 1).reshape(-1, channels))
        squares = squares.view(count, rows, columns, 3, SIDE, SIDE).permute(0, 3, 1, 4, 2, 5)
        return squares.reshape(count, 3, rows * SIDE, columns * SIDE)

    def analyse(self, images: Tensor, quality: int) -> Tensor:
        """As Transform.analyse."""
        return quantise(self.to_code(images), self.low, self.high, quality).long()

    def synthesise(self, symbols: Tensor, quality: int) -> Tensor:
        """As Transform.synthesise."""
        low, high = range_of(self.model)
        images = self.from_code(dequantise(symbols.double(), self.low, self.high, quality))
        return ((images - low) * (255 / (high - low))).round().clamp(0, 255).to(torch.uint8)

    def passes(self, symbols: Tensor, quality: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """One pass over all symbols, every channel under its own table."""
        count, channels, height, width = symbols.shape
        where = torch.ones(channels, height, width, dtype=torch.bool)
        table = torch.arange(channels).repeat_interleave(height * width).expand(count, -1)
        yield where, table, torch.zeros_like(table)

    def tensors(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Weights, ranges and counts; the config."""
        tensors = {f"model/{name}": tensor.float() for name, tensor in self.model.state_dict().items()}
        tensors |= {"low": self.low.float(), "high": self.high.float()}
        tensors |= {f"counts/{bits}": counts.float() for bits, counts in self.counts.items()}
        return tensors, {"config": json.dumps(as_record(self.model))}


def rearranged(images: Tensor, side: int) -> Tensor:
    """Images (N, 3, H, W) cut into squares, row by row: (N H/side W/side, 3, side, side)."""
    count, colours, height, width = images.shape
    squares = images.view(count, colours, height // side, side, width // side, side).permute(0, 2, 4, 1, 3, 5)
    return squares.reshape(-1, colours, side, side)


@torch.no_grad()
def calibrate(model: nn.Module, train: ImageSet) -> QuantisedAutoencoder:
    """Find the ranges of a model's code channels on training images, and count how often each symbol occurs.

    Every count starts at one, so that a symbol never seen can still be coded.
    """
    blank = torch.zeros(code_shape(model)[0])
    codec = QuantisedAutoencoder(model, blank, blank, {})
    code = torch.cat([codec.to_code(part) for part in train.images.split(PART)])
    codec.low = code.amin((0, 2, 3))
    codec.high = torch.maximum(code.amax((0, 2, 3)), codec.low + 1e-6 * (1 + codec.low.abs()))
    for bits in BITS:
        symbols = quantise(code, codec.low, codec.high, bits).long().transpose(0, 1).flatten(1)
        codec.counts[bits] = torch.stack([torch.bincount(channel, minlength=2**bits) + 1 for channel in symbols])
    return QuantisedAutoencoder(model, codec.low, codec.high, codec.counts)


def load(path: Path) -> QuantisedAutoencoder:
    """Read the file of such a codec. Raises CheckpointError for a missing or damaged file."""
    tensors, metadata = load_tensors(path)
    if "config" not in metadata or "low" not in tensors:
        raise damaged(path, "it holds no codec")
    model = from_record(json.loads(metadata["config"]))
    model.load_state_dict(under("model", tensors))
    counts = {bits: tensors[f"counts/{bits}"] for bits in BITS}
    return QuantisedAutoencoder(model, tensors["low"], tensors["high"], counts)
