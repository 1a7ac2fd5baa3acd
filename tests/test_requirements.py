"""requirements.txt, environment.yml and what the code imports stay in step."""

import ast
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
CONDA_NAMES = {"torch": "pytorch", "Pillow": "pillow"}
PIP_ALONE = ("playwright", "sphinx-revealjs", "constriction", "bjontegaard")  # not sure to be on conda-forge
# Modules whose library has another name, or comes with one that is listed.
LIBRARY_OF = {
    "skimage": "scikit-image",
    "pytorch_msssim": "pytorch-msssim",
    "urllib3": "requests",
    "jupyter_client": "ipykernel",
    "nbclient": "nbconvert",
    "nbformat": "nbconvert",
    "IPython": "ipykernel",
    "PIL": "Pillow",
}


def requirements():
    """Library -> lower bound, and the lines that are no such pair."""
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.split("#")[0].strip()]
    pairs = [re.fullmatch(r"([\w-]+)>=([\d.]+)", line) for line in lines]
    bounds = {pair[1]: pair[2] for pair in pairs if pair}
    return bounds, [line for line, pair in zip(lines, pairs, strict=True) if not pair]


def test_environment_holds_the_same_set_with_the_same_bounds():
    bounds, rest = requirements()
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = [entry["pip"] for entry in environment if isinstance(entry, dict)]
    python, other, *libraries = [entry for entry in environment if isinstance(entry, str)]
    lines = {name: f"{CONDA_NAMES.get(name, name)}>={bound}" for name, bound in bounds.items()}
    assert libraries == [line for name, line in lines.items() if name not in PIP_ALONE]
    assert pip == [[*(lines[name] for name in PIP_ALONE), "-e ."]] and rest == ["-e ."] and other == "pip"
    assert f'requires-python = "{python.removeprefix("python")}"' in (ROOT / "pyproject.toml").read_text()


def test_every_import_is_required():
    bounds, _ = requirements()
    imported = set()
    for path in (ROOT / "cae_lib").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    foreign = imported - sys.stdlib_module_names - {"cae_lib"}
    assert {LIBRARY_OF.get(name, name) for name in foreign} <= set(bounds)
    assert {"torch", "numpy", "papermill"} <= foreign
