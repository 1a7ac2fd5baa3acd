"""What all views have in common: pictures that follow controls, errors that are seen, and what stands in for them."""

import json
from base64 import b64decode
from io import BytesIO

import ipywidgets
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
import traitlets
from nbconvert import HTMLExporter, MarkdownExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from cae_lib import plots
from cae_lib.views import view
from cae_lib.views.view import View, chooser, counter, picture_slider, slider


def square(level: float):
    """A figure of one grey level from 0 to 1."""
    figure, axes = plots.new_figure(1, 1, 1, 1)
    plots.show_image(axes[0, 0], torch.full((3, 4, 4), float(level)))
    return figure


def middle(png: bytes) -> int:
    """The grey level in the middle of a picture, from 0 to 255."""
    image = Image.open(BytesIO(png)).convert("L")
    return image.getpixel((image.width // 2, image.height // 2))


@pytest.fixture
def calls():
    return []


@pytest.fixture
def two(calls):
    """A view with a slider and a list; level 0.6 with "bad" cannot be drawn."""

    def draw(level, kind):
        calls.append((level, kind))
        if (level, kind) == (0.6, "bad"):
            raise ValueError("no <such> picture: choose another")
        return square(level)

    controls = {"level": slider("level", [("none", 0.0), ("half", 0.6), ("full", 1.0)]),
                "kind": chooser("kind", ["good", "bad", "</script>"])}  # fmt: skip
    return View(draw, controls, square(0.2), "a square", embed=("level", "kind"))


def test_the_picture_follows_the_controls_and_is_drawn_once(two, calls):
    for level, label in ((1.0, "full"), (0.6, "half"), (0.0, "none"), (1.0, "full"), (0.6, "half")):
        two.controls["level"].value = level
        assert middle(two.png) == int(255 * level)
        shown = two.picture.value
        assert b64decode(shown.split("base64,")[1].split('"')[0]) == two.png
        assert f'alt="a square: level {label}, kind good"' in shown and 'width="100" height="100"' in shown
    assert calls == [(0.0, "good"), (1.0, "good"), (0.6, "good")]
    with pytest.raises(traitlets.TraitError):
        two.controls["level"].value = 7


def test_what_goes_wrong_is_said_and_the_last_picture_stays(two):
    two.controls["kind"].value = "bad"
    before = two.png
    two.controls["level"].value = 0.6
    assert 'role="alert"' in two.message.value and "no &lt;such&gt; picture: choose another" in two.message.value
    assert two.png == before
    two.controls["level"].value = 1.0
    assert two.message.value == "" and middle(two.png) == 255


def test_a_view_that_cannot_begin_raises(two):
    two.controls["kind"].value = "bad"
    two.controls["level"].value = 0.6
    with pytest.raises(ValueError, match="no <such> picture"):
        View(two.draw, two.controls, square(0), "a square")


def test_several_controls_are_set_with_one_drawing(two, calls):
    two.set(level=1.0, kind="</script>")
    assert calls == [(0.0, "good"), (1.0, "</script>")] and middle(two.png) == 255


def test_prepared_pictures_are_not_drawn_again(two, calls):
    two.prepare("level")
    assert calls == [(0.0, "good"), (0.6, "good"), (1.0, "good")]
    for value in (1.0, 0.6, 0.0):
        two.controls["level"].value = value
    assert len(calls) == 3


def test_the_memory_of_pictures_is_bounded(monkeypatch):
    monkeypatch.setattr(view, "KEPT", 3)
    shown = View(lambda n: square(n / 9), {"n": counter("n", 9)}, square(0), "squares")
    for n in range(10):
        shown.controls["n"].value = n
    assert shown.frame.cache_info().currsize == 3
    assert plt.get_fignums() == []


def test_choices():
    assert view.choices(slider("b", [("one", 1), ("two", 2)])) == [("one", 1), ("two", 2)]
    assert view.choices(chooser("b", ["x", 3], 3)) == [("x", "x"), ("3", 3)]
    assert view.choices(counter("b", 3, 2, 1)) == [("1", 1), ("2", 2), ("3", 3)]
    assert view.choices(ipywidgets.FloatText()) == []


def test_the_static_picture_and_its_text_go_beside_the_widget(two, monkeypatch):
    monkeypatch.delenv(view.EMBED, raising=False)
    data, metadata = two._repr_mimebundle_()
    assert middle(b64decode(data["image/png"])) == 51 and metadata["image/png"]["alt"] == "a square"
    assert set(data) == {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"}
    assert "a square" in data["text/plain"] and "VBox" not in data["text/plain"]


def frames_of(page: str) -> dict:
    return json.loads(page.split("{frames, labels} = ")[1].split(";\n")[0])


def test_a_page_holds_every_frame_without_loss(two, monkeypatch):
    two.controls["kind"].options = ["good", "</script>"]
    two.set(level=0.6, kind="</script>")
    monkeypatch.setenv(view.EMBED, "1")
    page = two._repr_mimebundle_()[0]["text/html"]
    stored = frames_of(page)
    assert stored["labels"] == ["none", "half", "full"]
    texts = [f"a square: level {level}, kind {kind}" for kind in ("good", "</script>") for level in stored["labels"]]
    assert [alt for _, alt in stored["frames"]] == texts
    for (address, _), values in zip(stored["frames"], two.states(("level", "kind")), strict=True):
        picture = Image.open(BytesIO(b64decode(address.removeprefix("data:image/webp;base64,"))))
        np.testing.assert_array_equal(picture, Image.open(BytesIO(two.frame(*values))).convert("RGB"))
    assert '<input type="range" min="0" max="2" value="1">' in page
    assert "<option>good</option><option selected>&lt;/script&gt;</option>" in page
    assert page.count("</script>") == 1


def test_a_page_with_one_control_has_no_list(monkeypatch):
    monkeypatch.setenv(view.EMBED, "1")
    one = picture_slider(square, [0.0, 1.0], "level", square(0), "squares", 1.0)
    page = one._repr_mimebundle_()[0]["text/html"]
    assert "<option" not in page and 'max="1" value="1"' in page and len(frames_of(page)["frames"]) == 2


def test_a_view_that_cannot_be_embedded_gives_its_static_picture(monkeypatch):
    monkeypatch.setenv(view.EMBED, "1")
    page = View(square, {"x": ipywidgets.FloatText()}, square(0.2), "a square")._repr_mimebundle_()[0]["text/html"]
    assert page.startswith("<img ") and 'alt="a square"' in page
    assert middle(b64decode(page.split("base64,")[1].split('"')[0])) == 51


@pytest.mark.parametrize("embedded", [False, True])
def test_pages_show_a_real_picture(two, monkeypatch, embedded):
    """nbconvert to HTML shows the frames if there are any, else the static picture, as Markdown always does."""
    two.controls["kind"].options = ["good"]
    if embedded:
        monkeypatch.setenv(view.EMBED, "1")
    data, metadata = two._repr_mimebundle_()
    output = new_output("display_data", data=data, metadata=metadata)
    notebook = new_notebook(cells=[new_code_cell("two", outputs=[output])])
    nbformat.validate(notebook)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert "VBox" not in page
    if embedded:
        assert 'type="range"' in page and len(frames_of(page)["frames"]) == 3
    else:
        assert data["image/png"].strip() in page.replace("\n", "")
        text, resources = MarkdownExporter().from_notebook_node(notebook)
        ((name, content),) = resources["outputs"].items()
        assert name in text and middle(content) == 51
