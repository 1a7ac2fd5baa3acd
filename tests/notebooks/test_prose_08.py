"""What notebook 08 says in words about results is what the stored numbers say: see test_prose.py."""

import pytest
import torch
from helpers.claims import DCT, RECODED, by_the_network, numbers, prices, saved, steps_on_average
from helpers.notebooks import printed, prose

from cae_lib.course.exercises.nb08 import logistic_bits

ENDS = r"08\.a  what comes: ([\d.]+); plain rounding at ([\d.]+), noise at ([\d.]+)"
CHOSEN = r"08\.e  what comes: (\d) of 8"


def cost(width: float) -> float:
    """Bits a symbol of the notebook's bell curve, rounded, under a logistic curve of that width."""
    k = torch.arange(-6.0, 7.0)
    normal = torch.distributions.Normal(0.3, 0.5)
    shares = normal.cdf(k + 0.5) - normal.cdf(k - 0.5)
    return (shares * logistic_bits(k, torch.tensor(0.3), torch.tensor(width))).sum().item()


def cheapest() -> float:
    """The width that the notebook found."""
    ((width,),) = numbers("08", r"08\.b  what comes: ([\d.]+):")
    return width


def coded() -> float:
    """R + λD of the notebook's codec in real bytes."""
    ((size,),) = numbers("08", r"^estimate [\d.]+ bytes, real ([\d.]+);")
    ((error,),) = numbers("08", r"08\.f  what comes: .* makes is ([\d.]+)$")
    return 8 * size / 1024 + 0.01 * error**2


# a phrase that must stand in the notebook, and whether the numbers bear it out
CASES = [
    ("With plain rounding nothing ever moves.", lambda: numbers("08", ENDS)[0][1] == 0.2),
    ("noise takes it near 3.0", lambda: abs(numbers("08", ENDS)[0][2] - 3) < 0.1),
    ("Straight-through stops as soon as rounding gives 3", lambda: 2.5 <= numbers("08", ENDS)[0][0] < 2.6),
    ("*inf* bits", lambda: "as it stands    inf bits" in printed("08")),
    (
        "four times too narrow costs more than one four times too wide",
        lambda: cost(cheapest() / 4) > cost(4 * cheapest()) > cost(cheapest()),
    ),
    (
        "The estimate and the bytes agree within a byte",
        lambda: all(abs(a - b) < 1 for a, b in numbers("08", r"^estimate ([\d.]+) bytes, real ([\d.]+);")),
    ),
    (
        "Most of what the network saves against JPEG, the codec without a network saves, too.",
        lambda: all(dct > 0.6 * ours for dct, ours in zip(saved(DCT), by_the_network(), strict=True)),
    ),
    (
        "together bring more than the tables alone at this PSNR, and about as much on average over all PSNRs",
        lambda: (
            all(dct > 2 * tables for dct, tables in zip(saved(DCT), saved(RECODED), strict=True))
            and abs(steps_on_average()[DCT] / 2 - steps_on_average()[RECODED]) < 2
        ),
    ),
    (
        "It is there with each seed, by about a third of what `dct` saves against JPEG",
        lambda: all(0.25 < ours / dct - 1 < 0.45 for dct, ours in zip(saved(DCT), by_the_network(), strict=True)),
    ),
    ("λ is the price that was paid", lambda: numbers("08", CHOSEN) == [(8.0,)] and prices() == [True] * 7),
    (
        "The loss itself is several times what your codec makes of rounded symbols",
        lambda: min(loss for (loss,) in numbers("08", r"R \+ λD ([\d.]+), diff")) > 3 * coded(),
    ),
    (
        "The difference is the same for every picture",
        lambda: len({d for (d,) in numbers("08", r"^-ELBO .* difference ([\d.]+)$")}) == 1,
    ),
]


@pytest.mark.parametrize("phrase, holds", CASES, ids=[phrase[:40] for phrase, _ in CASES])
def test_prose_agrees_with_the_numbers(phrase, holds):
    assert " ".join(phrase.split()).lower() in prose("08").lower()
    assert holds()
