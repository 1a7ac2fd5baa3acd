"""What the notebooks' prose says in words about results is what the stored numbers say.

Each case: a notebook, a phrase that must stand in it, and whether the stored numbers bear it out. Whoever
changes the runs or the words is told by the other.
"""

import json
from functools import cache

import pytest

from cae_lib import results, runner
from cae_lib.checkpoints import load_histories
from cae_lib.experiments import DEAD_RELU_FILE
from cae_lib.models import MODEL1, MODEL2, build
from cae_lib.rate_distortion import PUBLISHED, bpp_at
from cae_lib.summary import summarise


@cache
def prose(name: str) -> str:
    import nbformat

    notebook = nbformat.read(next(runner.NOTEBOOKS.glob(f"{name}*.ipynb")), as_version=4)
    return " ".join(" ".join(c.source for c in notebook.cells if c.cell_type == "markdown").split())


def facts(split: str = "test") -> dict:
    return results.stored("data_facts")[split]


def losses(run: str, curve: str = "validation_loss", seed: int = 0) -> list[float]:
    return load_histories(run)[seed]["history"][curve]


def at_10() -> list[float]:
    return report("model1", 10, "test")["ours"]["values"]


def asleep() -> list[dict]:
    return [run for run in study() if run["validation_loss"] > 0.99 * facts()["zero_output"]]


def above_floor(epoch: int) -> float:
    return losses("model1")[epoch - 1] - facts()["relu_floor"]


def report(run: str, epoch: int, split: str) -> dict:
    rows = results.stored("report_table")["rows"]
    return next(r for r in rows if (r["run"], r["epoch"], r["split"]) == (run, epoch, split))


def dB(run: str, epoch: int) -> float:
    rows = results.stored("comparison")["rows"]
    return next(r["psnr"]["mean"] for r in rows if (r["run"], r["epoch"]) == (run, epoch))


def study() -> list[dict]:
    runs = json.loads(DEAD_RELU_FILE.read_text())["runs"]
    assert len(runs) == 20
    return runs


def total(config, field: str) -> int:
    return sum(getattr(row, field) for row in summarise(build(config)))


CLASSICAL = ("JPEG 4:4:4", "WebP", "JPEG 2000", "AVIF")
AUTOENCODERS = ("model1", "model1_code8", "model1_code16", "model1_code64", "model2")


def points(codec: str) -> list[dict]:
    return results.stored("codecs")["curves"][codec]


def point(codec: str, quality: int) -> dict:
    return next(p for p in points(codec) if p["quality"] == quality)


def beside(rival: str, which: str) -> list[tuple[float, float]]:
    """Bits per pixel of each point of the autoencoders, and of a classical codec at the same PSNR."""
    ours = [p for name in AUTOENCODERS for p in points(name)]
    pairs = [(p[f"{which}_bpp"], bpp_at(points(rival), p["psnr"], which)) for p in ours]
    pairs = [pair for pair in pairs if pair[1] is not None]
    assert len(pairs) > 20
    return pairs


CASES = [
    (
        "03",
        "More than half. Model1 can only ever win the rest",
        lambda: facts()["relu_floor"] / facts()["zero_output"] > 0.5,
    ),
    ("03", "before its first epoch is over", lambda: losses("model1")[0] < 0.8 * facts()["zero_output"]),
    ("03", "The test images have a lower floor", lambda: facts()["relu_floor"] < facts("train")["relu_floor"]),
    ("03", "both are a few thousandths above the floor", lambda: 0.001 < above_floor(30) < above_floor(10) < 0.008),
    ("03", "Two of the three seeds are near the report", lambda: sum(abs(x - 0.1421) < 0.005 for x in at_10()) == 2),
    ("03", "It slept for more than ten epochs", lambda: losses("model1", seed=2)[9] > 0.99 * facts()["zero_output"]),
    ("03", "found a poorer solution", lambda: losses("model1", seed=2)[-1] > 1.2 * losses("model1")[-1]),
    (
        "03",
        "two seeds asleep after their first epoch",
        lambda: [r["seed"] for r in asleep() if r["batch_size"] == 4] == [2, 3],
    ),
    ("03", "its numbers are mostly floor", lambda: report("model1", 30, "test")["floor"] > 0.9 * 0.1411),
    ("04", "Here the *largest* learns fastest", lambda: losses("rate_0.1")[-1] < 0.5 * losses("rate_0.01")[-1]),
    ("04", "None of the four is too large yet", lambda: losses("rate_0.1")[-1] < losses("rate_0.1")[0]),
    (
        "04",
        "There is a gap, but it is not the picture above",
        lambda: losses("overfit", "train_loss")[-1] < losses("overfit")[-1] < 2 * losses("overfit", "train_loss")[-1],
    ),
    ("04", "both losses are close together *and high*", lambda: losses("underfit")[-1] > 3 * losses("overfit")[-1]),
    (
        "05",
        "one of its three seeds slept for twelve epochs",
        lambda: (
            [min(losses("model1", seed=s)[:12]) > 0.99 * facts()["zero_output"] for s in range(3)].count(True) == 1
            and losses("model1", seed=2)[12] < 0.95 * facts()["zero_output"]
        ),
    ),
    ("05", "our loss is lower than its 0.0012", lambda: report("model2", 10, "test")["ours"]["mean"] < 0.0012),
    ("05", "max-pooling alone is *worse* than average-pooling", lambda: facts()["max_pool"] > facts()["average_pool"]),
    (
        "05",
        "about a hundred times lower",
        lambda: 90 < results.REPORT["model1", 10][1] / results.REPORT["model2", 10][1] < 130,
    ),
    ("03", "None of the twenty runs is dead", lambda: all(run["active_outputs"] > 0 for run in study())),
    (
        "03",
        "two of the five runs with batch 4 have hardly any active output",
        lambda: sum(run["batch_size"] == 4 and run["active_outputs"] < 0.05 for run in study()) == 2,
    ),
    (
        "05",
        "0.64 times the multiply–adds, but 1.84 times the parameters",
        lambda: (
            round(total(MODEL2, "multiply_adds") / total(MODEL1, "multiply_adds"), 2) == 0.64
            and round(total(MODEL2, "parameters") / total(MODEL1, "parameters"), 2) == 1.84
        ),
    ),
    ("05", "quality follows the number of values in the code", lambda: dB("model1_code2", 6) < dB("model1_code8", 6)),
    (
        "06",
        "climbs up to four or five bits and then stops",
        lambda: point("model1_code8", 5)["psnr"] > point("model1_code8", 8)["psnr"] - 1,
    ),
    (
        "06",
        "`model1_code8` at 2 bits keeps four times as many values as model1 at 8, in fewer bytes, and its pictures are "
        "better",
        lambda: (
            point("model1_code8", 2)["payload_bpp"] < point("model1", 8)["payload_bpp"]
            and point("model1_code8", 2)["psnr"] > point("model1", 8)["psnr"]
        ),
    ),
    (
        "06",
        "JPEG and AVIF, made for pictures a thousand times larger, spend most of a small file on tables and boxes",
        lambda: all(bpp_at(points(c), 30, "file") > 2 * bpp_at(points(c), 30) for c in ("JPEG 4:4:4", "AVIF")),
    ),
    ("06", "by a factor of two and more", lambda: all(a > 2 * b for c in CLASSICAL for a, b in beside(c, "payload"))),
    (
        "06",
        "`model1_code8` crosses JPEG's curve",
        lambda: (
            bpp_at(points("model1_code8"), 26, "file") < bpp_at(points("JPEG 4:4:4"), 26, "file")
            and bpp_at(points("model1_code8"), 30, "file") > bpp_at(points("JPEG 4:4:4"), 30, "file")
        ),
    ),
    (
        "06",
        "but not those of WebP, JPEG 2000 and AVIF",
        lambda: all(a > b for c in CLASSICAL[1:] for a, b in beside(c, "file")),
    ),
    (
        "06",
        "JPEG at a quality that nobody uses has a better picture in fewer bits",
        lambda: all(
            points("JPEG 4:4:4")[0]["payload_bpp"] < p["payload_bpp"] and points("JPEG 4:4:4")[0]["psnr"] > p["psnr"]
            for p in (point("model1", 4), point("model1", 8))
        ),
    ),
    ("06", "above the raw 24, and after it still above them", lambda: point("model2", 8)["payload_bpp"] > 24),
    ("06", "PNG is exact, and smaller", lambda: points("PNG")[0]["file_bpp"] < point("model2", 8)["payload_bpp"]),
    (
        "06",
        "the published one with a hyperprior needs fewer bits than JPEG at each quality in the table",
        lambda: all(p["payload_bpp"] < bpp_at(points("JPEG 4:4:4"), p["psnr"]) for p in PUBLISHED["Ballé hyperprior"]),
    ),
]


@pytest.mark.parametrize("notebook, phrase, holds", CASES, ids=[f"{n}: {p[:40]}" for n, p, _ in CASES])
def test_prose_agrees_with_the_stored_numbers(notebook, phrase, holds):
    assert " ".join(phrase.split()).lower() in prose(notebook).lower()
    assert holds()
