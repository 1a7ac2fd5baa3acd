"""The exercises of notebook 11: what is right, known mistakes with what is said to them, three hints."""

import math
from itertools import product
from statistics import NormalDist, mean, pstdev, stdev

from cae_lib.course.judging import Exercise, essay, function, number, parts
from cae_lib.course.reading import Unanswered, Unreadable, is_stub, show


def to_do(grid, rows):
    done = [{name: row[name] for name in grid} for row in rows if row["status"] == "finished"]
    runs = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    return [run for run in runs if run not in done]


def interval(values):
    from scipy.stats import t  # a slow import, needed only here

    if len(values) < 2:
        return mean(values), math.inf
    return mean(values), float(t.ppf(0.975, len(values) - 1)) * stdev(values) / len(values) ** 0.5


def paired(first, second):
    return interval([second[seed] - first[seed] for seed in sorted(first.keys() & second.keys())])


def decide(centre, half, matters):
    low, high = centre - half, centre + half
    if high < -matters or low > matters:
        return "lower" if high < 0 else "higher"
    return "small" if -matters < low and high < matters else "open"


def scaled(values, factor):
    """An interval with another factor before s / √n."""
    return mean(values), factor * stdev(values) / len(values) ** 0.5 if len(values) > 1 else math.inf


def all_but(grid, rows, statuses):
    return to_do(grid, [row | {"status": "finished"} for row in rows if row["status"] in statuses])


def runs(answer, right) -> str:
    """Lists of runs, each a dictionary of parameters, in order."""
    if is_stub(answer) and not (isinstance(answer, list) and not answer):
        raise Unanswered
    if isinstance(answer, str | bytes | dict) or not isinstance(answer, list | tuple):
        raise Unreadable(f"A list of dictionaries is wanted, and {show(answer)} is none.")
    if not all(isinstance(run, dict) for run in answer):
        raise Unreadable("Each run in the list has to be a dictionary, parameter -> value.")
    if len(answer) != len(right):
        return f"There are {len(answer)} runs in the list, and {len(right)} are to do."
    if any(run.keys() != wanted.keys() for run, wanted in zip(answer, right, strict=True)):
        return "A run has other parameters than the grid."
    if any(run not in right for run in answer):
        return "Another run is to do."
    return "" if list(answer) == right else "The runs are right, but not their order: the last parameter varies first."


def verdict(answer, right) -> str:
    """One of the four words of `decide`, exactly."""
    if is_stub(answer):
        raise Unanswered
    if answer not in ("lower", "higher", "small", "open"):
        raise Unreadable(f'One of "lower", "higher", "small", "open" is wanted, and {show(answer)} is none.')
    return "" if answer == right else f"It is {answer!r}, not {right!r}."


TWO = {"RATE": [0.1, 0.2], "SEED": [0, 1, 2]}
THREE = {"RATE": [0.1, 0.2], "BATCH": [8, 32], "SEED": [0, 1]}
ROWS = [
    {"RATE": 0.1, "SEED": 0, "loss": 1.0, "status": "finished"},
    {"RATE": 0.2, "SEED": 1, "status": "failed"},
    {"RATE": 0.1, "SEED": 2, "status": "missing"},
    {"RATE": 0.2, "SEED": 2, "loss": 2.0, "status": "finished"},
    {"RATE": 0.3, "SEED": 1, "loss": 2.0, "status": "finished"},  # of an earlier grid
]
DONE = [run | {"status": "finished"} for run in to_do(THREE, [])]
LOSSES = {0: 1.0, 1: 3.0, 2: 2.0, 5: 2.5}, {2: 4.0, 1: 3.5, 3: 1.0, 0: 2.25}
OTHERS = {4: 0.2, 6: 0.1, 9: 0.4, 2: 0.3}, {9: 0.1, 6: 0.2, 2: 0.15, 4: 0.2}
SINGLE = {7: 1.0, 8: 2.0}, {8: 1.5}

EXERCISES = {
    "11.1": Exercise(
        function(
            (TWO, []),
            (TWO, ROWS),
            (THREE, DONE[:3]),
            (THREE, DONE),
            ({"A": ["x", "y"]}, []),
            (TWO, ROWS[:1]),
            result=runs,
        ),
        to_do,
        mistakes={
            "A run that failed, or has not ended, is still to do: only finished ones are done.": lambda grid, rows: (
                all_but(grid, rows, ("finished", "failed", "missing"))
            ),
            "Runs that failed are to do, too.": lambda grid, rows: all_but(grid, rows, ("finished", "failed")),
            "It leaves finished runs in the list.": lambda grid, rows: to_do(grid, []),
            "The runs are right, but not their order: the last parameter varies first.": lambda grid, rows: (
                [{n: run[n] for n in grid} for run in to_do(dict(reversed(grid.items())), rows)]
            ),
        },
        hints=(
            "Two steps: all combinations of the values, then without those of the rows that are finished.",
            "`product(*grid.values())` gives the combinations, and `dict(zip(grid, values))` makes a run of each.",
            "A finished row has more columns than a run: compare `{name: row[name] for name in grid}` with the run.",
        ),
        why="A run is known by its parameters alone, so the same command makes what is missing and nothing twice.",
    ),
    "11.2": Exercise(
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
        why="Every value meets every other, so a grid of three parameters is a product of three numbers.",
    ),
    "11.3": Exercise(
        function(
            ([1.0, 2.0, 4.0],),
            ([0.5, 0.7],),
            ([3.0],),
            ([0.1 * k * k for k in range(12)],),
            ([2.0, 2.0, 2.0],),
            ([-1.0, 5.0, 0.5, 0.25],),
            result=parts(mean=number(1e-4), half=number(1e-4)),
        ),
        interval,
        mistakes={
            "1.96 holds for many runs; with few, the factor of t is larger.": lambda values: scaled(
                values, NormalDist().inv_cdf(0.975)
            ),
            "n values have n - 1 degrees of freedom.": lambda values: scaled(values, quantile(0.975, len(values))),
            "95 % in the middle leave 2.5 % on each side: the quantile is 0.975.": lambda values: scaled(
                values, quantile(0.95, len(values) - 1)
            ),
            "That is the standard error, without the factor of t.": lambda values: scaled(values, 1),
            "The standard deviation of a sample divides by n - 1, not by n.": lambda values: (
                mean(values),
                scaled(values, quantile(0.975, len(values) - 1))[1] * pstdev(values) / (stdev(values) or 1)
                if len(values) > 1
                else math.inf,
            ),
            "That is the whole width; half of it is wanted.": lambda values: (mean(values), 2 * interval(values)[1]),
        },
        hints=(
            "Three factors: how far runs scatter, how many there are, and what t allows for few of them.",
            "`stdev(values) / len(values) ** 0.5` is the standard error; `t.ppf(0.975, n - 1)` the factor.",
            "Return `mean(values)` and factor times standard error; for one value, `math.inf` as the second.",
        ),
        why="The factor makes up for s being a guess from the same few runs; from one run, s cannot even be guessed.",
    ),
    "11.4": Exercise(
        function(LOSSES, OTHERS, SINGLE, (LOSSES[0], OTHERS[0]), result=parts(mean=number(1e-4), half=number(1e-4))),
        paired,
        mistakes={
            "The difference is second minus first.": lambda first, second: paired(second, first),
            "It compares losses in the order in which they stand, not of the same seed.": lambda first, second: (
                interval([b - a for a, b in zip(first.values(), second.values(), strict=False)])
            ),
            "A seed that only one of them has is no pair: leave it out.": lambda first, second: interval(
                [second.get(seed, 0) - first.get(seed, 0) for seed in first | second]
            ),
            "It takes the sizes of the differences; their signs count.": lambda first, second: interval(
                [abs(second[seed] - first[seed]) for seed in first.keys() & second.keys()]
            ),
        },
        hints=(
            "Begin with the seeds that both have; `first.keys() & second.keys()` gives them.",
            "For each of them, take the loss of the second minus that of the first: a list of differences.",
            "This list is a list of values like any other: `interval` of it is the answer.",
        ),
        why="What both runs of a seed share, their first weights and the order of their images, cancels out.",
    ),
    "11.5": Exercise(
        function(
            (-0.5, 0.1, 0.2),
            (0.5, 0.1, 0.2),
            (0.05, 0.1, 0.2),
            (-0.1, 0.3, 0.05),
            (-0.3, 0.2, 0.2),
            (0.3, 0.2, 0.2),
            (0.15, 0.1, 0.2),
            (-0.1, 0.05, 0.2),
            (-0.4, math.inf, 0.1),
            (-0.01, 0.002, 0.0),
            result=verdict,
        ),
        decide,
        mistakes={
            "It looks at the mean alone; the whole interval has to lie on one side.": lambda centre, half, matters: (
                decide(centre, 0, matters)
            ),
            "An interval beyond zero, but not beyond what matters, does not decide yet.": (
                lambda centre, half, matters: {-1: "lower", 1: "higher"}.get(
                    (centre > half) - (centre < -half), decide(centre, half, matters)
                )
            ),
            "An interval that holds zero is no proof that the difference is small: it may be wide.": (
                lambda centre, half, matters: "small" if abs(centre) <= half else decide(centre, half, matters)
            ),
            "What is neither lower nor higher may still be open: the interval may be too wide to call it small.": (
                lambda centre, half, matters: decide(centre, half, matters).replace("open", "small")
            ),
            "It has lower and higher the wrong way round.": lambda centre, half, matters: decide(
                -centre, half, matters
            ),
        },
        hints=(
            "Draw the interval from centre - half to centre + half, and the two marks at -matters and +matters.",
            "Lower: the upper end lies below -matters. Higher: the lower end lies above +matters.",
            "Small: the lower end lies above -matters and the upper one below +matters. All that is left is open.",
        ),
        why="No evidence of a difference is not evidence of no difference: only a narrow interval says small.",
    ),
    "11.6": Exercise(
        essay(40),
        "The mean difference with its interval, for this network, these images and this budget, decided as planned.",
        hints=(
            "What was compared exactly: which network, how many images, how long, on which seeds?",
            "Give the number that the plan named, with its interval and what kind of interval it is.",
            "What would somebody else have to run before the sentence could be said of other networks or more images?",
        ),
        why=(
            "Good answers give the difference with its interval and number of pairs (1 point), decide by the rule that "
            "stood there before (1), limit it to this network, size and budget (2), and name what is not known, or "
            "what should be run next (1)."
        ),
    ),
}


def quantile(share, degrees):
    """Of Student's t; none without a degree of freedom."""
    from scipy.stats import t

    return float(t.ppf(share, degrees)) if degrees > 0 else math.inf
