"""The rate-distortion autoencoder made ready for bytes: its entropy model in whole numbers.

A decoder must find exactly the probabilities that the encoder used, or it reads nonsense from there on. Floating-point
sums depend on their order, and so on the machine. Here every number that the probabilities depend on is a whole number
below 2^53, which float64 holds exactly, so that sums come out the same in any order, on any machine.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from cae_lib.checkpoints import under
from cae_lib.codec_model import (
    MIDDLE,
    RANGE,
    SCALES,
    SMALLEST,
    STEP,
    RateDistortionAutoencoder,
    RateDistortionConfig,
    chessboard,
)
from cae_lib.entropy import Tables
from cae_lib.weights import damaged, load_tensors, save_tensors

WEIGHT = 2**12  # weights are whole multiples of 1 / WEIGHT,
VALUE = 2**8  # values that pass between layers of 1 / VALUE,
MEAN = 2**5  # and means of 1 / MEAN: each scale has that many tables
SYMBOLS = 256  # each table knows the symbols -128 ... 127 around the whole part of the mean


def whole(x: Tensor) -> Tensor:
    """Round half up: exact for multiples of a power of two."""
    return torch.floor(x + 0.5)


class RateDistortionCodec:
    """A trained model with tables; the same face as QuantisedAutoencoder. Quality 1 is the lowest rate."""

    stride = 4
    margin = 8

    def __init__(self, model: RateDistortionAutoencoder, probabilities: Tensor):
        self.model, self.config = deepcopy(model).double().eval(), model.config
        self.channels, self.probabilities = model.config.channels, probabilities
        self.qualities = range(1, len(model.config.lambdas) + 1)
        self.tables = dict.fromkeys(self.qualities, Tables(probabilities.double().numpy()))

        log_gain = model.log_gain.detach().double()
        self.gain = whole(log_gain.exp() * VALUE)
        self.inverse_gain = whole((-log_gain).exp() * WEIGHT)
        self.scale_start = whole((MIDDLE + log_gain / STEP) * VALUE)
        entropy_model = model.entropy_model
        self.start = whole(entropy_model.start.detach().double() * VALUE)
        self.networks = [
            [(whole(layer.weight.detach().double() * WEIGHT), whole(layer.bias.detach().double() * WEIGHT * VALUE))
             for layer in layers]
            for layers in entropy_model.networks
        ]  # fmt: skip
        self.by_quality = [whole(bias.detach().double() * WEIGHT * VALUE) for bias in entropy_model.by_quality]

    def analyse(self, images: Tensor, quality: int) -> Tensor:
        """uint8 images (N, 3, H, W), sides multiples of 4 -> symbols (N, C, H/4, W/4), int64."""
        y = self.model.g_a(images.double() / 127.5 - 1)
        return (y * self.model.log_gain[quality - 1].exp()[:, None, None]).round().long()

    def synthesise(self, symbols: Tensor, quality: int) -> Tensor:
        """Symbols (N, C, h, w) -> uint8 images (N, 3, 4h, 4w)."""
        images = self.model.synthesise(symbols.double(), torch.full((len(symbols),), quality - 1))
        return ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)

    def passes(self, symbols: Tensor, quality: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Two passes a group of channels: the fields of a chessboard that come first, then the others.

        Yields what QuantisedAutoencoder.passes does. What a pass needs of symbols (N, C, h, w) is there when the
        passes before it are done. A symbol that its table does not know is moved to the nearest one that it does.
        """
        height, width = symbols.shape[2:]
        first, network = chessboard(height, width), 0
        for begin, size in self.config.group_places():
            own = slice(begin, begin + size)
            for half, mask in enumerate((first, ~first)):
                known = begin + half * size
                seen = symbols[:, :known] * self.inverse_gain[quality - 1, :known, None, None]
                if half:
                    seen[:, own] *= first
                if self.config.context == "none" or known == 0:
                    constant = self.start[quality - 1].view(2, self.channels, 1, 1)[:, own]
                    outputs = constant.expand(len(symbols), -1, -1, height, width)
                else:
                    outputs = self.predict(network, whole(seen * (VALUE / WEIGHT)), quality)
                    network += 1
                table, offset = self.table_and_offset(outputs[..., mask], own, quality)
                where = torch.zeros(self.channels, height, width, dtype=torch.bool)
                where[own] = mask
                symbols[:, where] = symbols[:, where].clamp(offset, offset + SYMBOLS - 1)
                yield where, table, offset

    def table_and_offset(self, outputs: Tensor, own: slice, quality: int) -> tuple[Tensor, Tensor]:
        """Means and scales (N, 2, size, n) of a pass -> for each symbol its table and the smallest one it knows."""
        gain, start = self.gain[quality - 1, own, None], self.scale_start[quality - 1, own, None]
        mean = whole(outputs[:, 0] * gain * (MEAN / VALUE**2))
        scale = whole((RANGE * outputs[:, 1] + start) / VALUE).clamp(0, SCALES - 1)
        centre = torch.floor(mean / MEAN)
        table, offset = scale * MEAN + mean - centre * MEAN, centre - SYMBOLS // 2
        return table.flatten(1).long(), offset.flatten(1).long()

    def predict(self, network: int, seen: Tensor, quality: int) -> Tensor:
        """Means and scales (N, 2, size, h, w) from what has been coded (N, seen, h, w), all in whole 1 / VALUE."""
        count, _, height, width = seen.shape
        layers = self.networks[network]
        x = F.unfold(seen, 3, padding=1)  # a convolution as one product of matrices: exact on a GPU, too
        for depth, (weight, bias) in enumerate(layers):
            if depth == 0:
                bias = bias + self.by_quality[network][quality - 1]
            x = whole((weight.flatten(1) @ x + bias[:, None]) / WEIGHT)
            if depth < len(layers) - 1:
                x = x.clamp(min=0)
        return x.view(count, 2, -1, height, width)


def logistic_tables() -> Tensor:
    """Probabilities (SCALES * MEAN, SYMBOLS) of a logistic distribution of every scale and fraction of a mean."""
    width = SMALLEST * torch.exp(STEP * torch.arange(SCALES, dtype=torch.float64))[:, None, None]
    fraction = torch.arange(MEAN, dtype=torch.float64)[:, None] / MEAN
    distance = (torch.arange(SYMBOLS) - SYMBOLS // 2 - fraction).abs()
    mass = torch.sigmoid((0.5 - distance) / width) - torch.sigmoid((-0.5 - distance) / width)
    return mass.clamp(min=2.0**-24).flatten(0, 1).float()


def save(path: Path, model: RateDistortionAutoencoder) -> None:
    """Write weights and tables in one file: computed anew, a table could differ in its last digit elsewhere."""
    tensors = {f"model/{name}": value.float() for name, value in model.state_dict().items()}
    config = json.dumps(model.config.as_dict())
    save_tensors(path, tensors | {"tables": logistic_tables()}, {"rate_distortion": config})


def load(path: Path) -> RateDistortionCodec:
    """Read what save wrote. Raises CheckpointError for a missing or damaged file."""
    tensors, metadata = load_tensors(path)
    if "rate_distortion" not in metadata:
        raise damaged(path, "it holds another kind of model")
    stored = json.loads(metadata["rate_distortion"])
    config = RateDistortionConfig(**stored | {key: tuple(stored[key]) for key in ("groups", "lambdas")})
    with torch.random.fork_rng():
        model = RateDistortionAutoencoder(config)
    model.load_state_dict(under("model", tensors))
    return RateDistortionCodec(model, tensors["tables"])
