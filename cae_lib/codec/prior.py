"""The entropy model: how likely each symbol is, from those coded before it.

It codes the channels in groups, and each group in two passes: first every second place, like the black fields of a
chessboard, then the others. A small network looks at what has been coded so far and predicts a mean and a scale for
each symbol of the next pass.

Sources: Minnen and Singh, Channel-wise autoregressive entropy models (2020), for the groups; He et al., ELIC (2022),
for groups with a chessboard.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cae_lib.codec.design import Pass, RateDistortionConfig

SCALES = 64  # scales that the coder has tables for: SMALLEST * exp(STEP * index)
SMALLEST, STEP = 0.04, 0.11
MIDDLE, RANGE = 24, 8  # what an output x of the entropy model's networks means: the scale with index 24 + 8 x


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
            around = nn.Conv2d(known, hidden, 2 * config.reach + 1, padding=config.reach)
            layers = around, nn.Conv2d(hidden, hidden, 1), nn.Conv2d(hidden, 2 * (end - begin), 1)
            self.networks.append(nn.ModuleList(layers))

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
