"""The views of four notebooks in JupyterLab, moved by mouse and keyboard; then saved, and opened by a stranger."""

import re
from base64 import b64decode
from io import BytesIO

import nbformat
import numpy as np
import pytest
from helpers.browser import running_lab, watched_page
from helpers.notebooks import read
from PIL import Image

from cae_lib.checkpoints import load_run
from cae_lib.data.images import load_images
from cae_lib.headless import runner
from cae_lib.results import measurements
from cae_lib.views import view, widgets

pytestmark = pytest.mark.slow

# While cells wait for their turn a star is in their prompts; after an error they no longer wait.
DONE = """() => (prompts => /\\d/.test(prompts[0]) && !prompts.join().includes('*'))(
    [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')].map(prompt => prompt.textContent))"""

# The number beside a slider of epochs is the one in the picture's text.
LABEL_FITS = """view => view.querySelector('img').alt.includes(
    ` epoch ${view.querySelector('.widget-readout').textContent},`)"""


class Shown:
    """A view in the page: what a reader sees of it, and can take hold of."""

    def __init__(self, root):
        self.root, self.page, self.image = root, root.page, root.locator("img")

    def picture(self) -> tuple[str, str]:
        """The text of the picture, which names the state of every control, and its bytes."""
        return self.image.get_attribute("alt"), self.image.get_attribute("src")

    def names(self, kind: str) -> list[str]:
        """The names of the sliders (kind "hslider") or lists ("dropdown")."""
        return self.root.locator(f".widget-{kind} > .widget-label").all_inner_texts()

    def control(self, kind: str, name: str):
        label = self.page.locator(".widget-label").get_by_text(name, exact=True)
        return self.root.locator(f".widget-{kind}").filter(has=label)

    def handle(self, name: str):
        return self.control("hslider", name).locator(".noUi-handle")

    def choose(self, name: str):
        """A list of choices."""
        return self.control("dropdown", name).locator("select")

    def label(self, name: str) -> str:
        """What is written beside a slider."""
        return self.control("hslider", name).locator(".widget-readout").inner_text()

    def place(self, name: str) -> tuple[float, float, float]:
        """Where a slider is, and the ends of its way."""
        attributes = (self.handle(name).get_attribute(f"aria-value{which}") for which in ("now", "min", "max"))
        return tuple(map(float, attributes))

    def press(self, name: str, key: str) -> None:
        self.handle(name).focus()
        self.page.keyboard.press(key)

    def drag(self, name: str, end: str) -> None:
        """Take a slider by its handle and pull it to an end of its way, "left" or "right"."""
        track = self.control("hslider", name).locator(".noUi-base")
        track.scroll_into_view_if_needed()
        start, way = self.handle(name).bounding_box(), track.bounding_box()
        self.page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
        self.page.mouse.down()
        self.page.mouse.move(way["x"] + (way["width"] if end == "right" else 0), way["y"], steps=4)
        self.page.mouse.up()

    def wait_for(self, name: str, value: str) -> tuple[str, str]:
        """The picture once its text says that a control has a value."""
        state = re.compile(rf"[:,] {re.escape(name)} {re.escape(value)}(, |$)")
        self.image.and_(self.page.get_by_alt_text(state)).wait_for()
        assert self.root.locator("[role=alert]").count() == 0
        return self.picture()


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """JupyterLab with the kit's notebooks as nobody has run them yet; not started where there is no browser."""
    folder = tmp_path_factory.mktemp("notebooks")
    for path in runner.find_notebooks():
        notebook = read(path)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, folder / path.name)
    with running_lab(folder, tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def strange_lab(lab, tmp_path_factory):
    """Another JupyterLab on the same notebooks, which trusts none of them."""
    with running_lab(lab.folder, tmp_path_factory.mktemp("strange")) as running:
        yield running


@pytest.fixture(scope="class")
def run(request, lab, browser):
    """The page of the notebook, run from top to bottom by its menu, the errors in its console, and the saved file."""
    with watched_page(browser) as (page, errors):
        lab.open(page, request.cls.name)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_function(DONE)
        with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
            page.keyboard.press("ControlOrMeta+s")
        yield page, errors, read(lab.folder / f"{request.cls.name}.ipynb")
        lab.stop_kernels()


class Notebook:
    """What holds for every notebook: its class gives its name and the number of its views."""

    @pytest.fixture(autouse=True)
    def page(self, run):
        page, errors, _ = run
        yield page
        assert errors == []

    @pytest.fixture
    def views(self, page) -> list[Shown]:
        return [Shown(root) for root in page.locator(".cae-view").all()]

    def test_runs_without_an_error(self, run, views):
        *_, saved = run
        code = [cell for cell in saved.cells if cell.cell_type == "code"]
        assert [output.evalue for cell in code for output in cell.outputs if output.output_type == "error"] == []
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
        assert len(views) == self.count

    def test_every_slider_by_keyboard_and_mouse(self, views):
        for shown in views:
            for name in shown.names("hslider"):
                first, before = shown.label(name), shown.wait_for(name, shown.label(name))
                now, low, high = shown.place(name)
                there, back = ("ArrowRight", "ArrowLeft") if now < high else ("ArrowLeft", "ArrowRight")
                shown.press(name, there)
                assert shown.label(name) != first
                after = shown.wait_for(name, shown.label(name))
                assert after[1] != before[1]
                shown.press(name, back)
                assert shown.label(name) == first
                assert shown.wait_for(name, first) == before

                end = "left" if now - low > high - now else "right"
                shown.drag(name, end)
                assert shown.place(name)[0] == (low if end == "left" else high)
                assert shown.wait_for(name, shown.label(name))[1] != before[1]

    def test_every_list_by_keyboard(self, views):
        for shown in views:
            for name in shown.names("dropdown"):
                choose, before = shown.choose(name), shown.picture()
                options = [plain(option) for option in choose.locator("option").all_inner_texts()]
                if name == "kernel" or len(options) == 1:  # a kernel fills in nine numbers: see below
                    continue
                at_end = choose.evaluate("list => list.selectedIndex") == len(options) - 1
                choose.press("Home" if at_end else "End")
                assert shown.wait_for(name, options[0 if at_end else -1])[1] != before[1]

    def test_saved_and_opened_by_a_stranger(self, run, strange_lab, browser):
        """Whoever gets the saved notebook and has not run it sees the static picture of every view."""
        *_, saved = run
        assert "widgets" not in saved.metadata
        outputs = [output.data for cell in saved.cells for output in cell.get("outputs", []) if "data" in output]
        pictures = [data["image/png"].strip() for data in outputs if runner.WIDGET_VIEW in data]
        assert len(pictures) == self.count
        with watched_page(browser) as (other, errors):
            strange_lab.open(other, self.name)
            assert other.locator(".cae-view").count() == 0
            for content in pictures:
                picture = other.locator(f'img[src$="{content[-100:]}"]')
                picture.scroll_into_view_if_needed()
                assert picture.is_visible() and picture.evaluate("image => image.naturalWidth") > 300
            assert other.get_by_text("Box(children").count() == 0
            assert errors == []
            strange_lab.stop_kernels()


class TestStart(Notebook):
    name, count = "00_start_here", 2

    def test_a_picture_of_the_reader(self, page, views, tmp_path):
        def upload(file):
            with page.expect_file_chooser() as opened:
                own.root.get_by_text("upload a picture").click()
            opened.value.set_files(file)

        own = views[1]
        (tmp_path / "notes.png").write_text("no picture")
        upload(tmp_path / "notes.png")
        own.root.get_by_role("alert").filter(has_text="notes.png").wait_for()
        Image.new("RGB", (48, 40), "teal").save(tmp_path / "teal.png")
        upload(tmp_path / "teal.png")
        before = own.wait_for("picture", "teal.png")
        own.choose("picture").press("Home")
        assert own.wait_for("picture", "from the data set")[1] != before[1]


class TestCNNs(Notebook):
    name, count = "01_cnns", 3

    def test_a_kernel_of_the_reader(self, views):
        playground = views[1]
        playground.choose("kernel").select_option(label="outline")
        before = playground.wait_for("k11", "4.0")
        numbers = playground.root.locator("input[type=number]")
        assert [number.input_value() for number in numbers.all()] == ["0", "-1", "0", "-1", "4", "-1", "0", "-1", "0"]
        numbers.nth(4).fill("5")
        numbers.nth(4).press("Tab")
        assert playground.wait_for("k11", "5.0")[1] != before[1]
        # By now the numbers are those of another kernel of the list.
        playground.choose("kernel").locator("option:checked", has_text="sharpen").wait_for(state="attached")


class TestEpochs(Notebook):
    name, count = "04_epochs_and_loss", 1


class TestModel1(Notebook):
    name, count = "03_model1_training", 2

    def test_pictures_are_those_that_the_library_draws(self, views, monkeypatch):
        monkeypatch.setattr(view.View, "prepare", lambda self, name: self)
        test, (_, shown) = load_images("test"), views
        facts = measurements.stored("data_facts")
        floors = facts["train"]["relu_floor"], facts["test"]["relu_floor"]
        expected = widgets.epoch_slider(load_run("model1"), test, test.one_per_class()[:2], floors=floors)
        shown.choose("images").press("Home")
        shown.wait_for("images", "the first ones")
        for key, epoch in (("Home", 1), ("ArrowRight", 2), ("End", 30)):
            shown.press("epoch", key)
            text, source = shown.wait_for("epoch", str(epoch))
            expected.set(epoch=epoch)
            assert text == expected.describe()
            assert same_picture(b64decode(source.partition(",")[2]), expected.png)

    def test_play(self, page, views):
        _, shown = views
        shown.press("epoch", "Home")
        first = shown.wait_for("epoch", "1")
        play = shown.root.locator(".widget-play button").first
        play.click()
        shown.image.and_(page.get_by_alt_text(re.compile(r" epoch ([3-9]|\d\d),"))).wait_for()
        play.click()  # now it pauses
        page.wait_for_function(LABEL_FITS, arg=shown.root.element_handle())
        assert 3 <= int(shown.label("epoch")) < 30
        assert shown.picture()[1] != first[1]


def same_picture(one: bytes, other: bytes) -> bool:
    """Whether two PNGs differ by less than an eye sees: two processes may round the last digit in two ways."""
    first, second = (np.asarray(Image.open(BytesIO(png)).convert("RGB"), dtype=int) for png in (one, other))
    return first.shape == second.shape and abs(first - second).max() <= 2


def plain(text: str) -> str:
    """A text with ordinary spaces: the lists of ipywidgets have others."""
    return text.replace("\N{NO-BREAK SPACE}", " ")
