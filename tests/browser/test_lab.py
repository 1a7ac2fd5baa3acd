"""The views of four notebooks in JupyterLab, moved by mouse and keyboard; then saved, and opened by a stranger."""

import shutil
from base64 import b64decode
from io import BytesIO

import nbformat
import numpy as np
import pytest
from helpers.browser import running_lab, watched_page
from helpers.notebooks import make_notebook, read
from helpers.shown import DRAWN, Shown
from PIL import Image

from cae_lib.checkpoints import load_run
from cae_lib.data.images import load_images
from cae_lib.headless import runner
from cae_lib.results import measurements
from cae_lib.views import view, widgets

pytestmark = pytest.mark.slow

PROMPTS = "[...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')].map(prompt => prompt.textContent)"
# While cells wait for their turn a star is in their prompts; after an error they no longer wait. A view hears of its
# kernel some 20 to 200 milliseconds after its cell has ended: until then what only the kernel can draw is disabled.
DONE = f"""before => {{
    const prompts = {PROMPTS}, views = [...document.querySelectorAll('.cae-view')];
    const ended = /\\d/.test(prompts[0]) && prompts[0] !== before && !prompts.join().includes('*');
    return ended && {DRAWN} && views.every(view => !view.shadowRoot.querySelector(':disabled'));
}}"""


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


def run_all(page) -> None:
    """Run a notebook by its menu, until all its cells have ended and the kernel answers all its views."""
    before = page.evaluate(f"{PROMPTS}[0]")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(DONE, arg=before)


@pytest.fixture(scope="class")
def run(request, lab, browser):
    """The page of the notebook, run from top to bottom by its menu, the errors in its console, and the saved file."""
    with watched_page(browser) as (page, errors):
        lab.open(page, request.cls.name)
        run_all(page)
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
            for name in shown.move_every_slider():
                took = shown.latency(name)
                print(f"{self.name}, {name}: {took:.1f} ms from key to picture (median of 20)")

    def test_every_list(self, views):
        for shown in views:
            for name in shown.names("select"):
                choose, before = shown.control(name), shown.picture()
                options = choose.locator("option").all_inner_texts()
                if len(options) == 1:
                    continue
                at_end = choose.evaluate("list => list.selectedIndex") == len(options) - 1
                wanted = options[0 if at_end else -1]
                if name == "kernel" and wanted == "your own":  # changes nothing by itself
                    wanted = options[-2]
                choose.select_option(label=wanted)
                assert shown.wait_for(name, wanted)[1] != before[1]

    @pytest.mark.parametrize("width", [1280, 390])
    def test_saved_and_opened_again_without_its_kernel(self, run, lab, browser, width):
        """The sliders of a trusted notebook move over the frames that it holds."""
        again = f"again_{self.name}"
        shutil.copy(lab.folder / f"{self.name}.ipynb", lab.folder / f"{again}.ipynb")
        with watched_page(browser) as (other, errors):
            other.set_viewport_size({"width": width, "height": 1000})
            lab.open(other, again)
            other.keyboard.press("ControlOrMeta+b")  # the list of files would take what room there is
            other.locator(".cae-view").nth(self.count - 1).wait_for()
            other.wait_for_function(DRAWN)
            assert other.locator(".cae-view").count() == self.count
            moved = []
            for root in other.locator(".cae-view").all():
                root.scroll_into_view_if_needed()
                moved += Shown(root).move_every_slider()
                assert root.locator("canvas, img").locator("visible=true").count() == 1
            assert moved == self.frames
            assert errors == []
        lab.stop_kernels(again)

    def test_saved_and_opened_by_a_stranger(self, run, strange_lab, browser):
        """Whoever gets the saved notebook and does not trust it sees the static picture of every view."""
        *_, saved = run
        assert "widgets" not in saved.metadata
        outputs = [output.data for cell in saved.cells for output in cell.get("outputs", []) if "data" in output]
        assert sum('class="cae-view"' in data.get("text/html", "") for data in outputs) == self.count
        with watched_page(browser) as (other, errors):
            strange_lab.open(other, self.name)
            other.locator(".cae-view img, img[src^='data:image/webp']").nth(self.count - 1).wait_for()
            assert other.locator(".cae-view canvas").count() == 0
            pictures = other.locator(".cae-view img").all() or other.locator('img[src^="data:image/webp"]').all()
            assert len(pictures) == self.count
            for picture in pictures:
                picture.scroll_into_view_if_needed()
                picture.wait_for()
                assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
            assert errors == []
            strange_lab.stop_kernels()


class TestStart(Notebook):
    name, count, frames = "00_start_here", 2, ["kept"]

    def test_a_picture_of_the_reader(self, page, views, tmp_path):
        own = views[1]
        field = own.control("upload a picture")
        (tmp_path / "notes.png").write_text("no picture")
        field.set_input_files(tmp_path / "notes.png")
        own.root.get_by_role("alert").filter(has_text="notes.png").wait_for()
        Image.new("RGB", (48, 40), "teal").save(tmp_path / "teal.png")
        field.set_input_files(tmp_path / "teal.png")
        before = own.wait_for("picture", "teal.png")
        own.control("picture").select_option(label="from the data set")
        assert own.wait_for("picture", "from the data set")[1] != before[1]


class TestCNNs(Notebook):
    name, count, frames = "01_cnns", 3, ["window", "stride", "padding", "output row", "output column", "channel"]

    def test_a_kernel_of_the_reader(self, views):
        playground = views[1]
        playground.control("kernel").select_option(label="outline")
        before = playground.wait_for("kernel", "outline")
        numbers = playground.root.locator("input[type=number]")
        assert [number.input_value() for number in numbers.all()] == ["0", "-1", "0", "-1", "4", "-1", "0", "-1", "0"]
        numbers.nth(4).fill("5")
        numbers.nth(4).press("Tab")
        # By now the numbers are those of another kernel of the list.
        assert playground.wait_for("kernel", "sharpen")[1] != before[1]
        playground.control("kernel").locator("option:checked", has_text="sharpen").wait_for(state="attached")

    def test_the_arrows_stay_in_a_list(self, views):
        """JupyterLab would take them to move to another cell."""
        playground = views[1]
        playground.control("kernel").select_option(label="outline")
        for key, kernel in (("ArrowDown", "sharpen"), ("ArrowDown", "blur"), ("ArrowUp", "sharpen")):
            playground.press("kernel", key)
            playground.wait_for("kernel", kernel)


class TestEpochs(Notebook):
    name, count, frames = "04_epochs_and_loss", 1, ["learning rate", "step"]


class TestModel1(Notebook):
    name, count, frames = "03_model1_training", 2, ["added to the bias", "epoch"]

    def test_pictures_are_those_that_the_library_draws(self, views, monkeypatch):
        monkeypatch.setattr(view.View, "prepare", lambda self, name: self)
        test, (_, shown) = load_images("test"), views
        facts = measurements.stored("data_facts")
        floors = facts["train"]["relu_floor"], facts["test"]["relu_floor"]
        expected = widgets.epoch_slider(load_run("model1"), test, test.one_per_class()[:2], floors=floors)
        shown.control("images").select_option(label="the first ones")
        shown.wait_for("images", "the first ones")
        for key, epoch in (("Home", 1), ("ArrowRight", 2), ("End", 30)):
            shown.press("epoch", key)
            text, source = shown.wait_for("epoch", str(epoch))
            expected.set(epoch=epoch)
            assert text == expected.frame(*expected.values()).text
            assert same_picture(b64decode(source.partition(",")[2]), expected.png)


VIEW = """\
from cae_lib.checkpoints import load_run
from cae_lib.data.images import load_images
from cae_lib.views.widgets import epoch_slider
epoch_slider(load_run("model1_code8"), load_images("test"), [0, 1])"""


FOLLOWING = """\
from cae_lib.checkpoints import load_run
from cae_lib.data.images import load_images
from cae_lib.views.playgrounds import bottleneck_explorer
from cae_lib.views.widgets import channel_slider
test = load_images("test")
display(channel_slider(load_run("model1").model, test, [0, 1], "encoder.6"), bottleneck_explorer(test, [0, 1]))"""


def test_controls_that_follow_another_one(lab, browser):
    """Also where that one moves over stored frames, and when one comes back to them."""
    make_notebook(lab.folder, "following", FOLLOWING)
    with watched_page(browser) as (page, errors):
        lab.open(page, "following")
        run_all(page)
        page.locator(".cae-view").nth(1).wait_for()
        layers, explorer = (Shown(page.locator(".cae-view").nth(k)) for k in range(2))
        offered = layers.control("layer").locator("option").all_inner_texts()
        first, other = offered[0], next(layer for layer in offered if layer.startswith("encoder.6"))
        for layer, channels in ((first, 32), (other, 2), (first, 32)):
            layers.control("layer").select_option(label=layer)
            layers.wait_for("layer", layer)
            layers.press("channel", "End")
            layers.wait_for("channel", str(channels - 1))
            assert layers.place("channel") == (channels - 1, channels - 1)
        for key, channels in (("End", 64), ("Home", 2), ("ArrowRight", 8)):
            explorer.press("code channels", key)
            explorer.wait_for("code channels", str(channels))
            explorer.press("channel", "End")
            explorer.wait_for("channel", str(channels - 1))
        assert errors == []
        lab.stop_kernels("following")


def test_a_kernel_that_is_started_again_and_cells_that_are_run_twice(lab, browser):
    make_notebook(lab.folder, "again", VIEW)
    with watched_page(browser) as (page, errors):
        lab.open(page, "again")
        shown = Shown(page.locator(".cae-view"))
        for times in range(2):
            for _ in range(2):
                run_all(page)
                assert shown.names("select") == ["images"]
                kind = shown.control("images").locator("option").nth(1 + times).inner_text()
                shown.control("images").select_option(label=kind)
                shown.wait_for("images", kind)
            page.get_by_role("menuitem", name="Kernel", exact=True).click()
            page.locator("[data-command='kernelmenu:restart']").click()
            page.locator(".jp-Dialog .jp-mod-warn, .jp-Dialog .jp-mod-accept").last.click()
            shown.root.get_by_text("To choose images, run this cell in Jupyter.").wait_for()
            shown.wait_for("images", "the first ones")
            assert shown.move_every_slider() == ["epoch"] and shown.names("select") == []
            page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        assert errors == []


def same_picture(one: bytes, other: bytes) -> bool:
    """Whether two PNGs differ by less than an eye sees: two processes may round the last digit in two ways."""
    first, second = (np.asarray(Image.open(BytesIO(png)).convert("RGB"), dtype=int) for png in (one, other))
    return first.shape == second.shape and abs(first - second).max() <= 2
