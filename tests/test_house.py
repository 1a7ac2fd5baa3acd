"""The order of the house: a file imports from its own floor or from those below it, never from above.

FLOORS, lowest first, is the documentation of that order; on one floor the files of a room may use one another, and
there is no circle anywhere.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import cae_lib

PACKAGE = Path(cae_lib.__file__).parent
FLOORS = [
    {"cae_lib"},  # the map: it imports nothing
    {"base"},
    {"cifar10"},
    {"data"},
    {"models", "plots", "trivial"},
    {"evaluation", "headless", "pictures"},
    {"training", "metrics", "anatomy"},
    {"checkpoints", "pca"},
    {"codec"},
    {"race"},
    {"results"},
    {"views", "course", "batch"},
    {"front"},
    {"cli", "site"},
]
CORE = ("models", "training", "evaluation", "metrics", "pca", "trivial", "checkpoints", "plots", "anatomy")
FILES = sorted(PACKAGE.rglob("*.py"))


def module(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def room(name: str) -> str:
    """The room, or the file of the core, that a module belongs to."""
    return (name.split(".") + ["cae_lib"])[1] if "." in name else name


MODULES = {module(path) for path in FILES}


def imported(path: Path) -> set[str]:
    """The modules of the library that a file imports, at its top or in a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "cae_lib":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in MODULES else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "cae_lib"}
    return found


@pytest.mark.parametrize("path", FILES, ids=module)
def test_no_arrow_runs_up(path):
    floors = {name: number for number, floor in enumerate(FLOORS) for name in floor}
    own = room(module(path))
    for other in imported(path):
        assert room(other) == own or floors[room(other)] < floors[own], f"{module(path)} imports {other}"


def test_there_is_no_circle():
    TopologicalSorter({module(path): imported(path) - {module(path)} for path in FILES}).prepare()


def test_every_room_is_on_a_floor_and_says_what_is_in_it():
    assert {room(module(path)) for path in FILES} == set().union(*FLOORS)
    for path in FILES:
        listed = ast.get_docstring(ast.parse((path.parent / "__init__.py").read_text(encoding="utf-8")))
        words = [*listed.replace(",", " ").replace(":", " ").split(), "__init__", "__main__"]
        assert path.stem in words, f"{path.parent.name}/__init__.py does not list {path.stem}"


def test_no_file_is_too_long_to_be_read_in_one_sitting():
    assert [module(p) for p in FILES if len(p.read_text(encoding="utf-8").splitlines()) > 250] == []


def test_the_core_stays_small():
    core = [PACKAGE / f"{name}.py" for name in CORE] + list((PACKAGE / "data").glob("*.py"))
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in core) <= 1500
