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

With a hyperprior, a network h_a sums up the code as z, with one value a channel for each block of 4 x 4 places. Its
channels come before those of the code, are coded first, and every network sees them; g_s does not.

Sources: Ballé et al., Variational image compression with a scale hyperprior (2018), for the training with noise, the
rate term and the hyperprior; Cui et al., Asymmetric gained deep image compression (2021), for one model with gains; He
et al., ELIC (2022), for channel groups with a chessboard.
"""

import torch
from torch import Tensor, nn

from cae_lib.codec.design import RateDistortionConfig
from cae_lib.codec.prior import MIDDLE, RANGE, STEP, EntropyModel, symbol_bits


class ResidualBlock(nn.Module):
    """x plus what three convolutions make of it: 1x1 to half the channels, 3x3, 1x1 back.

    qualities: 0, or so many sets of numbers, by which the block works otherwise at each quality.
    """

    def __init__(self, channels: int, qualities: int = 0):
        super().__init__()
        half = channels // 2
        self.body = nn.Sequential(
            nn.Conv2d(channels, half, 1),
            nn.ReLU(),
            nn.Conv2d(half, half, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(half, channels, 1),
        )
        if qualities:
            self.shift = nn.Parameter(torch.zeros(qualities, half))
            self.strength = nn.Parameter(torch.ones(qualities, channels))
        self.qualities = qualities

    def forward(self, x: Tensor, quality: Tensor) -> Tensor:
        if not self.qualities:
            return x + self.body(x)
        inside = self.body[0](x) + self.shift[quality][:, :, None, None]
        return x + self.strength[quality][:, :, None, None] * self.body[1:](inside)


class Transform(nn.Sequential):
    """Layers one after the other, of which the residual blocks are told the quality (N,)."""

    def forward(self, x: Tensor, quality: Tensor) -> Tensor:
        for layer in self:
            x = layer(x, quality) if isinstance(layer, ResidualBlock) else layer(x)
        return x


class RateDistortionAutoencoder(nn.Module):
    """g_a, gains, entropy model and g_s; one model for all qualities 0 ... N-1."""

    def __init__(self, config: RateDistortionConfig):
        super().__init__()
        self.config = config
        wide, narrow, channels = config.width, config.narrow, sum(config.groups)

        def blocks(count: int, width: int) -> list[ResidualBlock]:
            return [ResidualBlock(width, len(config.lambdas) * config.by_quality) for _ in range(count)]

        self.g_a = Transform(
            nn.PixelUnshuffle(2),  # 12 x 16 x 16
            nn.Conv2d(12, narrow, 3, padding=1),
            *blocks(config.shallow, narrow),
            nn.Conv2d(narrow, wide, 3, stride=2, padding=1),  # 8 x 8
            *blocks(config.deep, wide),
            nn.Conv2d(wide, channels, 1),
        )
        self.g_s = Transform(
            nn.Conv2d(channels, wide, 3, padding=1),
            *blocks(config.deep, wide),
            nn.Conv2d(wide, 4 * narrow, 1),
            nn.PixelShuffle(2),  # 16 x 16
            *blocks(config.shallow, narrow),
            nn.Conv2d(narrow, 12, 3, padding=1),
            nn.PixelShuffle(2),  # 3 x 32 x 32
        )
        steps = torch.tensor(config.lambdas)
        start = (4 * (steps / steps[len(steps) // 2]).sqrt()).log()
        self.log_gain = nn.Parameter(start[:, None].repeat(1, config.channels))
        self.log_inverse_gain = nn.Parameter(-start[:, None].repeat(1, channels))
        self.shift = nn.Parameter(torch.zeros(len(steps), channels))  # tells g_s how coarse the symbols are
        self.entropy_model = EntropyModel(config)
        self.register_buffer("lambdas", steps, persistent=False)
        if config.hyper:
            first = nn.Conv2d(channels, narrow, 3, stride=2, padding=1)  # 4 x 4
            self.h_a = nn.Sequential(first, nn.ReLU(), nn.Conv2d(narrow, config.hyper, 3, stride=2, padding=1))  # 2 x 2

    def analyse(self, images: Tensor, quality: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [-1, 1] and quality (N,) -> z and code (N, channels, h, w).

        z is zero but in the corners of its blocks.
        """
        y = self.g_a(images, quality)
        if not self.config.hyper:
            return y
        z = y.new_zeros(len(y), self.config.hyper, *y.shape[2:])
        z[..., ::4, ::4] = self.h_a(y)
        return torch.cat([z, y], 1)

    def forward(self, images: Tensor, quality: Tensor) -> dict[str, Tensor]:
        """Images (N, 3, H, W) in [-1, 1] and quality (N,) -> {"images", "bits" (N,)}."""
        y = self.analyse(images, quality).float() * self.log_gain[quality].exp()[:, :, None, None]
        coded = seen = y + (y.round() - y).detach()
        if self.training and self.config.rounding != "straight-through":
            coded = y + torch.rand_like(y) - 0.5
            seen = coded if self.config.rounding == "noise" else seen
        return {"images": self.synthesise(seen, quality).float(), "bits": self.bits(coded, seen, quality)}

    def bits(self, coded: Tensor, seen: Tensor, quality: Tensor) -> Tensor:
        """What symbols (N, channels, h, w) cost: bits (N,). The entropy model sees `seen`, and codes `coded`.

        With rounding "apart", it learns from what it sees alone, which is rounded, and the rest from what is coded.
        """
        log_gain = self.log_gain[quality][:, :, None, None]
        mean, scale = self.entropy_model(seen * (-log_gain).exp(), quality).unbind(1)
        if self.training and self.config.rounding == "apart":
            bits = self.symbol_bits(coded, mean.detach(), scale.detach(), log_gain)
            bits = bits - bits.detach() + self.symbol_bits(seen.detach(), mean, scale, log_gain.detach())
        else:
            bits = self.symbol_bits(coded, mean, scale, log_gain)
        z, code = bits[:, : self.config.hyper, ::4, ::4], bits[:, self.config.hyper :]
        return z.flatten(1).sum(1) + code.flatten(1).sum(1)

    def symbol_bits(self, symbols: Tensor, mean: Tensor, scale: Tensor, log_gain: Tensor) -> Tensor:
        """Bits of each symbol, from means and scales as the entropy model gives them, before the gain."""
        return symbol_bits(symbols, mean * log_gain.exp(), MIDDLE + RANGE * scale + log_gain / STEP)

    def synthesise(self, symbols: Tensor, quality: Tensor) -> Tensor:
        """Symbols (N, channels, h, w) and quality (N,) -> images (N, 3, 4h, 4w), about in [-1, 1]."""
        inverse_gain, shift = self.log_inverse_gain[quality].exp(), self.shift[quality]
        code = symbols[:, self.config.hyper :] * inverse_gain[:, :, None, None]
        return self.g_s(code + shift[:, :, None, None], quality)


def rate_distortion(
    model: RateDistortionAutoencoder, images: Tensor, quality: Tensor, balance: float = 0.0
) -> dict[str, Tensor]:
    """The training loss and its terms, averaged over images (N, 3, H, W) in [-1, 1].

    Returns {"loss", "bpp", "mse"}: bits per pixel plus lambda * 255^2 * MSE, with the MSE in [0, 1]; each divided by
    lambda ** balance, relative to the middle one.
    """
    output = model(images, quality)
    bpp = output["bits"] / (images.shape[2] * images.shape[3])
    mse = ((output["images"] - images) / 2).square().flatten(1).mean(1)
    worth = model.lambdas[quality]
    weight = (worth / model.lambdas[len(model.lambdas) // 2]) ** -balance
    return {"loss": (weight * (bpp + worth * 255**2 * mse)).mean(), "bpp": bpp.mean(), "mse": mse.mean()}
