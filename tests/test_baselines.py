"""Classical codecs: round trips, and what of each file is a header, byte by byte."""

from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from cae_lib import baselines
from cae_lib.baselines import BASELINES, HEADERS, BaselineError, at_least, decode, payload, size

LOSSLESS = ("PNG", "WebP lossless")
FORMATS = {name: BASELINES[name] for name in ("JPEG 4:4:4", "WebP", "WebP lossless", "JPEG 2000", "AVIF", "PNG")}


def picture(height: int = 32, width: int = 32, seed: int = 0) -> np.ndarray:
    """Smooth colours and a little noise, which every format can code."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 32
    phases = rng.uniform(0, 6, 3)
    waves = np.stack([128 + 80 * np.sin(2 * x + 3 * y + phase) for phase in phases], -1)
    return (waves + rng.normal(0, 6, waves.shape)).clip(0, 255).astype(np.uint8)


def decibels(a: np.ndarray, b: np.ndarray) -> float:
    return -10 * np.log10(((a / 255 - b / 255) ** 2).mean() + 1e-12)


def middle(baseline):
    return baseline.steps[len(baseline.steps) // 2]


def split(data: bytes) -> tuple[bytes, bytes]:
    """Header and payload of a file whose payload lies in one piece."""
    inside = payload(data)
    at = data.index(inside)
    return data[:at] + data[at + len(inside) :], inside


def saved(file_format: str, **options) -> bytes:
    out = BytesIO()
    Image.fromarray(picture()).save(out, file_format, **options)
    return out.getvalue()


@pytest.mark.parametrize("height, width", [(1, 1), (1, 2), (3, 1), (5, 3), (8, 8), (17, 40), (40, 33)])
@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_pictures_of_any_size_come_back(baseline, height, width):
    image = picture(height, width)
    data = baseline.encode(image, baseline.qualities[-1])
    back = decode(data)
    assert back.dtype == np.uint8 and back.shape == image.shape
    if baseline.name in LOSSLESS:
        np.testing.assert_array_equal(back, image)
    else:
        assert decibels(back, image) > 28
    assert 0 < len(payload(data)) < len(data)


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_a_better_quality_costs_more_and_shows_more(baseline):
    assert set(baseline.steps) <= set(baseline.qualities) and sorted(baseline.qualities) == list(baseline.qualities)
    files = [baseline.encode(picture(), q) for q in baseline.steps[::3]]
    for better in (np.diff([len(payload(f)) for f in files]), np.diff([decibels(decode(f), picture()) for f in files])):
        assert (better > 0).all()
    assert len(files) > 3 or baseline.name in LOSSLESS


# Bytes of the header that depend on the picture: fields that hold a length (PNG: and a checksum).
FIELDS = {"JPEG 4:4:4": 0, "WebP": 4 + 4 + 3, "WebP lossless": 4 + 4, "JPEG 2000": 4, "AVIF": 4 + 4, "PNG": 4 + 4}


@pytest.mark.parametrize("name", FORMATS)
def test_the_header_is_the_same_for_every_picture_but_for_lengths(name):
    baseline = FORMATS[name]
    headers = [split(baseline.encode(picture(seed=seed), middle(baseline)))[0] for seed in range(3)]
    assert len({len(h) for h in headers}) == 1
    for other in headers[1:]:
        assert sum(a != b for a, b in zip(headers[0], other, strict=True)) <= FIELDS[name]
    assert name != "JPEG 2000" or headers[0].endswith(b"\xff\x93\xff\xd9"), "the markers SOD and EOC"


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_the_header_has_one_size_at_every_quality_and_the_rule_is_written_down(baseline):
    files = [baseline.encode(picture(seed=1), q) for q in baseline.qualities[:: max(len(baseline.qualities) // 5, 1)]]
    sizes = {len(data) - len(payload(data)) for data in files}
    # JPEG: SOI 2, APP0 18, two DQT 138, SOF 19, four DHT 432, SOS 14, EOI 2. PNG: signature 8, IHDR 25, 12 + 12.
    known = {"PNG": 57, "WebP": 30, "WebP lossless": 25, "JPEG 4:2:0": 625, "JPEG 4:4:4": 625}
    known |= {"JPEG 4:2:0 optimised": 625 - 432, "JPEG 4:4:4 optimised": 625 - 432}
    assert len(sizes) == 1 and sizes <= {known.get(baseline.name, *sizes)}
    assert len(HEADERS[baseline.format]) > 20


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_the_picture_is_in_the_payload(baseline):
    """A wrong bit in the payload shows, or makes the file unreadable."""
    data = baseline.encode(picture(), middle(baseline))
    end = payload(data)[-len(payload(data)) // 4 :]
    damaged = bytearray(data)
    damaged[data.index(end)] ^= 0x55
    with suppress(BaselineError):
        assert (decode(bytes(damaged)) != decode(data)).any()


def test_a_jpeg_needs_nothing_of_its_header_that_another_picture_has_not():
    baseline = BASELINES["JPEG 4:4:4"]
    first, second = (baseline.encode(picture(seed=seed), 60) for seed in (1, 2))
    header, _ = split(first)
    np.testing.assert_array_equal(decode(header[:-2] + payload(second) + header[-2:]), decode(second))


def test_optimised_huffman_tables_are_payload_because_they_are_made_for_the_picture():
    plain, optimised = (BASELINES[f"JPEG 4:4:4{o}"].encode(picture(), 60) for o in ("", " optimised"))
    np.testing.assert_array_equal(decode(plain), decode(optimised))
    assert len(optimised) < len(plain) - 200
    assert payload(optimised).startswith(b"\xff\xc4") and not payload(plain).startswith(b"\xff\xc4")
    scan = optimised[optimised.index(b"\xff\xda") + 14 : -2]
    assert payload(optimised).endswith(scan) and len(scan) < len(payload(plain))


def test_files_carry_the_settings():
    encoded = {name: b.encode(picture(), middle(b)) for name, b in BASELINES.items()}
    for name, sampling in (("JPEG 4:4:4", 0), ("JPEG 4:2:0", 2)):
        assert JpegImagePlugin.get_sampling(Image.open(BytesIO(encoded[name]))) == sampling
    for side, decompositions in ((1, 0), (8, 1), (32, 3), (64, 4), (200, 5)):
        data = BASELINES["JPEG 2000"].encode(picture(side, side), 30)
        cod = data[data.index(b"\xff\x52") :]
        # Colour transform, number of decompositions, and the irreversible 9-7 filter (ITU-T T.800, table A.12).
        assert (cod[8], cod[9], cod[13]) == (1, decompositions, 0)
    av1 = encoded["AVIF"][encoded["AVIF"].index(b"av1C") + 4 :]
    assert av1[2] & 0b00001100 == 0, "chroma is not subsampled"


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_anywhere_is_refused(name):
    data = FORMATS[name].encode(picture(8, 8), middle(FORMATS[name]))
    for end in range(len(data)):
        with pytest.raises(BaselineError, match="layout"):
            payload(data[:end])
    with pytest.raises(BaselineError, match="layout"):
        payload(data + b"x" * 2)


FOREIGN = {
    "text": lambda: b"This is no picture.",
    "progressive JPEG": lambda: saved("JPEG", progressive=True),
    "WebP with metadata": lambda: saved("WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"),
    "JPEG 2000 in boxes": lambda: saved("JPEG2000"),
    "JPEG 2000 in tiles": lambda: saved("JPEG2000", no_jp2=True, tile_size=(16, 16)),
    "GIF": lambda: saved("GIF"),
    "endless box": lambda: b"\0\0\0\0ftypavif" + bytes(20),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_an_unknown_layout_is_refused(make):
    with pytest.raises(BaselineError, match="layout"):
        payload(make())


def test_bytes_that_are_no_picture_are_refused():
    with pytest.raises(BaselineError, match="cannot read these 19 bytes"):
        decode(FOREIGN["text"]())
    with pytest.raises(ValueError, match="bytes"):
        size(b"", "bytes")


@pytest.mark.parametrize("which", ["file", "payload"])
@pytest.mark.parametrize("name", ["JPEG 4:4:4", "WebP", "JPEG 4:2:0 optimised"])
def test_at_least_finds_the_smallest_that_is_large_enough(name, which):
    baseline = BASELINES[name]
    sizes = {q: size(baseline.encode(picture(), q), which) for q in baseline.qualities}
    for least in (0, min(sizes.values()), sizes[60], sizes[60] + 1, max(sizes.values())):
        data, quality = at_least(picture(), baseline, least, which)
        assert data == baseline.encode(picture(), quality)
        assert size(data, which) == min(s for s in sizes.values() if s >= least)
    with pytest.raises(BaselineError, match=f"No {name} file of this picture has a {which} of [0-9,]+ bytes"):
        at_least(picture(), baseline, max(sizes.values()) + 1, which)


def test_a_pillow_without_avif_is_named_with_the_cure(monkeypatch):
    Image.init()
    monkeypatch.delitem(Image.SAVE, "AVIF")
    with pytest.raises(BaselineError, match="cannot write AVIF: install Pillow 11.3 or newer"):
        BASELINES["AVIF"].encode(picture(), 50)


def test_a_size_that_the_format_has_not_is_refused():
    with pytest.raises(BaselineError, match="WebP cannot code 16500 x 1 pixels"):
        BASELINES["WebP"].encode(np.zeros((1, 16500, 3), np.uint8), 50)


def test_the_standards_tables_are_those_of_any_plain_jpeg():
    tables = baselines.standard_tables()
    assert len(tables) == 432
    for quality in (10, 90):
        assert payload(BASELINES["JPEG 4:2:0"].encode(picture(), quality))[:2] != b"\xff\xc4"
        assert all(t in BASELINES["JPEG 4:2:0"].encode(picture(), quality) for t in (tables[:33], tables[-183:]))
