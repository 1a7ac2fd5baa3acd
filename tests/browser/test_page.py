"""A page made by `cae run`, opened from the disk: no kernel, no server, no network; its views move all the same."""

import re
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers.browser import watched_page
from helpers.notebooks import make_notebook
from helpers.shown import DRAWN, Shown

from cae_lib.data.images import load_images
from cae_lib.views import descent

pytestmark = pytest.mark.slow
VARIANCES = {"two": [900.0, 50.0], "three": [4000.0, 200.0, 10.0]}
SET_UP = """\
import torch
from cae_lib.checkpoints import load_run
from cae_lib.data.images import load_images
from cae_lib.views.descent import descent
from cae_lib.views.playgrounds import bottleneck_explorer, convolution_playground
from cae_lib.views.own_image import own_image
from cae_lib.views.water import water_levels
from cae_lib.views.widgets import channel_slider, epoch_slider

test = load_images("test")"""
VIEWS = (
    'epoch_slider(load_run("model1"), test, [0, 1])',
    "bottleneck_explorer(test, [0, 1])",
    'display(descent(), channel_slider(load_run("model1").model, test, [0, 1], "encoder.6"))',
    "own_image(test.images[0])",
    "convolution_playground(test.images[3])",
    f"water_levels({{name: torch.tensor(numbers) for name, numbers in {VARIANCES}.items()}})",
)
MEASURED = {0: "epoch", 2: "learning rate", 5: "output row", 6: "water level"}


@pytest.fixture(scope="module")
def path(browser, tmp_path_factory):
    """The page of a notebook with views of all sorts, two of them from one cell."""
    folder = tmp_path_factory.mktemp("page")
    notebook = make_notebook(folder, "views", SET_UP, *VIEWS)
    # A process of its own: where playwright runs, papermill does not.
    command = [sys.executable, "-m", "cae_lib.cli", "run", "--out", folder / "out", notebook]
    subprocess.run(command, check=True)
    return folder / "out" / "views.html"


@pytest.fixture(params=[1280, 390])
def views(request, path, browser):
    with watched_page(browser) as (page, errors):
        page.set_viewport_size({"width": request.param, "height": 900})
        page.goto(path.as_uri())
        page.wait_for_function(DRAWN)
        yield [Shown(view) for view in page.locator(".cae-view").all()]
        assert errors == []


def test_every_slider_by_keyboard_and_mouse(views):
    assert [shown.move_every_slider() for shown in views] == [
        ["epoch"], ["code channels"], ["learning rate", "step"], ["channel"], [],
        ["stride", "padding", "output row", "output column"], ["water level", "number"]]  # fmt: skip


def test_sliders_are_right_before_the_frames_are_decoded(path, browser):
    with watched_page(browser) as (page, errors):
        page.add_init_script("HTMLImageElement.prototype.decode = () => new Promise(() => {})")
        page.goto(path.as_uri())
        epochs = Shown(page.locator(".cae-view").first)
        assert epochs.label("epoch") == "30" and epochs.place("epoch") == (29, 29)
        epochs.press("epoch", "Home")
        assert epochs.label("epoch") == "1"
        assert errors == []


def test_what_a_kernel_must_draw_cannot_be_chosen_and_says_why(views):
    epochs, explorer, _, channels, own, *_ = views
    assert epochs.control("images").is_disabled() and explorer.control("scale").is_disabled()
    epochs.root.get_by_text("To choose images, run this cell in Jupyter.").wait_for()
    channels.root.get_by_text("To choose image or layer, run this cell in Jupyter.").wait_for()
    assert own.canvas.is_hidden() and own.root.locator("img").is_visible()


def test_list_by_keyboard(views):
    shown = views[1]
    before = shown.wait_for("code channels", "8")
    shown.control("image").focus()
    shown.page.keyboard.press("ArrowDown")
    chosen = shown.control("image").locator("option").nth(1).inner_text()
    assert shown.wait_for("image", chosen)[1] != before[1]
    shown.press("code channels", "Home")
    shown.wait_for("image", chosen)
    shown.wait_for("code channels", "2")


def test_play(views):
    shown = views[0]
    first = shown.wait_for("epoch", "30")
    shown.root.get_by_role("button", name="play: epoch").click()
    shown.root.get_by_role("img", name=re.compile(r"epoch: ([3-9]|1\d)\b", re.IGNORECASE)).wait_for()  # each: 0.5 s
    assert shown.picture()[1] != first[1]
    shown.root.get_by_role("button", name="pause: epoch").click()
    held = shown.label("epoch")
    shown.page.wait_for_timeout(1200)
    assert shown.label("epoch") == held and 3 <= int(held) < 30


def test_everything_fits(views):
    page = views[0].page
    for shown in views:
        box = shown.root.bounding_box()
        for each in shown.root.locator("input, select, canvas, button").all():
            if each.is_visible():
                inner = each.bounding_box()
                assert inner["x"] + inner["width"] <= box["x"] + box["width"] + 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_from_key_to_picture(views):
    for k, name in MEASURED.items():
        took = views[k].latency(name)
        print(f"page, {name}: {took:.1f} ms from key to picture (median of 20)")


def test_a_convolution_is_worked_out(views):
    """Every number of the sentence, and of the tables below it, is that of PyTorch."""
    shown, grey = views[5], load_images("test").images[3].float().mean(0).round()
    rng = np.random.default_rng(0)
    for stride, padding in ((1, 1), (2, 0), (3, 2)):
        weights = rng.integers(-3, 4, 9).tolist()
        for k, weight in enumerate(weights):
            shown.control(f"kernel, row {k // 3}, column {k % 3}").fill(str(weight))
        for name, key, steps in (("stride", "Home", stride - 1), ("padding", "Home", padding)):
            for press in [key] + ["ArrowRight"] * steps:
                shown.press(name, press)
        shown.press("output row", "End")
        shown.press("output column", "ArrowLeft")
        row, column = int(shown.label("output row")), int(shown.label("output column"))
        output = F.conv2d(
            grey[None, None], torch.tensor(weights).view(1, 1, 3, 3).float(), stride=stride, padding=padding
        )
        assert row == output.shape[2] - 1
        name, sum_of, total = shown.root.get_by_text("output[").inner_text().split(" = ")
        terms = re.sub(r"\(−(\S+?)\)", r"(-\1)", sum_of).replace("·", "*")
        assert name == f"output[{row}, {column}]" and sum_of.count("·") == 9
        expected = output[0, 0, row, column].item()
        assert eval(terms) == pytest.approx(expected) == pytest.approx(float(total.replace("−", "-")))
        cells = [float(text.replace("−", "-")) for text in shown.root.locator("td").all_inner_texts()]
        assert cells[9:18] == weights and sum(cells[18:]) == pytest.approx(expected)
        assert cells[18:] == [x * w for x, w in zip(cells, weights, strict=False)]
        assert f"1 = {output.shape[2]} pixels wide" in shown.root.get_by_text("Left: the image").inner_text()
        shown.wait_for("kernel", "your own")


def test_a_value_that_is_pointed_at_is_worked_out(views):
    shown = views[5]
    shown.control("kernel").select_option(label="outline")
    assert [shown.control(f"kernel, row {r}, column 1").input_value() for r in range(3)] == ["-1", "4", "-1"]
    shown.canvas.scroll_into_view_if_needed()
    box, wide = shown.canvas.bounding_box(), int(shown.canvas.get_attribute("width"))
    place = box["width"] / wide * 8
    right = box["x"] + box["width"] - 36 * place  # where the map of the output begins
    shown.page.mouse.move(right + 20.5 * place, box["y"] + 10.5 * place)
    shown.wait_for("output column", "20")
    assert shown.label("output row") == "10"
    shown.control("kernel, row 1, column 1").fill("5")
    shown.control("kernel, row 1, column 1").press("Tab")
    shown.wait_for("kernel", "sharpen")


def test_a_step_of_descent_is_worked_out(views):
    """Both sums of the sentence, and the losses, are those of Python."""
    shown = views[2]
    for key in ("Home", *["ArrowRight"] * 7):
        shown.press("learning rate", key)
    rate = float(shown.label("learning rate"))
    shown.press("step", "Home")
    assert shown.root.get_by_text("Start: x = −4, y = 1; loss 13.").is_visible()
    for step in (1, 2, 3):
        shown.press("step", "ArrowRight")
        said = shown.root.get_by_text(f"Step {step}:").inner_text().replace("−", "-")
        for term, place in zip(("x", "y"), descent.path(rate)[step], strict=True):
            work = re.search(rf"{term} = (\S+ - \S+ · \S+) = (\S+?)[,;]", said)
            found = eval(work[1].replace("·", "*"))
            assert found == pytest.approx(place, rel=2e-3) == pytest.approx(float(work[2]), rel=1e-3)
        losses = [float(text) for text in re.findall(r"loss (?:is )?(\d\S*?)[. ]*(?: After|$)", said)]
        assert losses == pytest.approx(descent.loss(descent.path(rate))[[step, -1]], rel=5e-3)


def test_the_water_level_is_worked_out(views):
    shown = views[6]
    for name, numbers in VARIANCES.items():
        shown.control("numbers").select_option(label=name)
        for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "End"):
            shown.press("water level", key)
            level = float(shown.label("water level"))
            errors = np.minimum(numbers, level)
            bits = 0.5 * np.log2(numbers / errors)
            shown.press("number", "Home")
            for k in range(len(numbers)):
                text = shown.wait_for("number", str(k))[0]
                assert ("not sent" in text) == (numbers[k] <= level)
                cost = float(re.search(r"R = (?:½ log₂\(\S+ / \S+\) = )?([\d.]+)", text)[1].rstrip("."))
                assert cost == pytest.approx(bits[k], abs=6e-3)
                assert float(re.search(r"D = ([\d.]+)\.", text)[1]) == pytest.approx(errors[k], rel=5e-3)
                shown.press("number", "ArrowRight")
            rate, quality = re.search(r"sent: (\S+) bits per number, (\S+) dB", text).groups()
            assert float(rate) == pytest.approx(bits.mean(), abs=6e-3)
            assert float(quality) == pytest.approx(10 * np.log10(255**2 / errors.mean()), abs=0.06)


def test_a_number_that_is_pointed_at_is_chosen(views):
    shown = views[6]
    shown.control("numbers").select_option(label="three")
    shown.canvas.scroll_into_view_if_needed()
    box, wide = shown.canvas.bounding_box(), int(shown.canvas.get_attribute("width"))
    scale = box["width"] / wide
    shown.page.mouse.move(box["x"] + (66 + 384 * 0.5) * scale, box["y"] + 100 * scale)
    shown.wait_for("number", "1")


def test_page_is_small(path):
    assert path.stat().st_size < 6_000_000
    assert "Box(children" not in path.read_text(encoding="utf-8")
