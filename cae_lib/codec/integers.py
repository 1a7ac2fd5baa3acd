"""The rate-distortion autoencoder made ready for bytes: its entropy model in whole numbers.

A decoder must find exactly the probabilities that the encoder used, or it reads nonsense from there on. Floating-point
sums depend on their order, and so on the machine. Here every number that the probabilities depend on is a whole number
below 2^53, which float64 holds exactly, so that sums come out the same in any order, on any machine.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from cae_lib.base.device import best_device
from cae_lib.base.weights import damaged, load_tensors, under
from cae_lib.codec import search
from cae_lib.codec.codec import TransformCodec
from cae_lib.codec.design import RateDistortionConfig
from cae_lib.codec.entropy import Tables
from cae_lib.codec.model import RateDistortionAutoencoder
from cae_lib.codec.prior import MIDDLE, RANGE, SCALES, SMALLEST, STEP, fields, visible

WEIGHT = 2**12  # weights are whole multiples of 1 / WEIGHT,
VALUE = 2**8  # values that pass between layers of 1 / VALUE,
MEAN = 2**5  # and means of 1 / MEAN: each scale has that many tables
SYMBOLS = 256  # each table knows the symbols -128 ... 127 around the whole part of the mean
LARGEST = 2**24  # no value leaves +-LARGEST / VALUE, so that sums stay exact whatever a damaged file decodes to
CONSTANTS = ("tables", "gain", "inverse_gain", "scale_start")
FURTHEST = 2**14  # no mean leaves +-FURTHEST, so that symbols fit in 16 bits


def whole(x: Tensor) -> Tensor:
    """Round half up: exact for multiples of a power of two."""
    return torch.floor(x + 0.5)


class RateDistortionCodec(TransformCodec):
    """A trained model with tables. Quality 1 is the lowest rate.

    constants: what `constants` made of the model, perhaps on another machine.
    """

    stride = 4
    efforts = range(3)

    def __init__(self, model: RateDistortionAutoencoder, constants: dict[str, Tensor]):
        self.model, self.config = deepcopy(model).double().eval(), model.config
        self.constants = constants
        self.channels = model.config.channels
        config = model.config
        self.margin = config.deep + 1 + (config.shallow + 2) // 2 + (4 if config.hyper else 0)  # h_a looks further
        self.qualities = range(1, len(model.config.lambdas) + 1)
        self.tables = dict.fromkeys(self.qualities, Tables(constants["tables"].double().numpy()))
        self.gain, self.inverse_gain, self.scale_start = (
            constants[name].double() for name in ("gain", "inverse_gain", "scale_start")
        )
        entropy_model = model.entropy_model
        self.start = whole(entropy_model.start.detach().double() * VALUE)
        self.networks = [
            [(whole(layer.weight.detach().double() * WEIGHT), whole(layer.bias.detach().double() * WEIGHT * VALUE))
             for layer in layers]
            for layers in entropy_model.networks
        ]  # fmt: skip
        self.by_quality = [whole(bias.detach().double() * WEIGHT * VALUE) for bias in entropy_model.by_quality]

    def tensors(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Weights and constants; the config."""
        weights = {f"model/{name}": narrowest(value.float()) for name, value in self.model.state_dict().items()}
        return weights | self.constants, {"rate_distortion": json.dumps(self.config.as_dict())}

    def analyse(self, images: Tensor, quality: int) -> Tensor:
        """As Transform.analyse."""
        code = self.model.analyse(images.double() / 127.5 - 1, torch.full((len(images),), quality - 1))
        return (code * self.model.log_gain[quality - 1].exp()[:, None, None]).round().long()

    def search(self, images: Tensor, quality: int, effort: int) -> Tensor:
        """As Transform.search: annealed, with the more steps the higher the effort."""
        model = self.for_search
        device = model.lambdas.device
        inputs, at = (images / 127.5 - 1).to(device), torch.full((len(images),), quality - 1, device=device)
        with torch.no_grad():
            code = model.analyse(inputs, at) * model.log_gain[quality - 1].exp()[:, None, None]
        return search.annealed(model, code, inputs, at, search.STEPS[effort]).long().cpu()

    @cached_property
    def for_search(self) -> RateDistortionAutoencoder:
        """The model in float32, where it is fast: which symbols are chosen may differ between machines."""
        return deepcopy(self.model).float().to(best_device()).requires_grad_(False)

    def synthesise(self, symbols: Tensor, quality: int) -> Tensor:
        """As Transform.synthesise."""
        images = self.model.synthesise(symbols.double(), torch.full((len(symbols),), quality - 1))
        return ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)

    def passes(self, symbols: Tensor, quality: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The passes of the model's config.

        What a pass needs of symbols (N, C, h, w) is there when the passes before it are done. A symbol that its table
        does not know is moved to the nearest one that it does.
        """
        count, channels, height, width = symbols.shape
        for number, step in enumerate(self.config.passes()):
            own, mask = slice(step.begin, step.end), fields(step.fields, height, width)
            if number == 0:
                constant = self.start[quality - 1].view(2, channels, 1)[:, own]
                outputs = constant.expand(count, -1, -1, int(mask.sum()))
            else:
                seen = visible(symbols, step, self.config.hyper)
                seen = seen * self.inverse_gain[quality - 1, : step.known, None, None]
                outputs = self.predict(number - 1, whole(seen * (VALUE / WEIGHT)), mask, quality)
            table, offset = self.table_and_offset(outputs, own, quality)
            where = torch.zeros(channels, height, width, dtype=torch.bool)
            where[own] = mask
            symbols[:, where] = symbols[:, where].clamp(offset, offset + SYMBOLS - 1)
            yield where, table, offset

    def table_and_offset(self, outputs: Tensor, own: slice, quality: int) -> tuple[Tensor, Tensor]:
        """Means and scales (N, 2, size, n) of a pass -> for each symbol its table and the smallest one it knows."""
        gain, start = self.gain[quality - 1, own, None], self.scale_start[quality - 1, own, None]
        mean = whole(outputs[:, 0] * gain * (MEAN / VALUE**2)).clamp(-FURTHEST * MEAN, FURTHEST * MEAN)
        scale = whole((RANGE * outputs[:, 1] + start) / VALUE).clamp(0, SCALES - 1)
        centre = torch.floor(mean / MEAN)
        table, offset = scale * MEAN + mean - centre * MEAN, centre - SYMBOLS // 2
        return table.flatten(1).long(), offset.flatten(1).long()

    def predict(self, network: int, seen: Tensor, mask: Tensor, quality: int) -> Tensor:
        """Means and scales (N, 2, size, n) of the places in mask (h, w), from what has been coded (N, seen, h, w).

        All in whole 1 / VALUE.
        """
        layers, reach = self.networks[network], self.config.reach
        seen = seen.clamp(-LARGEST, LARGEST)
        x = F.unfold(seen, 2 * reach + 1, padding=reach)[..., mask.flatten()]  # a convolution as one product: exact
        for depth, (weight, bias) in enumerate(layers):
            if depth == 0:
                bias = bias + self.by_quality[network][quality - 1]
            x = whole((weight.flatten(1) @ x + bias[:, None]) / WEIGHT)
            x = x.clamp(0 if depth < len(layers) - 1 else -LARGEST, LARGEST)
        return x.view(len(seen), 2, x.shape[1] // 2, x.shape[2])


def logistic_tables() -> Tensor:
    """Probabilities (SCALES * MEAN, SYMBOLS) of a logistic distribution of every scale and fraction of a mean."""
    width = SMALLEST * torch.exp(STEP * torch.arange(SCALES, dtype=torch.float64))[:, None, None]
    fraction = torch.arange(MEAN, dtype=torch.float64)[:, None] / MEAN
    distance = (torch.arange(SYMBOLS) - SYMBOLS // 2 - fraction).abs()
    mass = torch.sigmoid((0.5 - distance) / width) - torch.sigmoid((-0.5 - distance) / width)
    return mass.clamp(min=2.0**-24).flatten(0, 1).float()


def halved(model: RateDistortionAutoencoder) -> RateDistortionAutoencoder:
    """The model with all weights rounded to float16, which halves its file."""
    model = deepcopy(model)
    model.load_state_dict({name: value.half() for name, value in model.state_dict().items()})
    return model


def narrowest(x: Tensor) -> Tensor:
    """float32 as float16 where that loses nothing."""
    return x.half() if torch.equal(x.half().float(), x) else x


def constants(model: RateDistortionAutoencoder) -> dict[str, Tensor]:
    """Tables and whole-number gains: all that comes out of exp and division, whose last digit may differ elsewhere."""
    log_gain = model.log_gain.detach().double()
    numbers = {
        "gain": whole(log_gain.exp() * VALUE),
        "inverse_gain": whole((-log_gain).exp() * WEIGHT),
        "scale_start": whole((MIDDLE + log_gain / STEP) * VALUE),
    }
    return {"tables": logistic_tables()} | {name: value.float() for name, value in numbers.items()}


def load(path: Path) -> RateDistortionCodec:
    """Read the file of such a codec. Raises CheckpointError for a missing or damaged file."""
    tensors, metadata = load_tensors(path)
    if "rate_distortion" not in metadata or "gain" not in tensors:
        raise damaged(path, "it holds another kind of model")
    stored = json.loads(metadata["rate_distortion"])
    config = RateDistortionConfig(**stored | {key: tuple(stored[key]) for key in ("groups", "lambdas")})
    with torch.random.fork_rng(devices=[]):
        model = RateDistortionAutoencoder(config)
    model.load_state_dict(under("model", tensors))
    return RateDistortionCodec(model, {name: tensors[name] for name in CONSTANTS})
