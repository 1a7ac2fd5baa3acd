"""What the prose of notebook 07 says in words about results is what the stored numbers say: as in test_prose.py."""

import pytest
from helpers.claims import numbers, point, points
from helpers.notebooks import printed, prose

from cae_lib.race.rate_distortion import bpp_at
from cae_lib.results import measurements


def bd(codec: str) -> float | None:
    rows = measurements.stored("codecs")["table"]
    return next(row["bd_rate"] for row in rows if row["codec"] == codec)


def places() -> list[str]:
    """The four codecs at equal payload, the best first, as printed."""
    line = next(line for line in printed("07").splitlines() if line.startswith("07.h  what comes"))
    return [part.strip().rsplit(" ", 2)[0] for part in line.split(": ", 2)[2].split(",")]


CASES = [
    (
        "climbs up to four or five bits and then stops; the bytes go on",
        lambda: (
            point("model1_code8", 5)["psnr"] > point("model1_code8", 8)["psnr"] - 1
            and point("model1_code8", 8)["payload_bpp"] > 1.5 * point("model1_code8", 5)["payload_bpp"]
        ),
    ),
    (
        "`model1_code8` at 2 bits keeps four times as many numbers as model1 at 8, in fewer bytes, and its pictures "
        "are better",
        lambda: (
            point("model1_code8", 2)["payload_bpp"] < point("model1", 8)["payload_bpp"]
            and point("model1_code8", 2)["psnr"] > point("model1", 8)["psnr"]
        ),
    ),
    ("in *fewer* bits", lambda: numbers("07", r": ([\d.]+) bits name one")[0][0] < 15.7),
    ("Model2 stays far above the raw pixels", lambda: point("model2", 8)["payload_bpp"] > 3 * 24),
    (
        "**Forty lines of your own lie within one per cent of the library**, and the decoder gives back every symbol",
        lambda: (
            all(1 <= a / b < 1.01 for a, b in numbers("07", r"exactly; you ([\d,]+) bytes, the kit ([\d,]+)"))
            and len(numbers("07", r"exactly; you ([\d,]+) bytes")) == 3
        ),
    ),
    (
        "JPEG and AVIF, made for pictures a thousand times larger, spend most of a small file on tables and boxes",
        lambda: all(bpp_at(points(c), 30, "file") > 2 * bpp_at(points(c), 30) for c in ("JPEG 4:4:4", "AVIF")),
    ),
    (
        "and model2 stays right of the raw pixels. **PNG is exact and smaller than model2.**",
        lambda: points("PNG")[0]["file_bpp"] < 24 < point("model2", 8)["file_bpp"],
    ),
    (
        "They point left, for entropy coding pays. But they hardly change the picture",
        lambda: all(point(name, 8)["file_bpp"] < raw for name, raw in (("model1", 4), ("model2", 128))),
    ),
    (
        "The codec without any network wins, and the report's model1 is last",
        lambda: (places()[0], places()[-1]) == ("dct", "model1") and bd("dct") < 0 < bd("model1_code8") < bd("model2"),
    ),
    (
        "Model1 shares no dB with JPEG, and so has none",
        lambda: (
            bd("model1") is None
            and max(p["psnr"] for p in points("model1")) < min(p["psnr"] for p in points("JPEG 4:4:4"))
        ),
    ),
    (
        "JPEG at its lowest quality here has a better picture than any of its files, in fewer bits than all but the "
        "smallest",
        lambda: (
            points("JPEG 4:4:4")[0]["psnr"] > max(p["psnr"] for p in points("model1"))
            and [p["payload_bpp"] > points("JPEG 4:4:4")[0]["payload_bpp"] for p in points("model1")]
            == [False] + [True] * (len(points("model1")) - 1)
        ),
    ),
    (
        "above the raw pixels even after entropy coding, for a picture that is not exact",
        lambda: point("model2", 8)["payload_bpp"] > 24 and point("model2", 8)["psnr"] < 40,
    ),
]


@pytest.mark.parametrize("phrase, holds", CASES, ids=[phrase[:40] for phrase, _ in CASES])
def test_prose_agrees_with_the_stored_numbers(phrase, holds):
    assert " ".join(phrase.split()).lower() in prose("07").lower()
    assert holds()
