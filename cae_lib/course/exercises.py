"""The exercises of the notebooks: what is right, and the mistakes that their checks know by name.

The exercises that ask for a function or a tensor are in builds.py. The answers are never shown by a check.
"""

from math import log, log10

from cae_lib.course.builds import BUILDS
from cae_lib.course.judging import Exercise, activation, number, parts, word
from cae_lib.course.mistakes import MISTAKES, NARROW, REPORTED

RUN = word(
    "over overfit overfits overfitting overfitted",
    "under underfit underfits underfitting underfitted",
    "good fine fits",
)
REACH_ONE = ("tanh", "hyperbolictangent", "hardtanh", "clamp", "clip", "softsign", "erf", "sin", "cos")
REACH_ONE += ("2*sigmoid(x)-1", "2sigmoid(x)-1")

# name of an exercise: (way of comparing, right answer)
ANSWERS = {
    "00.1": (number(), 50_000 * 3072),
    "00.2": (number(), 3072 * 5 // 8),
    "00.3": (word("brighter lighter", "darker dark", "same"), "darker"),
    "01.1": (number(), 16),
    "01.2": (number(), 12_832),
    "01.3": (number(), 3),
    "01.4": (number(), 10),
    "01.5": (number(0.01), log(10)),
    "02.1": (number(), 4096),
    "02.2": (number(), 12),
    "02.3": (number(0.001), 10 * log10(4)),
    "02.4": (word("closer nearer", "further farther"), "further"),
    "03.1": (number(), 4640),
    "03.2": (number(), 1280),
    "03.3": (number(0.0005), -10 * log10(REPORTED / 4)),
    "03.4": (activation, REACH_ONE),
    "04.1": (number(), 23_460),
    "04.2": (number(1e-6), 2.4),
    "04.3": (parts(a=RUN, b=RUN, c=RUN), ("over", "under", "good")),
    "04.4": (word("yes", "no"), "no"),
    "05.1": (number(0.01), 16 / 3),
    "05.2": (number(0.001), REPORTED / 4),
    "05.3": (number(), 12),
    "05.4": (number(), sum(9 * a * b + b for a, b in NARROW)),
    "06.1": (number(0.001), 20),
    "06.2": (parts(level=number(), value=number(0.007)), (6, 5 / 7)),
    "06.3": (number(), 17),
    "06.4": (parts(low=number(), width=number()), (0.5, 0.125)),
    "07.1": (number(1e-6), -0.05),
    "07.2": (number(0.002), 1.75),
    "07.3": (parts(chessboard=number(), place_by_place=number()), (8, 4096)),
    "08.1": (number(), 17),
    "08.2": (word("mean average", "median", "both", "neither"), "median"),
    "08.3": (number(), 36),
}

EXERCISES = dict(sorted((BUILDS | {name: Exercise(*ANSWERS[name], MISTAKES[name]) for name in ANSWERS}).items()))
