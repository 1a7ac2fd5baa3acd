"""The exercises of notebook 08: what is right, known mistakes with what is said to them, three hints."""

from math import log

import torch

from cae_lib.course.judging import Exercise, array, function, number, parts
from cae_lib.course.reading import Unreadable, is_stub, show


def straight_through(y, step):
    return y + (step * torch.round(y / step) - y).detach()


def value_and_slope(f, y, step):
    """What a function gives for y, and the gradient of each of its values: zeros where none comes through."""
    y = torch.tensor(y, requires_grad=True)
    result = f(y, step)
    if is_stub(result):
        return None
    if not isinstance(result, torch.Tensor):
        raise Unreadable(f"One tensor is wanted, and {show(result)} is none.")
    weights = torch.arange(1.0, len(y) + 1)  # each value's own, so that no gradient can stand for another
    weights = weights if result.shape == y.shape else torch.ones_like(result)
    through = torch.autograd.grad((result * weights).sum(), y, allow_unused=True)[0] if result.requires_grad else None
    return result.detach(), torch.zeros_like(y) if through is None else through / torch.arange(1.0, len(y) + 1)


def choose(points, worth, loss=lambda rate, mse, worth: rate + worth * 255**2 * mse):
    losses = [loss(rate, mse, worth) for rate, mse in points]
    return losses.index(min(losses))


POINTS = [(2.0, 0.0008), (0.5, 0.004), (1.9, 0.002), (1.0, 0.0018)]

CLOSE = [(2.0, 0.001), (1.0, 0.001 + 1 / (0.01 * 255.5**2)), (3.0, 0.0009)]  # 255 and 256 choose differently


EXERCISES = {
    "08.1": Exercise(
        number(1e-6),
        -0.05,
        mistakes={
            "That is the distortion's part of the loss; the rate changes, too.": 0.15,
            "That is the rate's part of the loss; the distortion changes, too.": -0.2,
            "The distortion counts λ times.": 14.8,
            "The squared error rises: its part is positive.": -0.35,
        },
        hints=(
            "The loss has two parts. How does each of them change?",
            "The loss is R + λ D: the rate falls by 0.2, and the distortion rises.",
            "D rises by 55 - 40, and counts λ = 0.01 times. Subtract what is saved.",
        ),
    ),
    "08.2": Exercise(
        number(0.002),
        1.75,
        mistakes={
            "That is the entropy: the least, with the right tables.": 1.5,
            "That is only what is paid too much.": 0.25,
            "Frequent letters are paid for more often: weight with the true shares.": 5 / 3,
            "That is in nats: bits need the logarithm to base 2.": 1.75 * log(2),
        },
        hints=(
            "What does each letter cost, according to the table?",
            "A letter costs -log2 of what the table says: two bits, two bits, one bit.",
            "Weight these costs with the shares with which the letters really come.",
        ),
    ),
    "08.3": Exercise(
        parts(chessboard=number(), place_by_place=number()),
        (8, 4096),
        mistakes={
            "A chessboard has two colours, and each takes a pass in each group.": (4, 4096),
            "Place by place, all channels of a place come in one pass.": (8, 4 * 4096),
            "The code has fewer places than the picture has pixels.": (8, 256 * 256),
            "The order is exchanged: the chessboard comes first.": (4096, 8),
        },
        hints=(
            "What has to be known before a symbol can be decoded, and which symbols can be decoded together?",
            "With a chessboard, each group takes a pass for either colour, whatever the size of the picture.",
            "Place by place, there are as many passes as places: 64 in a row, and 64 rows.",
        ),
    ),
    "08.4": Exercise(
        function(
            *(([-1.7, -0.2, 0.4, 2.6], step) for step in (1.0, 0.25, 3.0)),
            result=parts(value=array, gradient=array),
            run=value_and_slope,
        ),
        straight_through,
        mistakes={
            "The value is right, but no gradient comes through: round has slope 0.": lambda y, step: (
                step * torch.round(y / step)
            ),
            "The gradient is right, but the value is not rounded.": lambda y, step: y * 1,
            "It rounds to whole numbers, whatever the step.": lambda y, step: straight_through(y, 1.0),
        },
        hints=(
            "Begin with the value alone: what is y, rounded to a multiple of step?",
            "`step * torch.round(y / step)` is that value. Write it as y plus something.",
            "The something is the rounded value minus y: `detach()` hides it from the gradient, and that of y is left.",
        ),
    ),
    "08.5": Exercise(
        function(*((POINTS, worth) for worth in (0.0001, 0.004, 0.02)), (POINTS[:0:-1], 0.004), (CLOSE, 0.01)),
        choose,
        mistakes={
            "It takes the lowest rate: D is of pixels up to 255, so multiply the MSE by 255².": lambda points, worth: (
                choose(points, worth, lambda rate, mse, worth: rate + worth * mse)
            ),
            "It looks at the distortion alone.": lambda points, _: choose(points, 1e9),
            "It counts from 1.": lambda points, worth: choose(points, worth) + 1,
            "D is of pixels up to 255, not 256.": lambda points, worth: choose(points, worth * (256 / 255) ** 2),
        },
        hints=(
            "Compute the loss of each point first.",
            "The MSE is of pixels in [0, 1]; D is of pixels from 0 to 255, so it is 255**2 times as large.",
            "Make a list of bpp + worth * 255**2 * mse, and return the place of its minimum.",
        ),
    ),
}
