"""The reader's own picture: real bytes of every codec, and clear sentences for what is no picture."""

from datetime import datetime

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


def controls_of(view):
    (picture, upload, path), (names, quality) = (row.children for row in view.children[:2])
    return picture, upload, path, names, quality


@pytest.mark.parametrize("name", ["model1_code8", "rd", "JPEG 4:4:4", "WebP", "JPEG 2000"])
def test_what_is_shown_is_a_real_file(view, image, name):
    *_, names, quality = controls_of(view)
    names.value = name
    assert view.message.value == "" and f"codec {name}, quality {quality.value}" in view.describe()
    array = np.ascontiguousarray(image.permute(1, 2, 0))
    if name in streams.MODELS:
        file = streams.compress(array, model=name, quality=quality.value)
        back, payload = streams.decompress(file), streams.payload_size(file)
    else:
        file = BASELINES[name].encode_array(array, quality.value)
        back, payload = decode(file), size(file, "payload")
    left, middle, right = view.draw(*(c.value for c in view.controls.values())).axes[:3]
    np.testing.assert_array_equal(left.images[0].get_array(), array)
    np.testing.assert_array_equal(middle.images[0].get_array(), back)
    rate = 8 * len(file) / 32**2
    assert f"{len(file):,} bytes (payload {payload:,})\n{rate:.2f} bits per pixel" in middle.get_title()
    difference = np.abs(array.astype(float) - back) / 255
    np.testing.assert_allclose(right.images[0].get_array(), difference.mean(2), atol=1e-6)
    assert right.get_title() == f"error: {-10 * np.log10((difference**2).mean()):.1f} dB"


def test_another_codec_is_drawn_once_and_with_its_own_quality(view):
    *_, names, quality = controls_of(view)
    names.value = "model1"
    drawn = view.frame.cache_info().misses
    names.value = "AVIF"
    assert quality.value in BASELINES["AVIF"].curve_qualities and view.frame.cache_info().misses == drawn + 1


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (300, 600, 3), dtype=np.uint8)


def upload_of(name: str, content: bytes) -> tuple[dict]:
    facts = {"name": name, "type": "image/png", "size": len(content), "last_modified": datetime(2026, 1, 1)}
    return (facts | {"content": memoryview(content)},)


def test_an_uploaded_picture_is_shown(image, photo):
    view = own_image(image, "JPEG 4:4:4", source="stand-in")
    picture, upload, *_ = controls_of(view)
    upload.value = upload_of("photo.png", picture_file(photo, ".png"))
    assert view.message.value == "" and picture.value == "photo.png"
    figure = view.draw(*(c.value for c in view.controls.values()))
    expected = Image.fromarray(photo)
    expected.thumbnail((256, 256))
    np.testing.assert_array_equal(figure.axes[0].images[0].get_array(), np.array(expected))
    assert figure.axes[0].get_title() == "256 × 128 pixels\n98,304 bytes"
    assert figure.get_supxlabel() == ""  # no note that it comes from the data set
    before = view.png
    upload.value = upload_of("photo.png", picture_file(255 - photo, ".png"))  # the same name, another picture
    assert picture.options == ("from the data set", "photo.png") and view.png != before


def test_a_path_is_shown_and_a_wrong_one_is_explained(image, photo, tmp_path):
    view = own_image(image, "WebP")
    before = view.png
    picture, upload, path, *_ = controls_of(view)
    path.value = str(tmp_path / "missing.png")
    assert "missing.png cannot be read (No such file or directory): check the path." in view.message.value
    (tmp_path / "text.png").write_text("no picture")
    path.value = str(tmp_path / "text.png")
    assert "text.png is no image in a format that Pillow knows" in view.message.value
    upload.value = upload_of("bad.png", b"\x89PNG\r\n\x1a\nbroken")
    assert 'role="alert"' in view.message.value and "bad.png" in view.message.value
    assert view.png == before and picture.options == ("from the data set",)
    (tmp_path / "photo.png").write_bytes(picture_file(photo, ".png"))
    path.value = str(tmp_path / "photo.png")
    assert view.message.value == "" and picture.value == "photo.png" and view.png != before


def test_a_path_to_begin_with(photo, tmp_path):
    (tmp_path / "photo.png").write_bytes(picture_file(photo[:20, :30], ".png"))
    view = own_image(tmp_path / "photo.png", "WebP")
    (shown,) = (ax.images[0].get_array() for ax in view.draw("photo.png", "WebP", 50).axes[:1])
    np.testing.assert_array_equal(shown, photo[:20, :30])
    with pytest.raises(DataError, match="cannot be read"):
        own_image(tmp_path / "missing.png")


def test_a_picture_of_one_pixel(view):
    one = own_image(torch.zeros(3, 1, 1, dtype=torch.uint8), "model2")
    assert "1 × 1 pixels" in one.draw("from the data set", "model2", 4).axes[0].get_title()


def test_a_lossless_codec_has_no_quality_to_move(view):
    view.set(codec="PNG")
    assert view.controls["quality"].disabled
    assert view.draw("from the data set", "PNG", 100).axes[2].get_title() == "no error: nothing is lost"
    view.set(codec="AVIF")
    assert not view.controls["quality"].disabled
