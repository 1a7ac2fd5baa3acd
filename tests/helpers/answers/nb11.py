"""Answers to the exercises of notebook 11: right ones in several forms, wrong ones, sneaky functions."""

import itertools
import math

import numpy as np
from scipy.stats import t

from cae_lib.course.exercises.nb11 import interval
from helpers.answers.common import forms, no_essay, no_function, no_number

TEXT = (
    "With model2, 400 images, one epoch and three pairs of seeds, the loss of the second rate was lower by the printed "
    "difference, with its 95 % interval; nothing is said of other networks, longer trainings, or more images, as none "
    "of these was varied here."
)


def by_loops(grid, rows):
    done = {tuple(row[name] for name in grid) for row in rows if row["status"] == "finished"}
    found = [{}]
    for name, values in grid.items():
        found = [run | {name: value} for run in found for value in values]
    return [run for run in found if tuple(run.values()) not in done]


def by_strings(grid, rows):
    done = [str([row[name] for name in grid]) for row in rows if row["status"] == "finished"]
    combinations = itertools.product(*(grid[name] for name in grid))
    return tuple({n: v for n, v in zip(grid, c, strict=True)} for c in combinations if str(list(c)) not in done)


def by_numpy(values):
    n = len(values)
    half = t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n) if n > 1 else np.inf
    return np.mean(values), half


def by_sums(values):
    n, centre = len(values), sum(values) / len(values)
    if n < 2:
        return [centre, math.inf]
    s = (sum((x - centre) ** 2 for x in values) / (n - 1)) ** 0.5
    return [centre, -t.ppf(0.025, n - 1) * s / n**0.5]


def pairs_by_loop(first, second):
    differences = []
    for seed, value in second.items():
        if seed in first:
            differences.append(value - first[seed])
    return by_numpy(differences)


def pairs_by_sets(first, second):
    return by_sums([second[s] - first[s] for s in set(first) & set(second)])


def by_cases(centre, half, matters):
    if centre + half < -matters:
        return "lower"
    if centre - half > matters:
        return "higher"
    if abs(centre) + half < matters:
        return "small"
    return "open"


def by_ends(centre, half, matters):
    ends = np.array([centre - half, centre + half])
    if (ends < -matters).all() or (ends > matters).all():
        return ("lower", "higher")[int(centre > 0)]
    return "small" if (abs(ends) < matters).all() else "open"


RIGHT = {
    "11.1": [by_loops, by_strings],
    "11.2": [*forms(17), 2 * 3 * 5 - 13],
    "11.3": [by_numpy, by_sums],
    "11.4": [pairs_by_loop, pairs_by_sets],
    "11.5": [by_cases, by_ends],
    "11.6": [TEXT, TEXT.upper(), f"\n{TEXT}"],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "11.1": [
        (lambda grid, rows: by_loops(grid, []), "leaves finished runs"),
        (lambda grid, rows: by_loops(grid, [r | {"status": "finished"} for r in rows]), "only finished ones are done"),
        (lambda grid, rows: len(by_loops(grid, rows)), "A list of dictionaries is wanted"),
        (lambda grid, rows: [tuple(run.values()) for run in by_loops(grid, rows)], "has to be a dictionary"),
        (lambda grid, rows: by_loops(grid, rows)[::-1], "not their order"),
    ],
    "11.2": [(30, "whole grid"), (13, "had finished"), (6, "one seed"), (10, "multiply"), (43, "too large")],
    "11.3": [
        (lambda x: (np.mean(x), 1.959964 * np.std(x, ddof=1) / len(x) ** 0.5 if len(x) > 1 else math.inf), "1.96"),
        (lambda x: (by_numpy(x)[0], 2 * by_numpy(x)[1]), "whole width"),
        (lambda x: (np.mean(x), np.std(x, ddof=1) / len(x) ** 0.5 if len(x) > 1 else math.inf), "standard error"),
        (lambda x: by_numpy(x)[1], "A tuple is wanted"),
    ],
    "11.4": [
        (lambda first, second: pairs_by_loop(second, first), "second minus first"),
        (lambda a, b: interval([y - x for x, y in zip(a.values(), b.values(), strict=False)]), "order in which"),
        (lambda a, b: interval([b[s] - a[s] for s in a]), "raises KeyError"),
        (lambda a, b: interval([abs(b[s] - a[s]) for s in a if s in b]), "signs"),
    ],
    "11.5": [
        (lambda c, h, m: by_cases(c, 0, m), "mean alone"),
        (lambda c, h, m: "small" if abs(c) <= h else by_cases(c, h, m), "no proof"),
        (lambda c, h, m: by_cases(c, h, m).replace("open", "small"), "still be open"),
        (lambda c, h, m: by_cases(-c, h, m), "wrong way round"),
        (lambda c, h, m: by_cases(c, h, m).upper(), 'One of "lower"'),
    ],
    "11.6": [("Lower.", "1 words are few"), (0.3, "A text is wanted"), ([TEXT], "A text is wanted")],
}

KINDS = {
    "11.1": no_function,
    "11.2": no_number,
    "11.3": no_function,
    "11.4": no_function,
    "11.5": no_function,
    "11.6": no_essay,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "11.1": ([], []),
    "11.3": ([([1.0, 2.0, 4.0],)], [lambda x: to_pair(x, 4.302653), lambda x: to_pair(x, t.ppf(0.975, 2))]),
    "11.4": (
        [({0: 1.0, 1: 3.0, 2: 9.0}, {0: 2.0, 1: 5.0})],
        [
            lambda a, b: interval([y - x for x, y in zip(a.values(), b.values(), strict=False)]),
            lambda a, b: interval([b[s] - a[s] for s in b]),
        ],
    ),
    "11.5": ([], []),
}


def to_pair(values, factor):
    return np.mean(values), factor * np.std(values, ddof=1) / len(values) ** 0.5
