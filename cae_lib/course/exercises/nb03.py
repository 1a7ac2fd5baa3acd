"""The exercises of notebook 03: what is right, known mistakes with what is said to them, three hints."""

from math import log, log10

import torch

from cae_lib.course.judging import Exercise, activation, function, number

REPORTED = 0.1421  # the validation loss of model1 in the report


def below_zero(images, low, high):
    return (low + (high - low) * images.double() / 255).clamp(max=0)


STEPS = torch.arange(252, dtype=torch.uint8).reshape(2, 3, 7, 6)

REACH_ONE = ("tanh", "hyperbolictangent", "hardtanh", "clamp", "clip", "softsign", "erf", "sin", "cos")
REACH_ONE += ("2*sigmoid(x)-1", "2sigmoid(x)-1")


EXERCISES = {
    "03.1": Exercise(
        number(),
        4640,
        mistakes={
            "That is the number without the biases.": 4608,
            "Each kernel reaches through all 16 input channels.": 3 * 3 * 32 + 32,
            "There is one bias for each output channel, not for each input channel.": 4624,
            "That is the number for kernels of 5 x 5.": 12_832,
        },
        hints=(
            "Count the weights of one kernel, then the kernels, then the biases.",
            "A kernel of this layer is 3 x 3 wide and reaches through all input channels.",
            "3 * 3 * 16 weights for each of the 32 output channels, and one bias for each of them.",
        ),
    ),
    "03.2": Exercise(
        number(),
        1280,
        mistakes={
            "That is before the pool.": 5 * 32 * 32,
            "That is still the code with two channels.": 512,
            "That is one channel of the code.": 256,
        },
        hints=(
            "The pool comes after the third convolution. What does it leave of each channel?",
            "A channel of the code has 16 x 16 places.",
            "Five channels of 16 * 16 numbers.",
        ),
    ),
    "03.3": Exercise(
        number(0.0005),
        -10 * log10(REPORTED / 4),
        mistakes={
            "That is still on the scale [-1, 1].": -10 * log10(REPORTED),
            "The scale is half as long, but errors are squared.": -10 * log10(REPORTED / 2),
            "The factor before the logarithm of an MSE is 10.": -20 * log10(REPORTED / 4),
            "That takes the natural logarithm; decibels use base 10.": -10 * log(REPORTED / 4),
        },
        hints=(
            "Two steps: first the other scale, then decibels.",
            "[-1, 1] is twice as long as [0, 1], and errors are squared: divide the loss by 4.",
            "-10 * log10 of a quarter of 0.1421.",
        ),
    ),
    "03.4": Exercise(
        activation,
        REACH_ONE,
        mistakes={
            "That one reaches from 0 to 1, and would have to be stretched and moved.": "sigmoid",
            "That one is there now, and is never negative.": "relu",
            "That one is unbounded in both directions.": "leakyrelu",
            "That one makes probabilities: it is never negative.": "softmax",
            "That one reaches further, to half of pi on both sides.": "arctan",
        },
        hints=(
            "It is not new: you have certainly seen its curve beside those of the ReLU and the sigmoid.",
            "Its curve is that of a sigmoid, stretched to twice the height and moved down by 1.",
            "It is the quotient of the hyperbolic sine and cosine.",
        ),
    ),
    "03.5": Exercise(
        function(
            *((images, *scale) for images in (STEPS, STEPS // 5 * 2) for scale in ((-1, 1), (0, 1), (-2, 3), (-4, -1)))
        ),
        lambda *scale: below_zero(*scale).square().mean(),
        mistakes={
            "It is right on [-1, 1] only: low and high are not used.": lambda images, *_: (
                below_zero(images, -1, 1).square().mean()
            ),
            "The negative values are found, but not squared.": lambda *scale: below_zero(*scale).abs().mean(),
            "It is the sum; the mean is asked for.": lambda *scale: below_zero(*scale).square().sum(),
            "It counts the bright pixels as lost, too.": lambda images, low, high: (
                (low + (high - low) * images.double() / 255).square().mean()
            ),
        },
        hints=(
            "Which part of the target can an output that is never negative not reach? What is best there?",
            "Scale the images to [low, high], and keep only what is below 0: the best output there is 0.",
            "Three steps: `low + (high - low) * images / 255`, then `clamp(max=0)`, then the mean of the squares.",
        ),
    ),
}
