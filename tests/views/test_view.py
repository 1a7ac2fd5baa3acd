"""What all views have in common: pictures that follow controls, errors that are said, and what a page holds of them."""

import json
from base64 import b64decode
from io import BytesIO

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from cae_lib import plots
from cae_lib.base.errors import UsageError
from cae_lib.views import controls, sheet, view
from cae_lib.views.controls import Control, chooser, counter, slider
from cae_lib.views.view import View, picture_slider

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def square(level: float):
    """A figure of one grey level from 0 to 1."""
    figure, axes = plots.new_figure(1, 1, 1, 1)
    plots.show_image(axes[0, 0], torch.full((3, 4, 4), float(level)))
    return figure


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(picture)).convert("RGB"))


def middle(picture: bytes) -> int:
    """The grey level in the middle of a picture, from 0 to 255."""
    height, width, _ = pixels(picture).shape
    return int(pixels(picture)[height // 2, width // 2, 0])


def content(address: str) -> bytes:
    return b64decode(address.removeprefix("data:image/webp;base64,"))


def facts_of(html: str) -> dict:
    """What the page of a view tells view.js."""
    return json.loads(html.split('<script type="application/json">')[1].split("</script>")[0])


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

    controls = {"level": slider([("none", 0.0), ("half", 0.6), ("full", 1.0)]),
                "kind": chooser(["good", "bad", "</script>"])}  # fmt: skip
    return View(draw, controls, square(0.2), "a square", embed=("level",))


@pytest.fixture
def answers(two, monkeypatch):
    """A function that asks a view as view.js does; it returns the reply and the pictures sent with it."""
    sent = []
    monkeypatch.setattr(two, "send", lambda reply, pictures: sent.append((reply, pictures)))

    def ask(values, *buffers):
        two.answer(two, {"number": 7, "values": values}, list(buffers))
        return sent[-1]

    return ask


def test_a_question_without_values_gets_no_answer(two, monkeypatch):
    """It only hurries the answer to the one before it."""
    sent = []
    monkeypatch.setattr(two, "send", lambda *message: sent.append(message))
    two.answer(two, {}, [])
    assert sent == []


def test_the_picture_follows_the_controls_and_is_drawn_once(two, calls):
    for level in (1.0, 0.6, 0.0, 1.0, 0.6):
        two.set(level=level)
        assert middle(two.png) == int(255 * level)
    assert calls == [(0.0, "good"), (1.0, "good"), (0.6, "good")]
    with pytest.raises(UsageError, match="7 cannot be chosen here; choose one of none, half, full"):
        two.set(level=7)


def test_several_controls_are_set_with_one_drawing(two, calls):
    two.set(level=1.0, kind="</script>")
    assert calls == [(0.0, "good"), (1.0, "</script>")] and middle(two.png) == 255


def test_prepared_pictures_are_not_drawn_again(two, calls):
    two.prepare("level")
    assert calls == [(0.0, "good"), (0.6, "good"), (1.0, "good")]
    for value in (1.0, 0.6, 0.0):
        two.set(level=value)
    two.facts()
    assert len(calls) == 3


def test_the_memory_of_pictures_is_bounded(monkeypatch):
    monkeypatch.setattr(view, "KEPT", 3)
    shown = View(lambda n: square(n / 9), {"n": counter(9)}, square(0), "squares")
    for n in range(10):
        shown.set(n=n)
    assert shown.frame.cache_info().currsize == 3
    assert plt.get_fignums() == []


def test_controls():
    assert slider([("one", 1), ("two", 2)]).options == [("one", 1), ("two", 2)]
    assert chooser(["x", 3], 3).spec() == {"kind": "list", "value": 1, "labels": ["x", "3"]}
    assert counter(3, 2, 1).values == [1, 2, 3]
    assert slider([1, 2], play=True).spec()["play"] and Control("number", [], 1.5, label="n").spec()["value"] == 1.5
    moved = counter(9, 8)
    moved.fit(range(4))
    assert moved.value == 3 and controls.pairs({"a": 0}) == [("a", "a")]
    moved.fit(range(9))
    assert moved.value == 3 and moved.taken(20) == 8


def test_a_question_of_the_page_is_answered_with_a_picture_in_its_words(two, answers):
    reply, (picture,) = answers({"level": 2, "kind": 2})
    assert reply["number"] == 7 and reply["problem"] == "" and middle(picture) == 255
    assert reply["text"].startswith("a square. Level: full; kind: </script>. ")
    assert {name: control["value"] for name, control in reply["controls"].items()} == {"level": 2, "kind": 2}


def test_what_goes_wrong_is_said_and_no_picture_is_sent(answers):
    reply, pictures = answers({"level": 1, "kind": 1})
    assert reply["problem"] == "no <such> picture: choose another" and pictures == []
    reply, (picture,) = answers({"level": 2, "kind": 1})
    assert reply["problem"] == "" and middle(picture) == 255


def test_a_view_that_cannot_begin_raises(two):
    with pytest.raises(ValueError, match="no <such> picture"):
        View(two.draw, {"level": slider([0.6]), "kind": chooser(["bad"])}, square(0), "a square")


def test_a_control_may_fit_others(answers, two):
    seen = []
    two.adapt = {"kind": lambda: seen.append("kind") or two.controls["level"].fit([0.0, 1.0])}
    reply, (picture,) = answers({"level": 0, "kind": 2})
    assert seen == ["kind"] and reply["controls"]["level"]["labels"] == ["0.0", "1.0"]
    reply, _ = answers({"level": 2, "kind": 2})  # of three that there were
    assert reply["problem"] == "" and reply["controls"]["level"]["value"] == 1


def test_a_file_is_taken_with_its_name_and_does_not_draw_by_itself(two, answers):
    two.controls["file"] = Control("file", [], None)
    reply, _ = answers({"level": 0, "kind": 0, "file": "x.png"}, memoryview(b"content"))
    assert reply["problem"] == "" and two.controls["file"].value == ("x.png", b"content")
    assert two.values() == (0.0, "good") and reply["controls"]["file"] == {"kind": "file", "value": ""}


def test_the_bundle_needs_no_widget_of_the_page(two):
    data, metadata = two._repr_mimebundle_()
    assert middle(b64decode(data["image/png"])) == 52 and metadata["image/png"]["alt"] == "a square"
    assert set(data) == {"text/plain", "text/html", "image/png"}
    assert data["text/plain"] == "a square: run this cell to move through it."


def test_in_colab_the_widget_is_shown_with_all_that_it_needs(two, monkeypatch):
    monkeypatch.setitem(view.sys.modules, "google.colab", object())
    data, _ = two._repr_mimebundle_()
    assert WIDGET_VIEW in data and "text/html" not in data and two.spec["texts"]


def test_a_page_holds_every_frame_as_the_eye_sees_it(two):
    two.set(level=0.6, kind="</script>")
    html = two._repr_mimebundle_()[0]["text/html"]
    facts = facts_of(html)
    whole = pixels(content(facts["sheet"]))
    states = two.states(("level",))
    assert [state[1] for state in states] == ["</script>"] * 3 and len(facts["texts"]) == 3
    for k, values in enumerate(states):
        frame = whole[k * facts["height"] : (k + 1) * facts["height"], : facts["width"]]
        np.testing.assert_allclose(frame.astype(int), pixels(two.frame(*values).png), atol=2)
        assert facts["texts"][k] == two.frame(*values).text
    assert facts["controls"]["level"] == {"kind": "slider", "value": 1, "labels": ["none", "half", "full"]}
    assert facts["embed"] == ["level"] and facts["key"] == two.key
    assert html.count("</script>") == 2 and '<img src="data:image/webp;base64,' in html


def test_the_frames_of_two_controls_lie_with_the_first_moving_fastest(two):
    two.embed, two.controls["kind"] = ("level", "kind"), chooser(["good", "</script>"])
    texts = two.facts()["texts"]
    said = [text.split(". ")[1] for text in texts]
    assert said == [f"Level: {a}; kind: {b}" for b in ("good", "</script>") for a in ("none", "half", "full")]


def test_a_sheet_grows_to_the_right_where_it_would_be_too_high(monkeypatch):
    monkeypatch.setattr(sheet, "HIGHEST", 250)
    pictures = [plots.to_png(square(level / 4)) for level in range(5)]
    address, width, height = sheet.sheet(pictures)
    whole = pixels(content(address))
    assert (width, height) == (100, 100) and whole.shape == (200, 300, 3)
    for k, picture in enumerate(pictures):
        x, y = k // 2 * width, k % 2 * height
        np.testing.assert_allclose(whole[y : y + height, x : x + width].astype(int), pixels(picture), atol=2)


def test_the_same_view_has_the_same_page(two):
    def again():
        return picture_slider(square, [0.0, 1.0], "level", square(0), "squares", 1.0)._repr_mimebundle_()

    assert again() == again() and two.key != again()


def test_pages_show_the_view_and_nothing_of_its_widget(two):
    data, metadata = two._repr_mimebundle_()
    output = new_output("display_data", data=data, metadata=metadata)
    notebook = new_notebook(cells=[new_code_cell("two", outputs=[output])])
    nbformat.validate(notebook)
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert facts_of(page) == facts_of(data["text/html"]) and page.count('alt="a square"') == 1
    assert view.SCRIPT in page
