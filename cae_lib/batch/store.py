"""What a batch is, and the folder or object store that keeps it.

    batch.json               the notebook's name and fingerprint, what is fixed, what varies, all runs
    lease.json               who writes here at the moment
    runs/<key>/started.json  how often the run was started
    runs/<key>/results.json  written last: how the run ended, its parameters and numbers
    runs/<key>/NAME.ipynb    the executed notebook
    runs/<key>/log.txt       what the run printed outside its cells

A key names a run by what varies: EPOCHS=10,SEED=0. Every run has one, so that none is counted twice.
"""

import hashlib
import itertools
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cae_lib import __version__
from cae_lib.base.atomic import strict, write_atomically
from cae_lib.base.errors import KitError, UsageError
from cae_lib.headless.parameters import parameters_for, read_notebook

KEY = re.compile(r"[A-Z_][A-Z0-9_]*=[\w.+~%-]*(,[A-Z_][A-Z0-9_]*=[\w.+~%-]*)*", re.ASCII)  # never a path: see plan
LEFT = "left early"  # the status of a run whose notebook ended itself, with exit() or the like, before its last cell
LONGEST = 100  # characters of a key, the name of a folder: Windows allows 260 in a path


class BatchError(KitError):
    """A batch cannot go on; the message says why, and what to do."""


class Store:
    """A folder, or any address that fsspec knows (s3://bucket/batch, memory://batch), as names and bytes.

    Raises UsageError for an address of an unknown kind. A reader sees a whole file or none.
    """

    def __init__(self, address: str):
        import fsspec
        from fsspec.implementations.local import LocalFileSystem

        try:
            self.files, self.root = fsspec.core.url_to_fs(str(address))
        except (ValueError, ImportError) as error:
            raise UsageError(f"{address}: {error}") from None
        self.local = isinstance(self.files, LocalFileSystem)
        self.in_memory = "memory" in self.files.protocol
        self.address = self.root if self.local else self.files.unstrip_protocol(self.root)

    def read(self, name: str) -> bytes | None:
        """The content, None if there is none."""
        try:
            return self.files.cat_file(f"{self.root}/{name}")
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all. Raises OSError."""
        path = f"{self.root}/{name}"
        if self.local:
            write_atomically(Path(path), content)
        else:  # an object appears as a whole
            self.files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.files.pipe_file(path, content)

    def read_json(self, name: str) -> dict | None:
        """The content as JSON, None if there is none. Raises BatchError for one that is damaged."""
        content = self.read(name)
        try:
            value = {} if content is None else json.loads(content)
            if not isinstance(value, dict):
                raise ValueError("not an object")
        except ValueError as error:
            raise BatchError(
                f"{self.address}/{name} is damaged ({error}): no batch can use this folder as it is. Bring the file "
                "back from a copy, or move it away; the runs themselves are in the folder runs and stay."
            ) from None
        return None if content is None else value

    def write_json(self, name: str, value: dict) -> None:
        """Write JSON, whole or not at all. Raises OSError."""
        self.write(name, (json.dumps(strict(value), indent=1, allow_nan=False) + "\n").encode())

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.files.exists(f"{self.root}/{name}"):
            self.files.rm_file(f"{self.root}/{name}")

    def batch(self) -> dict | None:
        """batch.json, None if there is none. Raises BatchError for one that is damaged or names a run by a path."""
        found = self.read_json("batch.json")
        if found is None:
            return None
        runs = found.get("runs")
        whole = found.keys() >= {"notebook", "fingerprint", "fixed", "names", "data"} and isinstance(runs, dict)
        if not whole or not all(KEY.fullmatch(key) and isinstance(value, dict) for key, value in runs.items()):
            raise BatchError(
                f"{self.address}/batch.json is damaged (it lacks entries, or a run has a name that no run has): bring "
                "it back from a copy, or move it away; the runs themselves are in the folder runs and stay."
            )
        return found

    def result(self, key: str) -> dict | None:
        """How a run ended, None if it has not; what cannot be read counts as a run that has not, and runs again."""
        with suppress(BatchError):
            found = self.read_json(f"runs/{key}/results.json") or {}
            if found.get("status") in ("finished", "failed", LEFT) and isinstance(found.get("failures"), list):
                return found if isinstance(found.get("numbers"), dict) else None
        return None


@dataclass(frozen=True)
class Batch:
    """A notebook, its folder, and the runs to make of it: key -> all parameters; `names` are those that vary."""

    notebook: str
    home: str
    text: str
    fixed: dict
    names: list[str]
    runs: dict[str, dict]

    def settle(self, store: Store, source: str) -> None:
        """Note this batch in the store; runs that an earlier one noted there stay.

        Raises UsageError if the store holds a batch that cannot be one with this: its numbers would not compare.
        """
        cells = [(cell["cell_type"], "".join(cell["source"])) for cell in json.loads(self.text)["cells"]]
        identity = {
            "notebook": self.notebook,
            "fingerprint": hashlib.sha256(json.dumps(cells).encode()).hexdigest(),
            "fixed": self.fixed,
            "names": self.names,
            "data": source,
        }
        there = store.batch() or identity | {"runs": {}}
        other = [name for name in identity if there[name] != identity[name]]
        if other:
            what = {
                "notebook": f"of another notebook ({there['notebook']})",
                "fingerprint": "of another version of the notebook",
                "fixed": f"with other fixed parameters ({there['fixed']})",
                "names": f"with other varying parameters ({', '.join(there['names'])})",
                "data": f"on other images ({there['data']})",
            }
            raise UsageError(f"{store.address} holds a batch {what[other[0]]}: choose another folder with --out.")
        store.write_json("batch.json", identity | {"version": __version__, "runs": there["runs"] | self.runs})


def plan(notebook: Path, fixed: dict[str, str], grid: dict[str, list[str]]) -> Batch:
    """Check all names and values against the notebook and multiply the grid out.

    Raises UsageError for a name or type that the notebook does not have, and for what is given twice.
    """
    if not grid:
        raise UsageError("Nothing varies: give -g NAME=V1,V2 or --seeds N, or use `cae run`.")
    twice = [name for name in grid if name in fixed and name != "PROFILE"]
    if twice:
        raise UsageError(f"{twice[0]} is given both as fixed and as varying: give it once.")
    if "PROFILE" in grid and not parameters_for([notebook], {"PROFILE": "quick"}, every=True)[notebook]:
        raise UsageError(f"{notebook.stem} has no parameter PROFILE: leave it out.")
    small = [name for name in fixed | grid if not name.isupper()]
    if small:
        raise UsageError(f"{small[0]}: a batch takes parameters in capital letters only: rename it in the notebook.")
    kept = {name: text for name, text in fixed.items() if name not in grid}
    constant = parameters_for([notebook], kept, every=True)[notebook]
    values = {}
    for name, texts in grid.items():
        values[name] = [parameters_for([notebook], {name: text}, every=True)[notebook][name] for text in texts]
        if len({repr(value) for value in values[name]}) < len(texts):
            raise UsageError(f"{name} needs different values, not {','.join(texts)}.")
    runs = {}
    for combination in itertools.product(*values.values()):
        chosen = dict(zip(values, combination, strict=True))
        key = ",".join(f"{name}={quote(str(value), safe='.+')}" for name, value in chosen.items())
        if len(key) > LONGEST:
            raise UsageError(f"The values of {', '.join(chosen)} are too long to name a folder after them: {key}")
        runs[key] = chosen | constant
    return Batch(notebook.stem, str(notebook.resolve().parent), without_outputs(notebook), constant, list(values), runs)


def without_outputs(notebook: Path) -> str:
    """A notebook's text, small enough to travel to every worker."""
    import nbformat

    content = read_notebook(notebook)
    for cell in content.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(content)
