"""What notebook 11 says in words about results is what its table and its stored outputs say (see test_prose.py)."""

import numpy as np
import pytest
from helpers.claims import half, lowest_two, numbers, pairs, runs_of_the_batch, winners
from helpers.notebooks import prose

ALL = [(size, rate, x) for size in (8, 32) for rate, v in runs_of_the_batch(size).items() for x in v]


def learned(rate: float) -> list[float]:
    return [x for size, r, x in ALL if (size, r) == (8, rate) and x < 0.03]


def printed_pairs(kind: str) -> tuple[float, ...]:
    """Mean difference, half width in pairs, half width apart, and correlation, as printed."""
    (found,) = numbers("11", rf"^{kind} +([+-][\d.]+) ± ([\d.]+), apart ± ([\d.]+); r = ([+-][\d.]+)")
    return found


CASES = [
    ("they defend three learning rates", lambda: len(set(winners())) == 3),
    ("one of them with a loss below half of any other", lambda: lowest_two()[0] < lowest_two()[1] / 2),
    ("the losses near 0.065", lambda: all(abs(x - 0.065) < 0.002 or x < 0.02 for _, _, x in ALL)),
    (
        "a picture painted in one grey is about as bad",
        lambda: abs(numbers("11", r"^one grey for all pixels: loss ([\d.]+)")[0][0] - 0.065) < 0.002,
    ),
    ("With two runs it is above 12", lambda: 12 < numbers("11", r"^ 2 runs: .* ± ([\d.]+) s/√n")[0][0] < 13),
    (
        "The factor makes 95 % come out whatever $n$ is",
        lambda: all(abs(x - 95) <= 1 for (x,) in numbers("11", r"runs: .* s/√n (\d+) %$")),
    ),
    (
        "Three do.",
        lambda: sum(np.mean(v) < half(v) for n in (8, 32) for v in runs_of_the_batch(n).values()) == 3,
    ),
    (
        "by the mean, the smallest: none of its four runs is stuck",
        lambda: (
            len(learned(0.001)) == 4
            and min(runs_of_the_batch(8), key=lambda rate: np.mean(runs_of_the_batch(8)[rate])) == 0.001
        ),
    ),
    (
        "when they learn, they are further after the same two epochs",
        lambda: all(np.mean(learned(rate)) < np.mean(learned(0.001)) for rate in (0.003, 0.01)),
    ),
    (
        "by the median, the two smaller rates are as good as equal",
        lambda: (
            abs(np.median(runs_of_the_batch(8)[0.001]) / np.median(runs_of_the_batch(8)[0.003]) - 1) < 0.05
            and np.median(runs_of_the_batch(8)[0.01]) > 3 * np.median(runs_of_the_batch(8)[0.001])
        ),
    ),
    (
        "Over the four seeds **pairing gained nothing**",
        lambda: printed_pairs("by seed")[1] >= printed_pairs("by seed")[2] and len(pairs()) == 4,
    ),
    (
        "the correlation is weaker, and four differences have three degrees",
        lambda: printed_pairs("by seed")[3] < printed_pairs("by image")[3],
    ),
    ("batches of 8 are ahead, if only just", lambda: np.mean(pairs()) > half(pairs()) > 0.8 * np.mean(pairs())),
    (
        "Images differ far more from each other than the two networks do, and a hard image is hard for both",
        lambda: printed_pairs("by image")[3] > 0.9,
    ),
    (
        "a small difference becomes visible",
        lambda: printed_pairs("by image")[1] < abs(printed_pairs("by image")[0]) < printed_pairs("by image")[2],
    ),
]


@pytest.mark.parametrize("phrase, holds", CASES, ids=[phrase[:40] for phrase, _ in CASES])
def test_prose_agrees_with_the_stored_numbers(phrase, holds):
    assert " ".join(phrase.split()).lower() in prose("11").lower()
    assert holds()
