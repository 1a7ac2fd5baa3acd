"""The exercises of notebook 05: what is right, known mistakes with what is said to them, three hints."""

import torch
import torch.nn.functional as F

from cae_lib.course.exercises.nb00 import two_by_two as pooled
from cae_lib.course.exercises.nb03 import REPORTED
from cae_lib.course.judging import Exercise, array, number

NARROW = ((3, 32), (32, 12), (12, 3))  # input and output channels of model2's convolutions with a code of 12 channels


TINY = torch.arange(16.0).reshape(1, 1, 4, 4)  # of exercise 05.5


EXERCISES = {
    "05.1": Exercise(
        number(0.01),
        16 / 3,
        mistakes={
            "That is for each pixel; a pixel has three values.": 16,
            "A place stands for four pixels.": 64 / 3,
            "That is the whole place.": 64,
            "It is the other way round.": 3 / 16,
        },
        hints=(
            "Count on both sides: the numbers at one place of the code, and the pixel values that it stands for.",
            "A place of the code is 64 numbers deep.",
            "It stands for 2 * 2 pixels with 3 values each: divide.",
        ),
    ),
    "05.2": Exercise(
        number(0.001),
        REPORTED / 4,
        mistakes={
            "The scale is half as long, but errors are squared.": REPORTED / 2,
            "On a shorter scale, errors are smaller.": REPORTED * 4,
            "That is how a pixel moves from one scale to the other, not an error.": (REPORTED + 1) / 2,
            "That is still on [-1, 1].": REPORTED,
        },
        hints=(
            "How much longer is one scale than the other?",
            "[-1, 1] is twice as long, so every error is twice as large there, and its square is more than twice.",
            "Errors twice as large have squares four times as large.",
        ),
    ),
    "05.3": Exercise(
        number(),
        12,
        mistakes={
            "The code has fewer places than the image has pixels.": 3,
            "The image has three colours.": 4,
            "That is what model2 has.": 64,
        },
        hints=(
            "How many numbers has the image, and how many does one channel of the code hold?",
            "The code has 16 x 16 places; the image has 3,072 numbers.",
            "Divide 3,072 by 16 * 16.",
        ),
    ),
    "05.4": Exercise(
        number(),
        sum(9 * a * b + b for a, b in NARROW),
        mistakes={
            "That is still model2 with 64 channels.": 21_123,
            "That is the number without the biases.": sum(9 * a * b for a, b in NARROW),
            "That is the encoder alone.": sum(9 * a * b + b for a, b in NARROW[:2]),
            "That is MODEL1.": 11_461,
        },
        hints=(
            "In section 1, a cell prints the parameters of MODEL1 and MODEL2. Let it count `narrow`, too.",
            "`summarise(build(narrow))` lists the layers; each row has its `parameters`.",
            "Add them up: sum(row.parameters for row in summarise(build(narrow))).",
        ),
    ),
    "05.5": Exercise(
        array,
        pooled(TINY),
        mistakes={
            "Those are the largest values of the blocks, not their means.": pooled(TINY, F.max_pool2d),
            "The means are right, but they lie side by side; each belongs in its own block.": F.avg_pool2d(
                TINY, 2
            ).repeat(1, 1, 2, 2),
            "The reshape has put other pixels together than those of a block.": TINY.reshape(4, 4)
            .mean(1)
            .reshape(1, 1, 2, 2)
            .repeat_interleave(2, 2)
            .repeat_interleave(2, 3),
            "That is the picture itself.": TINY,
        },
        hints=(
            "Give each block axes of its own: then its mean is a mean over axes.",
            "`tiny.reshape(1, 1, 2, 2, 2, 2)` ends in the axes (block row, row in it, block column, column in it).",
            "Take the mean over axes 3 and 5, then `repeat_interleave(2, 2)` and `repeat_interleave(2, 3)`.",
        ),
    ),
}
