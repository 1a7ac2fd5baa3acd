"""A page made by `cae run`, opened from the disk: no kernel, no server, no network; its views move all the same."""

import subprocess
import sys

import pytest
from helpers.browser import watched_page
from helpers.notebooks import make_notebook
from helpers.shown import Shown

pytestmark = pytest.mark.slow
SET_UP = """\
from cae_lib.checkpoints import load_run
from cae_lib.data.images import load_images
from cae_lib.views.descent import descent
from cae_lib.views.playgrounds import bottleneck_explorer
from cae_lib.views.own_image import own_image
from cae_lib.views.widgets import channel_slider, epoch_slider

test = load_images("test")"""
VIEWS = (
    'epoch_slider(load_run("model1"), test, [0, 1])',
    "bottleneck_explorer(test, [0, 1])",
    'display(descent(), channel_slider(load_run("model1").model, test, [0, 1], "encoder.6"))',
    "own_image(test.images[0])",
)
FRAMES = (0, 2)  # of the views below, whose sliders are measured


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
        page.set_default_timeout(20_000)
        page.goto(path.as_uri())
        page.locator("canvas").first.wait_for()
        yield [Shown(view) for view in page.locator(".cae-view").all()]
        assert errors == []


def test_every_slider_by_keyboard_and_mouse(views):
    assert [shown.move_every_slider() for shown in views] == [
        ["epoch"], ["code channels"], ["learning rate"], ["channel"], []]  # fmt: skip


def test_what_a_kernel_must_draw_cannot_be_chosen_and_says_why(views):
    epochs, explorer, _, channels, own = views
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
    assert shown.wait_for("epoch", "3")[1] != first[1]
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
    for shown in [views[k] for k in FRAMES]:
        (name,) = shown.names("input[type=range]")
        took = shown.latency(name)
        print(f"page, {name}: {took:.1f} ms from key to picture (median of 20)")
        assert took < 50


def test_page_is_small(path):
    assert path.stat().st_size < 6_000_000
    assert "Box(children" not in path.read_text(encoding="utf-8")
