"""The README says what the repository holds: its tables are the stored ones, its commands and links exist."""

import re

from cae_lib.results import figures, measurements, publish

ROOT = measurements.FIGURES.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_tables_are_those_of_the_stored_numbers():
    section = README.split(publish.README_BEGIN)[1].split(publish.README_END)[0]
    assert section.strip() == publish.readme_section().strip()
    assert section.count("| model1, epoch") == 5 and "±" not in section


def test_links_and_pictures_exist():
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(targets) >= 8
    assert [t for t in targets if not t.startswith("http") and not (ROOT / t).exists()] == []


def test_every_notebook_is_in_the_table():
    listed = list(dict.fromkeys(re.findall(r"\(notebooks/(\w+\.ipynb)\)", README)))
    assert listed == sorted(p.name for p in (ROOT / "notebooks").glob("*.ipynb"))


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE)) <= targets


def test_every_figure_lies_beside_its_numbers():
    pictures = {p.stem for p in measurements.FIGURES.glob("*.png")}
    assert pictures == {draw.__name__ for draw in figures.FIGURES}
    assert pictures <= {p.stem for p in measurements.FIGURES.glob("*.json")}


def test_the_size_of_the_installation_is_a_measured_one():
    install = measurements.stored("times")["install"]
    assert f"about {install['bytes'] / 1e9:.1f} GB on Linux" in README and install["machine"]
