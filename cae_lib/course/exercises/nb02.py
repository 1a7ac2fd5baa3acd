"""The exercises of notebook 02: what is right, known mistakes with what is said to them, three hints."""

from math import log, log10

import torch
from torch import nn

from cae_lib.course.autoencoders import is_autoencoder
from cae_lib.course.chance import noise
from cae_lib.course.judging import Exercise, array, essay, function, number
from cae_lib.course.reading import is_stub

CODE = 512  # numbers that a code may have


def pca(rows):
    mean = rows.mean(0)
    return mean, torch.linalg.svd(rows - mean, full_matrices=False)[2].T


def through_pca(rows, mean, directions, k):
    kept = directions[:, :k]
    return mean + (rows - mean) @ kept @ kept.T


def quantise(code, bits, low, high):
    step = (high - low) / (2**bits - 1)
    return low + ((code - low) / step).round().clamp(0, 2**bits - 1) * step


class Own(nn.Module):
    """A small convolutional autoencoder with a code of 8 x 8 x 8 numbers."""

    def __init__(self):
        super().__init__()
        relu = nn.ReLU()
        self.down = nn.Sequential(nn.Conv2d(3, 32, 3, 2, 1), relu, nn.Conv2d(32, 8, 3, 2, 1))
        up = [nn.ConvTranspose2d(8, 32, 2, 2), relu, nn.ConvTranspose2d(32, 16, 2, 2)]
        self.up = nn.Sequential(*up, relu, nn.Conv2d(16, 3, 3, 1, 1), nn.Sigmoid())

    def encode(self, images):
        return self.down(images)

    def decode(self, code):
        return self.up(code)


def rebuilt(f, rows, k: int):
    """What a PCA is compared by: rows through its first k directions, whose signs are free."""
    found = f(rows)
    if is_stub(found):
        return None
    mean, directions = found
    return through_pca(rows, torch.as_tensor(mean), torch.as_tensor(directions), k)


ROWS = noise(0, 12, 5) * torch.tensor([4.0, 1, 2, 0.5, 0.1]) + torch.arange(5.0)
WIDE = noise(1, 9, 7) @ torch.diag(torch.arange(7.0))
MEAN, DIRECTIONS = pca(ROWS)
CENTRE = torch.tensor([0.1, -0.7, 0.3, 0.49, 0.51, 2.0, -3.0, 1.0])

EXERCISES = {
    "02.1": Exercise(
        function(
            (ROWS, 1), (ROWS, 2), (ROWS, 5), (WIDE, 3), (ROWS[:, :3] - 9, 1), result=array, run=rebuilt, given="rows"
        ),
        pca,
        mistakes={
            "The directions have to be columns: `svd` returns the transpose of V.": lambda rows: (
                rows.mean(0),
                torch.linalg.svd(rows - rows.mean(0), full_matrices=False)[2],
            ),
            "The mean has to be taken off before the decomposition.": lambda rows: (
                rows.mean(0),
                torch.linalg.svd(rows, full_matrices=False)[2].T,
            ),
            "The direction of the largest variance has to come first.": lambda rows: (
                rows.mean(0),
                pca(rows)[1].flip(1),
            ),
            "It takes one mean of all numbers; each column has a mean of its own.": lambda rows: (
                rows.mean(),
                torch.linalg.svd(rows - rows.mean(), full_matrices=False)[2].T,
            ),
        },
        hints=(
            "Take the mean row off first. What does `svd` return of what is left, and in which order?",
            "`_, _, transposed = torch.linalg.svd(rows - mean, full_matrices=False)` has the directions as rows.",
            "Turn `transposed` round with `.T`, and return the mean with it.",
        ),
        why="The singular values come in falling order, so the first columns are the directions of largest variance.",
    ),
    "02.2": Exercise(
        function(
            (ROWS, MEAN, DIRECTIONS, 1),
            (ROWS, MEAN, DIRECTIONS, 3),
            (ROWS, MEAN, DIRECTIONS, 5),
            (noise(2, 3, 5), MEAN, DIRECTIONS, 2),
            (WIDE, *pca(WIDE), 2),
            result=array,
        ),
        through_pca,
        mistakes={
            "The mean is not taken off before the rows are turned into coordinates.": lambda rows, mean, v, k: (
                mean + rows @ v[:, :k] @ v[:, :k].T
            ),
            "The mean is not added again at the end.": lambda rows, mean, v, k: (rows - mean) @ v[:, :k] @ v[:, :k].T,
            "It keeps all directions; only the first k are wanted.": lambda rows, mean, v, k: through_pca(
                rows, mean, v, v.shape[1]
            ),
            "It keeps the last k directions, not the first.": lambda rows, mean, v, k: through_pca(
                rows, mean, v.flip(1), k
            ),
        },
        hints=(
            "Three steps: coordinates, of which k are kept; back to rows; and where does the mean come in?",
            "The coordinates are `(rows - mean) @ kept` with `kept = directions[:, :k]`.",
            "Multiply the coordinates by `kept.T`, and add the mean.",
        ),
        why="The columns are at right angles and of length 1, so the transpose is all that the decoder needs.",
    ),
    "02.3": Exercise(
        is_autoencoder(CODE),
        Own,
        mistakes={},
        hints=(
            "A strided convolution, `nn.Conv2d(a, b, 3, stride=2, padding=1)`, halves height and width. How many "
            "do you need?",
            "From 32 to 8 are two halvings; with 8 channels there the code has 512 numbers. "
            "`nn.ConvTranspose2d(a, b, 2, 2)` doubles.",
            "Down: 3 to 32 channels, ReLU, 32 to 8. Up: 8 to 32, ReLU, 32 to 16, ReLU, a 3 x 3 convolution to 3, "
            "sigmoid.",
        ),
        why="Its code is small enough, every layer learns, and what comes out depends on nothing but the code.",
    ),
    "02.4": Exercise(
        function(
            (CENTRE, 1, 0.0, 1.0),
            (CENTRE, 2, -1.0, 1.0),
            (CENTRE, 3, 0.0, 5.0),
            (noise(3, 2, 3, 4), 8, 0.0, 1.0),
            (10 * noise(4, 7), 4, 2.0, 9.0),
            result=array,
        ),
        quantise,
        mistakes={
            "There are 2 ** bits levels, and so one step less between the first and the last.": (
                lambda code, bits, low, high: (
                    low + ((code - low) / (high - low) * 2**bits).round().clamp(0, 2**bits) * (high - low) / 2**bits
                )
            ),
            "It rounds down; the nearest level is wanted.": lambda code, bits, low, high: (
                low
                + ((code - low) / (high - low) * (2**bits - 1)).floor().clamp(0, 2**bits - 1)
                * (high - low)
                / (2**bits - 1)
            ),
            "It returns the numbers of the levels; their values are wanted.": lambda code, bits, low, high: (
                ((code - low) / (high - low) * (2**bits - 1)).round().clamp(0, 2**bits - 1)
            ),
            "Numbers outside have to move to the nearest end.": lambda code, bits, low, high: (
                low + ((code - low) / (high - low) * (2**bits - 1)).round() * (high - low) / (2**bits - 1)
            ),
        },
        hints=(
            "How far are two neighbouring levels apart, if the first is low, the last high, and there are 2 ** bits?",
            "With step = (high - low) / (2 ** bits - 1), `((code - low) / step).round()` is the number of the level.",
            "Clamp that number to 0 ... 2 ** bits - 1, multiply by the step, and add low.",
        ),
        why="No value inside is moved by more than half a step; each further bit halves the step.",
    ),
    "02.5": Exercise(
        number(0.001),
        10 * log10(4),
        mistakes={
            "That is for half the MSE.": 10 * log10(2),
            "The factor before the logarithm of an MSE is 10.": 20 * log10(4),
            "That takes the natural logarithm; decibels use base 10.": 10 * log(4),
            "That is the logarithm alone: decibels are ten times as many.": log10(4),
        },
        hints=(
            "Write the PSNR with the MSE in it, once before and once after.",
            "PSNR is -10 log10(MSE): dividing the MSE by a number adds something that depends on this number only.",
            "What is added is 10 * log10(4).",
        ),
        why="So each further bit of a quantiser, which halves the error and quarters its square, is worth 6 dB.",
    ),
    "02.6": Exercise(
        essay(30),
        "Whether all channels of the code are in use, with other seeds, more epochs, and the same number of numbers.",
        hints=(
            "You have met such a patient in section 6. What was the first thing that was looked at?",
            "One run is one throw of a die: what would three say? And had its loss stopped falling?",
            "Does the claim speak of one network, trained once, or of all networks of a kind?",
        ),
        why=(
            "Good answers look at the code first, for dead channels (2 points); ask for more seeds (1) and a "
            "longer training (1); and say that one small network does not speak for a kind (1)."
        ),
    ),
}
