"""What the notebooks' prose says in words about results is what the stored numbers say.

Each case: a notebook, a phrase that must stand in it, and whether the stored numbers bear it out. Whoever
changes the runs or the words is told by the other.
"""

from dataclasses import replace

import pytest
from helpers.claims import (
    asleep,
    at_10,
    budget,
    dB,
    facts,
    further,
    losses,
    numbers,
    painted,
    pca,
    report,
    row,
    study,
    total,
    won_later,
)
from helpers.notebooks import prose

from cae_lib.models import MODEL1, MODEL2
from cae_lib.results import measurements

CASES = [
    (
        "01",
        "most of what this picture shows is how they began",
        lambda: numbers("01", r"cosines: mean ([\d.]+)")[0][0] > 0.8,
    ),
    (
        "01",
        "trained for painting, are clearly ahead",
        lambda: min(painted("trained to paint")) > max(painted("random") + painted("the classifier's")) + 1,
    ),
    (
        "02",
        "PCA of the whole picture wins by a wide margin",
        lambda: pca(512) > max(row("model1_code2", 6)["psnr"]["values"]) + 3,
    ),
    (
        "02",
        "less than a hundredth of its numbers to learn",
        lambda: total(MODEL1, "parameters") < (3072 + 3072 * 512) / 100,
    ),
    ("03", "the test images have a lower floor", lambda: facts()["relu_floor"] < facts("train")["relu_floor"]),
    ("04", "A good part of what could be won, and a tenth of a decibel", lambda: 0.05 < won_later() < 0.15),
    (
        "04",
        "With equal images the small batch is far ahead",
        lambda: budget("images", 8)[0] + 3 * budget("images", 8)[1] < budget("images", 32)[0] - budget("images", 32)[1],
    ),
    (
        "04",
        "what differs there is hardly more than seeds differ among themselves",
        lambda: (
            abs(budget("steps", 8)[0] - budget("steps", 128)[0])
            < 1.5 * (budget("steps", 128)[1] + budget("steps", 8)[1])
        ),
    ),
    (
        "05",
        "model1 with 64 channels is ahead of model2",
        lambda: dB("model1_code64", 6) > dB("model2", 6),
    ),
    (
        "05",
        "its code takes more than five times the bits of the image",
        lambda: row("model2", 6)["code_numbers"] > 5 * 3072,
    ),
    (
        "02",
        "It comes back with 4 dB less",
        lambda: 4 < min(row("model1_code2", 6)["psnr"]["values"][1:]) - row("model1_code2", 6)["psnr"]["values"][0] < 5,
    ),
    (
        "02",
        "one code channel of seed 0 is zero for every picture",
        lambda: row("model1_code2", 6)["code_numbers_in_use"]["values"] == [256, 512, 512],
    ),
    (
        "03",
        "read it as *floor + something*",
        lambda: facts()["relu_floor"] / facts()["zero_output"] > 0.5,
    ),
    ("03", "before its first epoch is over", lambda: losses("model1")[0] < 0.8 * facts()["zero_output"]),
    (
        "03",
        "two of three seeds have a validation loss within a few thousandths of the report's",
        lambda: sum(abs(x - 0.1421) < 0.005 for x in at_10()) == 2,
    ),
    ("03", "they are 36 and 51 % further away than the report was", lambda: further()[:2] == [36, 51]),
    ("03", "the best of our seeds is 36 % further away", lambda: min(further()) == 36),
    ("03", "the report's run did better than any of ours", lambda: min(at_10()) > 0.1421),
    (
        "03",
        "It slept for twelve epochs, that is for 150,000 steps",
        lambda: (
            losses("model1", seed=2)[11] > 0.99 * facts()["zero_output"] > losses("model1", seed=2)[12]
            and 12 * -(-50_000 // 4) == 150_000
        ),
    ),
    (
        "03",
        "one of the two that slept through their first epoch with batch 4",
        lambda: [r["seed"] for r in asleep() if r["batch_size"] == 4] == [2, 3],
    ),
    ("03", "The report's numbers are mostly floor", lambda: report("model1", 30, "test")["floor"] > 0.9 * 0.1411),
    ("04", "here the *largest* rate learns fastest", lambda: losses("rate_0.1")[-1] < 0.5 * losses("rate_0.01")[-1]),
    (
        "05",
        "One of the three seeds of `model1_code2`, the first, uses only one of its two channels",
        lambda: row("model1_code2", 6)["code_numbers_in_use"]["values"] == [256, 512, 512],
    ),
    (
        "05",
        "about a hundred times lower",
        lambda: 90 < measurements.REPORT["model1", 10][1] / measurements.REPORT["model2", 10][1] < 130,
    ),
    ("03", "None of the twenty runs is dead", lambda: all(run["active_outputs"] > 0 for run in study())),
    (
        "05",
        "0.64 times the multiply–adds, but 1.84 times the parameters",
        lambda: (
            round(total(MODEL2, "multiply_adds") / total(MODEL1, "multiply_adds"), 2) == 0.64
            and round(total(MODEL2, "parameters") / total(MODEL1, "parameters"), 2) == 1.84
        ),
    ),
    (
        "05",
        "for three times the multiply–adds",
        lambda: 2.8 < total(replace(MODEL1, code_channels=64), "multiply_adds") / total(MODEL2, "multiply_adds") < 3.2,
    ),
]


@pytest.mark.parametrize("notebook, phrase, holds", CASES, ids=[f"{n}: {p[:40]}" for n, p, _ in CASES])
def test_prose_agrees_with_the_stored_numbers(notebook, phrase, holds):
    assert " ".join(phrase.split()).lower() in prose(notebook).lower()
    assert holds()
