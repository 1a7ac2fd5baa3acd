"""The exercises of notebook 05: what is right, known mistakes with what is said to them, three hints."""

from math import log, log10

import torch

from cae_lib.course.chance import noise
from cae_lib.course.judging import Exercise, array, essay, function, number
from cae_lib.course.reading import Unanswered, Unreadable, is_stub, show

MODEL2_BY_HAND = [(3, 3, 32), (3, 32, 64), (3, 64, 3)]


def count_parameters(convolutions):
    return sum(k * k * inputs * outputs + outputs for k, inputs, outputs in convolutions)


def unpool(maps):
    return maps.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def to_psnr(loss, low, high):
    return -10 * log10(loss / (high - low) ** 2)


def differences(first, second):
    missing = object()
    return sorted(n for n in set(first) | set(second) if first.get(n, missing) != second.get(n, missing))


def names(answer, right) -> str:
    """A list of names: the first one that is missing, or too much, is named."""
    if is_stub(answer):
        raise Unanswered
    if not isinstance(answer, list | tuple | set) or not all(isinstance(name, str) for name in answer):
        raise Unreadable(f"A list of names is wanted, and {show(answer)} is none.")
    for name in right:
        if name not in answer:
            return f"{name!r} is missing."
    for name in answer:
        if name not in right:
            return f"{name!r} is no difference."
    return "" if list(answer) == right else "The names are right, but a sorted list is wanted, each name once."


A = {"batch": 4, "optimiser": "sgd", "pixels": (-1, 1), "epochs": 30}
B = {"batch": 32, "optimiser": "adam", "pixels": (0, 1), "epochs": 30}

EXERCISES = {
    "05.1": Exercise(
        function((MODEL2_BY_HAND,), ([(5, 16, 32)],), ([(1, 7, 3), (2, 2, 16)],), ([],), ([(3, 3, 32), (3, 32, 16)],)),
        count_parameters,
        mistakes={
            "The biases are missing.": lambda layers: sum(k * k * a * b for k, a, b in layers),
            "There is one bias for each output channel, not for each input channel.": lambda layers: sum(
                k * k * a * b + a for k, a, b in layers
            ),
            "Each kernel reaches through all input channels.": lambda layers: sum(k * k * b + b for k, a, b in layers),
            "A kernel is k x k wide: the width counts twice.": lambda layers: sum(k * a * b + b for k, a, b in layers),
            "It counts the first layer only.": lambda layers: count_parameters(layers[:1]),
        },
        hints=(
            "How many weights has one kernel of a layer, and how many kernels has the layer?",
            "A kernel has k * k * inputs weights; there are as many kernels, and biases, as outputs.",
            "Add k * k * inputs * outputs + outputs over all layers.",
        ),
        why="The number of parameters does not depend on the size of the pictures; the work does.",
    ),
    "05.2": Exercise(
        function(
            (torch.arange(4.0).reshape(1, 1, 2, 2),),
            (noise(0, 2, 3, 4, 5),),
            (noise(1, 1, 2, 1, 3),),
            (noise(2, 3, 1, 2, 1),),
            result=array,
        ),
        unpool,
        mistakes={
            "The values lie side by side; each one has to fill its own block.": lambda maps: maps.repeat(1, 1, 2, 2),
            "Only one of the four places is filled.": lambda maps: (
                unpool(maps) * torch.tensor([[1.0, 0], [0, 0]]).repeat(maps.shape[2], maps.shape[3])
            ),
            "It is wider, but not higher.": lambda maps: maps.repeat_interleave(2, dim=3),
            "It is higher, but not wider.": lambda maps: maps.repeat_interleave(2, dim=2),
        },
        hints=(
            "Repeat along the height, and then along the width.",
            "`x.repeat_interleave(2, dim=2)` writes each row twice, one below the other.",
            "Do the same once more, with dim=3.",
        ),
        why="Four places get one value, so the next convolution has to smooth the blocks.",
    ),
    "05.3": Exercise(
        function((0.1421, -1, 1), (0.0012, 0, 1), (65.025, 0, 255), (0.5, -2, 3), (1.0, -1, 1)),
        to_psnr,
        mistakes={
            "Errors are squared: divide by the square of the length of the scale.": lambda loss, low, high: (
                -10 * log10(loss / (high - low))
            ),
            "The scale is not used.": lambda loss, low, high: -10 * log10(loss),
            "On a longer scale the errors are larger: divide, not multiply.": lambda loss, low, high: (
                -10 * log10(loss * (high - low) ** 2)
            ),
            "The factor before the logarithm of a squared error is 10.": lambda loss, low, high: (
                -20 * log10(loss / (high - low) ** 2)
            ),
            "Decibels use the logarithm to base 10.": lambda loss, low, high: -10 * log(loss / (high - low) ** 2),
        },
        hints=(
            "Two steps: the loss on [0, 1] first, then decibels.",
            "A scale that is twice as long makes errors twice as large, and their squares four times.",
            "Divide the loss by (high - low) ** 2, and take -10 times the logarithm to base 10.",
        ),
        why="Decibels of two models can now be subtracted, whatever scale each was trained on.",
    ),
    "05.4": Exercise(
        function(
            (A, B),
            (B, A),
            (A, A),
            (A, {}),
            ({"x": 0}, {"y": 0}),
            ({"x": None}, {}),
            (A, A | {"batch": 5}),
            result=names,
        ),
        differences,
        mistakes={
            "What only the second recipe has is a difference, too.": lambda a, b: sorted(
                n for n in a if n not in b or a[n] != b[n]
            ),
            "It names what is equal.": lambda a, b: sorted(n for n in set(a) & set(b) if a[n] == b[n]),
            "What only one of them has is a difference, too.": lambda a, b: sorted(
                n for n in set(a) & set(b) if a[n] != b[n]
            ),
        },
        hints=(
            "Which names do you have to look at, if each recipe may have names of its own?",
            "`set(first) | set(second)` are all names. When does a name count as a difference?",
            "If it is missing in one of them, or if the two values are not equal; sort what is left.",
        ),
        why="A comparison is fair if this list holds nothing but what is compared.",
    ),
    "05.5": Exercise(
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
        why="Twelve channels for twelve pixel values a block: with more, the code is larger than the image.",
    ),
    "05.6": Exercise(
        essay(30),
        "Neither is known yet: round both codes, write files, count bytes, and compare PSNR at equal bytes.",
        hints=(
            "Compression is about bytes. Has anybody counted any?",
            "Two numbers belong together. Which one has to be held equal?",
            "On which images, and beside which rivals?",
        ),
        why=(
            "Good answers say that neither is known, as no bytes were counted (2 points); that both codes have "
            "to be rounded and written to files that can be decoded (1); that quality is compared at equal bytes "
            "(1), on test images beside simple rivals (1)."
        ),
    ),
}
