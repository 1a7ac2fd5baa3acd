"""The rate-distortion autoencoder: trained for few bits and a small error at once.

::

    image             3 x 32 x 32
      | g_a: unshuffle, convolutions and residual blocks
    code             48 x  8 x  8
      | times a gain for each channel and quality, then rounded
    symbols          48 x  8 x  8  -> the entropy model tells how likely each one is -> bits
      | about divided by the gain (the way back is learned, too)
      | g_s: the same in reverse
    reconstruction    3 x 32 x 32

The entropy model codes the channels in groups, and each group in two passes: first every second place, like the black
fields of a chessboard, then the others. A small network looks at what has been coded so far and predicts a mean and a
scale for each symbol of the next pass.

With a hyperprior, a network h_a sums up the code as z, with one value a channel for each block of 4 x 4 places. Its
channels come before those of the code, are coded first, and every network sees them; g_s does not.

Sources: Ballé et al., Variational image compression with a scale hyperprior (2018), for the training with noise, the
rate term and the hyperprior; Cui et al., Asymmetric gained deep image compression (2021), for one model with gains; He
et al., ELIC (2022), for channel groups with a chessboard.
"""

from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cae_lib.base.errors import UsageError

SCALES = 64  # scales that the coder has tables for: SMALLEST * exp(STEP * index)
SMALLEST, STEP = 0.04, 0.11
CONTEXTS, ROUNDINGS = ("groups", "none"), ("mixed", "noise", "straight-through")
MIDDLE, RANGE = 24, 8  # what an output x of the entropy model's networks means: the scale with index 24 + 8 x


class Pass(NamedTuple):
    """Symbols coded together: channels begin ... end - 1 on some `fields`. Their network sees the channels < known."""

    begin: int
    end: int
    known: int
    fields: str


@dataclass(frozen=True)
class RateDistortionConfig:
    """What has to be known to build the model again.

    lambdas: what one unit of squared error (255^2 MSE) is worth in bits per pixel, one a quality; groups: channels
    of the code that are coded together; context: "groups", or "none" for all symbols in one pass that sees nothing
    but z; rounding: what stands in for rounding while training: "noise", "straight-through", or "mixed" (noise for the
    rate, straight-through for everything that sees the symbols); hyper: channels of z, 0 for no hyperprior; hidden:
    channels inside the networks of the entropy model.
    """

    width: int = 160
    groups: tuple[int, ...] = (8, 8, 16, 16)
    lambdas: tuple[float, ...] = (0.001, 0.002, 0.004, 0.008, 0.014, 0.025, 0.05, 0.09)
    context: str = "groups"
    rounding: str = "mixed"
    hyper: int = 0
    hidden: int = 64

    def __post_init__(self):
        for word, known in ((self.context, CONTEXTS), (self.rounding, ROUNDINGS)):
            if word not in known:
                raise UsageError(f"There is no {word!r}; choose one of {', '.join(known)}.")

    @property
    def channels(self) -> int:
        """Channels of the symbols: those of z and those of the code."""
        return self.hyper + sum(self.groups)

    def passes(self) -> list[Pass]:
        """What is coded together, in order; the first pass sees nothing, and every other one has a network."""
        passes = [Pass(0, self.hyper, 0, "corners")] if self.hyper else []
        if self.context == "none":
            return [*passes, Pass(self.hyper, self.channels, self.hyper, "all")]
        for begin, end in pairwise(accumulate(self.groups, initial=self.hyper)):
            passes += [Pass(begin, end, begin, "black"), Pass(begin, end, end, "white")]
        return passes

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self) | {"groups": list(self.groups), "lambdas": list(self.lambdas)}


class ResidualBlock(nn.Module):
    """x plus what three convolutions make of it: 1x1 to half the channels, 3x3, 1x1 back."""

    def __init__(self, channels: int):
        super().__init__()
        half = channels // 2
        self.body = nn.Sequential(
            nn.Conv2d(channels, half, 1),
            nn.ReLU(),
            nn.Conv2d(half, half, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(half, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class EntropyModel(nn.Module):
    """Mean and scale of every symbol from those coded before; in the first pass, constants of channel and quality."""

    def __init__(self, config: RateDistortionConfig):
        super().__init__()
        self.config = config
        qualities, hidden = len(config.lambdas), config.hidden
        self.start = nn.Parameter(torch.zeros(qualities, 2 * config.channels))
        self.networks, self.by_quality = nn.ModuleList(), nn.ParameterList()
        for begin, end, known, _ in config.passes()[1:]:
            self.by_quality.append(nn.Parameter(torch.zeros(qualities, hidden)))
            layers = nn.Conv2d(known, hidden, 3, padding=1), nn.Conv2d(hidden, hidden, 1)
            self.networks.append(nn.ModuleList([*layers, nn.Conv2d(hidden, 2 * (end - begin), 1)]))

    def forward(self, code: Tensor, quality: Tensor) -> Tensor:
        """Code (N, channels, h, w), rounded, and quality (N,) -> means and scales (N, 2, channels, h, w), in its units.

        A scale x stands for the index MIDDLE + RANGE x into the coder's scales, before the gain.
        """
        count, channels, height, width = code.shape
        outputs = self.start[quality].view(count, 2, channels, 1, 1).repeat(1, 1, 1, height, width)
        for step, layers, bias in zip(self.config.passes()[1:], self.networks, self.by_quality, strict=True):
            x = F.relu(layers[0](visible(code, step, self.config.hyper)) + bias[quality][:, :, None, None])
            x = layers[2](F.relu(layers[1](x))).to(outputs.dtype).view(count, 2, -1, height, width)
            own, where = slice(step.begin, step.end), fields(step.fields, height, width, code.device)
            outputs[:, :, own] = torch.where(where, x, outputs[:, :, own])
        return outputs


class RateDistortionAutoencoder(nn.Module):
    """g_a, gains, entropy model and g_s; one model for all qualities 0 ... N-1."""

    def __init__(self, config: RateDistortionConfig):
        super().__init__()
        self.config = config
        wide, narrow, channels = config.width, 64, sum(config.groups)
        self.g_a = nn.Sequential(
            nn.PixelUnshuffle(2),  # 12 x 16 x 16
            nn.Conv2d(12, narrow, 3, padding=1),
            ResidualBlock(narrow),
            nn.Conv2d(narrow, wide, 3, stride=2, padding=1),  # 8 x 8
            ResidualBlock(wide),
            ResidualBlock(wide),
            nn.Conv2d(wide, channels, 1),
        )
        self.g_s = nn.Sequential(
            nn.Conv2d(channels, wide, 3, padding=1),
            ResidualBlock(wide),
            ResidualBlock(wide),
            nn.Conv2d(wide, 4 * narrow, 1),
            nn.PixelShuffle(2),  # 16 x 16
            ResidualBlock(narrow),
            nn.Conv2d(narrow, 12, 3, padding=1),
            nn.PixelShuffle(2),  # 3 x 32 x 32
        )
        steps = torch.tensor(config.lambdas)
        start = (4 * (steps / steps[len(steps) // 2]).sqrt()).log()
        self.log_gain = nn.Parameter(start[:, None].repeat(1, config.channels))
        self.log_inverse_gain = nn.Parameter(-start[:, None].repeat(1, channels))
        self.shift = nn.Parameter(torch.zeros(len(steps), channels))  # tells g_s how coarse the symbols are
        self.entropy_model = EntropyModel(config)
        if config.hyper:
            first = nn.Conv2d(channels, narrow, 3, stride=2, padding=1)  # 4 x 4
            self.h_a = nn.Sequential(first, nn.ReLU(), nn.Conv2d(narrow, config.hyper, 3, stride=2, padding=1))  # 2 x 2

    def analyse(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [-1, 1] -> z, zero but in the corners of its blocks, and code (N, channels, h, w)."""
        y = self.g_a(images)
        if not self.config.hyper:
            return y
        z = y.new_zeros(len(y), self.config.hyper, *y.shape[2:])
        z[..., ::4, ::4] = self.h_a(y)
        return torch.cat([z, y], 1)

    def forward(self, images: Tensor, quality: Tensor) -> dict[str, Tensor]:
        """Images (N, 3, H, W) in [-1, 1] and quality (N,) -> {"images", "bits" (N,)}."""
        log_gain = self.log_gain[quality][:, :, None, None]
        y = self.analyse(images).float() * log_gain.exp()
        coded = seen = y + (y.round() - y).detach()
        if self.training and self.config.rounding != "straight-through":
            coded = y + torch.rand_like(y) - 0.5
            seen = coded if self.config.rounding == "noise" else seen
        mean, scale = self.entropy_model(seen * (-log_gain).exp(), quality).unbind(1)
        bits = symbol_bits(coded, mean * log_gain.exp(), MIDDLE + RANGE * scale + log_gain / STEP)
        z, code = bits[:, : self.config.hyper, ::4, ::4], bits[:, self.config.hyper :]
        bits = z.flatten(1).sum(1) + code.flatten(1).sum(1)
        return {"images": self.synthesise(seen, quality).float(), "bits": bits}

    def synthesise(self, symbols: Tensor, quality: Tensor) -> Tensor:
        """Symbols (N, channels, h, w) and quality (N,) -> images (N, 3, 4h, 4w), about in [-1, 1]."""
        inverse_gain, shift = self.log_inverse_gain[quality].exp(), self.shift[quality]
        code = symbols[:, self.config.hyper :] * inverse_gain[:, :, None, None]
        return self.g_s(code + shift[:, :, None, None])


def fields(which: str, height: int, width: int, device=None) -> Tensor:
    """True where a pass codes: (height, width). "corners" are the first places of the blocks of 4 x 4."""
    rows, columns = torch.arange(height, device=device)[:, None], torch.arange(width, device=device)
    return {
        "all": rows + columns >= 0,
        "black": (rows + columns) % 2 == 0,
        "white": (rows + columns) % 2 == 1,
        "corners": (rows % 4 == 0) & (columns % 4 == 0),
    }[which]


def visible(code: Tensor, step: Pass, hyper: int) -> Tensor:
    """What the network of a pass sees of a code (N, channels, h, w): (N, known, h, w).

    Of z, the first `hyper` channels, each value all over its block of 4 x 4; of its own group, the black fields.
    """
    height, width = code.shape[2:]
    seen = code[:, : step.known].clone()
    seen[:, :hyper] = code[:, :hyper, ::4, ::4].repeat_interleave(4, 2).repeat_interleave(4, 3)[..., :height, :width]
    seen[:, step.begin :] *= fields("black", height, width, code.device)
    return seen


def symbol_bits(symbols: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """-log2 of the probability of each symbol: the logistic distribution's mass within half a step of it.

    scale: index into the coder's scales, clamped to those that it has.
    """
    width = SMALLEST * torch.exp(STEP * scale.clamp(0, SCALES - 1))
    distance = (symbols - mean).abs()  # by symmetry; so that both sigmoids are small and their difference exact
    mass = torch.sigmoid((0.5 - distance) / width) - torch.sigmoid((-0.5 - distance) / width)
    return -torch.log2(mass.clamp(min=2.0**-24))


def rate_distortion(model: RateDistortionAutoencoder, images: Tensor, quality: Tensor) -> dict[str, Tensor]:
    """The training loss and its terms, averaged over images (N, 3, H, W) in [-1, 1].

    Returns {"loss", "bpp", "mse"}: bits per pixel plus lambda * 255^2 * MSE, with the MSE in [0, 1].
    """
    output = model(images, quality)
    bpp = output["bits"] / (images.shape[2] * images.shape[3])
    mse = ((output["images"] - images) / 2).square().flatten(1).mean(1)
    worth = torch.tensor(model.config.lambdas, device=images.device)[quality]
    return {"loss": (bpp + worth * 255**2 * mse).mean(), "bpp": bpp.mean(), "mse": mse.mean()}
