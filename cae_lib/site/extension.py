"""What sphinx is told beyond its configuration: formulas as MathML, and what chapters and front page show."""

from pathlib import Path

import nbformat
from docutils import nodes

from cae_lib.front.readme import chapters as contents
from cae_lib.front.readme import results
from cae_lib.headless.pages import formula
from cae_lib.site import chapters

SLIDER = "03_model1_training", "epoch_slider("  # of the front page: the chapter, and what its cell calls


def inline_math(translator, node) -> None:
    translator.body.append(formula(node.astext(), "inline"))
    raise nodes.SkipNode


def block_math(translator, node) -> None:
    translator.body.append(f'<div class="formula">{formula(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def read_source(app, name: str, source: list[str]) -> None:
    """Called with the text of every page: sets source[0] to what the page shows."""
    app.env.cae_alternatives = {}
    if name == app.config.root_doc:
        chapter, call = SLIDER
        view = chapters.first_view(nbformat.read(Path(app.srcdir, "notebooks", f"{chapter}.ipynb"), 4), call)
        parts = {"view": view and f"```{{raw}} html\n{view}\n```", "results": results(), "chapters": contents()}
        for part, text in parts.items():
            source[0] = source[0].replace(f"<!-- {part} -->", text)
    elif Path(app.env.doc2path(name)).suffix == ".ipynb":
        notebook = chapters.chapter(nbformat.reads(source[0], 4), Path(name).name)
        app.env.cae_alternatives = chapters.alternatives(notebook)
        source[0] = nbformat.writes(notebook)


def describe_pictures(app, doctree) -> None:
    """Called with every page once it is read: says what its pictures show, which myst-nb forgets."""
    for image in doctree.findall(nodes.image):
        image.setdefault("alt", app.env.cae_alternatives.get(Path(image["uri"]).stem, ""))


def setup(app) -> dict:
    """Called by sphinx."""
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
    app.connect("source-read", read_source)
    app.connect("doctree-read", describe_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
