"""The course as a static site: what a chapter shows, that every link leads somewhere, that nothing needs a network."""

import copy
import re
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from helpers.site import ALT, CHAPTER, PNG, all_pages, build_site, view
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cae_lib.base import places
from cae_lib.base.errors import UsageError
from cae_lib.base.records import RECORD
from cae_lib.course.checks import EXERCISES
from cae_lib.headless.runner import find_notebooks
from cae_lib.site import build, chapters

# Parts of a chapter


def test_hints_stand_folded_below_each_check():
    cells = [new_code_cell('check("01.2", answer_2)'), new_code_cell('f = build("00.4", f)'), new_code_cell("hint(0)")]
    notebook = new_notebook(cells=[new_markdown_cell("# 01 A"), *cells])
    shown = chapters.chapter(notebook, "01_a").cells
    assert [cell.cell_type for cell in shown] == ["markdown"] * 2 + ["code", "markdown"] * 2 + ["code"]
    for cell, name in ((shown[3], "01.2"), (shown[5], "00.4")):
        folded = BeautifulSoup(cell.source, "html.parser").select("div.hints > details:not([open])")
        texts = [details.p.get_text() for details in folded]
        assert texts == [hint.replace("`", "") for hint in EXERCISES[name].hints]


def test_a_chapter_links_its_slides_and_a_project_has_none():
    for name, links in (("01_a", ["../slides/01_a.slides.html"]), ("project_05_a", [])):
        notebook = chapters.chapter(new_notebook(cells=[new_markdown_cell("# A title")]), name)
        page = BeautifulSoup("".join(cell.source for cell in notebook.cells), "html.parser")
        assert [link["href"] for link in page.select("a")] == links


def test_of_a_widget_only_what_needs_no_kernel_is_left():
    output = view("one")
    output.data |= {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, RECORD: [["loss", 1]]}
    notebook = new_notebook(cells=[new_code_cell("show()", outputs=[output])], metadata={"widgets": {"state": {}}})
    chapter = chapters.chapter(notebook, "01_a")
    (output,) = chapter.cells[0].outputs
    assert set(output.data) == {"text/html", "image/png", "text/plain"} and "widgets" not in chapter.metadata


def test_the_first_view_of_a_call():
    cells = [
        new_code_cell("other()", outputs=[view("other")]),
        new_code_cell("slider(1)", outputs=[new_output("stream", text="slider(1)"), view("one"), view("two")]),
    ]
    assert chapters.first_view(new_notebook(cells=cells), "slider(") == view("one").data["text/html"]
    assert chapters.first_view(new_notebook(cells=cells), "nothing(") == ""


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("five years")
    with pytest.raises(UsageError, match="would be lost"):
        build.build(places.checkout(), tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "five years"


def test_executed_notebooks_take_the_places_of_stored_ones(tmp_path):
    (tmp_path / "executed").mkdir()
    (tmp_path / "executed" / "01_cnns.ipynb").write_text("executed")
    build.gather(places.checkout(), tmp_path / "executed", tmp_path / "sources")
    notebooks = tmp_path / "sources" / "notebooks"
    assert {path.name for path in find_notebooks()} == {path.name for path in notebooks.glob("[0-9]*.ipynb")}
    assert (notebooks / "01_cnns.ipynb").read_text() == "executed"
    assert not (notebooks / "solutions").exists()
    with pytest.raises(UsageError, match="no notebooks in"):
        build.gather(places.checkout(), tmp_path / "nothing", tmp_path / "other")


def test_the_repository_is_linked_once_it_has_an_address(monkeypatch):
    monkeypatch.setattr(build, "REPOSITORY", "")
    assert "http" not in str(build.configuration())
    monkeypatch.setattr(build, "REPOSITORY", "https://github.com/somebody/kit.git")
    theme = build.configuration()["html_theme_options"]
    assert theme["repository_url"] == "https://github.com/somebody/kit" and theme["launch_buttons"]
    monkeypatch.setattr(build, "REPOSITORY", "https://example.org/kit.git")
    assert "launch_buttons" not in build.configuration()["html_theme_options"]


# The whole site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def pages(site):
    """Path -> what is in it."""
    return {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in all_pages(site)}


def chapter_pages(pages):
    return {path: page for path, page in pages.items() if re.match(r"\d\d_", path.name)}


@pytest.mark.slow
def test_every_page_is_there_small_and_beside_the_others(site, pages):
    wanted = [f"notebooks/{path.stem}.html" for path in find_notebooks()]
    wanted += ["notebooks/glossary.html", "notebooks/cheat_sheet.html", "RESULTS.html", "TEACHING.html"]
    wanted += ["notebooks/help.html"]
    projects = sorted(places.outside("notebooks/projects").glob("project_*.ipynb"))
    wanted += [f"notebooks/projects/{path.stem}.html" for path in projects]
    beside = [link["href"] for link in pages[site / "index.html"].select(".bd-sidebar-primary .toctree-l1 > a")]
    assert beside == wanted
    first, second = (pages[site / page] for page in wanted[:2])
    assert second.select_one("a.left-prev")["href"] == wanted[0].split("/")[1]
    assert first.select_one("a.right-next")["href"] == wanted[1].split("/")[1]
    assert max(path.stat().st_size for path in site.rglob("*.html")) < 6_000_000


@pytest.mark.slow
def test_nothing_is_loaded_from_a_network(site, pages):
    for path, page in pages.items():
        tags = page.select("script[src], link[href], img[src], iframe[src], source[src], video[src], object[data]")
        for tag in tags:
            address = tag.get("src") or tag.get("href") or tag.get("data")
            if not address.startswith(("data:", "#")):
                assert not urlsplit(address).netloc, f"{path.name} loads {address}"
                assert (path.parent / urlsplit(address).path).is_file(), f"{path.name} misses {address}"
        said = " ".join(tag.get_text() for tag in page.select("script, style"))
        assert not re.search(r"(?:url\(|@import|\bimport\b|\bfetch\b)[^;\n]{0,20}https?:", said), path.name
    for style in (site / "_static").rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")), style


@pytest.mark.slow
def test_every_link_leads_somewhere(pages):
    for path, page in pages.items():
        for link in page.select("a[href]"):
            scheme, host, place, _, anchor = urlsplit(link["href"])
            if scheme or host or link["href"] == "#":
                continue
            target = (path.parent / unquote(place)).resolve() if place else path
            assert target.is_file(), f"{path.name} links {link['href']}"
            if anchor and target in pages:
                assert pages[target].find(id=unquote(anchor)), f"{path.name} links {link['href']}"


@pytest.mark.slow
def test_formulas_are_drawn_without_a_script(pages):
    math = [formula for page in chapter_pages(pages).values() for formula in page.select("math")]
    assert len(math) > 100 and not any("MathJax" in str(page) for page in pages.values())
    for path, page in copy.deepcopy(chapter_pages(pages)).items():
        for code in page.select("pre, code"):
            code.decompose()
        assert not re.search(r"\$|\\(?:frac|sum|log)", page.article.get_text()), path.name


@pytest.mark.slow
def test_code_and_hints_are_folded_and_no_solution_is_shown(pages):
    text = "\n".join(page.get_text() for page in pages.values())
    for path, page in chapter_pages(pages).items():
        stored = nbformat.read(places.outside("notebooks") / f"{path.stem}.ipynb", as_version=4)
        hidden = [cell for cell in stored.cells if "hide-input" in cell.metadata.get("tags", [])]
        assert len(page.select("details.hide:not([open])")) == len(hidden) > 1
        exercises = [name for name in EXERCISES if name[:2] == path.name[:2]]
        assert len(page.select(".hints > details:not([open])")) == 3 * len(exercises)
    paths = sorted(places.outside("notebooks/solutions").glob("*.ipynb"))
    cells = [cell.source for path in paths for cell in nbformat.read(path, as_version=4).cells]
    solutions = re.findall(r"### BEGIN SOLUTION\n(.*?)\s*### END SOLUTION", "\n".join(cells), re.S)
    assert len(solutions) >= len(EXERCISES) and not [solution for solution in solutions if solution in text]


@pytest.mark.slow
def test_views_are_live_and_pictures_say_what_they_show(site, pages):
    page = pages[site / "notebooks" / f"{CHAPTER}.html"]
    first, second = page.find(string=re.compile("step first")), page.find(string=re.compile("step second"))
    assert first.find_parent(class_="cae-view").script and second.find_parent(class_="cae-view").script
    assert "step first" in pages[site / "index.html"].article.get_text()
    text = " ".join(page.get_text() for page in pages.values())
    assert "run this cell to move" not in text and "Box(children" not in text
    assert len(page.find_all("img", alt=ALT)) == 1 and PNG not in str(page)
    assert all(image.get("alt") for chapter in chapter_pages(pages).values() for image in chapter.article.select("img"))
