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

Sources: Ballé et al., Variational image compression with a scale hyperprior (2018), for the training with noise and the
rate term; Cui et al., Asymmetric gained deep image compression (2021), for one model with gains; He et al., ELIC
(2022), for channel groups with a chessboard.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SCALES = 64  # scales that the coder has tables for: SMALLEST * exp(STEP * index)
SMALLEST, STEP = 0.04, 0.11
CONTEXTS, ROUNDINGS = ("groups", "none"), ("mixed", "noise", "straight-through")
MIDDLE, RANGE = 24, 8  # what an output x of the entropy model's networks means: the scale with index 24 + 8 x


@dataclass(frozen=True)
class RateDistortionConfig:
    """What has to be known to build the model again.

    lambdas: what one unit of squared error (255^2 MSE) is worth in bits per pixel, one a quality; groups: channels
    of the code that are coded together; context: "groups", or "none" for one distribution a channel and quality;
    rounding: what stands in for rounding while training: "noise", "straight-through", or "mixed" (noise for the rate,
    straight-through for everything that sees the symbols).
    """

    width: int = 160
    groups: tuple[int, ...] = (8, 8, 16, 16)
    lambdas: tuple[float, ...] = (0.001, 0.002, 0.004, 0.008, 0.014, 0.025, 0.05, 0.09)
    context: str = "groups"
    rounding: str = "mixed"

    def __post_init__(self):
        """Raise ValueError for an unknown word."""
        for word, known in ((self.context, CONTEXTS), (self.rounding, ROUNDINGS)):
            if word not in known:
                raise ValueError(f"There is no {word!r}; choose one of {', '.join(known)}.")

    @property
    def channels(self) -> int:
        return sum(self.groups)

    def group_places(self) -> list[tuple[int, int]]:
        """First channel and number of channels of each group."""
        return [(sum(self.groups[:k]), size) for k, size in enumerate(self.groups)]

    def as_dict(self) -> dict:
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
    """Mean and scale of every symbol, from the symbols coded before it.

    There are two passes a group. The network of the first sees all groups before it, that of the second also the
    first half of its own group. The very first pass sees nothing: one constant for each channel and quality.
    """

    def __init__(self, config: RateDistortionConfig, hidden: int = 64):
        super().__init__()
        self.config = config
        qualities = len(config.lambdas)
        self.start = nn.Parameter(torch.zeros(qualities, 2 * config.channels))
        self.networks, self.by_quality = nn.ModuleList(), nn.ParameterList()
        if config.context == "none":
            return
        for begin, size in config.group_places():
            for half in (0, 1):
                seen = begin + half * size
                if seen == 0:
                    continue
                self.by_quality.append(nn.Parameter(torch.zeros(qualities, hidden)))
                self.networks.append(
                    nn.ModuleList([
                        nn.Conv2d(seen, hidden, 3, padding=1),
                        nn.Conv2d(hidden, hidden, 1),
                        nn.Conv2d(hidden, 2 * size, 1),
                    ])
                )  # fmt: skip

    def forward(self, code: Tensor, quality: Tensor) -> Tensor:
        """Code (N, C, h, w), rounded, and quality (N,) -> means and scales (N, 2, C, h, w), in the code's units.

        A scale x stands for the index MIDDLE + RANGE x into the coder's scales, before the gain.
        """
        count, channels, height, width = code.shape
        if self.config.context == "none":
            constant = self.start[quality].view(count, 2, channels, 1, 1)
            return constant.expand(-1, -1, -1, height, width)
        first = chessboard(height, width, code.device)
        parts, network = [], 0
        for begin, size in self.config.group_places():
            own = code[:, begin : begin + size]
            halves = []
            for half in (0, 1):
                seen = code[:, :begin] if half == 0 else torch.cat([code[:, :begin], own * first], 1)
                if seen.shape[1] == 0:
                    constant = self.start[quality].view(count, 2, channels, 1, 1)[:, :, :size]
                    halves.append(constant.expand(-1, -1, -1, height, width))
                    continue
                layers, bias = self.networks[network], self.by_quality[network]
                network += 1
                x = F.relu(layers[0](seen) + bias[quality][:, :, None, None])
                x = layers[2](F.relu(layers[1](x)))
                halves.append(x.float().view(count, 2, size, height, width))
            parts.append(torch.where(first, halves[0], halves[1]))
        return torch.cat(parts, 2)


class RateDistortionAutoencoder(nn.Module):
    """g_a, gains, entropy model and g_s; one model for all qualities 0 ... N-1."""

    def __init__(self, config: RateDistortionConfig = RateDistortionConfig()):
        super().__init__()
        self.config = config
        wide, narrow, channels = config.width, 64, config.channels
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
        self.log_gain = nn.Parameter(start[:, None].repeat(1, channels))
        self.log_inverse_gain = nn.Parameter(-start[:, None].repeat(1, channels))
        self.shift = nn.Parameter(torch.zeros(len(steps), channels))  # tells g_s how coarse the symbols are
        self.entropy_model = EntropyModel(config)

    def forward(self, images: Tensor, quality: Tensor) -> dict[str, Tensor]:
        """Images (N, 3, H, W) in [-1, 1] and quality (N,) -> {"images", "bits" (N,)}."""
        log_gain = self.log_gain[quality][:, :, None, None]
        y = self.g_a(images).float() * log_gain.exp()
        noisy = y + torch.rand_like(y) - 0.5 if self.training else y.round()
        rounded = y + (y.round() - y).detach()
        coded, seen = {
            "noise": (noisy, noisy), "straight-through": (rounded, rounded), "mixed": (noisy, rounded),
        }[self.config.rounding if self.training else "straight-through"]  # fmt: skip
        mean, scale = self.entropy_model(seen * (-log_gain).exp(), quality).unbind(1)
        bits = symbol_bits(coded, mean * log_gain.exp(), MIDDLE + RANGE * scale + log_gain / STEP)
        return {"images": self.synthesise(seen, quality).float(), "bits": bits.flatten(1).sum(1)}

    def synthesise(self, symbols: Tensor, quality: Tensor) -> Tensor:
        """Symbols (N, C, h, w) and quality (N,) -> images (N, 3, 4h, 4w), about in [-1, 1]."""
        inverse_gain, shift = self.log_inverse_gain[quality].exp(), self.shift[quality]
        return self.g_s(symbols * inverse_gain[:, :, None, None] + shift[:, :, None, None])


def chessboard(height: int, width: int, device=None) -> Tensor:
    """True on the fields coded first: (height, width)."""
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    return (rows[:, None] + columns) % 2 == 0


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
