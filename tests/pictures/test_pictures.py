"""The user's pictures: every mode becomes RGB with the colours that were meant, and bad files are named."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import torch
from helpers.pictures import png
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from cae_lib.codec.streams import compress, decompress
from cae_lib.data.images import DataError
from cae_lib.pictures.files import LOSSLESS, load_folder, picture_file, read_picture

RGB = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
GREY = RGB[:, :, 0]


def repeated(grey):
    return np.repeat(np.asarray(grey, np.uint8)[:, :, None], 3, 2)


def with_alpha(alpha: int) -> Image.Image:
    return Image.fromarray(np.dstack([RGB, np.full((4, 6), alpha, np.uint8)]))


def saved(picture: Image.Image, **options) -> bytes:
    content = BytesIO()
    picture.save(content, **options)
    return content.getvalue()


MODES = {
    "RGB": (lambda: Image.fromarray(RGB), RGB, 0),
    "grey": (lambda: Image.fromarray(GREY), repeated(GREY), 1),
    "1 bit": (lambda: Image.fromarray(GREY > 127), repeated(255 * (GREY > 127)), 1),
    "palette": (lambda: Image.fromarray(RGB // 128 * 255).quantize(8), RGB // 128 * 255, 1),
    "16 bits": (lambda: Image.fromarray(GREY.astype(np.uint16) * 257), repeated(GREY), 2),
    "opaque": (lambda: with_alpha(255), RGB, 0),
    "transparent": (lambda: with_alpha(0), np.full_like(RGB, 255), 1),
}


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("make, expected, notes", MODES.values(), ids=MODES)
def test_every_mode_becomes_rgb(make, expected, notes, kind):
    shown, said = read_picture(saved(make(), format=kind), "file")
    assert shown.dtype == np.uint8 and len(said) == notes
    np.testing.assert_array_equal(shown, expected)


def test_half_transparent_pixels_lie_on_white():
    image, _ = read_picture(saved(with_alpha(128), format="PNG"), "file")
    np.testing.assert_allclose(image, RGB * (128 / 255) + 127, atol=1)


@pytest.mark.parametrize(
    "values, reason",
    [(GREY.astype(np.float32), "floating-point pixels"), (GREY.astype(np.int32) - 99, "values with a sign")],
)
def test_pixels_without_a_known_black_or_white_are_refused(values, reason):
    with pytest.raises(DataError, match=f"a.tif cannot be read as an image \\({reason} .*save it anew"):
        read_picture(saved(Image.fromarray(values), format="TIFF"), "a.tif")


def tiff_of(rows: bytes, tags: dict[int, tuple[int, int]]) -> bytes:
    """A TIFF of 4 x 2 pixels by hand: tag -> (type, value)."""
    tags = {256: (3, 4), 257: (3, 2), 259: (3, 1), 273: (4, 8), 277: (3, 1), 278: (3, 2), 279: (4, len(rows))} | tags
    entries = b"".join(
        struct.pack("<HHI", tag, kind, 1) + value.to_bytes(4, "little") for tag, (kind, value) in sorted(tags.items())
    )
    rows += b"\0" * (len(rows) % 2)
    return struct.pack("<2sHI", b"II", 42, 8 + len(rows)) + rows + struct.pack("<H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize("white_is_zero", [False, True])
@pytest.mark.parametrize("bits", [1, 4, 8, 12, 16])
def test_a_declared_depth_and_polarity_are_obeyed(bits, white_is_zero):
    values = np.array([[0, 1, 0, 1], [1, 1, 0, 0]]) * (2**bits - 1)
    if bits == 16:
        rows = values.astype("<u2").tobytes()
    else:
        packed = ["".join(format(v, f"0{bits}b") for v in row) for row in values]
        rows = b"".join(
            int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big") for row in packed
        )
    data = tiff_of(rows, {258: (3, bits), 262: (3, 1 - white_is_zero)})
    if white_is_zero and bits == 12:  # Pillow does not read them: refused rather than guessed
        with pytest.raises(DataError, match="of a kind that Pillow does not read"):
            read_picture(data, "a.tif")
        return
    image, notes = read_picture(data, "a.tif")
    expected = np.where(values > 0, 255, 0) if not white_is_zero else np.where(values > 0, 0, 255)
    np.testing.assert_array_equal(image, repeated(expected))
    assert any("8 bits" in note for note in notes) == (bits > 8)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    "kind, content",
    [
        (b"tEXt", b"Comment\0" + b"x" * 2_000_000),
        (b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 20_000_000)),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * 2_000_000),
        (b"iCCP", b"icc\0\0" + zlib.compress(bytes(3_000_000))),
        (b"eXIf", b"II*\0\x08\0\0\0\xff\xff"),
        (b"tIME", b""),
        (b"prVt", bytes(3)),
    ],
    ids=["text", "compressed text", "XMP", "profile", "broken EXIF", "time", "private"],
)
def test_metadata_never_refuses_pixels(kind, content, after):
    data = saved(Image.fromarray(RGB), format="PNG")
    place = data.index(b"IEND") - 4 if after else 33
    image, notes = read_picture(data[:place] + chunk(kind, content) + data[place:], "a.png")
    np.testing.assert_array_equal(image, RGB)
    assert notes == (["its colour profile is not applied"] if kind == b"iCCP" else [])


def exif_of(kind: int, count: int, value: bytes, broken: bool = False) -> bytes:
    """EXIF with an orientation of some type, and with a number that no reader can read."""
    entries = [struct.pack("<HHI", 274, kind, count) + value.ljust(4, b"\0")]
    entries += [struct.pack("<HHII", 282, 5, 1, 2**31)] * broken
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)


@pytest.mark.parametrize(
    "kind, count, value, turned",
    [(3, 1, b"\x06", True), (4, 1, b"\x06", True), (3, 1, b"\x09", False), (3, 1, b"\0", False),
     (2, 2, b"6\0", False), (7, 1, b"\x06", False), (3, 2, b"\x06\0\x06", False), (11, 1, b"\0\0\xc0@", False)],
)  # fmt: skip
@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_only_a_whole_number_from_2_to_8_turns_a_picture(kind, count, value, turned, broken, form):
    exif = exif_of(kind, count, value, broken)
    data = saved(Image.fromarray(np.tile(RGB, (4, 4, 1))), format=form)
    if form == "PNG":
        data = data[:33] + chunk(b"eXIf", exif) + data[33:]
    else:
        block = b"Exif\0\0" + exif
        data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    image, notes = read_picture(data, "photo")
    assert image.shape[:2] == ((24, 16) if turned else (16, 24))
    assert any("turned" in note for note in notes) is turned


@settings(max_examples=60)
@given(
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "I"]),
    form=st.sampled_from(["PNG", "TIFF", "JPEG", "WEBP", "BMP", "GIF"]),
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    orientation=st.integers(0, 10),
    seed=st.integers(0, 99),
)
def test_notes_and_pixels_agree_and_survive_the_codec(mode, form, size, orientation, seed):
    """Whatever is not noted is as Pillow sees it; what is read goes through a file of the kit and back."""
    rng = np.random.default_rng(seed)
    picture = Image.fromarray(rng.integers(0, 256, (*size, 4), dtype=np.uint8))
    if mode in ("I;16", "I", "F"):
        picture = Image.fromarray(rng.integers(0, 2**16, size).astype({"I;16": "u2", "I": "i4", "F": "f4"}[mode]))
    else:
        picture = picture.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    try:
        data = saved(picture, format=form, exif=exif)
    except (OSError, ValueError, KeyError, SystemError):
        assume(False)  # not every format takes every mode
    try:
        image, notes = read_picture(data, "file")
    except DataError as error:
        assert "\n" not in str(error) and str(error).startswith("file ")
        return
    turned = 2 <= orientation <= 8 and form in ("PNG", "TIFF", "JPEG", "WEBP")
    assert any("turned" in note for note in notes) is turned
    height, width = size[::-1] if turned and orientation >= 5 else size
    assert image.shape == (height, width, 3) and image.dtype == np.uint8
    if not notes:
        np.testing.assert_array_equal(image, np.array(Image.open(BytesIO(data)).convert("RGB")))
    assert decompress(compress(image, model="dct", quality=9)).shape == image.shape


def test_an_rgb_picture_needs_no_note():
    image, notes = read_picture(saved(Image.fromarray(RGB), format="PNG"), "a.png")
    np.testing.assert_array_equal(image, RGB)
    assert notes == []


def test_what_was_changed_is_noted():
    grey, animated = Image.fromarray(GREY), [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    palette = Image.fromarray(RGB // 128 * 255).quantize(8)
    expected = {
        saved(grey, format="PNG"): ["mode L becomes RGB"],
        saved(palette, format="PNG"): ["mode P becomes RGB"],
        saved(with_alpha(9), format="PNG"): ["transparent parts are laid over white"],
        saved(Image.fromarray(RGB).convert("CMYK"), format="TIFF"): ["mode CMYK becomes RGB"],
        saved(Image.fromarray(GREY.astype(np.uint16)), format="PNG"): ["values of more than 8 bits", "mode I;16"],
        saved(animated[0], format="PNG", save_all=True, append_images=animated[1:]): ["only the first of 2 pictures"],
    }
    for data, starts in expected.items():
        image, notes = read_picture(data, "file")
        assert image.shape == RGB.shape and len(notes) == len(starts)
        assert all(note.startswith(start) for note, start in zip(notes, starts, strict=True))


def test_colours_of_16_bits_are_noted_too():
    rows = b"".join(b"\0" + (row.astype(">u2") * 257).tobytes() for row in RGB)
    image, notes = read_picture(png(6, 4, rows, depth=16), "deep.png")
    np.testing.assert_array_equal(image, RGB)
    assert notes == ["values of more than 8 bits become 8"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_camera_was(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image, notes = read_picture(saved(Image.fromarray(RGB), format="PNG", exif=exif), "photo.png")
    flipped = RGB[:, ::-1] if orientation in (2, 4, 5, 7) else RGB
    turns = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}[orientation]
    np.testing.assert_array_equal(image, np.rot90(flipped, turns))
    assert len(notes) == (orientation > 1)


def test_bad_files_are_named():
    sound = saved(Image.fromarray(np.tile(RGB, (9, 9, 1))), format="PNG")
    for data, text in (
        (b"", "a.png is no image in a format that Pillow knows"),
        (b"GIF89a", "a.png"),
        (sound[:-100], r"a.png is a damaged PNG \(it is cut short\)"),
        (sound[:50] + b"?" + sound[51:], r"a.png is a damaged PNG \(a checksum does not fit\)"),
        (png(10_001, 10_000, b""), "a.png has more than 100,000,000 pixels"),
        (png(60_000, 60_000, b""), "a.png has more than 100,000,000 pixels"),
    ):
        with pytest.raises(DataError, match=text):
            read_picture(data, "a.png")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_damaged_files_raise_nothing_else():
    """Flipped bytes in files of many formats: a picture or the kit's own error, never Pillow's."""
    rng = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WebP", "AVIF", "PPM", "JPEG2000"):
        data = np.frombuffer(saved(Image.fromarray(np.tile(RGB, (4, 4, 1))), format=kind), np.uint8)
        for _ in range(30):
            changed = data.copy()
            changed[rng.integers(0, len(data), 3)] = rng.integers(0, 256, 3)
            try:
                image, _ = read_picture(changed.tobytes(), "file")
            except DataError as error:
                assert str(error).startswith("file ") and "\n" not in str(error)
            else:
                assert image.dtype == np.uint8 and image.shape[2] == 3


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_pictures_are_written_without_loss(suffix):
    image, notes = read_picture(picture_file(RGB, suffix), f"a{suffix}")
    np.testing.assert_array_equal(image, RGB)
    assert notes == []


def test_a_picture_too_wide_for_its_format():
    with pytest.raises(DataError, match="cannot be written as .webp .*: choose .png"):
        picture_file(np.zeros((1, 20_000, 3), np.uint8), ".webp")


def test_a_folder_of_images_of_different_sizes(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "b.png")
    Image.fromarray(GREY[:2]).save(tmp_path / "a.png")
    Image.fromarray(GREY.astype(np.float32)).save(tmp_path / "floats.tif")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "cut.png").write_bytes((tmp_path / "b.png").read_bytes()[:60])
    (tmp_path / ".hidden").write_text("no image")
    (tmp_path / "folder").mkdir()
    with pytest.warns(UserWarning, match=r"no readable images: cut.png, floats.tif, notes.txt\.$"):
        first, second = load_folder(tmp_path)
    assert first.shape == (3, 2, 6) and first.dtype == torch.uint8
    np.testing.assert_array_equal(second.permute(1, 2, 0), RGB)


def test_a_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(DataError, match="holds no image that can be read"):
        load_folder(tmp_path)
    (tmp_path / "file").write_text("no folder")
    for path in (tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(DataError, match="is no folder"):
            load_folder(path)
