"""A page made by `cae run`, opened from the disk: no kernel, no server, no network; its views move all the same."""

import subprocess
import sys
from base64 import b64decode
from io import BytesIO

import pytest
from helpers.browser import watched_page
from helpers.notebooks import make_notebook
from PIL import Image

pytestmark = pytest.mark.slow
SET_UP = """\
from cae_lib.checkpoints import load_run
from cae_lib.data.images import load_images
from cae_lib.views.playgrounds import bottleneck_explorer
from cae_lib.views.widgets import epoch_slider

test = load_images("test")"""
VIEWS = ('epoch_slider(load_run("model1_code8"), test, [0, 1])', "bottleneck_explorer(test, [0, 1])")


class Shown:
    """A view in the page."""

    def __init__(self, page, view):
        self.page, self.slider, self.list = page, view.locator("input[type=range]"), view.locator("select")
        self.label, self.image = view.locator("output"), view.locator("img")

    def state(self) -> tuple[str, str, str]:
        """The label beside the slider, the text of the picture, and the picture itself."""
        assert self.slider.get_attribute("aria-valuetext") == self.label.inner_text()
        return self.label.inner_text(), self.image.get_attribute("alt"), self.image.get_attribute("src")


@pytest.fixture(scope="module")
def path(browser, tmp_path_factory):
    """The page of a notebook with a view that has a slider, and one that has a list, too."""
    folder = tmp_path_factory.mktemp("page")
    notebook = make_notebook(folder, "views", SET_UP, *VIEWS)
    # A process of its own: where playwright runs, papermill does not.
    command = [sys.executable, "-m", "cae_lib.cli", "run", "--out", folder / "out", notebook]
    subprocess.run(command, check=True)
    return folder / "out" / "views.html"


@pytest.fixture
def views(path, browser):
    with watched_page(browser) as (page, errors):
        page.goto(path.as_uri())
        yield [Shown(page, view) for view in page.locator(".cae-view").all()]
        # What the page asks of the network, MathJax above all, is not there.
        assert [error for error in errors if "(https://" not in error] == []


def test_slider_by_keyboard_and_mouse(views):
    shown, other = views[0], views[1].state()
    shown.slider.focus()
    first = shown.state()
    assert first[0] == "6" and ": epoch 6, " in first[1]
    shown.page.keyboard.press("ArrowLeft")
    label, text, picture = shown.state()
    assert label == "5" and ": epoch 5, " in text and picture != first[2]
    shown.page.keyboard.press("ArrowRight")
    assert shown.state() == first

    way = shown.slider.bounding_box()
    shown.page.mouse.move(way["x"] + way["width"] - 8, way["y"] + way["height"] / 2)
    shown.page.mouse.down()
    shown.page.mouse.move(way["x"] - 5, way["y"] + way["height"] / 2, steps=4)
    shown.page.mouse.up()
    label, text, picture = shown.state()
    assert label == "1" and ": epoch 1, " in text
    frame = Image.open(BytesIO(b64decode(picture.partition(",")[2])))
    assert shown.image.evaluate("image => image.decode().then(() => image.naturalWidth)") == frame.width
    assert views[1].state() == other


def test_list_by_keyboard(views):
    shown = views[1]
    first, chosen = shown.state(), shown.list.locator("option:checked").inner_text()
    shown.list.focus()
    shown.page.keyboard.press("ArrowDown")
    label, text, picture = shown.state()
    other = shown.list.locator("option:checked").inner_text()
    assert other != chosen and label == first[0] == "8"
    assert f" image {chosen}," in first[1] and f" image {other}," in text and picture != first[2]
    shown.slider.focus()
    shown.page.keyboard.press("Home")
    label, text, picture = shown.state()
    assert label == "2" and ": code channels 2, " in text and f" image {other}," in text


def test_page_is_small_and_shows_no_text_in_place_of_a_view(path):
    assert path.stat().st_size < 3_000_000
    assert "Box(children" not in path.read_text(encoding="utf-8")
