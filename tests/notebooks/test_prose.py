"""What the notebooks' prose says in words about results is what the stored numbers say.

Each case: a notebook, a phrase that must stand in it, and whether the stored numbers bear it out. Whoever
changes the runs or the words is told by the other.
"""

from dataclasses import replace

import pytest
from helpers.claims import (
    CLASSICAL,
    DCT,
    RECODED,
    VARIANTS,
    against_dct,
    asleep,
    at_10,
    beside_anchors,
    beside_published,
    budget,
    by_the_network,
    dB,
    facts,
    first_passes,
    further,
    header,
    losses,
    numbers,
    paid_after,
    painted,
    pca,
    points,
    prices,
    report,
    row,
    saved,
    seams,
    side_by_side,
    ssim_lead,
    steps_on_average,
    strange,
    study,
    told,
    total,
    won_later,
    worse,
)
from helpers.notebooks import prose

from cae_lib.models import MODEL1, MODEL2
from cae_lib.race.rate_distortion import LEVELS, bpp_at
from cae_lib.results import measurements
from cae_lib.results.recipes import BASE

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
    (
        "08",
        "rd needs fewer bits than every classical codec, and than `dct`, at each quality in the tables below",
        lambda: all(
            bpp_at(measurements.stored("rd")["curves"]["rd"], level) < bpp_at(points(codec), level)
            for level in LEVELS
            for codec in (*CLASSICAL, "dct")
        ),
    ),
    ("08", "It lies between the two λ each time", lambda: prices() == [True] * 7),
    ("08", "Most symbols are zero", lambda: min(numbers("08", r"λ .* (\d+)% zeros"))[0] > 50),
    (
        "08",
        "the steps shrink about as $1/\\sqrt\\lambda$",
        lambda: max(numbers("08", r"times √λ ([\d.]+)"))[0] < 2 * min(numbers("08", r"times √λ ([\d.]+)"))[0],
    ),
    (
        "08",
        "The network beats the *payload* of JPEG with each seed",
        lambda: min(by_the_network()) > 0,
    ),
    (
        "08",
        "most of what it saves against JPEG, the codec without a network saves, too",
        lambda: all(dct > 0.6 * ours for dct, ours in zip(saved(DCT), by_the_network(), strict=True)),
    ),
    (
        "08",
        "fewer bits again, with each seed, by about a third of what `dct` saves against JPEG",
        lambda: all(0.25 < ours / dct - 1 < 0.45 for dct, ours in zip(saved(DCT), by_the_network(), strict=True)),
    ),
    (
        "08",
        "together bring more than the tables alone; on average over all PSNRs (the figure) about as much",
        lambda: (
            all(dct > 2 * tables for dct, tables in zip(saved(DCT), saved(RECODED), strict=True))
            and abs(steps_on_average()[DCT] / 2 - steps_on_average()[RECODED]) < 2
        ),
    ),
    (
        "08",
        "So what has been decoded already tells something",
        lambda: all(a > b + 10 for a, b in numbers("08", r"to the right of a zero: (\d+)%; of another symbol: (\d+)%")),
    ),
    ("08", "in the first group it is much cheaper", lambda: first_passes()[1] < 0.85 * first_passes()[0]),
    ("08", "Only a handful.", lambda: max(numbers("08", r"symbols wrong; the first is number (\d+)"))[0] < 20),
    (
        "08",
        "rd stays ahead where bits are few, and AVIF comes closer where there are many",
        lambda: all(lead > 0 for rate, lead in ssim_lead() if rate < 1.5) and ssim_lead()[-1][1] < ssim_lead()[0][1],
    ),
    (
        "08",
        "**Training longer is worth more than anything else here**, and half the training costs most",
        lambda: (
            worse("rd_longer")["mean"] == min(worse(name)["mean"] for name in VARIANTS if name != BASE)
            and worse("rd_shorter")["mean"] == max(worse(name)["mean"] for name in VARIANTS if name != BASE)
        ),
    ),
    (
        "08",
        "Straight-through rounding everywhere is worse than noise where bits are counted",
        lambda: min(worse("rd_straight")["values"]) > 5,
    ),
    (
        "08",
        "gains a little, by an interval that ends just short of zero",
        lambda: -0.5 < worse("rd_both")["mean"] + measurements.half_interval(worse("rd_both")) < 0,
    ),
    (
        "08",
        "All the others hold zero: noise everywhere, either width, a hyperprior in place of the context",
        lambda: told() == ["rd_longer", "rd_both", "rd_straight", "rd_shorter"],
    ),
    ("08", "each seed needs more bits without it", lambda: min(worse("rd_channel")["values"]) > 0),
    (
        "08",
        "it needs more bits than `dct` with each seed; with the context it is not ahead either; trained twice as "
        "long, it is, with each seed",
        lambda: min(against_dct("rd_channel")) > min(against_dct(BASE)) > 0 > max(against_dct("rd_longer")),
    ),
    (
        "08",
        "**Minnen 2020 beats rd**, at both points",
        lambda: [x > 5 for x in beside_anchors("Minnen 2020")] == [True] * 2,
    ),
    ("08", "by more where bits are fewer", lambda: beside_anchors("Minnen 2020")[0] > beside_anchors("Minnen 2020")[1]),
    (
        "08",
        "rd needs about as many bits, a few more",
        lambda: [0 < x < 5 for x in beside_anchors("Ballé 2018")] == [True],
    ),
    ("08", "rd is ahead of both", lambda: max(beside_published("BPG 4:4:4")) < 1),
    (
        "08",
        "it is ahead of *COIN++* and of this *Ballé hyperprior* (2018), not of *Cheng 2020*",
        lambda: (
            max(beside_published("COIN++") + beside_published("Ballé hyperprior"))
            < 1
            < min(beside_published("Cheng 2020 with context"))
        ),
    ),
    (
        "08",
        "by whole files more than ten thousand, by payload alone some hundred thousand",
        lambda: 10_000 < paid_after()[0] < 30_000 and 200_000 < paid_after()[1] < 500_000,
    ),
    ("08", "theirs from 31 (WebP) to over 600 (JPEG)", lambda: header("WebP") == 31 and header("JPEG 4:4:4") > 600),
    (
        "08",
        "more bytes than JPEG, and *more than the exact PNG*",
        lambda: strange("text")["rd"] > max(strange("text")["JPEG 4:4:4"], strange("text")["PNG"]),
    ),
    ("08", "Ours also pays the most for it", lambda: strange("noise")["rd"] == sorted(strange("noise").values())[-2]),
    ("08", "more than twice the bytes of AVIF", lambda: strange("noise")["rd"] > 2 * strange("noise")["AVIF"]),
    (
        "08",
        "On the **photograph** it beats JPEG, but not AVIF",
        lambda: strange("photograph")["AVIF"] < strange("photograph")["rd"] < strange("photograph")["JPEG 4:4:4"],
    ),
    (
        "08",
        "On **test images side by side** its lead over AVIF is gone",
        lambda: (
            abs(strange("16 test images")["AVIF"] / strange("16 test images")["rd"] - 1) < 0.02
            and bpp_at(points("AVIF"), 30) > 1.1 * bpp_at(points("rd"), 30)
        ),
    ),
    (
        "08",
        "AVIF's files shrink to less than half",
        lambda: side_by_side("AVIF", "file") < -50 and abs(side_by_side("AVIF", "payload")) < 4,
    ),
    (
        "08",
        "its payload grows by far more than AVIF's shrinks",
        lambda: side_by_side("rd", "payload") > 3 * -side_by_side("AVIF", "payload") > 0,
    ),
    ("08", "At the seams, and hardly anywhere else", lambda: seams()[0] > 10 and abs(seams()[1]) < 1),
]


@pytest.mark.parametrize("notebook, phrase, holds", CASES, ids=[f"{n}: {p[:40]}" for n, p, _ in CASES])
def test_prose_agrees_with_the_stored_numbers(notebook, phrase, holds):
    assert " ".join(phrase.split()).lower() in prose(notebook).lower()
    assert holds()
