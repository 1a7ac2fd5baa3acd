"""Classical codecs: round trips, and what of each file is a header, byte by byte."""

import zlib
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, JpegImagePlugin

from cae_lib.race import layouts
from cae_lib.race.baselines import BASELINES, at_least, decode, size
from cae_lib.race.layouts import HEADERS, BaselineError, payload

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
    return baseline.curve_qualities[len(baseline.curve_qualities) // 2]


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
    data = baseline.encode_array(image, baseline.qualities[-1])
    back = decode(data)
    assert back.dtype == np.uint8 and back.shape == image.shape
    if baseline.name in LOSSLESS:
        np.testing.assert_array_equal(back, image)
    else:
        assert decibels(back, image) > 28
    assert 0 < len(payload(data)) < len(data)


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_a_better_quality_costs_more_and_shows_more(baseline):
    assert set(baseline.curve_qualities) <= set(baseline.qualities) and sorted(baseline.qualities) == list(
        baseline.qualities
    )
    files = [baseline.encode_array(picture(), q) for q in baseline.curve_qualities[::3]]
    for better in (np.diff([len(payload(f)) for f in files]), np.diff([decibels(decode(f), picture()) for f in files])):
        assert (better > 0).all()
    assert len(files) > 3 or baseline.name in LOSSLESS


# The readers below know no more than the standards say, and nothing of the module under test. Each takes a whole file
# apart into (name, bytes): names that end in "=" are agreed on, "#" repeats what the rest says, "!" is payload.


def number(data: bytes, order: str = "big") -> int:
    return int.from_bytes(data, order)


def markers(data: bytes, names: dict[int, str], last: int) -> list[tuple[str, bytes]]:
    """Markers with their segments, up to `last` and its segment: JPEG's and JPEG 2000's."""
    found, at = [("start=", data[:2])], 2
    while True:
        kind, length = data[at + 1], number(data[at + 2 : at + 4])
        assert data[at] == 0xFF
        found.append((names[kind], data[at : at + 2 + length]))
        at += 2 + length
        if kind == last:
            return found


def jpeg_pieces(data):
    names = {0xE0: "APP0=", 0xDB: "DQT=", 0xC0: "SOF=", 0xC4: "DHT", 0xDA: "SOS="}
    found, before = [], markers(data, names, 0xDA)
    # The standard's tables have 12 and 162 values; optimised ones have fewer in at least one of the four.
    standard = sorted(len(piece) for name, piece in before if name == "DHT") == [33, 33, 183, 183]
    for name, piece in before:
        parts = [("DHT=", piece)] if standard else [("DHT #", piece[:4]), ("DHT =", piece[4:5]), ("DHT!", piece[5:])]
        found += parts if name == "DHT" else [(name, piece)]
    at = sum(len(piece) for _, piece in found)
    return [*found, ("scan!", data[at:-2]), ("EOI=", data[-2:])]


def jpeg2000_pieces(data):
    names = {0x51: "SIZ=", 0x52: "COD=", 0x5C: "QCD=", 0x5D: "QCC=", 0x64: "COM=", 0x90: "SOT"}
    *found, (_, sot) = markers(data, names, 0x90)
    at = sum(len(piece) for _, piece in found)
    assert number(sot[6:10]) == len(data) - 2 - at, "the tile's length"
    found += [("SOT=", sot[:6]), ("Psot#", sot[6:10]), ("SOT rest=", sot[10:]), ("SOD=", data[at + 12 : at + 14])]
    assert found[-1][1] == b"\xff\x93"
    return [*found, ("packets!", data[at + 14 : -2]), ("EOC=", data[-2:])]


def webp_pieces(data):
    length = number(data[16:20], "little")
    assert number(data[4:8], "little") == len(data) - 8
    found = [("RIFF=", data[:4]), ("size#", data[4:8]), ("WEBP and chunk=", data[8:16]), ("size#", data[16:20])]
    end = 20 + length
    if data[12:16] == b"VP8L":
        found += [("VP8L=", data[20:25]), ("picture!", data[25:end])]
        return [*found, ("filling#", data[end:])]
    # RFC 6386, 9.1: one bit for key frames, three for the version, one to show it, 19 for the first partition's length.
    tag = number(data[20:23], "little")
    assert tag & 31 in (0x10, 0x12, 0x14, 0x16) and tag >> 5 < length and end == len(data)
    found += [("tag#", data[20:23]), ("start code and size=", data[23:30]), ("partitions!", data[30 : end - 1])]
    return [*found, ("zero=", data[end - 1 : end])]


def png_pieces(data):
    found, at = [("signature=", data[:8])], 8
    while at < len(data):
        length = number(data[at : at + 4])
        kind, content = data[at + 4 : at + 8].decode(), data[at + 8 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        assert number(checksum) == zlib.crc32(content, zlib.crc32(kind.encode()))
        found += [("length#", data[at : at + 4]), (f"{kind}=", kind.encode())]
        if kind == "IDAT":
            assert number(content[-4:]) == zlib.adler32(zlib.decompress(content))
            found += [("zlib=", content[:2]), ("pixels!", content[2:-4]), ("Adler-32#", content[-4:])]
        else:
            found.append((f"{kind} content=", content))
        found.append(("CRC#", checksum))
        at += 12 + length
    return found


def avif_pieces(data):
    found, at = [], 0
    while at < len(data):
        length, kind = number(data[at : at + 4]), data[at + 4 : at + 8].decode()
        found.append((f"{kind}", data[at : at + length]))
        at += length
    (ftyp, _), (meta, boxes), (mdat, units) = found
    assert (ftyp, meta, mdat) == ("ftyp", "meta", "mdat")
    # iloc: version 4 bytes, widths of its fields 2, count 2, item 2, reference 2, extents 2, offset 4, length 4.
    end = boxes.index(b"iloc") + 4 + 22
    assert number(boxes[end - 4 : end]) == len(units) - 8, "the length of the picture's data"
    pieces = [("ftyp=", found[0][1]), ("meta=", boxes[: end - 4]), ("extent#", boxes[end - 4 : end])]
    pieces += [("meta rest=", boxes[end:]), ("mdat length#", units[:4]), ("mdat=", units[4:8])]
    at = 8
    for name in ("delimiter", "sequence", "frame"):
        start, length, shift = at, 0, 0
        at += 1
        while True:  # leb128
            length |= (units[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if units[at - 1] < 128:
                break
        agreed = name != "frame"
        pieces += [(f"{name} type=", units[start : start + 1]), (f"{name} length#", units[start + 1 : at])]
        pieces.append((f"{name}{'=' if agreed else '!'}", units[at : at + length]))
        at += length
    assert at == len(units)
    return pieces


READERS = {
    "JPEG": jpeg_pieces,
    "WEBP": webp_pieces,
    "JPEG2000": jpeg2000_pieces,
    "AVIF": avif_pieces,
    "PNG": png_pieces,
}


def qualities(baseline) -> list[float]:
    return [q for q in baseline.curve_qualities if q >= 10][:: max(len(baseline.curve_qualities) // 4, 1)]


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_the_pieces_of_a_file_add_up_and_the_rule_tells_them_apart(baseline):
    pictures = [picture(seed=s) // (1 + 2 * s) for s in range(4)]  # of all contrasts
    pictures += [picture() // 128 * 200, np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)]
    files = {(q, s): baseline.encode_array(p, q) for q in qualities(baseline) for s, p in enumerate(pictures)}
    apart = {key: READERS[baseline.format](data) for key, data in files.items()}
    for key, data in files.items():
        assert b"".join(piece for _, piece in apart[key]) == data, "every byte of the file, in order"
        assert b"".join(piece for name, piece in apart[key] if name.endswith("!")) == payload(data)
    (names,) = {tuple(name for name, _ in pieces) for pieces in apart.values()}
    for i, name in enumerate(names):
        for quality in qualities(baseline):
            seen = [apart[quality, s][i][1] for s in range(6)]
            if name.endswith("="):
                assert len(set(seen)) == 1, f"{name} is agreed on"
        seen = [pieces[i][1] for pieces in apart.values()]
        if name.endswith("!") and "DHT" not in name:  # no byte at the ends of a payload is the same in all files
            for place in (*range(4), *range(-2, 0)):
                assert len({piece[place] for piece in seen}) > 1, f"{name} {place}: the same in every file"
    # Of the agreed pieces only JPEG's tables for quantisation change with the quality.
    same = [i for i, name in enumerate(names) if name.endswith("=") and name != "DQT="]
    assert len({tuple(pieces[i][1] for i in same) for pieces in apart.values()}) == 1
    assert len(HEADERS[baseline.format]) > 20


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_how_many_bytes_are_header(baseline):
    files = [
        baseline.encode_array(picture(seed=1), q) for q in baseline.qualities[:: max(len(baseline.qualities) // 5, 1)]
    ]
    sizes = {len(data) - len(payload(data)) for data in files}
    # JPEG: SOI 2, APP0 18, two DQT 138, SOF 19, four DHT 432, SOS 14, EOI 2. PNG: signature 8, IHDR 25,
    # IDAT's 12, IEND 12, zlib 6.
    known = {"PNG": {63}, "WebP": {31}, "WebP lossless": {25, 26}, "JPEG 4:2:0": {625}, "JPEG 4:4:4": {625}}
    known |= {"JPEG 4:2:0 optimised": {625 - 432 + 20}, "JPEG 4:4:4 optimised": {625 - 432 + 20}}
    known |= {"JPEG 2000": sizes if len(sizes) == 1 else set(), "AVIF": {n + 12 for n in (277, 278)}}
    assert sizes <= known[baseline.name]


def test_the_zero_that_ends_a_webp_is_there_for_every_picture_and_size():
    for height, width in [(1, 1), (5, 3), (32, 32), (40, 33)]:
        for quality in (0, 30, 75, 100):
            assert BASELINES["WebP"].encode_array(picture(height, width, seed=quality), quality)[-1] == 0


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_the_picture_is_in_the_payload(baseline):
    """A wrong bit in the payload shows, or makes the file unreadable."""
    data = baseline.encode_array(picture(), middle(baseline))
    end = payload(data)[-len(payload(data)) // 4 :]
    damaged = bytearray(data)
    damaged[data.index(end)] ^= 0x55
    with suppress(BaselineError):
        assert (decode(bytes(damaged)) != decode(data)).any()


def test_a_jpeg_needs_nothing_of_its_header_that_another_picture_has_not():
    baseline = BASELINES["JPEG 4:4:4"]
    first, second = (baseline.encode_array(picture(seed=seed), 60) for seed in (1, 2))
    header, _ = split(first)
    np.testing.assert_array_equal(decode(header[:-2] + payload(second) + header[-2:]), decode(second))


def test_optimised_huffman_tables_are_payload_because_they_are_made_for_the_picture():
    plain, optimised = (BASELINES[f"JPEG 4:4:4{o}"].encode_array(picture(), 60) for o in ("", " optimised"))
    np.testing.assert_array_equal(decode(plain), decode(optimised))
    assert len(optimised) < len(plain) - 200
    scan = optimised[optimised.index(b"\xff\xda") + 14 : -2]
    tables = optimised.split(b"\xff\xc4")[1:5]
    assert len(payload(optimised)) - len(scan) == sum(16 + sum(table[3:19]) for table in tables)
    assert payload(optimised).endswith(scan) and len(scan) < len(payload(plain))


def test_files_carry_the_settings():
    encoded = {name: b.encode_array(picture(), middle(b)) for name, b in BASELINES.items()}
    for name, sampling in (("JPEG 4:4:4", 0), ("JPEG 4:2:0", 2)):
        assert JpegImagePlugin.get_sampling(Image.open(BytesIO(encoded[name]))) == sampling
    for side, decompositions in ((1, 0), (8, 1), (32, 3), (64, 4), (200, 5)):
        data = BASELINES["JPEG 2000"].encode_array(picture(side, side), 30)
        cod = data[data.index(b"\xff\x52") :]
        # Colour transform, number of decompositions, and the irreversible 9-7 filter (ITU-T T.800, table A.12).
        assert (cod[8], cod[9], cod[13]) == (1, decompositions, 0)
    av1 = encoded["AVIF"][encoded["AVIF"].index(b"av1C") + 4 :]
    assert av1[2] & 0b00001100 == 0, "chroma is not subsampled"


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_cut_anywhere_is_refused(name):
    data = FORMATS[name].encode_array(picture(8, 8), middle(FORMATS[name]))
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
    sizes = {q: size(baseline.encode_array(picture(), q), which) for q in baseline.qualities}
    for least in (0, min(sizes.values()), sizes[60], sizes[60] + 1, max(sizes.values())):
        data, quality = at_least(picture(), baseline, least, which)
        assert data == baseline.encode_array(picture(), quality)
        assert size(data, which) == min(s for s in sizes.values() if s >= least)
    with pytest.raises(BaselineError, match=f"No {name} file of this picture has a {which} of [0-9,]+ bytes"):
        at_least(picture(), baseline, max(sizes.values()) + 1, which)


def test_a_pillow_without_avif_is_named_with_the_cure(monkeypatch):
    Image.init()
    monkeypatch.delitem(Image.SAVE, "AVIF")
    with pytest.raises(BaselineError, match="cannot write AVIF: install Pillow 11.3 or newer"):
        BASELINES["AVIF"].encode_array(picture(), 50)


def test_a_size_that_the_format_has_not_is_refused():
    with pytest.raises(BaselineError, match="WebP cannot code 16500 x 1 pixels"):
        BASELINES["WebP"].encode_array(np.zeros((1, 16500, 3), np.uint8), 50)


def test_the_standards_tables_are_those_of_any_plain_jpeg():
    tables = layouts.standard_tables()
    assert len(tables) == 432
    for quality in (10, 90):
        assert all(t in BASELINES["JPEG 4:2:0"].encode_array(picture(), quality) for t in (tables[:33], tables[-183:]))
