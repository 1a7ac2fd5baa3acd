"""What notebook 10 says in words about results is what it printed, or what is stored.

Each case: the notebook, a phrase that must stand in it, and whether the numbers bear it out.
"""

import pytest
from helpers.claims import numbers, paid_after, points
from helpers.notebooks import printed, prose

from cae_lib.race.rate_distortion import bpp_at

TEN = "10"
TRAINED = ("network A", "network B")
NETWORKS = (*TRAINED, "untrained")


def five(name: str) -> dict[str, float]:
    """What the measures say of one of the five disturbances, and the classifier's right answers in percent."""
    line = "".join(rf"  {measure} ([\d.]+)" for measure in ("PSNR", "SSIM", *NETWORKS))
    (values,) = numbers(TEN, rf"^{name} *{line}  A right (\d+)%")
    return dict(zip(("PSNR", "SSIM", *NETWORKS, "right"), values, strict=True))


FIVE = ("shift", "blur", "noise", "contrast", "brighter")


def order(measure: str) -> list[str]:
    """The five, the nearest to the original first."""
    return sorted(FIVE, key=lambda name: five(name)[measure], reverse=measure in ("SSIM", "right"))


def times(rival: str, measure: str) -> list[float]:
    """How many times the bytes of rd a rival needs by a measure, at each step."""
    (values,) = numbers(TEN, rf"^{rival} +by {measure} +([\d.]+), ([\d.]+), ([\d.]+) times")
    return list(values)


def strange(name: str) -> dict[str, float]:
    """Bytes of an unusual picture in each codec."""
    codecs = ("rd", "JPEG 4:4:4", "AVIF", "PNG")
    (sizes,) = numbers(TEN, f"^{name} .* dB: " + "".join(rf"{codec} +([\d,]+) *" for codec in codecs))
    return dict(zip(codecs, sizes, strict=True))


def seams() -> tuple[float, float]:
    """By how many percent a place costs more in the mosaic, at the edges of images and elsewhere."""
    (values,) = numbers(TEN, r"^([+-][\d.]+)% bits at the edges, ([+-][\d.]+)% bits elsewhere")
    return values


def decoder(name: str) -> tuple[float, float]:
    """PSNR and texture of one of the decoders."""
    (values,) = numbers(TEN, rf"^{name} +([\d.]+) dB, texture ([\d.]+)")
    return values


def curve(name: str) -> tuple[list[float], list[float], list[float]]:
    """MSE, and set distance by networks A and B, of a family of decoders, from the mean on."""
    found = numbers(TEN, rf"^{name} +t [\d.]+: MSE +(\d+), set distances ([\d.]+) ([\d.]+)")
    assert len(found) == 4
    return tuple(map(list, zip(*found, strict=True)))


def others() -> tuple[float, float, float]:
    (values,) = numbers(TEN, r"^other photographs: MSE (\d+), set distances ([\d.]+) ([\d.]+)")
    return values


def costs(name: str) -> tuple[float, float, float]:
    """Payload and file at 30 dB in bytes, and milliseconds, of a codec."""
    (values,) = numbers(TEN, rf"^{name} +payload +(\d+), whole file +(\d+); +([\d.]+) ms")
    return values


CASES = [
    ("Each column has one PSNR", lambda: len({five(name)["PSNR"] for name in FIVE}) == 1),
    ("ranks the means alike", lambda: ranked_alike()),
    (
        "a change of brightness hardly counts, a blur is the worst of the five",
        lambda: five("brighter")["SSIM"] > 0.98 and order("SSIM")[-1] == "blur",
    ),
    (
        "Both trained networks call the blur the worst, as SSIM does, and find noise harmless",
        lambda: [(order(m)[0], order(m)[-1]) for m in TRAINED] == 2 * [("noise", "blur")],
    ),
    (
        "A's answers suffer most from the two disturbances that it finds largest",
        lambda: set(order("right")[-2:]) == set(order("network A")[-2:]),
    ),
    ("The untrained network calls noise the worst", lambda: order("untrained")[-1] == "noise"),
    ("By PSNR, JPEG needs nearly twice the bytes of `rd`", lambda: 1.6 < min(times("JPEG 4:4:4", "PSNR")) < 2),
    (
        "**By both trained networks, the lead of rd over JPEG and `dct` is smaller than by PSNR**",
        lambda: all(below(times(r, m), times(r, "PSNR"), 0.04) for r in ("dct", "JPEG 4:4:4") for m in TRAINED),
    ),
    (
        "and over AVIF about the same",
        lambda: all(
            abs(a - b) < 0.1 for m in TRAINED for a, b in zip(times("AVIF", m), times("AVIF", "PSNR"), strict=True)
        ),
    ),
    (
        "by the untrained one it is not smaller over JPEG",
        lambda: below(times("JPEG 4:4:4", "PSNR"), times("JPEG 4:4:4", "untrained"), 0),
    ),
    (
        "By SSIM, AVIF is further behind than by PSNR",
        lambda: below(times("AVIF", "PSNR"), times("AVIF", "SSIM"), 0),
    ),
    (
        "So the order holds",
        lambda: all(
            min(times("AVIF", m)) > 1
            and below(times("AVIF", m), times("dct", m), 0)
            and below(times("dct", m), times("JPEG 4:4:4", m), 0)
            for m in ("PSNR", "SSIM", *TRAINED)
        ),
    ),
    ("**Text is its worst case**", lambda: strange("text")["rd"] > strange("text")["PNG"]),
    (
        "For noise it pays more than twice the bytes of AVIF",
        lambda: strange("noise")["rd"] > 2 * strange("noise")["AVIF"],
    ),
    (
        "On the photograph it beats JPEG, but not AVIF",
        lambda: strange("photograph")["AVIF"] < strange("photograph")["rd"] < strange("photograph")["JPEG 4:4:4"],
    ),
    (
        "On nine images side by side its lead over AVIF is gone, although it is ahead on single images like these",
        lambda: (
            strange("nine images")["AVIF"] / strange("nine images")["rd"] < 1.03
            and bpp_at(points("AVIF"), 30) > 1.1 * bpp_at(points("rd"), 30)
        ),
    ),
    ("**At the seams, and hardly anywhere else.**", lambda: seams()[0] > 10 and abs(seams()[1]) < 1),
    (
        "The mean has lost a part of the texture; the samples have it back (a little too much)",
        lambda: decoder("mean")[1] < 0.9 and 1 < decoder("sample")[1] < 1.2,
    ),
    ("their PSNR is worse by about 3 dB", lambda: 2.8 < decoder("mean")[0] - decoder("sample")[0] < 3.2),
    (
        "From the mean to the best of the samples, distortion goes up and the set distance falls to less than half, as "
        "both networks see it",
        lambda: curve("sampled")[0] == sorted(curve("sampled")[0]) and max(fallen("sampled")) < 0.5,
    ),
    (
        "white noise improves it, too, if not as far",
        lambda: max(fallen("noise")) < 0.7 and below(fallen("sampled"), fallen("noise"), 0),
    ),
    (
        "Other photographs, which show something else, score better than the decoder of the mean",
        lambda: (
            all(other < seen[0] for other, seen in zip(others()[1:], curve("sampled")[1:], strict=True))
            and others()[0] > 20 * curve("sampled")[0][-1]
        ),
    ),
    (
        "JPEG loses to all of them, by its payload, and by its whole file most of all",
        lambda: (
            all(costs(name)[k] < costs("JPEG 4:4:4")[k] for name in ("AVIF", "dct", "rd") for k in (0, 1))
            and costs("JPEG 4:4:4")[1] / costs("dct")[1] > costs("JPEG 4:4:4")[0] / costs("dct")[0]
        ),
    ),
    (
        "it is many times faster than AVIF and `rd`, needs no weights",
        lambda: min(costs(name)[2] for name in ("AVIF", "rd")) > 3 * costs("JPEG 4:4:4")[2],
    ),
]


def ranked_alike() -> bool:
    found = numbers(TEN, r"^SSIM of \w+ +yours ([\d.]+)  kit's ([\d.]+)")
    return len(found) == 5 and all(list(column) == sorted(column, reverse=True) for column in zip(*found, strict=True))


def below(first: list[float], second: list[float], by: float) -> bool:
    """Whether each of the first is below its partner by more than so much."""
    return all(a < b - by for a, b in zip(first, second, strict=True))


def fallen(name: str) -> list[float]:
    """The smallest set distance of a family of decoders beside that of the mean, by networks A and B."""
    return [min(seen) / seen[0] for seen in curve(name)[1:]]


@pytest.mark.parametrize("phrase, holds", CASES, ids=[phrase for phrase, _ in CASES])
def test_a_claim_in_words_is_what_the_numbers_say(phrase, holds):
    assert phrase in prose(TEN)
    assert holds()


def test_the_weights_are_paid_for_after_as_many_files_as_it_printed():
    ((images,),) = numbers(TEN, r"^rd's weights are paid for after ([\d,]+) files")
    assert images == paid_after()[0] and "what comes" in printed(TEN)
