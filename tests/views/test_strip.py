"""Strips and curves, pixel by pixel."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from PIL import Image, ImageColor

from cae_lib.base.picture import compact
from cae_lib.plots import COLOURS
from cae_lib.views.curves import curves
from cae_lib.views.strip import Strip, image_tile, map_tile

MARK = ImageColor.getrgb(COLOURS[1])


def shown(strip) -> np.ndarray:
    """The picture (H, W, 3) that its file holds."""
    return np.asarray(Image.open(BytesIO(strip.png())))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (32, 32), (14, 5), (3, 40), (256, 128)])
def test_each_pixel_of_a_tile_is_there(size):
    pixels = torch.randint(0, 256, (3, *size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    strip = Strip([image_tile(pixels, "first"), image_tile(pixels, "second")], source="stand-in")
    whole, (left, top, right, bottom, rows, columns) = shown(strip), strip.places()
    assert (rows, columns) == size and whole.shape[1::-1] == strip.size()
    for row in {0, rows // 2, rows - 1}:
        for column in {0, columns // 2, columns - 1}:
            y, x = top + (row + 0.5) / rows * (bottom - top), left + (column + 0.5) / columns * (right - left)
            found = whole[int(y * whole.shape[0]), int(x * whole.shape[1])]
            if max(size) < 100:
                np.testing.assert_allclose(found, pixels[:, row, column], atol=1)


def test_a_map_has_its_colours_and_what_is_no_number_is_white():
    values = np.array([[-2.0, 0.0], [np.nan, 2.0]])
    tile = map_tile(values, "weights", low=-2, high=2, colours="RdBu_r")
    np.testing.assert_array_equal(tile.pixels[1, 0], 255)
    np.testing.assert_array_equal(tile.pixels[0, 0], colormaps["RdBu_r"](0.0, bytes=True)[:3])
    np.testing.assert_array_equal(tile.pixels[1, 1], colormaps["RdBu_r"](1.0, bytes=True)[:3])
    assert map_tile(np.zeros((2, 2)), "nothing").limits == (0, 1)


def test_an_outline_lies_around_its_pixels():
    box = (2, 5, 3, 1)
    plain, outlined = (shown(Strip([image_tile(torch.zeros(3, 8, 8), "", box=each)])) for each in (None, box))
    rows, columns = np.nonzero((plain != outlined).any(2))
    step, above = 224 / 8, plain.shape[0] - 224
    assert abs(rows.min() - (above + 2 * step)) <= 3 and abs(rows.max() - (above + 5 * step)) <= 3
    assert abs(columns.min() - 5 * step) <= 3 and abs(columns.max() - 6 * step) <= 3
    assert (outlined[rows, columns] == MARK).all()


def test_what_is_wide_is_made_smaller_and_no_title_is_cut():
    image = torch.zeros(3, 32, 32)
    for count in (1, 3, 8):
        strip = Strip([image_tile(image, "a name") for _ in range(count)], source="CIFAR-10")
        assert shown(strip).shape[1] <= 800
    for count in (1, 3):
        for tile in (image_tile(image, "channel 12, 100% zeros: dead here"), map_tile(image[0], "what this changes")):
            assert (shown(Strip([tile] * count))[:20, [0, -1]] == 255).all()


def test_the_points_that_are_marked():
    found = curves({"rd": ([1, 2, 4], [30, 33, 35]), "JPEG": ([1, 2, 3], [25, np.inf, 29])}, 3, 2.4, "bpp", "dB")
    last, middle = found.marked(2), found.marked(1)
    assert last.text.endswith("Marked: rd 35 at 4; JPEG 29 at 3") and "Marked" not in found.text
    for name, colour in zip(("rd", "JPEG"), COLOURS, strict=False):
        x, y = np.round(found.spots[name][2]).astype(int).tolist()
        corners = [(x + dx, y + dy) for dx in (-2, 2) for dy in (-2, 2)]
        assert {last.pixels.getpixel(place) for place in corners} == {ImageColor.getrgb(colour)}
    assert (np.asarray(middle.pixels) != np.asarray(found.pixels)).any(2).sum() < 121  # the infinite one is not there


def test_it_is_described_by_its_titles():
    tiles = [image_tile(torch.zeros(3, 4, 4), title) for title in ("original", "decoded:\n30 dB")]
    beside = curves({"rd": ([1, 2], [30, 33])}, 3, 2, "bpp", "dB").marked(0)
    expected = "2 pictures: original, decoded: 30 dB. dB against bpp: rd from 30 at 1 to 33 at 2. Marked: rd 30 at 1"
    strip = Strip(tiles, beside=beside)
    assert strip.describe() == expected
    data, metadata = strip._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == expected and b64decode(data["image/png"]) == compact(strip.png())
