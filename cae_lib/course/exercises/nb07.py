"""The exercises of notebook 07: what is right, known mistakes with what is said to them, three hints."""

from math import log, log2

from cae_lib.course.judging import Exercise, function, number, parts


def entropy_of(counts, unit=log2):
    return sum(-k / sum(counts) * unit(k / sum(counts)) for k in counts if k)


EXERCISES = {
    "07.1": Exercise(
        number(0.001),
        20,
        mistakes={
            "Those are the bits of one place of the code, and a place stands for four pixels.": 80,
            "Those are the bits of the whole code.": 16 * 16 * 16 * 5,
            "Those are bytes of the whole code.": 16 * 16 * 16 * 5 // 8,
            "That is for each value of a pixel, which has three.": 20 / 3,
            "Those are bytes.": 2.5,
        },
        hints=(
            "How many values has the code, and how many pixels has the image?",
            "16 channels of 16 x 16 values, each with 5 bits.",
            "Divide all the bits, 16 * 16 * 16 * 5, by the 32 * 32 pixels.",
        ),
    ),
    "07.2": Exercise(
        parts(level=number(), value=number(0.007)),
        (6, 5 / 7),
        mistakes={
            "The steps are too short: eight levels have seven steps between them.": (7, 0.75),
            "The value that comes back is the level's, not the one that went in.": (6, 0.8),
            "Levels count from 0.": (7, 5 / 7),
            "The order is exchanged: the level comes first.": (5 / 7, 6),
        },
        hints=(
            "How many levels are there, and how far apart are they?",
            "Three bits make eight levels, with seven steps between -1 and 1.",
            "0.8 lies 1.8 above -1. Divide that by the step of 2 / 7 and round: it comes back so many steps above -1.",
        ),
    ),
    "07.3": Exercise(
        number(),
        17,
        mistakes={
            "That is for a picture below 128 x 128.": 15,
            "Both the width and the height need two bytes.": 16,
            "Each of the two needs one byte more than before, not two.": 19,
            "Those are the width and the height alone.": 4,
        },
        hints=(
            "What does the container take for a small picture, and what is different here?",
            "It takes 15 bytes when the width and the height need one each.",
            "Both 2,000 and 1,500 are at least 128: each of them needs one byte more.",
        ),
    ),
    "07.4": Exercise(
        parts(low=number(), width=number()),
        (0.5, 0.125),
        mistakes={
            "That is B alone; A still has to choose a part of it.": (0.5, 0.25),
            "That is AB: the first letter chooses first.": (0.25, 0.125),
            "Low is right; then comes the width, not the upper end.": (0.5, 0.625),
            "The order is exchanged: low comes first.": (0.125, 0.5),
        },
        hints=(
            "The first letter chooses a part of [0, 1]; the second one a part of that part.",
            "B comes after A, so its interval begins where A's half ends; it is as wide as B's share.",
            "A is the first half of any interval: low stays where B begins, and the width of B is halved.",
        ),
    ),
    "07.5": Exercise(
        function(*((counts,) for counts in ([1, 1], [7], [4, 2, 1, 1], [3, 0, 3, 0, 3, 3], [1, 0, 2], [0, 5, 1, 94]))),
        entropy_of,
        mistakes={
            "It makes all symbols equally likely.": lambda counts: log2(len(counts)),
            "It is in nats: bits need the logarithm to base 2.": lambda counts: entropy_of(counts, log),
            "It is the whole message; divide by its length.": lambda counts: entropy_of(counts) * sum(counts),
            "The sign is wrong: the logarithm of a share is negative.": lambda counts: -entropy_of(counts),
        },
        hints=(
            "Turn the counts into shares first.",
            "A symbol with the share p costs -log2(p) bits, and comes with the share p.",
            "Leave the zeros out, and add up -p * log2(p), with p = count / sum(counts).",
        ),
    ),
}
