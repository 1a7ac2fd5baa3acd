"""Slide decks: where they break, that nothing in them is fetched from a network, and that everything fits."""

import base64
import copy
import struct

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cae_lib.base.records import RECORD
from cae_lib.headless import slides
from cae_lib.headless.pages import PageExporter
from cae_lib.headless.runner import find_notebooks
from cae_lib.plots import new_figure, to_png

PNG = base64.b64encode(to_png(new_figure(1, 1, 2, 2)[0])).decode()
LONG = "\n\n".join(f"Paragraph {n}. " + "Words that fill a line or two. " * 6 for n in range(12))


@pytest.fixture(scope="module")
def notebook():
    figure, axes = new_figure(1, 1, 4, 3)
    picture = {"image/png": base64.b64encode(to_png(figure)).decode(), "text/plain": "a picture"}
    cells = [
        new_markdown_cell("# 99 A notebook\n\nWhat it is about."),
        new_code_cell("import math", outputs=[new_output("stream", text="set up")]),
        new_markdown_cell("## 1. How large?\n\nThe *mean* is $\\bar x = \\frac{1}{n}$.\n\n**Predict:** how large?"),
        new_code_cell("draw()", outputs=[new_output("execute_result", data=picture)]),
        new_markdown_cell("As large as that.\n\n- **Predict better** next time.\n\nTrue.\n\n### More\n\nIndeed."),
        new_code_cell("print(2)", outputs=[new_output("stream", text="2\n")]),
        new_markdown_cell("## Exercises\n\n**99.1 (predict)** How many?"),
        new_code_cell("answer_1 = None"),
        new_code_cell('check("99.1", answer_1)', outputs=[new_output("stream", text="not yet")]),
        new_markdown_cell("**99.2 (build)** And now?"),
        new_markdown_cell(f"## Long\n\n{LONG}"),
    ]
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def folder(notebook, tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    nbformat.write(notebook, folder / "99_a.ipynb")
    slides.export([folder / "99_a.ipynb"], folder)
    return folder


@pytest.fixture(scope="module")
def page(folder):
    return BeautifulSoup((folder / "99_a.slides.html").read_text(encoding="utf-8"), "html.parser")


def shown(page):
    """The text of each slide, as lists: one list for each section of the notebook."""
    groups = page.select(".slides > section")
    return [[slide.get_text(" ", strip=True) for slide in group.select(":scope > section")] for group in groups]


def test_breaks(page):
    title, section, exercises, long = shown(page)
    assert title == ["99 A notebook What it is about."]
    assert [text.split()[0] for text in section] == ["1.", "As", "More"]
    assert section[1].endswith("next time. True.") and section[2] == "More Indeed. print ( 2 ) 2"
    assert exercises == ["Exercises", "99.1 (predict) How many? answer_1 = None", "99.2 (build) And now?"]
    assert len(long) > 1 and all(text.count("Paragraph") <= 8 for text in long)
    assert " ".join(long).count("Paragraph") == 12


def test_set_up_drawing_code_and_checks_are_left_out(page):
    text = page.select_one(".slides").get_text(" ", strip=True)
    assert not any(word in text for word in ("import", "set up", "draw", "check", "not yet"))


def test_a_question_stands_alone_and_its_picture_comes_next(page):
    question, answer, _ = page.select(".slides > section")[1].select(":scope > section")
    assert "Predict" in question.get_text() and not question.select("img")
    assert answer.select_one("img")["src"].startswith("data:image/png;base64,")
    assert answer["data-title"] == "1. How large?" and "data-title" not in question.attrs


def test_needs_no_network(page, folder):
    addresses = [tag.get("src") or tag.get("href") for tag in page.select("script[src], link[href], img[src]")]
    files = [address for address in addresses if not address.startswith("data:")]
    assert len(files) == 3 and all((folder / file).is_file() for file in files)
    assert not page.select("script[type=module]")
    assert page.select_one("math mfrac") and "$" not in page.select_one(".slides").get_text()


def test_a_page_needs_no_network_either(notebook):
    text, _ = PageExporter().from_notebook_node(notebook)
    page = BeautifulSoup(text, "html.parser")
    assert not page.select("script[src], link[href], script[type=module]") and "import math" in page.get_text()
    assert page.select_one("math mfrac") and "$" not in page.body.get_text()


def test_a_picture_says_what_it_shows():
    picture = new_output("display_data", data={"image/png": PNG}, metadata={"image/png": {"alt": "a cat & a dog"}})
    cells = [
        new_code_cell("draw()", outputs=[output])
        for output in (picture, new_output("display_data", data={"image/png": PNG}))
    ]
    text, _ = PageExporter().from_notebook_node(new_notebook(cells=cells))
    images = BeautifulSoup(text, "html.parser").select("img")
    assert [image["alt"] for image in images] == ["a cat & a dog", ""]


@pytest.mark.parametrize(
    "formula, spaces", [(r"10 \log_{10} x", 1), (r"-\ln 0.1", 1), (r"p \log_2 q", 2), (r"x + y", 0)]
)
def test_names_of_functions_stand_apart(formula, spaces):
    page = BeautifulSoup(PageExporter().markdown2html(f"${formula}$"), "html.parser")
    assert len(page.select("math mspace")) == spaces


def test_a_formula_that_cannot_be_read_is_shown_as_written():
    page = BeautifulSoup(PageExporter().markdown2html("what is $x_{$?"), "html.parser")
    assert page.select_one("code").text == "x_{"


def test_only_recorded_numbers_do_not_hide_the_code():
    recorded = new_output("display_data", data={RECORD: [["loss", 0.123456789]], "text/plain": "recorded: loss"})
    printed = new_output("stream", text="epoch 1")
    (code, shown) = slides.code_pieces(new_code_cell("fit()", outputs=[printed, recorded]))
    assert code[0].source == "fit()" and [output.text for output in shown[0].outputs] == ["epoch 1"]


def test_links_to_what_is_not_there_become_text():
    ((piece, _),) = slides.text_pieces("See the [glossary](glossary.md) and [PSNR](https://example.org).")
    assert piece.source == "See the glossary and [PSNR](https://example.org)."


def test_index_links_the_deck(folder):
    (link,) = BeautifulSoup((folder / "index.html").read_text(encoding="utf-8"), "html.parser").select("a")
    assert link.text == "99 A notebook" and (folder / link["href"]).is_file()


def test_the_notebook_is_left_as_it_is(notebook):
    before = copy.deepcopy(notebook)
    slides.deck(notebook)
    assert notebook == before


@pytest.mark.parametrize("size", [(300, 200), (1200, 360), (395, 955), (2400, 2000)])
def test_a_picture_of_any_size_fits_and_keeps_its_shape(size):
    header = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", *size)
    data = {"image/png": base64.b64encode(header).decode()}
    piece, height = slides.output_piece(new_output("display_data", data=data))
    drawn = piece.outputs[0].metadata["image/png"]
    assert drawn["width"] <= slides.ROOM_WIDTH and drawn["height"] < height <= slides.ROOM
    assert drawn["width"] / drawn["height"] == pytest.approx(size[0] / size[1], rel=0.01)


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_every_piece_of_the_kits_notebooks_fits_on_a_slide(path):
    cells = nbformat.read(path, as_version=4).cells
    pieces = [p for c in cells for p in (slides.code_pieces if c.cell_type == "code" else text_of)(c)]
    assert len(pieces) > len(cells)
    assert max(height for _, height in pieces) <= slides.ROOM


def text_of(cell):
    return slides.text_pieces(cell.source)


def test_a_long_printed_table_goes_on_on_the_next_slide():
    text = "".join(f"row {n}\n" for n in range(70))
    cell = new_code_cell("print(table)", outputs=[new_output("stream", text=text)])
    pieces = [(piece, height) for piece, height in slides.code_pieces(cell) if piece.outputs]
    assert len(pieces) == 3 and max(height for _, height in pieces) <= slides.ROOM
    assert "".join(piece.outputs[0].text for piece, _ in pieces) == text
