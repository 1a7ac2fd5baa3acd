"""The user's pictures: every mode becomes RGB with the colours that were meant, and bad files are named."""

from io import BytesIO

import numpy as np
import pytest
import torch
from helpers.pictures import png
from PIL import Image

from cae_lib.data.images import DataError
from cae_lib.data.pictures import LOSSLESS, load_folder, picture_file, read_picture, to_rgb

RGB = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
GREY = RGB[:, :, 0]


def repeated(grey):
    return np.repeat(np.asarray(grey, np.uint8)[:, :, None], 3, 2)


def with_alpha(alpha: int) -> Image.Image:
    return Image.fromarray(np.dstack([RGB, np.full((4, 6), alpha, np.uint8)]))


MODES = {
    "RGB": (lambda: Image.fromarray(RGB), RGB),
    "grey": (lambda: Image.fromarray(GREY), repeated(GREY)),
    "1 bit": (lambda: Image.fromarray(GREY > 127), repeated(255 * (GREY > 127))),
    "palette": (lambda: Image.fromarray(RGB // 128 * 255).quantize(8), RGB // 128 * 255),
    "16 bits": (lambda: Image.fromarray(GREY.astype(np.uint16) * 257), repeated(GREY)),
    "32 bits": (lambda: Image.fromarray(GREY.astype(np.int32) * 257), repeated(GREY)),
    "opaque": (lambda: with_alpha(255), RGB),
    "transparent": (lambda: with_alpha(0), np.full_like(RGB, 255)),
}


@pytest.mark.parametrize("make, expected", MODES.values(), ids=MODES)
def test_every_mode_becomes_rgb(make, expected):
    shown = to_rgb(make())
    assert shown.dtype == np.uint8
    np.testing.assert_array_equal(shown, expected)


def test_half_transparent_pixels_lie_on_white():
    np.testing.assert_allclose(to_rgb(with_alpha(128)), RGB * (128 / 255) + 127, atol=1)


def test_floats_are_refused():
    with pytest.raises(ValueError, match="no known range"):
        to_rgb(Image.fromarray(GREY.astype(np.float32)))


def saved(picture: Image.Image, **options) -> bytes:
    content = BytesIO()
    picture.save(content, **options)
    return content.getvalue()


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
        (sound[:-100], "a.png cannot be read as an image"),
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
