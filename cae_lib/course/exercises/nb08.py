"""The exercises of notebook 08: what is right, known mistakes with what is said to them, three hints."""

from math import log

import torch

from cae_lib.course.chance import noise
from cae_lib.course.judging import Exercise, array, essay, function, number, parts
from cae_lib.course.reading import Unreadable, is_stub, show

LEAST = 2.0**-24  # the smallest probability that the coder gives to a symbol


def straight_through(y):
    return y + (y.round() - y).detach()


def logistic_bits(symbols, mean, width):
    distance = (symbols - mean).abs()
    mass = torch.sigmoid((0.5 - distance) / width) - torch.sigmoid((-0.5 - distance) / width)
    return -torch.log2(mass.clamp(min=LEAST))


def rd_loss(bits, images, rebuilt, worth):
    pixels = images.shape[2] * images.shape[3]
    return bits.mean() / pixels + worth * 255**2 * (rebuilt - images).square().mean()


def choose(points, worth, loss=lambda rate, mse, worth: rate + worth * 255**2 * mse):
    losses = [loss(rate, mse, worth) for rate, mse in points]
    return losses.index(min(losses))


def with_slopes(*differentiable: int):
    """A way to run a function: its value, and the gradient that it passes to some of its arguments, zero for none.

    Each number of the value counts with a weight of its own, so that no gradient can stand for another.
    """

    def run(f, *case):
        case = [x.clone().requires_grad_() if k in differentiable else x for k, x in enumerate(case)]
        result = f(*case)
        if is_stub(result):
            return None
        if not isinstance(result, torch.Tensor):
            raise Unreadable(f"One tensor is wanted, and {show(result)} is none.")
        inputs = [case[k] for k in differentiable]
        slopes = [None] * len(inputs)
        if result.requires_grad:
            weights = torch.linspace(1, 2, result.numel()).view(result.shape)
            slopes = torch.autograd.grad((result * weights).sum(), inputs, allow_unused=True)
        found = [torch.zeros_like(x) if slope is None else slope for x, slope in zip(inputs, slopes, strict=True)]
        return result.detach(), *found

    return run


def plainly(symbols, mean, width):
    """The formula as it stands, which has no digits left on the right side."""
    mass = torch.sigmoid((symbols + 0.5 - mean) / width) - torch.sigmoid((symbols - 0.5 - mean) / width)
    return -torch.log2(mass.clamp(min=LEAST))


def without_limit(symbols, mean, width):
    distance = (symbols - mean).abs()
    return -torch.log2(torch.sigmoid((0.5 - distance) / width) - torch.sigmoid((-0.5 - distance) / width))


def by_density(symbols, mean, width):
    x = (symbols - mean) / width
    return -torch.log2((torch.sigmoid(x) * torch.sigmoid(-x) / width).clamp(min=LEAST))


SYMBOLS = torch.arange(-2.0, 4.0)
MEAN, WIDTH = torch.tensor([0.3]), torch.tensor([0.63])
CHANNELS = torch.tensor([0.2, -1.6, 3.0]).view(1, 3, 1, 1), torch.tensor([0.5, 1.5, 0.8]).view(1, 3, 1, 1)

A, B = noise(0, 2, 3, 4, 6), noise(1, 2, 3, 4, 6)
LOSSES = (
    (torch.tensor([1200.0, 800.0]), A, B, 0.01),
    (torch.tensor([96.0, 48.0]), A, 0.9 * A, 0.1),
    (torch.tensor([500.0, 100.0, 300.0]), noise(2, 3, 3, 2, 2), noise(3, 3, 3, 2, 2), 0.002),
)

POINTS = [(2.0, 0.0008), (0.5, 0.004), (1.9, 0.002), (1.0, 0.0018)]
CLOSE = [(2.0, 0.001), (1.0, 0.001 + 1 / (0.01 * 255.5**2)), (3.0, 0.0009)]  # 255 and 256 choose differently

EXERCISES = {
    "08.1": Exercise(
        function(
            (torch.tensor([-1.7, -0.2, 0.4, 2.6]),),
            (torch.tensor([0.3]),),
            (5 * noise(4, 2, 3),),
            result=parts(value=array, gradient=array),
            run=with_slopes(0),
        ),
        straight_through,
        mistakes={
            "The value is right, but no gradient comes through: round has slope 0.": lambda y: y.round(),
            "The gradient is right, but the value is not rounded.": lambda y: y * 1,
            "It rounds down; the nearest whole number is wanted.": lambda y: y + (y.floor() - y).detach(),
            "The gradient is 1, but the value is not: y is added once more.": lambda y: y + y.round().detach(),
        },
        hints=(
            "Begin with the value alone, and write it as y plus something.",
            "The something is `y.round() - y`. Which part of the sum must the gradient not see?",
            "`detach()` hides the something from the gradient, and that of y is left.",
        ),
        why="Forward, the two y cancel and the rounded value is left; backward, only the first y is seen: slope 1.",
    ),
    "08.2": Exercise(
        function(
            (SYMBOLS, MEAN, WIDTH),
            (torch.tensor([-14.0, -10.0, 10.0, 12.0, 14.0]), torch.zeros(1), torch.ones(1)),
            (torch.tensor([-40.0, 1.0, 30.0]), torch.tensor([1.0]), torch.tensor([0.9])),
            ((8 * noise(5, 2, 3, 2, 2) - 4).round(), *CHANNELS),
            result=parts(bits=array, gradient_of_the_mean=array, gradient_of_the_width=array),
            run=with_slopes(1, 2),
        ),
        logistic_bits,
        mistakes={
            "Far to the right of the mean both σ are nearly 1, and float32 has no digits left for their difference.": (
                plainly
            ),
            "It has no limit: no symbol shall cost more than 24 bits.": without_limit,
            "That is the logarithm to base e; bits need base 2.": lambda *case: logistic_bits(*case) * log(2),
            "It takes the density at the symbol; the area within ½ of it is wanted.": by_density,
            "The sign is wrong: a probability below 1 costs a positive number of bits.": (
                lambda *case: -logistic_bits(*case)
            ),
        },
        hints=(
            "Write the formula down first, with torch.sigmoid and torch.log2. When do both σ come near 1?",
            "The curve is symmetric: a symbol to the right of the mean costs what its mirror image on the left costs.",
            "With distance = (symbols - mean).abs(), use σ((0.5 - distance) / width) and σ((-0.5 - distance) / width); "
            "clamp their difference from below before the logarithm.",
        ),
        why="Left of the mean both σ are small, and small float32 numbers keep all their digits.",
    ),
    "08.3": Exercise(
        function(
            *LOSSES,
            result=parts(value=number(1e-4), gradient_of_the_bits=array, gradient_of_the_pictures=array),
            run=with_slopes(0, 2),
        ),
        rd_loss,
        mistakes={
            "D is of grey levels up to 255: the MSE counts 255² times.": lambda bits, x, z, worth: rd_loss(
                bits, x, z, worth / 255**2
            ),
            "The MSE is of squares, so that 255 counts squared, too.": lambda bits, x, z, worth: rd_loss(
                bits, x, z, worth / 255
            ),
            "R is bits per pixel, and three colours make one pixel.": lambda bits, x, z, worth: rd_loss(
                bits / 3, x, z, worth
            ),
            "Pictures need not be 32 x 32: take height and width from `images.shape`.": lambda bits, x, z, worth: (
                rd_loss(bits * x[0, 0].numel() / 32**2, x, z, worth)
            ),
            "D is a mean over colours, too, not their sum.": lambda bits, x, z, worth: rd_loss(bits, x, z, 3 * worth),
            "R is bits per pixel: divide by height times width.": lambda bits, x, z, worth: rd_loss(
                bits * x[0, 0].numel(), x, z, worth
            ),
            "λ stands before D, not before R.": lambda bits, x, z, worth: worth * rd_loss(bits, x, z, 1 / worth),
            "It adds up the bits of all pictures; their mean is wanted.": lambda bits, x, z, worth: rd_loss(
                bits * len(bits), x, z, worth
            ),
        },
        hints=(
            "Two terms. In which unit is each of them, and what is it a mean of?",
            "R is `bits.mean()` divided by the pixels of a picture, `images.shape[2] * images.shape[3]`.",
            "D is 255**2 times the mean of `(rebuilt - images).square()`, and λ stands before it.",
        ),
        why="Both terms are means over pictures, so that neither depends on the size of the batch.",
    ),
    "08.4": Exercise(
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
        why="Only points on the lower hull of all points are ever chosen, whatever λ is.",
    ),
    "08.5": Exercise(
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
        why="It falls: at this λ, 15 units of squared error are worth less than the 0.2 bits per pixel they save.",
    ),
    "08.6": Exercise(
        essay(30),
        "What counted tables and a fixed transform save on the same pictures, with several seeds and real bytes.",
        hints=(
            "The network's codec differs from JPEG in more than the network. In what else?",
            "Which rival has the same coder and the same kind of tables, and no network?",
            "Think of bytes against estimates, payload against whole file, seeds, and what was learned from.",
        ),
        why=(
            "Good answers ask for a rival with tables fitted to the same pictures and no network (2 points); for "
            "payload against payload, in real bytes at equal PSNR (1); for several seeds (1); and for other pictures "
            "than those it was fitted to (1)."
        ),
    ),
}
