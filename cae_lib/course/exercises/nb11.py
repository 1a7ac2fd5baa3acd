"""The exercises of notebook 11: what is right, known mistakes with what is said to them, three hints."""

from cae_lib.course.judging import Exercise, function, number, word


def wins(first, second, lower=lambda a, b: a < b):
    common = first.keys() & second.keys()
    return sum(lower(first[seed], second[seed]) for seed in common) / len(common)


EXERCISES = {
    "11.1": Exercise(
        number(),
        17,
        mistakes={
            "That is the whole grid; what is finished is not made again.": 30,
            "Those are the ones that had finished.": 13,
            "That is the grid for one seed.": 6,
            "Each value meets each other: multiply, do not add.": 10,
        },
        hints=(
            "How large is the whole grid, and what does the same command do with runs that are finished?",
            "Each number of epochs meets each batch size, and each pair of them meets each seed.",
            "Multiply 2 by 3 by 5, and take away what had finished.",
        ),
    ),
    "11.2": Exercise(
        word("mean average", "median", "both", "neither"),
        "median",
        mistakes={
            "No run ends anywhere near it: the one bad run pulls it away from the other four.": "mean",
            "Each of the two is a number; only one of them is near a loss that a run had.": "both",
            "One of them is near the loss of most runs.": "neither",
        },
        hints=(
            "Work both out: four times 0.010 and once 0.065.",
            "One of the two divides the sum by five; the other takes the middle one when all stand in order.",
            "One of the two lies at a loss that four of five runs had; the other at one that no run had.",
        ),
    ),
    "11.3": Exercise(
        number(),
        36,
        mistakes={
            "The standard deviation falls with the root of the number, not with the number.": 6,
            "That is the root of the root: square the quotient.": 6**0.5,
            "Those are the further seeds, besides the first.": 35,
            "The root of the number is the quotient: square it once.": 1296,
        },
        hints=(
            "Section 5 has the rule for the mean of n runs.",
            "The deviation of the mean is std divided by the root of n: which root makes 0.0005 of 0.003?",
            "The root of n is 0.003 / 0.0005. Then square it.",
        ),
    ),
    "11.4": Exercise(
        function(
            ({0: 1.0, 1: 3.0, 2: 2.0}, {1: 2.0, 2: 4.0, 3: 1.0}),
            ({0: 1.0, 1: 2.0, 2: 3.0, 4: 1.0}, {4: 2.0, 2: 3.0, 1: 1.0, 0: 5.0}),
            ({5: 0.1, 6: 0.2, 7: 0.3}, {6: 0.3, 7: 0.4}),
            ({3: 0.9, 1: 0.8}, {1: 0.7, 3: 0.5, 2: 1.0}),
            ({7: 0.4, 2: 0.1, 3: 0.2, 5: 0.3}, {2: 0.2, 3: 0.1, 5: 0.2, 8: 0.1}),
        ),
        wins,
        mistakes={
            "It counts a tie as won; lower means lower.": lambda first, second: wins(
                first, second, lambda a, b: a <= b
            ),
            "It is a percentage; a share lies between 0 and 1.": lambda first, second: 100 * wins(first, second),
            "It is the number of seeds, not their share.": lambda first, second: (
                wins(first, second) * len(first.keys() & second.keys())
            ),
            "It counts the seeds at which the second is lower.": lambda first, second: wins(second, first),
            "It divides by all seeds of the first; only the common ones count.": lambda first, second: (
                wins(first, second) * len(first.keys() & second.keys()) / len(first)
            ),
            "It compares losses in the order in which they stand, not of the same seed.": lambda first, second: wins(
                dict(enumerate(first.values())), dict(enumerate(second.values()))
            ),
        },
        hints=(
            "Begin with the seeds that both have; first.keys() & second.keys() gives them.",
            "For each of them, compare the two losses: how often is the first lower?",
            "Divide this number by the number of common seeds.",
        ),
    ),
}
