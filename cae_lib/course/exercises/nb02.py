"""The exercises of notebook 02: what is right, known mistakes with what is said to them, three hints."""

from math import log, log10

import torch
import torch.nn.functional as F

from cae_lib.course.judging import Exercise, array, function, number, word


def pooled(picture, pool=F.avg_pool2d, mode="nearest"):
    return F.interpolate(pool(picture, 2), scale_factor=2, mode=mode)


def enough(variances, share):
    return int((variances.cumsum(0) < share * variances.sum()).sum()) + 1


PICTURE = torch.arange(48.0).reshape(1, 3, 4, 4) / 48  # of exercise 02.5


EXERCISES = {
    "02.1": Exercise(
        number(),
        4096,
        mistakes={
            "That is the code of a picture of 32 x 32.": 512,
            "That is one channel of the code.": 2048,
            "The pool halves the height and the width.": 2 * 128 * 64,
            "That is with three channels, as in the picture.": 3 * 64 * 32,
        },
        hints=(
            "How large is each channel of the code, and how many channels are there?",
            "The pool halves the height and the width, whatever they are.",
            "The code has two channels, each of 128 / 2 times 64 / 2 numbers.",
        ),
    ),
    "02.2": Exercise(
        number(),
        12,
        mistakes={
            "That is how many times the picture is larger than today's code of two channels.": 6,
            "The picture has three colours.": 4,
            "The code's channels have fewer places than the picture's.": 3,
        },
        hints=(
            "How many numbers has the picture, and how many does one channel of the code hold?",
            "The picture has 3 * 32 * 32 numbers, and a channel of the code 16 * 16.",
            "Divide the one by the other: four pixels share a place, and each of them has three colours.",
        ),
    ),
    "02.3": Exercise(
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
    ),
    "02.4": Exercise(
        word("closer nearer", "further farther"),
        "further",
        mistakes={
            "Compare the last training losses of both optimisers, and how far each is above the floor.": "closer",
        },
        hints=(
            "Make the change, run section 4 again, and look at the last line that `fit` prints.",
            "Compare its training loss with the one before, and both with the floor in the figure.",
            "Adam gives every weight a step of its own; plain gradient descent is slow wherever the gradient is small.",
        ),
    ),
    "02.5": Exercise(
        array,
        pooled(PICTURE),
        mistakes={
            "Those are the largest values of the blocks, not their means.": pooled(PICTURE, F.max_pool2d),
            "The means are blended into one another; each one has to fill its block evenly.": pooled(
                PICTURE, mode="bilinear"
            ),
            "The means are right, but they lie side by side; each belongs in its own block.": F.avg_pool2d(
                PICTURE, 2
            ).repeat(1, 1, 2, 2),
            "That is the picture itself.": PICTURE,
        },
        hints=(
            "Two steps: make a small picture of the means, then make it large again.",
            "`F.avg_pool2d(picture, 2)` makes the means; each of them has to stand four times.",
            "`F.interpolate(means, scale_factor=2)` repeats each mean in its block.",
        ),
    ),
    "02.6": Exercise(
        function(
            (torch.tensor([5.0, 3.0, 1.5, 0.5]), 0.9),
            (torch.tensor([2.0, 2.0, 4.0]), 0.5),
            (torch.ones(4), 0.6),
            (torch.tensor([4.0]), 0.9),
            (torch.tensor([9.0, 4, 2, 1, 0.5, 0.5]), 0.5),
            (torch.tensor([5.0, 2.5, 0.5]), 0.9),
            (torch.ones(8), 1.0),
            (torch.tensor([16.0, 2, 1, 0.5, 0.5]), 0.96),
        ),
        enough,
        mistakes={
            "It counts from 0; the number of directions counts from 1.": lambda v, share: enough(v, share) - 1,
            "It wants more than the share; just the share is enough.": lambda v, share: enough(v, share + 1e-6),
            "It adds up square roots; variances add up as they are.": lambda v, share: enough(v.sqrt(), share),
            "Count from the first direction, not from the last.": lambda v, share: enough(v.flip(0), share),
        },
        hints=(
            "How much do the first k directions hold together? Ask this for every k at once.",
            "`variances.cumsum(0)` has the sum of the first k at place k - 1; the last one is the whole.",
            "Count the sums that are still smaller than share times the whole: k is one more than that.",
        ),
    ),
}
