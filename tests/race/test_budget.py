"""Pictures at equal bytes: no codec gets more than it is allowed, and the figure says what each took and lost."""

import pytest

from cae_lib.base.errors import UsageError
from cae_lib.data.standin import make_images
from cae_lib.race.budget import budget_figure, within
from cae_lib.race.codecs import codec_named

IMAGES = make_images("test", 2)[0]


@pytest.mark.parametrize("name", ["JPEG 4:4:4", "dct", "model1_code8"])
def test_the_next_quality_would_be_too_large(name):
    codec = codec_named(name)
    sizes = [codec.payload_size(codec.encode(IMAGES[:1], quality)[0]) for quality in codec.qualities]
    allowed = sizes[len(sizes) // 2]
    found = within(IMAGES[0], name, allowed)
    assert found["bytes"] <= allowed and found["bytes"] in sizes
    assert found["bytes"] == sizes[-1] or sizes[sizes.index(found["bytes"]) + 1] >= found["bytes"]
    assert found["image"].shape == (3, 32, 32) and 0 < found["psnr"] < 60


def test_what_cannot_be_so_small_is_refused():
    with pytest.raises(UsageError, match=r"No payload of JPEG 4:4:4 has 1 bytes"):
        within(IMAGES[0], "JPEG 4:4:4", 1)


def test_the_figure_shows_pictures_differences_bytes_and_decibels():
    rows = {name: [within(image, name, 400) for image in IMAGES] for name in ("JPEG 4:4:4", "dct")}
    figure = budget_figure(IMAGES, rows, ["cat", "ship"], source="stand-in")
    shown = [ax for ax in figure.axes if ax.images and ax.get_label() != "<colorbar>"]
    titles = [ax.get_title() for ax in shown]
    assert len(shown) == 2 + 2 * 4 and titles.count("cat") == 1
    assert sum(title.endswith(" bytes") for title in titles) == sum(title.endswith(" dB") for title in titles) == 4
    differences = [ax.images[0] for ax in shown if ax.get_title().endswith(" dB")]
    assert len({image.get_clim() for image in differences}) == 1
    assert figure.get_size_inches()[0] <= 8
