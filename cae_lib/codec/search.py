"""Search at the encoder: symbols that cost less than the nearest ones and harm the picture little.

The format and the decoder stay as they are; only the encoder works longer. What is made smaller is the loss that the
model was trained for: bits + lambda * 255^2 * MSE * pixels.

Source: Yang, Bamler and Mandt, Improving inference for neural image compression (2020), for the annealing.
"""

import torch
from torch import Tensor

from cae_lib.codec.model import RateDistortionAutoencoder

STEPS = {1: 50, 2: 400}  # effort -> how many
LEARNING_RATE = 0.02
HOT, COLD = 0.5, 0.2  # the temperature of the annealing, first and last
NEAREST = 1e-4  # so near to a whole number, atanh would be infinite


def error_price(model: RateDistortionAutoencoder, quality: Tensor) -> Tensor:
    """Bits that a squared error of 1 is worth, summed over the numbers of an image in [-1, 1]: (N,)."""
    return model.lambdas[quality] * 255**2 / (3 * 4)  # three colours; half the range, so a quarter of the square


def loss(model: RateDistortionAutoencoder, symbols: Tensor, images: Tensor, quality: Tensor) -> Tensor:
    """What symbols (N, channels, h, w) for images (N, 3, H, W) in [-1, 1] cost in all, in bits: (N,)."""
    error = (model.synthesise(symbols, quality) - images).square().flatten(1).sum(1)
    return model.bits(symbols, symbols, quality) + error_price(model, quality) * error


@torch.enable_grad()
def annealed(model: RateDistortionAutoencoder, code: Tensor, images: Tensor, quality: Tensor, steps: int) -> Tensor:
    """Symbols for images (N, 3, H, W) in [-1, 1]: a code (N, channels, h, w), after `steps` of Adam on it, rounded.

    Each number is rounded up or down by chance, the likelier the nearer, and softly: a weighted mean of both. As the
    temperature falls, the mean becomes a choice. All images see the same random numbers, those of seed 0.
    """
    code = code.clone().requires_grad_()
    optimiser = torch.optim.Adam([code], lr=LEARNING_RATE)
    generator = torch.Generator(code.device).manual_seed(0)
    for step in range(steps):
        temperature = HOT * (COLD / HOT) ** (step / steps)
        symbols = softly_rounded(code, temperature, generator)
        (code.grad,) = torch.autograd.grad(loss(model, symbols, images, quality).sum(), code)
        optimiser.step()
    return code.detach().round()


def softly_rounded(code: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """Each number (N, ...) moved to the whole ones around it by a random weight, the same for all N."""
    below = code.detach().floor()
    up = (code - below).clamp(NEAREST, 1 - NEAREST)
    uniform = torch.rand(2, *code.shape[1:], generator=generator, device=code.device).clamp(1e-7, 1 - 1e-7)
    gumbel = -(-uniform.log()).log()
    nearer = (torch.atanh(up) - torch.atanh(1 - up)) / temperature
    return below + torch.sigmoid((nearer + gumbel[0] - gumbel[1]) / temperature)
