"""Figures of rate and distortion: what is drawn is what was measured."""

import numpy as np
import pytest
import torch

from cae_lib.race import rate_plots

IMAGES = torch.randint(0, 256, (2, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def points(*rows):
    return [{"payload_bpp": rate, "file_bpp": rate + 5, "psnr": psnr} for rate, psnr in rows]


CURVES = {"bad": points((2, 31), (1, 28), (4, 33)), "good": points((0.5, 28), (2, 35)), "PNG": points((17, None))}


@pytest.mark.parametrize("which, header", [("payload", 0), ("file", 5)])
def test_curves_and_what_exact_pictures_cost(which, header):
    figure = rate_plots.rate_distortion(CURVES, which, title="race", source="stand-in")
    (ax,) = figure.axes
    bad, good, raw, png = ax.lines
    np.testing.assert_array_equal(bad.get_xydata(), [(1 + header, 28), (2 + header, 31), (4 + header, 33)])
    np.testing.assert_array_equal(good.get_xydata(), [(0.5 + header, 28), (2 + header, 35)])
    assert (raw.get_xdata()[0], png.get_xdata()[0]) == (24, 17 + header)
    assert [t.get_text() for t in ax.texts] == ["raw pixels", "PNG"]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["bad", "good"]
    assert ax.get_xlabel().startswith({"payload": "payload", "file": "whole file"}[which])
    assert (ax.get_xscale(), ax.get_title()) == ("log", "race")
    assert figure.get_supxlabel() == "data: stand-in images, not CIFAR-10"


def test_references_are_curves_too():
    figure = rate_plots.rate_distortion(CURVES, references={"published": points((1, 30), (2, 34))})
    drawn = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_array_equal(drawn["published"].get_xydata(), [(1, 30), (2, 34)])
    assert "published" in [t.get_text() for t in figure.legends[0].get_texts()]


def test_what_has_not_this_size_or_measure_is_left_out_and_single_points_are_not_joined():
    bpg = {"BPG": [{"psnr": 30, "file_bpp": 2.0}]}
    single = {"single": [{"psnr_pooled": 30, "payload_bpp": 1.0}, {"psnr_pooled": 37, "payload_bpp": 3.0}]}
    for which, measure, name in (("file", "psnr", "BPG"), ("payload", "psnr_pooled", "single")):
        pooled = {"ours": [p | {"psnr_pooled": p["psnr"] - 1} for p in CURVES["good"]]}
        figure = rate_plots.rate_distortion(pooled, which, references=bpg, anchors=single, measure=measure)
        assert [t.get_text() for t in figure.legends[0].get_texts()] == ["ours", name]
    ours, points, _ = figure.axes[0].lines
    np.testing.assert_array_equal(ours.get_ydata(), [27, 34])
    assert points.get_linestyle() == "None" and points.get_marker() not in ("None", "")
    assert figure.axes[0].get_ylabel() == "PSNR of the mean error in dB"


def test_classical_codecs_are_dashed_whatever_their_place():
    curves = {"rd": points((1, 30), (2, 34)), "AVIF": points((1, 30), (2, 34)), "own": points((1, 30), (2, 34))}
    styles = [line.get_linestyle() for line in rate_plots.rate_distortion(curves).axes[0].lines[:3]]
    assert styles == ["-", "--", "-"]


def test_the_figure_of_weights_meets_where_they_are_paid_for():
    rows = [
        {"which": "file", "psnr": 30, "ours": 100.0, "theirs": 300.0, "weights": 5_000_000, "images": 25_000},
        {"which": "payload", "psnr": 30, "ours": 100.0, "theirs": None, "weights": 5_000_000, "images": None},
    ]
    figure = rate_plots.weights_figure(rows, "rd", "AVIF", source="CIFAR-10")
    left, right = figure.axes
    ours, theirs, point = left.lines
    assert point.get_xydata().tolist() == [[25_000, 7.5]]
    for line in (ours, theirs):
        assert np.interp(25_000, *line.get_xydata().T) == pytest.approx(7.5, rel=1e-2)
    assert "25,000 images" in point.get_label() and len(right.lines) == 1


def test_all_curves_are_drawn_and_differ_without_colour():
    many = {f"codec {i}": points((1, 20 + i), (2, 30 + i)) for i in range(20)}
    lines = [line for line in rate_plots.rate_distortion(many).axes[0].lines if line.get_label() in many]
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 20


COSTS = {
    "JPEG": {"quality": 50, "header": 625, "payload": 215, "psnr": 30.04},
    "PNG": {"quality": 100, "header": 57, "payload": 2212, "psnr": None},
}


def test_a_cost_bar_stacks_the_payload_on_the_header():
    figure = rate_plots.cost_bar(COSTS, title="one image", source="CIFAR-10")
    (ax,) = figure.axes
    headers, payloads = ax.containers
    assert [bar.get_width() for bar in headers] == [625, 57]
    assert [(bar.get_x(), bar.get_width()) for bar in payloads] == [(625, 215), (57, 2212)]
    assert [t.get_text().strip() for t in ax.texts] == ["625 + 215, 30.0 dB", "57 + 2,212, exact"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["JPEG", "PNG"] and ax.yaxis_inverted()
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["header", "payload"]
    assert ax.get_xlim()[1] > 57 + 2212 and ax.get_title() == "one image"


def test_a_strip_gives_bytes_and_decibels_of_every_image():
    def cells(size, psnr):
        return [{"image": image, "bytes": size + i, "psnr": psnr} for i, image in enumerate(IMAGES)]

    rows = {"original": cells(3072, None), "ours": cells(170, 25.06), "JPEG": cells(660, 17.0)}
    figure = rate_plots.same_bytes_strip(rows, ["cat", "ship"], source="CIFAR-10")
    assert [ax.get_title() for ax in figure.axes] == ["cat", "ship", "", "", "", ""]
    assert [ax.get_ylabel() for ax in figure.axes[::2]] == list(rows)
    captions = [ax.get_xlabel() for ax in figure.axes]
    assert captions[:4] == ["3,072 bytes", "3,073 bytes", "170 bytes\n25.1 dB", "171 bytes\n25.1 dB"]
    assert captions[4:] == ["660 bytes\n17.0 dB", "661 bytes\n17.0 dB"]
    for ax, image in zip(figure.axes, [*IMAGES] * 3, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), image.permute(1, 2, 0))


def test_bit_maps_share_one_colour_scale():
    bits = torch.tensor([[[1.0, 2.0]], [[0.5, 8.0]]])
    figure = rate_plots.bit_maps({"original": IMAGES}, bits, ["cat", "ship"], source="CIFAR-10")
    *pictures, cat, ship, bar = figure.axes
    assert [ax.get_title() for ax in pictures] == ["cat", "ship"] and cat.get_ylabel() == "bits"
    for ax, costs in ((cat, bits[0]), (ship, bits[1])):
        (drawn,) = ax.images
        np.testing.assert_array_equal(drawn.get_array(), costs)
        assert drawn.get_clim() == (0, 8)


def test_a_pass_is_blue_and_then_known():
    first = torch.zeros(3, 2, 2, dtype=torch.bool)
    first[:2, 0] = True
    figure = rate_plots.coding_order([first, ~first], [(0, 2), (2, 3)], ["pass 1", "pass 2"])
    drawn = [ax.images[0].get_array().tolist() for ax in figure.axes]
    assert drawn == [[[2, 2], [0, 0]], [[1, 1], [2, 2]], [[0, 0], [0, 0]], [[2, 2], [2, 2]]]
    assert [ax.get_title() for ax in figure.axes] == ["pass 1", "pass 2", "", ""]
    assert [ax.get_ylabel() for ax in figure.axes] == ["channels\n0 to 1", "", "channels\n2 to 2", ""]
