"""Running notebooks from the command line: execution with papermill, HTML pages.

Heavy libraries are imported where they are used, so that `cae --help` stays fast.
"""

import logging
import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from cae_lib import __version__
from cae_lib.base import places
from cae_lib.base.atomic import strict, write_atomically
from cae_lib.base.errors import UsageError
from cae_lib.headless.parameters import read_notebook

NOTEBOOKS = places.outside("notebooks")
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
EXITS = {("SystemExit", ""), ("SystemExit", "0")}  # see left_early


@dataclass(frozen=True)
class Outcome:
    """What became of one notebook: wall time in seconds, the error ("" if there was none).

    left: whether a cell ended the notebook (`exit()`) before its last one; `error` then says where.
    """

    name: str
    seconds: float
    error: str
    left: bool = False


def find_notebooks(paths: list[str] | None = None) -> list[Path]:
    """The given notebooks, or all numbered ones of the kit. Raises UsageError for a missing one."""
    known = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    found = [Path(p) for p in paths or known]
    for path in found:
        if path.suffix != ".ipynb" or not path.is_file():
            raise UsageError(f"There is no notebook {path}; the kit's are {', '.join(p.name for p in known)}.")
    if not found:
        raise UsageError(f"There are no notebooks in {NOTEBOOKS}: give the path of one, or {places.CURE}.")
    if len({path.stem for path in found}) < len(found):
        raise UsageError("Two of the notebooks have the same name: run them one after the other with another --out.")
    return found


def settle_data() -> str:
    """Find the images once, before the notebooks start, and let CAE_DATA tell them; returns the source.

    Without this every notebook would wait for a blocked network again, and a relative path would
    mean another folder in each. Raises DataError.
    """
    from cae_lib.cifar10 import download
    from cae_lib.data import images

    source = os.environ.get("CAE_DATA") or str(download.cached_cifar10() or images.STAND_IN)
    os.environ["CAE_DATA"] = source if source == images.STAND_IN else str(Path(source).expanduser().resolve())
    return images.load_images("test").source


def run_notebooks(notebooks: list[Path], out: Path, parameters: dict[Path, dict]) -> list[Outcome]:
    """Execute notebooks one after the other into `out`, each also as an HTML page.

    A notebook that fails does not stop the others; it is written up to the failure. Prints a line
    for each. Raises DataError, UsageError, or OSError when `out` cannot be written.
    """
    if any((out / n.name).resolve() == n.resolve() for n in notebooks):
        raise UsageError(f"The results would replace the notebooks in {out}: choose another folder with --out.")
    source = settle_data()
    out.mkdir(parents=True, exist_ok=True)
    print(f"executing {', '.join(n.stem for n in notebooks)} on {source}, into {out}", flush=True)
    outcomes = []
    for notebook in notebooks:
        print(f"{notebook.stem} … ", end="", flush=True)
        outcome = run_notebook(notebook, out, parameters[notebook], source)
        print(f"failed after {outcome.seconds:.0f} s: {outcome.error}" if outcome.error else f"{outcome.seconds:.0f} s")
        outcomes.append(outcome)
    return outcomes


def run_notebook(
    notebook: Path, out: Path, parameters: dict, source: str, *, page: bool = True, cwd: Path | None = None
) -> Outcome:
    """Execute one notebook into `out` (.ipynb, with `page` also .html) and note the data source in its metadata.

    cwd: where it runs, by default where it lies, so that it finds the files beside it.
    """
    import nbformat
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    target, error, began = out.resolve() / notebook.name, "", time.perf_counter()
    whole = read_notebook(notebook)
    target.unlink(missing_ok=True)
    # Only what is said about the notebook belongs on the screen, not what its tools say about themselves.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    backend = os.environ.pop("MPLBACKEND", None)  # a kernel would take it, and plt.show() would show nothing
    for tool in ("papermill", "traitlets"):
        logging.getLogger(tool).setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            papermill.execute_notebook(
                whole, str(target).replace("{", "{{").replace("}", "}}"), parameters,
                kernel_name="python3", language="python", cwd=(cwd or notebook.parent).resolve(), progress_bar=False,
                extra_arguments=["--log-level=CRITICAL"], on_cell_executed=leave,
            )  # fmt: skip
        except (PapermillExecutionError, Left):
            pass  # the cells say what is wrong: an error may be what a cell is tagged for
        except UnicodeEncodeError:
            error = "a cell printed text that is no valid Unicode, which no notebook can hold."
        except DeadKernelError:
            error = "the kernel died, often for lack of memory: close other programs and run it again."
        except RuntimeError as failure:
            error = f"its kernel did not start ({failure}): run `cae doctor`, or try again."
        except NoSuchKernel:
            error = "Jupyter has no kernel called python3: run `cae doctor` for the cure."
        finally:
            if backend is not None:
                os.environ["MPLBACKEND"] = backend
        seconds = time.perf_counter() - began

        # A kernel that never started leaves no result.
        executed = nbformat.reads(target.read_text("utf-8"), as_version=4) if target.exists() else whole
        executed.cells = [c for c in executed.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", [])]
        left = "" if error else left_early(executed)
        error = error or cell_error(executed) or widget_error(executed) or left
        executed.metadata.pop("widgets", None)  # of no use without the kernel: views bring their own pictures
        executed.metadata.get("papermill", {}).update(input_path=notebook.name, output_path=target.name)
        executed.metadata["cae"] = {"data": source, "version": __version__}
        if page:
            write_page(executed, target.with_suffix(".html"))
        text = nbformat.writes(nbformat.from_dict(strict(executed)))
        write_atomically(target, text.encode())
    return Outcome(notebook.stem, seconds, error, bool(left) and error == left)


class Left(Exception):
    """A cell has called exit() or quit(): the kernel ends a moment later, so that no other cell may begin."""


def leave(cell, cell_index, execute_reply) -> None:
    """After every cell: raise Left if it asked for the end of its kernel."""
    if any(part.get("source") == "ask_exit" for part in execute_reply["content"].get("payload", [])):
        raise Left


def cell_error(executed) -> str:
    """The first error of a cell that is not tagged `raises-exception`; "" if there is none."""
    for cell in executed.cells:
        state = cell.metadata.get("papermill", {})
        if cell.cell_type != "code" or "raises-exception" in cell.metadata.get("tags", []):
            continue
        place = f"cell In [{cell.execution_count}]"
        for output in cell.outputs:
            if output.output_type == "error" and (output.ename, output.evalue) not in EXITS:
                reason = str(output.evalue).strip().splitlines()
                return f"{place}: {output.ename}: {reason[0] if reason else ''}".rstrip(": ")
        if state.get("exception") and not any(o.output_type == "error" for o in cell.outputs):
            # A magic that fails writes its reason to the cell's standard error.
            said = [o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"]
            lines = "".join(said).strip().splitlines()
            return f"{place}: {lines[-1] if lines else 'it failed without a word'}"
    return ""


def left_early(executed) -> str:
    """Where a notebook was ended by one of its cells, such as with exit(), before others ran; "" if it was not."""
    cells = [cell for cell in executed.cells if cell.cell_type == "code" and cell.source.strip()]
    ran = [cell for cell in cells if cell.execution_count is not None]
    if len(ran) == len(cells):
        return ""
    place = f"cell In [{ran[-1].execution_count}]" if ran else "its first cell"
    return f"ended by {place} (exit?): {len(cells) - len(ran)} cells after it did not run."


def widget_error(executed) -> str:
    """The error inside a widget's Output, which papermill does not see; "" if there is none."""
    state = executed.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    for widget in state.values():
        for output in widget["state"].get("outputs", []):
            if output["output_type"] == "error":
                return f"in a widget: {output['ename']}: {output['evalue']}"
    return ""


def title_of(executed) -> str:
    """The first first-level heading of a notebook."""
    lines = (line for cell in executed.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((line[2:].strip() for line in lines if line.startswith("# ")), "")


def write_page(executed, path: Path) -> None:
    """An executed notebook as one HTML page that needs no network."""
    from cae_lib.headless.pages import PageExporter

    page, _ = PageExporter().from_notebook_node(executed, {"metadata": {"name": path.stem}})
    write_atomically(path, page.encode())
