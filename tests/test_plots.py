"""Every plot: a Figure of its own whose data equal the inputs, with the note of where they come from."""

from base64 import b64decode
from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from cae_lib import plots
from cae_lib.base import picture

RNG = torch.Generator().manual_seed(0)
BYTES = torch.randint(0, 256, (3, 3, 6, 6), dtype=torch.uint8, generator=RNG)
FLOATS = torch.rand(3, 3, 6, 6, generator=RNG)
CODE = torch.randn(5, 4, 4, generator=RNG).clamp(min=0)
TITLES = ["cat", "dog", "ship"]
LOSSES = {"training": [0.3, 0.2, 0.15], "validation": [0.25, 0.21, 0.2]}

DRAWINGS = {
    "image_rows": lambda **o: plots.image_rows({"a": BYTES, "b": FLOATS}, TITLES, **o),
    "before_after": lambda **o: plots.before_after(BYTES, FLOATS, TITLES, **o),
    "image_grid": lambda **o: plots.image_grid(BYTES, 2, titles=TITLES, **o),
    "error_maps": lambda **o: plots.error_maps(BYTES, FLOATS, TITLES, **o),
    "maps": lambda **o: plots.maps(CODE, **o),
    "loss_curves": lambda **o: plots.loss_curves(LOSSES, **o),
    "lines": lambda **o: plots.lines({"a": ([1, 2], [3, 4])}, "x", "y", **o),
}


def pictures(figure: Figure) -> list[np.ndarray]:
    return [np.asarray(image.get_array()) for ax in figure.axes for image in ax.images]


def titles(figure: Figure) -> list[str]:
    return [ax.get_title() for ax in figure.axes]


def png_size(content: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(content)).size


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS)
def test_a_figure_with_its_source_and_no_global_state(draw):
    figure = draw(source="stand-in")
    assert isinstance(figure, Figure) and plt.get_fignums() == []
    assert figure.get_supxlabel() == "data: stand-in images, not CIFAR-10"
    assert draw(source="CIFAR-10").get_supxlabel() == "data: CIFAR-10"
    assert not draw().get_supxlabel()


def test_a_notebook_shows_a_figure_as_png():
    figure, _ = plots.new_figure(1, 1, 3, 2)
    data, metadata = figure._repr_mimebundle_()
    assert png_size(b64decode(data["image/png"])) == (300, 200)
    assert data["text/plain"] == "a picture of 300 x 200 pixels"
    assert metadata["image/png"]["alt"] == picture.describe(figure)


def test_the_text_of_a_figure_is_made_from_what_is_drawn():
    curves = {"loss": ([1, 2, 3], [0.5, 0.25, 0.125])}
    text = picture.describe(plots.lines(curves, "epoch", "MSE", title="a run", source="stand-in"))
    assert "a run: MSE against epoch: loss from 0.5 at 1 to 0.125 at 3" in text
    assert text.endswith("data: stand-in images, not CIFAR-10")
    assert "2 pictures" not in text
    text = picture.describe(plots.before_after(BYTES, FLOATS, TITLES))
    assert text == "6 pictures, rows original, reconstruction: cat, dog, ship"
    assert "channel 0" in picture.describe(plots.maps(CODE))
    assert len(picture.describe(plots.maps(CODE.repeat(20, 1, 1)))) < 400


def test_rows_show_the_images_themselves():
    figure = plots.image_rows({"bytes": BYTES, "floats": FLOATS}, TITLES)
    drawn = pictures(figure)
    for c in range(3):
        np.testing.assert_array_equal(drawn[c], BYTES[c].permute(1, 2, 0))
        np.testing.assert_array_equal(drawn[3 + c], FLOATS[c].permute(1, 2, 0))
    assert titles(figure) == [*TITLES, "", "", ""]
    assert [figure.axes[i].get_ylabel() for i in (0, 3)] == ["bytes", "floats"]


def test_floats_outside_the_screens_range_are_clipped():
    shown = plots.to_pixels(torch.tensor([[-0.5, 0.25, 1.5]]))
    np.testing.assert_array_equal(shown, np.float32([[0, 0.25, 1]]))


def test_a_grid_hides_what_it_does_not_need():
    figure = plots.image_grid(BYTES, 2)
    np.testing.assert_array_equal(pictures(figure), BYTES.permute(0, 2, 3, 1))
    assert [ax.axison for ax in figure.axes] == [True, True, True, False]


@pytest.mark.parametrize("originals", [BYTES, BYTES / 255], ids=["bytes", "floats"])
def test_error_maps_show_the_absolute_error_on_one_scale(originals):
    figure = plots.error_maps(originals, FLOATS, TITLES)
    expected = (BYTES / 255 - FLOATS).abs().mean(1)
    for ax, error in zip(figure.axes[6:9], expected, strict=True):
        (image,) = ax.images
        np.testing.assert_allclose(image.get_array(), error, atol=1e-6)
        assert image.get_clim() == pytest.approx((0, float(expected.max())))


def test_maps_share_a_scale_and_count_zeros():
    figure = plots.maps(CODE)
    drawn = figure.axes[:5]
    for ax, channel in zip(drawn, CODE, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), channel)
        assert ax.images[0].get_clim() == pytest.approx((0, float(CODE.max())))
        assert f"{float((channel == 0).float().mean()):.0%} zeros" in ax.get_title()


def test_signed_maps_are_centred_at_zero_and_a_blank_code_can_be_drawn():
    kernels = torch.tensor([[[-3.0, 1.0]], [[0.5, 2.0]]])
    assert plots.maps(kernels, signed=True).axes[0].images[0].get_clim() == (-3, 3)
    assert "100% zeros" in plots.maps(torch.zeros(1, 2, 2)).axes[0].get_title()


def test_no_curve_is_left_out():
    many = {f"run {k}": [1.0, 0.5] for k in range(9)}
    assert len(plots.loss_curves(many).axes[0].lines) == len(plots.lines({k: ([1, 2], v) for k, v in many.items()},
                                                                         "x", "y").axes[0].containers) == 9  # fmt: skip


def test_loss_curves_start_at_epoch_1_and_carry_their_floors():
    figure = plots.loss_curves(LOSSES, floors={"training": 0.1, "validation": 0.19}, above_floor=True, mark=2)
    left, right = figure.axes
    by_label = {line.get_label(): line for line in left.lines}
    for name, losses in LOSSES.items():
        np.testing.assert_array_equal(by_label[name].get_xydata(), list(enumerate(losses, 1)))
    assert set(by_label["floor of validation"].get_ydata()) == {0.19}
    marked = [tuple(line.get_xydata()[0]) for line in left.lines if line.get_fillstyle() == "none"]
    assert marked == [(2, 0.2), (2, 0.21)]
    assert right.get_yscale() == "log"
    np.testing.assert_allclose(right.lines[1].get_ydata(), [0.06, 0.02, 0.01])


def test_lines_with_and_without_spread():
    curves = {"plain": ([1, 2, 4], [3, 5, 6]), "spread": ([1, 2], [4, 5], [0.1, 0.2])}
    figure = plots.lines(curves, "code", "PSNR", logx=True, logy=True)
    (ax,) = figure.axes
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale(), ax.get_yscale()) == ("code", "PSNR", "log", "log")
    plain, spread = ax.containers
    np.testing.assert_array_equal(plain.lines[0].get_xydata(), [(1, 3), (2, 5), (4, 6)])
    assert (plain.has_yerr, spread.has_yerr) == (False, True)
    np.testing.assert_allclose(spread.lines[2][0].get_segments()[1], [(2, 4.8), (2, 5.2)])


def test_a_number_grid_writes_every_number_and_frames_one_part():
    grid = np.array([[1, 20], [3, 4]])
    figure = plots.number_grid({"input": grid, "kernel": -grid}, highlight={"input": (0, 1, 2, 1)})
    first, second = figure.axes
    assert [t.get_text() for t in first.texts] == ["1", "20", "3", "4"]
    assert [t.get_text() for t in second.texts] == ["-1", "-20", "-3", "-4"]
    (frame,) = first.patches
    assert frame.get_bbox().bounds == (0.5, -0.5, 1, 2) and not second.patches
