"""The exercises of notebook 01: what is right, known mistakes with what is said to them, three hints."""

from math import log, log2

from cae_lib.course.judging import Exercise, array, number

EXERCISES = {
    "01.1": Exercise(
        number(),
        16,
        mistakes={
            "That is the quotient; the formula adds one more.": 15,
            "That is the width without padding.": 14,
            "That is the width with stride 1.": 32,
            "Pixels are whole: round the quotient down.": 16.5,
        },
        hints=(
            "Section 2 has a formula for the width.",
            "Put n = 32, k = 5, p = 2 and s = 2 into it.",
            "(32 + 2 * 2 - 5) / 2 is not whole: round it down, and only then add 1.",
        ),
    ),
    "01.2": Exercise(
        number(),
        12_832,
        mistakes={
            "That is the number without the biases.": 12_800,
            "Each kernel reaches through all 16 input channels.": 5 * 5 * 32 + 32,
            "There is one bias for each output channel, not for each input channel.": 12_816,
            "That is the number for kernels of 3 x 3.": 4640,
        },
        hints=(
            "Count the weights of one kernel, then the kernels, then the biases.",
            "A kernel of this layer is 5 x 5 wide and reaches through all input channels.",
            "5 * 5 * 16 weights for each of the 32 output channels, and one bias for each of them.",
        ),
    ),
    "01.3": Exercise(
        number(),
        3,
        mistakes={
            "That is the kernel's own width.": 7,
            "That is what both sides need together.": 6,
            "The middle of the kernel lies on the pixel itself and needs no padding.": 3.5,
            "That is enough for a kernel of 5 x 5.": 2,
        },
        hints=(
            "How far does the kernel reach beyond the edge when its middle lies on the first pixel?",
            "A 5 x 5 kernel reaches two pixels to either side, and needs a padding of 2.",
            "In the formula of section 2 with s = 1, the width stays n if 2 p = k - 1.",
        ),
    ),
    "01.4": Exercise(
        number(),
        10,
        mistakes={
            "That is what the first convolution sees.": 3,
            "That is what the first pool sees.": 4,
            "Walking back, that is before the first convolution is counted.": 8,
            "A convolution adds one pixel on each side, so two in all.": 7,
            "That adds one pixel for the second convolution, and leaves out the first.": 6,
        },
        hints=(
            "Start from one number behind the second pool: how wide is the part of the map that it looks at?",
            "Go back layer by layer: a pool doubles the width, a 3 x 3 convolution adds one pixel on each side.",
            "1 wide behind the second pool, 2 before it, 4 before the second convolution: two layers are left.",
        ),
    ),
    "01.5": Exercise(
        number(0.01),
        log(10),
        mistakes={
            "That is in bits: the loss uses the natural logarithm.": log2(10),
            "That is the probability; the loss is its negative logarithm.": 0.1,
            "That takes the logarithm to base 10.": 1,
        },
        hints=(
            "With such a small step nothing is learned: the network keeps guessing. Look at the printed loss.",
            "Section 5 says what the loss is of a network that takes all classes to be equally likely.",
            "Each of the ten classes has a probability of one in ten; the loss is minus its natural logarithm.",
        ),
    ),
    "01.6": Exercise(
        array,
        [[0, 0, 0], [1, 0, 0], [0, 0, 0]],
        mistakes={
            "That kernel moves the picture to the left.": [[0, 0, 0], [0, 0, 1], [0, 0, 0]],
            "That kernel moves the picture down.": [[0, 1, 0], [0, 0, 0], [0, 0, 0]],
            "That kernel moves the picture up.": [[0, 0, 0], [0, 0, 0], [0, 1, 0]],
            "That kernel leaves the picture where it is.": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        },
        hints=(
            "Each output pixel shall be the copy of one of its neighbours. Of which one?",
            "When the picture moves to the right, each pixel gets the value of the one on its left.",
            "All weights are zero but a single 1. It stands where, seen from the kernel's middle, that neighbour is.",
        ),
    ),
}
