"""Notebooks as slide decks: nbconvert's reveal.js slides, with breaks set by rule, that need no network.

`python -m cae_lib.headless.slides build/slides` exports all notebooks of the kit, as stored.
"""

import base64
import html
import re
import shutil
import struct
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from cae_lib.base.atomic import write_atomically
from cae_lib.base.errors import UsageError
from cae_lib.base.records import RECORD
from cae_lib.headless.pages import OFFLINE, PageExporter
from cae_lib.headless.runner import find_notebooks, title_of

# In pixels of a slide, which the browser scales to the screen: the slide, and the room inside its margins and below
# the running title; a line of text, with about as many letters; a line of code.
WIDTH, HEIGHT = 1280, 720
ROOM_WIDTH, ROOM = 1190, 612
TEXT, LETTERS, CODE, CODE_LETTERS = 33, 102, 21, 108

QUESTION = r"\*\*Predict(?: \d\d\.[a-z])?:?\*\*"

STYLE = f"""<style>
:root {{ --jp-content-font-family: "Source Sans Pro", Helvetica, sans-serif; --jp-content-font-size1: 26px;
        --jp-content-line-height: {TEXT}px; --jp-code-font-size: 17px; --jp-code-line-height: {CODE}px; }}
.reveal .slides {{ text-align: left; }}
.reveal .slides section section {{ height: {HEIGHT}px; padding: 16px 40px; box-sizing: border-box; overflow-y: auto; }}
.reveal section[data-title]::before {{ content: attr(data-title); font-size: 20px; color: #767676; }}
.reveal .slides :is(h1, h2, h3) {{ text-transform: none; }}
.reveal .slides pre {{ width: auto; margin: 0; box-shadow: none; white-space: pre-wrap; font-size: 17px;
                      line-height: {CODE}px; }}
.reveal .slides pre code {{ font-size: inherit; }}
.reveal .slides .jp-OutputArea-output pre {{ width: 100%; }}
.reveal .slides :not(pre) > code {{ font-size: 0.85em; }}
.reveal .slides table {{ font-size: 19px; }}
.reveal .jp-RenderedMarkdown {{ padding: 0; }}
.reveal .jp-RenderedMarkdown > :is(p, ul, math) {{ margin-top: 0; margin-bottom: 12px; }}
.reveal .jp-RenderedImage {{ display: flex; justify-content: center; }}
.reveal .jp-RenderedImage img {{ margin: 8px 0; max-width: none; max-height: none; }}
.reveal .jp-OutputArea :is(th, td) {{ white-space: nowrap; }}
.reveal .jp-Cell {{ padding: 0; }}
.reveal .jp-OutputArea {{ margin-bottom: 8px; }}
</style>"""

INDEX = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Slides</title>
<style>body {{ font: 20px/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; }}</style>
<h1>Slides</h1>
<p>Space goes on, Esc shows all slides, F fills the screen. For a PDF, add <code>?print-pdf</code> to the address of a
deck and print it.</p>
<ul>
{items}
</ul>
</html>
"""


class DeckExporter(PageExporter, SlidesExporter):
    """nbconvert's slides without a network: reveal.js lies beside them."""

    raw_template = f"""{OFFLINE}
{{% block html_head_css %}}{STYLE}{{% endblock %}}
{{% block footer_js %}}
<script src="{{{{ resources.reveal.url_prefix }}}}/dist/reveal.js"></script>
<script>
Reveal.initialize({{ width: {WIDTH}, height: {HEIGHT}, margin: 0, center: false, hash: true, slideNumber: "c/t",
                     transition: "none", controls: false, navigationMode: "linear" }});
</script>
{{% endblock %}}"""


def text_pieces(markdown: str) -> Iterator[tuple[NotebookNode, int]]:
    """The paragraphs of a Markdown text as cells, and their heights in pixels.

    A question stays with the paragraph before it; a long list is taken apart.
    """
    markdown = re.sub(r"\[([^\]]+)\]\([^)]*\.(?:md|ipynb)\)", r"\1", markdown)  # what they lead to lies elsewhere
    for paragraph in re.split(rf"(?<!:)\n\s*\n(?!{QUESTION}|\$\$)", markdown.strip()):
        lines = re.split(rf"\n(?=- |\||{QUESTION})", paragraph)  # items of a list, rows of a table, or only one
        heights = [TEXT * -(-len(line) // LETTERS) for line in lines]
        if paragraph.startswith("- ") and sum(heights) > ROOM / 2:
            yield from ((new_markdown_cell(line), height + 12) for line, height in zip(lines, heights, strict=True))
        else:
            yield new_markdown_cell(paragraph), sum(heights) + 12 + TEXT * paragraph.count("$$")


def code_height(text: str) -> int:
    """The height of code, or of text that code has printed, in pixels."""
    return CODE * sum(max(1, -(-len(line) // CODE_LETTERS)) for line in text.splitlines()) + 24


def slide_parts(printed: str) -> list[str]:
    """Printed text, cut between its lines into parts that each fit on a slide."""
    parts: list[str] = []
    for line in printed.splitlines(keepends=True):
        if parts and code_height(parts[-1] + line) <= ROOM:
            parts[-1] += line
        else:
            parts.append(line)
    return parts


def output_piece(output: NotebookNode) -> tuple[NotebookNode, int]:
    """An output as a cell without code, and its height in pixels.

    A picture is enlarged as long as some lines of text fit below it, and made smaller only where a slide is too small.
    """
    data = output.get("data", {})
    if "image/png" in data:
        width, height = struct.unpack(">II", base64.b64decode(data["image/png"])[16:24])  # of the PNG's header
        scale = min(1.5, ROOM_WIDTH / width, max(410 / height, min(1, (ROOM - 24) / height)))
        size = {"width": int(scale * width), "height": int(scale * height)}
        output = nbformat.from_dict(output)
        output.data.pop("text/html", None)  # of a view: its height is not known, that of its static picture is
        output.metadata["image/png"] = output.metadata.get("image/png", {}) | size
        height = size["height"] + 24
    elif "text/markdown" in data:
        height = TEXT * len(data["text/markdown"].splitlines())
    else:
        text = output.get("text") or data.get("text/plain", "")
        height = code_height(text)
    return new_code_cell(outputs=[output], metadata={"transient": {"remove_source": True}}), height


def code_pieces(cell: NotebookNode) -> list[tuple[NotebookNode, int]]:
    """The code and the outputs of a cell as cells of their own, and their heights in pixels.

    Left out are code that only draws a picture or a table, folded code, and what only a student's answer would fill:
    predictions and the checks of exercises.
    """
    code = cell.source
    if re.match(r"(\w+ = )?(check|build|predict)\(", code) or "hide-input" in cell.metadata.get("tags", []):
        return []
    printed = "".join(output.text for output in cell.outputs if output.output_type == "stream")
    shown = [o for o in cell.outputs if o.output_type != "stream" and RECORD not in o.get("data", {})]
    outputs = [*(new_output("stream", text=part) for part in slide_parts(printed)), *shown]
    source = [] if shown and not printed else [(new_code_cell(code), code_height(code))]
    return source + [output_piece(output) for output in outputs]


def deck(notebook: NotebookNode) -> NotebookNode:
    """A notebook cut into slides by nbconvert's metadata (slide_type); the notebook itself is left as it is.

    A section begins a new slide. Below it follow others for each subsection and exercise, after a question, so that
    its answer is not seen yet, and wherever the next piece would not fit: a paragraph, or code with its outputs. Code
    before the first section is left out: it sets things up.
    """
    cells, title, used, asked = [], "", 0, None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            pieces = code_pieces(cell) if title else []
            together = sum(height for _, height in pieces)
        else:
            pieces, together = text_pieces(cell.source), 0
        for piece, height in pieces:
            section = re.match(r"(##?) (.*)", piece.source)
            needed, together = max(height, together if together <= ROOM else 0), 0
            slide_type, running_title = "-", {}
            if section:
                slide_type, title = "slide", section[2] if section[1] == "##" else ""
            elif asked or used + needed > ROOM or re.match(r"### |\*\*\d\d\.\d", piece.source):
                slide_type, running_title = "subslide", {"title": title.replace("`", "")}
            piece.metadata.slideshow = {"slide_type": slide_type, "data": running_title}
            used = height if slide_type != "-" else used + height
            asked = re.search(QUESTION, piece.source)
            cells.append(piece)
    return nbformat.v4.new_notebook(cells=cells, metadata=notebook.metadata)


def export(notebooks: list[Path], out: Path) -> None:
    """Write a deck for each notebook into `out`, reveal.js beside them, and an index; say where.

    Raises OSError, and UsageError without the library that brings reveal.js.
    """
    try:
        script = next(file for file in files("sphinx-revealjs") if file.match("dist/reveal.js"))
    except PackageNotFoundError:
        raise UsageError("Slides need reveal.js: `pip install sphinx-revealjs` brings it.") from None
    copied = {"ignore": shutil.ignore_patterns("*.map"), "dirs_exist_ok": True}
    shutil.copytree(script.locate().parent, out / "reveal.js" / "dist", **copied)
    exporter = DeckExporter(
        reveal_url_prefix="reveal.js", reveal_theme="white",
        exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True,
    )  # fmt: skip
    items = []
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        title = html.escape(title_of(notebook) or path.stem)
        page, _ = exporter.from_notebook_node(deck(notebook), {"metadata": {"name": path.stem}})
        write_atomically(out / f"{path.stem}.slides.html", page.encode())
        items.append(f'<li><a href="{path.stem}.slides.html">{title}</a></li>')
    write_atomically(out / "index.html", INDEX.format(items="\n".join(items)).encode())
    print(f"{len(items)} decks: open {out / 'index.html'}")


if __name__ == "__main__":
    export(find_notebooks(), Path(sys.argv[1]))
