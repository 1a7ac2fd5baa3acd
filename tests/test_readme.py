"""README and RESULTS.md say what the repository holds: what is generated is up to date, commands and links exist."""

import ast
import re

import pytest

from cae_lib.front import readme
from cae_lib.results import figures, measurements, publish

ROOT = measurements.FIGURES.parent
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "RESULTS.md", "notebooks/help.md")}
README = TEXTS["README.md"]

each_text = pytest.mark.parametrize("name", TEXTS)


def test_tables_are_those_of_the_stored_numbers():
    assert TEXTS["RESULTS.md"] == publish.results_page()
    assert TEXTS["RESULTS.md"].count("| model1, epoch") == 5 and "±" not in TEXTS["RESULTS.md"]


@pytest.mark.parametrize("name", readme.SECTIONS)
def test_sections_are_those_of_the_stored_numbers_and_notebooks(name):
    begin, end = readme.marks(name)
    assert README.split(begin)[1].split(end)[0] == f"\n{readme.SECTIONS[name]()}"


def test_it_is_short():
    text = re.sub(
        r"<!--.*?-->|<img[^>]*>|!\[[^]]*\]\([^)]*\)|(?<=\])\([^)]*\)|^[|: -]+$", " ", README, flags=re.DOTALL | re.M
    )
    assert len(re.findall(r"\w[^\s|]*", text)) < 900
    assert "make lab" in README.split("![")[0], "in the first screen"


@each_text
def test_links_and_pictures_exist(name):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)|<img src=\"([^\"]+)", TEXTS[name])
    here = (ROOT / name).parent
    assert name == "notebooks/help.md" or len(targets) >= 7
    assert [t for pair in targets for t in pair if not t.startswith("http") and not (here / t).exists()] == []


def test_every_notebook_is_in_the_table():
    listed = list(dict.fromkeys(re.findall(r"\(notebooks/(\w+\.ipynb)\)", README)))
    assert listed == sorted(p.name for p in (ROOT / "notebooks").glob("*.ipynb"))


def test_code_is_where_the_readme_says():
    section = README.split("## Where is what")[1].split("\n\n")[1]
    places = re.findall(r"\]\((\w+/[\w/]+\.py)\)((?:, `\w+`)+)", section)
    assert len(places) == 5 and len(section.splitlines()) <= 7
    for path, words in places:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        assert set(re.findall(r"\w+", words)) <= defined


@each_text
def test_make_targets_exist(name):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^|&& )make ([a-z-]+)", TEXTS[name], re.MULTILINE)) <= targets


def test_every_figure_lies_beside_its_numbers():
    pictures = {p.stem for p in measurements.FIGURES.glob("*.png")}
    assert pictures == {draw.__name__ for draw in figures.FIGURES}
    assert pictures <= {p.stem for p in measurements.FIGURES.glob("*.json")}


def test_the_sizes_of_the_installation_are_measured_ones():
    whole, small = (measurements.stored("times")[name] for name in ("install", "install_cpu"))
    assert "+cpu" in small["machine"]["torch"] and "+cu" in whole["machine"]["torch"]
    assert f"about {small['bytes'] / 1e9:.1f} GB; the default, with CUDA, about {whole['bytes'] / 1e9:.1f} GB" in README
