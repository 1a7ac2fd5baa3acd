"""pyproject.toml lists what the kit needs; requirements.txt, environment.yml and the imports stay in step with it."""

import ast
import re
import sys
from pathlib import Path

import yaml

if sys.version_info < (3, 11):
    import pytest

    pytest.skip("tomllib came with Python 3.11", allow_module_level=True)
import tomllib

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
CONDA_NAMES = {"torch": "pytorch", "Pillow": "pillow", "PyYAML": "pyyaml"}
PIP_ALONE = ("constriction", "bjontegaard")  # not sure to be on conda-forge
# Modules whose library has another name, or comes with one that is listed.
LIBRARY_OF = {
    "skimage": "scikit-image",
    "pytorch_msssim": "pytorch-msssim",
    "jupyter_client": "ipykernel",
    "traitlets": "ipykernel",
    "nbclient": "nbconvert",
    "nbformat": "nbconvert",
    "bs4": "nbconvert",
    "IPython": "ipykernel",
    "PIL": "Pillow",
    "yaml": "PyYAML",
    "_pytest": "pytest",
    "dask": "distributed",
    "sphinx": "myst-nb",
    "docutils": "myst-nb",
}


def name_of(line: str) -> str:
    return re.fullmatch(r"([\w-]+)>=[\d.]+", line)[1]


def names(lines: list[str]) -> set[str]:
    return {name_of(line) for line in lines}


def imported(folder: Path) -> set[str]:
    """The libraries that the files in a folder import, by their names on an index."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.split(".")[0])
    own = {"cae_lib", "helpers", *(path.stem for path in folder.rglob("test_*.py"))}
    return {LIBRARY_OF.get(name, name) for name in found - sys.stdlib_module_names - own}


def test_requirements_install_everything():
    (line,) = [x for x in (ROOT / "requirements.txt").read_text().splitlines() if not x.startswith("#")]
    assert line == f"-e .[{','.join(sorted(EXTRAS))}]"
    everything = PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra]
    assert len(names(everything)) == len(everything), "nothing is listed twice"


def test_environment_holds_what_a_student_needs_with_the_same_bounds():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = [entry["pip"] for entry in environment if isinstance(entry, dict)]
    python, other, *libraries = [entry for entry in environment if isinstance(entry, str)]
    lines = {name_of(line): line for line in PROJECT["dependencies"]}
    for_conda = [line.replace(name, CONDA_NAMES.get(name, name)) for name, line in lines.items()]
    assert libraries == [c for name, c in zip(lines, for_conda, strict=True) if name not in PIP_ALONE]
    assert pip == [[*(line for name, line in lines.items() if name in PIP_ALONE), "-e ."]] and other == "pip"
    assert PROJECT["requires-python"] == python.removeprefix("python")


def test_every_import_is_required_and_no_student_needs_what_only_tests_do():
    needed = names(PROJECT["dependencies"])
    assert imported(ROOT / "cae_lib") <= needed | {"distributed", "myst-nb"}
    assert imported(ROOT / "cae_lib" / "batch") - needed == {"distributed"} == names(EXTRAS["batch"])
    assert imported(ROOT / "cae_lib" / "site") - needed == {"myst-nb"} <= names(EXTRAS["site"])
    compared = {"compressai", "nbgrader"}  # a benchmark and a test look for them, and do without
    assert imported(ROOT / "tests") - compared <= needed | names(EXTRAS["test"]) | names(EXTRAS["batch"])
    assert needed.isdisjoint(names(EXTRAS["test"])) and {"hypothesis", "playwright", "ruff"} <= names(EXTRAS["test"])
