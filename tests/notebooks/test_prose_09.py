"""What notebook 09 says in words is what the stored numbers and its own output say; cases as in test_prose.py."""

import pytest
from helpers.claims import (
    VARIANTS,
    beside_published,
    first_passes,
    numbers,
    paid_after,
    points,
    told,
    worse,
)
from helpers.notebooks import prose

from cae_lib.race.rate_distortion import ANCHORS, against_anchors, bd
from cae_lib.results import measurements
from cae_lib.results.recipes import BASE

COST = r"^{} +([\d.]+) bytes a picture"


def cost(way: str) -> float:
    """Bytes a picture, as the notebook printed them."""
    return numbers("09", COST.format(way))[0][0]


def saved(way: str) -> float:
    return cost("one table") - cost(way)


def blocks() -> list[tuple[float, ...]]:
    """z, symbols and their sum in bytes, from the largest blocks to the smallest."""
    rows = numbers("09", r"^\d × \d: z +([\d.]+) \+ symbols ([\d.]+) = ([\d.]+)")
    assert len(rows) == 4
    return rows


def together() -> list[float]:
    """What the best hyperprior, the chessboard, and both save."""
    ((both, board),) = numbers("09", r"^with the chessboard: ([\d.]+); chessboard alone: ([\d.]+)")
    plain = cost("one table")
    return [plain - min(row[2] for row in blocks()), plain - board, plain - both]


def average(rival: str) -> float:
    return bd(points(rival), measurements.stored("rd")["curves"]["rd"])["bd_rate"]


def beside_anchors(name: str, published: str) -> list[float]:
    """How many percent more than a published codec's single points ours needs, from the lowest PSNR to the highest."""
    rows = against_anchors(measurements.stored("rd2")["curves"][name])
    return [row["percent"] for row in rows if row["codec"] == published]


def rising(values) -> bool:
    found = list(values)
    return sorted(found) == found


CASES = [
    (
        "Zeros keep company",
        lambda: all(a > b + 10 for a, b in numbers("09", r"comes: (\d+); on the right of another symbol (\d+)")),
    ),
    (
        "The shares of zeros differ much; the bits less so",
        lambda: (
            max(numbers("09", r"above zero: \d: (\d+)% zeros"))[0]
            > 2 * min(numbers("09", r"above zero: \d: (\d+)% zeros"))[0]
            and numbers("09", r"bits a symbol: -([\d.]+)%")[0][0] < 5
        ),
    ),
    (
        "The estimate is within a few bytes of the stream",
        lambda: all(abs(a - b) < 8 * 4 for a, b in numbers("09", r"True; ([\d,]+) bits, estimate ([\d,]+)")),
    ),
    ("Two passes save most of what 64 save", lambda: saved("chessboard") > 0.7 * saved("row by row")),
    ("both save little beside rd's own model", lambda: saved("rd's own") > 5 * saved("row by row")),
    ("In the first group the second pass is cheaper", lambda: first_passes()[1] < 0.85 * first_passes()[0]),
    (
        "Finer blocks make the symbols cheaper and $z$ dearer",
        lambda: rising(row[0] for row in blocks()) and rising(-row[1] for row in blocks()),
    ),
    (
        "together they save more than each alone, and less than both savings added up",
        lambda: max(together()[:2]) < together()[2] < sum(together()[:2]),
    ),
    (
        "From the first wrong symbol on, the rest is right only by chance",
        lambda: all(
            0.6 * 2_000 < wrong < 0.85 * 2_000  # five symbols, of which chance finds about a third
            for (wrong,) in numbers("09", r"^(?:1e-06|0\.0001) too large: ([\d,]+) of 2,000")
        ),
    ),
    (
        "**Training longer is worth more than anything else here**, and half the training costs most",
        lambda: (
            worse("rd_longer")["mean"] == min(worse(name)["mean"] for name in VARIANTS if name != BASE)
            and worse("rd_shorter")["mean"] == max(worse(name)["mean"] for name in VARIANTS if name != BASE)
        ),
    ),
    (
        "To leave out the context costs about as much as rounding straight through everywhere",
        lambda: (
            {"rd_channel", "rd_straight"} <= set(told())
            and worse("rd_channel")["mean"] > 0
            and abs(worse("rd_channel")["mean"] - worse("rd_straight")["mean"]) < 2
        ),
    ),
    (
        "Of what the larger codec `rd2` does otherwise, two things gain by themselves: high rates that count less in "
        "the loss, and an entropy model that learns from rounded symbols alone. **For more blocks, smaller groups, a "
        "wider view, or blocks that are told the quality, these runs show no gain.**",
        lambda: (
            max(worse(name)["mean"] for name in ("rd_balanced", "rd_apart")) < 0
            and {"rd_balanced", "rd_apart", "rd_deep", "rd_fine", "rd_sight", "rd_told"} & set(told())
            == {"rd_balanced", "rd_apart"}
        ),
    ),
    (
        "A hyperprior beside the context gains a little; of fifteen such intervals one may well be wrong",
        lambda: "rd_both" in told() and -3 < worse("rd_both")["mean"] < 0 and len(VARIANTS) == 1 + 15,
    ),
    (
        "On average rd needs fewer bits than both classical codecs and `dct`",
        lambda: max(map(average, ("JPEG 4:4:4", "AVIF", "dct"))) < 0,
    ),
    (
        "It is ahead of *COIN++* and of this *Ballé hyperprior*, and **behind *Cheng 2020***",
        lambda: (
            max(beside_published("COIN++") + beside_published("Ballé hyperprior"))
            < 1
            < min(beside_published("Cheng 2020 with context"))
        ),
    ),
    ("only after more than ten thousand pictures", lambda: paid_after()[0] > 10_000),
    (
        "at 22.94 dB the hyperprior of Ballé 2018 needs 0.289 bits a pixel",
        lambda: (
            [(round(p["psnr_pooled"], 2), round(p["payload_bpp"], 3)) for p in ANCHORS["Ballé 2018"][:1]]
            == [(22.94, 0.289)]
        ),
    ),
    ("Without search rd2 stays above *Ballé 2018* at 22.94 dB", lambda: beside_anchors("rd2", "Ballé 2018")[0] > 0),
    ("it is **below all three points**", lambda: max(beside_anchors("rd2, searched", "Ballé 2018")) < 0),
    (
        "below *Minnen 2020* at two of three: at 24.21 dB it needs more",
        lambda: [percent < 0 for percent in beside_anchors("rd2, searched", "Minnen 2020")] == [False, True, True],
    ),
]


@pytest.mark.parametrize("phrase, holds", CASES, ids=[phrase[:40] for phrase, _ in CASES])
def test_prose_agrees_with_the_stored_numbers(phrase, holds):
    assert " ".join(phrase.split()).lower() in prose("09").lower()
    assert holds()
