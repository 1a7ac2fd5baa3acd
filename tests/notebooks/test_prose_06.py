"""What the prose of notebook 06 says in words is what its stored outputs and figures/blocks.json say.

Each case: the notebook, a phrase that must stand in it, and whether the numbers bear it out.
"""

import pytest
from helpers.claims import numbers
from helpers.notebooks import prose

from cae_lib.codec.blocks import ROUNDING
from cae_lib.results import blocks, measurements


def bd(what: str) -> float:
    """Stored BD-rate of a row against JPEG's payload, in percent."""
    return {row["what"]: row["bd_rate"] for row in measurements.stored("blocks")["rows"]}[what]


def said(pattern: str) -> float:
    """The one number of a line that the notebook printed."""
    ((value,),) = numbers("06", pattern)
    return value


CASES = [
    ("06", "nearly all is in one", lambda: said(r"^sum +([\d.]+)%") > 95),
    (
        "06",
        "The DCT loses next to nothing against the KLT",
        lambda: said(r"^KLT .*gain ([\d.]+) dB") - said(r"^DCT .*gain ([\d.]+) dB") < 0.5,
    ),
    (
        "06",
        "rounding of 0.4 was chosen on training images",
        lambda: (
            ROUNDING == 0.4 == min(measurements.stored("blocks")["roundings"], key=lambda r: r["bd_rate"])["rounding"]
        ),
    ),
    ("06", "by far the cheapest", lambda: said(r"comes: (\d+) of 100 are 0") > 80),
    (
        "06",
        "The promise holds to within a byte",
        lambda: 0 <= said(r"^([\d.]+) bytes a picture") - said(r"promised: ([\d.]+)") < 1,
    ),
    ("06", "they differ much", lambda: said(r"whole files (\d+) %") > 2 * said(r"comes: (\d+) % \(by whole")),
    (
        "06",
        "pixels under the same quantiser and tables need three times JPEG's bits",
        lambda: 200 < bd("no transform: pixels") < 230,
    ),
    (
        "06",
        "Then come the turn of the colours and the tables; the dead zone is worth little, and colours learned by PCA "
        "next to nothing",
        lambda: (
            bd("no transform: pixels") > bd("no turn of the colours") > bd("one table for all") > 0
            and bd(blocks.OURS) < bd("no dead zone") < bd(blocks.OURS) + 6
            and abs(bd("colours by PCA") - bd(blocks.OURS)) < 1
        ),
    ),
    (
        "06",
        "Gaussian numbers stay beyond their limit",
        lambda: said(r"Gaussian numbers \+(\d+) %") > 10,
    ),
    ("06", "Your codec reaches it on pictures", lambda: abs(said(r"06.e  what comes: ([+-]\d+) %")) < 6),
    (
        "06",
        "far more of them are tiny",
        lambda: said(r"of pictures: (\d+)%") > 1.5 * said(r"σ, Gaussian: (\d+)%"),
    ),
    ("06", "By payload this beats JPEG", lambda: bd(blocks.OURS) < -20 and said(r"comes: (\d+) % \(by whole") > 15),
    ("06", "My codec of 50 lines", lambda: 40 < said(r"9 functions, (\d+) lines") < 60),
    ("06", "beats JPEG by a fifth", lambda: said(r"comes: (\d+) % \(by whole") >= 20),
]


@pytest.mark.parametrize("notebook, phrase, holds", CASES, ids=[f"{n}: {p[:40]}" for n, p, _ in CASES])
def test_prose_agrees_with_the_stored_numbers(notebook, phrase, holds):
    assert " ".join(phrase.split()).lower() in prose(notebook).lower()
    assert holds()
