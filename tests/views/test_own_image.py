"""The reader's own picture: real bytes of every codec, and clear sentences for what is no picture."""

import numpy as np
import pytest
import torch
from helpers.images import stand_in_set
from PIL import Image

from cae_lib.codec import streams
from cae_lib.data.images import DataError
from cae_lib.pictures.files import picture_file
from cae_lib.race.baselines import BASELINES, decode, size
from cae_lib.views.own_image import own_image


@pytest.fixture(scope="module")
def image():
    return stand_in_set(10).images[2]


@pytest.fixture(scope="module")
def view(image):
    return own_image(image, source="stand-in")


@pytest.mark.parametrize("name", ["model1_code8", "rd", "JPEG 4:4:4", "WebP", "JPEG 2000"])
def test_what_is_shown_is_a_real_file(view, image, name):
    view.set(codec=name)
    quality = view.controls["quality"]
    assert f"codec: {name}; quality: {quality.value}" in view.frame(*view.values()).text
    array = np.ascontiguousarray(image.permute(1, 2, 0))
    if name in streams.MODELS:
        file = streams.compress(array, model=name, quality=quality.value)
        back, payload = streams.decompress(file), streams.payload_size(file)
    else:
        file = BASELINES[name].encode_array(array, quality.value)
        back, payload = decode(file), size(file, "payload")
    left, middle, right = view.draw(*view.values()).tiles
    np.testing.assert_array_equal(left.pixels, array)
    np.testing.assert_array_equal(middle.pixels, back)
    rate = 8 * len(file) / 32**2
    assert f"{len(file):,} bytes (payload {payload:,})\n{rate:.2f} bits per pixel" in middle.title
    difference = np.abs(array.astype(float) - back) / 255
    np.testing.assert_allclose(right.values, difference.mean(2), atol=1e-6)
    assert right.title == f"error: {-10 * np.log10((difference**2).mean()):.1f} dB"


def test_another_codec_is_drawn_once_and_with_its_own_quality(view):
    view.set(codec="model1")
    drawn = view.frame.cache_info().misses
    view.set(codec="AVIF")
    assert (
        view.controls["quality"].value in BASELINES["AVIF"].curve_qualities
        and view.frame.cache_info().misses == drawn + 1
    )


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (300, 600, 3), dtype=np.uint8)


def upload(view, name: str, content: bytes) -> None:
    view.set(**{"upload a picture": (name, content)})


def give_path(view, path) -> None:
    view.set(**{"or give its path": str(path)})


def test_an_uploaded_picture_is_shown(image, photo):
    view = own_image(image, "JPEG 4:4:4", source="stand-in")
    picture = view.controls["picture"]
    upload(view, "photo.png", picture_file(photo, ".png"))
    assert picture.value == "photo.png"
    strip = view.draw(*view.values())
    expected = Image.fromarray(photo)
    expected.thumbnail((256, 256))
    np.testing.assert_array_equal(strip.tiles[0].pixels, np.array(expected))
    assert strip.tiles[0].title == "256 × 128 pixels\n98,304 bytes"
    assert strip.source == ""  # no note that it comes from the data set
    before = view.png
    upload(view, "photo.png", picture_file(255 - photo, ".png"))  # the same name, another picture
    assert picture.values == ["from the data set", "photo.png"] and view.png != before


def test_a_path_is_shown_and_a_wrong_one_is_explained(image, photo, tmp_path):
    view = own_image(image, "WebP")
    before = view.png
    picture = view.controls["picture"]
    with pytest.raises(DataError, match=r"missing.png cannot be read \(No such file or directory\): check the path."):
        give_path(view, tmp_path / "missing.png")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(DataError, match="text.png is no image in a format that Pillow knows"):
        give_path(view, tmp_path / "text.png")
    with pytest.raises(DataError, match="bad.png"):
        upload(view, "bad.png", b"\x89PNG\r\n\x1a\nbroken")
    assert view.png == before and picture.values == ["from the data set"]
    (tmp_path / "photo.png").write_bytes(picture_file(photo, ".png"))
    give_path(view, tmp_path / "photo.png")
    assert picture.value == "photo.png" and view.png != before


def test_a_path_to_begin_with(photo, tmp_path):
    (tmp_path / "photo.png").write_bytes(picture_file(photo[:20, :30], ".png"))
    view = own_image(tmp_path / "photo.png", "WebP")
    np.testing.assert_array_equal(view.draw("photo.png", "WebP", 50).tiles[0].pixels, photo[:20, :30])
    with pytest.raises(DataError, match="cannot be read"):
        own_image(tmp_path / "missing.png")


def test_a_picture_of_one_pixel(view):
    one = own_image(torch.zeros(3, 1, 1, dtype=torch.uint8), "model2")
    assert "1 × 1 pixels" in one.draw("from the data set", "model2", 4).tiles[0].title


def test_a_lossless_codec_has_no_quality_to_move(view):
    view.set(codec="PNG")
    assert view.controls["quality"].values == [100]
    assert view.draw("from the data set", "PNG", 100).tiles[2].title == "no error: nothing is lost"
