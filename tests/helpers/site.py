"""The site of the kit, built by a process of its own, with two views in a chapter that this test knows by heart."""

import subprocess
import sys
from base64 import b64encode

import nbformat
from nbformat.v4 import new_markdown_cell, new_output

from cae_lib.base import places
from cae_lib.plots import new_figure, to_png

CHAPTER = "03_model1_training"
PNG = b64encode(to_png(new_figure(1, 1, 2, 2)[0])).decode()
ALT = 'two pictures: "a" & <b>'
VIEW = """\
<div class="cae-view"><label>step {name} <input type="range" min="0" max="2" value="0"></label>
<img alt="picture a" src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='90' height='60'/%3E">
<script>(() => {{
  const [range, image] = ["input", "img"].map((tag) => document.currentScript.parentElement.querySelector(tag));
  range.addEventListener("input", () => {{
    const label = "abc"[range.value];
    range.setAttribute("aria-valuetext", label);
    image.alt = `picture ${{label}}`;
  }});
}})();</script></div>"""


def view(name: str):
    """An output like that of a view: live, with a static picture and a text beside it."""
    data = {"text/html": VIEW.format(name=name), "image/png": PNG, "text/plain": "run this cell to move through it."}
    return new_output("display_data", data=data, metadata={"image/png": {"alt": name}})


def build_site(folder):
    """The folder of a site whose chapter CHAPTER holds the views "first" and "second", and a picture with text ALT."""
    notebook = nbformat.read(places.outside("notebooks") / f"{CHAPTER}.ipynb", as_version=4)
    shown = next(cell for cell in notebook.cells if cell.cell_type == "code" and "epoch_slider(" in cell.source)
    picture = new_output("display_data", data={"image/png": PNG}, metadata={"image/png": {"alt": ALT}})
    shown.outputs = [view("first"), view("second"), picture]
    links = "[code](../cae_lib/models.py), [numbers](../figures/pca.json), [the words](glossary.md#glossary)"
    notebook.cells.append(new_markdown_cell(links))
    (folder / "executed").mkdir()
    nbformat.write(notebook, folder / "executed" / f"{CHAPTER}.ipynb")
    command = [sys.executable, "-m", "cae_lib.site.build", folder / "site", folder / "executed"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and done.stdout.splitlines()[-1].endswith("index.html")
    return folder / "site"


def all_pages(site):
    """The paths of all pages but the decks, which have tests of their own."""
    ours = (path for path in site.rglob("*.html") if path.relative_to(site).parts[0] not in ("slides", "_static"))
    return sorted(ours)
