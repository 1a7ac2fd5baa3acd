"""Does this installation work? Small checks, each with its cure: `cae doctor`, and the start of notebook 00."""

import importlib
import importlib.metadata
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

DISTRIBUTION = "cae-kit"
INSTALL = "pip install -r requirements.txt"
KERNEL_CURE = "python -m ipykernel install --user --name python3"
SILENT = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")  # matplotlib's backends without a display
# What torchvision raises at import when its build is for another torch, mostly CUDA beside CPU-only.
PAIR_SYMPTOM = "operator torchvision::nms does not exist"
PAIR_CURE = (
    "install both from the same index: `pip uninstall -y torch torchvision`, then both in one command, "
    "`pip install torch torchvision` (with the same --index-url for both, if you use one)."
)


class Check(NamedTuple):
    """The result of one check: whether all is well, what was found, and what to do if it is not."""

    ok: bool
    text: str
    cure: str = ""


def checks() -> list[Check]:
    """Run every check, each on its own. Downloads nothing; takes some seconds to import torch."""
    return [guarded(check) for check in (python, libraries, torch_pair, device, data, kernel, plots, widgets, runs)]


def report(results: list[Check]) -> str:
    """The results as text, a line for each and its cure below a failure."""
    lines = []
    for ok, text, cure in results:
        lines.append(f"{'ok  ' if ok else 'FAIL'}  {text}")
        if not ok:
            lines.append(f"      cure: {cure}")
    failed = sum(not result.ok for result in results)
    lines.append(f"{failed} of {len(results)} checks failed." if failed else "All is well.")
    return "\n".join(lines)


def guarded(check: Callable[[], Check]) -> Check:
    """A check that breaks has failed: its error must not hide the results of the others."""
    try:
        return check()
    except Exception as error:
        cure = PAIR_CURE if PAIR_SYMPTOM in str(error) else f"`{INSTALL}`, then try again."
        return Check(False, f"{check.__name__}: {type(error).__name__}: {error}", cure)


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Check:
    """Python 3.10 or newer."""
    text = f"Python {'.'.join(map(str, version))} ({sys.executable})"
    return Check(version >= (3, 10), text, "make a new environment with Python 3.10 or newer.")


def required() -> list[str]:
    """What the installed kit says that it needs, such as "torch>=2.6"; what only extras need has a marker behind it."""
    return importlib.metadata.requires(DISTRIBUTION) or []


def libraries(lines: list[str] | None = None, version_of=importlib.metadata.version) -> Check:
    """Every library that the kit needs is there and new enough; those of its extras may be missing."""
    lines = [line for line in (required() if lines is None else lines) if "extra ==" not in line]
    wanted = [re.match(r"([\w-]+)>=([\d.]+)", line).groups() for line in lines]
    found, wrong = {}, []
    for name, lowest in wanted:
        try:
            found[name] = version_of(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if numbers(found[name]) < numbers(lowest):
            wrong.append(f"{name} {found[name]} is older than {lowest}")
    if wrong:
        return Check(False, "; ".join(wrong), f"`{INSTALL}` in the environment of {sys.executable}.")
    return Check(True, "libraries: " + ", ".join(f"{name} {version}" for name, version in found.items()))


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version's release part: "2.6.1+cpu" -> (2, 6, 1)."""
    return tuple(map(int, re.findall(r"\d+", version.split("+")[0])))


def torch_pair(load=importlib.import_module) -> Check:
    """torch and torchvision can be imported together, so they come from the same build."""
    try:
        found = load("torch"), load("torchvision")
    except (RuntimeError, ImportError, OSError) as error:
        if PAIR_SYMPTOM in str(error):
            return Check(False, f"torch and torchvision do not fit each other ({error})", PAIR_CURE)
        return Check(False, f"torch or torchvision cannot be imported ({error})", f"`{INSTALL}`, or {PAIR_CURE}")
    return Check(True, f"torch {found[0].__version__} and torchvision {found[1].__version__} fit each other")


def device() -> Check:
    """The device that training will use can compute."""
    import torch

    from cae_lib.base.device import best_device

    where = best_device()
    name = torch.cuda.get_device_name() if where.type == "cuda" else f"threads: {torch.get_num_threads()}"
    try:
        torch.ones(8, 8, device=where) @ torch.ones(8, 8, device=where)
    except RuntimeError as error:
        problem = f"device: {where.type} ({name}) cannot compute: {str(error).splitlines()[0]}"
        return Check(False, problem, "set CUDA_VISIBLE_DEVICES=-1 to use the CPU.")
    return Check(True, f"device: {where.type} ({name})")


def data() -> Check:
    """Which images will be used. Looks only at what is there, and downloads nothing."""
    from platformdirs import user_cache_dir

    from cae_lib.cifar10.integrity import advice
    from cae_lib.data.images import FOLDER, STAND_IN

    chosen = os.environ.get("CAE_DATA")
    if chosen == STAND_IN:
        return Check(True, "data: the offline stand-in, because CAE_DATA says so")
    root = Path(chosen or user_cache_dir("cae-kit")).expanduser()
    if not chosen and not (root / FOLDER).is_dir():
        return Check(True, "data: CIFAR-10 will be downloaded at first use (170 MB; without a network: the stand-in)")
    if wrong := advice(root):
        what, _, cure = wrong.rpartition(": ")
        return Check(False, f"data: {what}", cure)
    return Check(True, f"data: CIFAR-10 in {root}")


def kernel() -> Check:
    """Jupyter has the kernel python3, and it starts this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Check(False, "Jupyter has no kernel python3", f"`{INSTALL}`, then `{KERNEL_CURE}`.")
    # A bare name stands for the Python that Jupyter itself runs on.
    if os.path.isabs(program) and not same_environment(program):
        where = Path(KernelSpecManager().get_kernel_spec("python3").resource_dir)
        cure = f"`{KERNEL_CURE.replace('--user', '--sys-prefix')}`."
        for name in ("JUPYTER_PATH", "JUPYTER_DATA_DIR"):  # these come before the environment's own
            folders = filter(None, os.environ.get(name, "").split(os.pathsep))
            if any(where.is_relative_to(Path(folder).resolve()) or where.is_relative_to(folder) for folder in folders):
                cure = f"unset {name}, which names the folder where that kernel lies, and start again."
        return Check(False, f"Jupyter's kernel python3, in {where}, starts another Python ({program})", cure)
    return Check(True, "Jupyter has the kernel python3")


def same_environment(program: str) -> bool:
    """Whether a Python lies beside the one that runs now (python, python3 and python3.x are one)."""
    places = (os.path.normcase(os.path.realpath(os.path.dirname(path))) for path in (program, sys.executable))
    return len(set(places)) == 1


def plots() -> Check:
    """plt.show() shows something in a notebook: a kernel takes its backend from MPLBACKEND, if that is set."""
    chosen = os.environ.get("MPLBACKEND", "")
    if chosen.lower() in SILENT:
        text = f"plots: MPLBACKEND is {chosen}, so your own plt.show() shows nothing in a notebook, without a word"
        return Check(False, text, "unset MPLBACKEND, and start JupyterLab again.")
    return Check(True, f"plots: {f'MPLBACKEND is {chosen}' if chosen else 'shown in the notebook'}")


def widgets(version_of=importlib.metadata.version) -> Check:
    """Sliders ask the kernel through anywidget, which needs jupyterlab_widgets in JupyterLab."""
    found = []
    for name in ("anywidget", "jupyterlab_widgets"):
        try:
            found.append(f"{name} {version_of(name)}")
        except importlib.metadata.PackageNotFoundError:
            cure = f"`pip install {name}`, then start JupyterLab again and reload its page."
            return Check(False, f"{name} is missing: sliders cannot ask the kernel for pictures", cure)
    return Check(True, f"widgets: {', '.join(found)}")


def runs() -> Check:
    """Every run that the kit ships can be loaded."""
    from cae_lib.checkpoints import CheckpointError, load_run
    from cae_lib.results.recipes import RUNS

    wanted = [(name, seed) for name, recipe in RUNS.items() for seed in range(recipe.seeds)]
    try:
        for name, seed in wanted:
            load_run(name, seed=seed)
    except CheckpointError as error:
        return Check(False, f"shipped runs: {error}", "`git checkout -- cae_lib/runs`, or `cae train --all`.")
    return Check(True, f"shipped runs: all {len(wanted)} load")
