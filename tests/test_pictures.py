"""The user's pictures: every mode becomes RGB with the colours that were meant, and bad files are named."""

import numpy as np
import pytest
import torch
from PIL import Image

from cae_lib.data import DataError
from cae_lib.pictures import load_folder, to_rgb

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
