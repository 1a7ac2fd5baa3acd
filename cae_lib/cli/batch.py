"""The commands of `cae` for many runs of one notebook: batch, report."""

import argparse
import os

from cae_lib.base.errors import UsageError
from cae_lib.headless.parameters import PROFILES
from cae_lib.headless.runner import find_notebooks


def add_commands(add, positive_number, whole_number) -> None:
    """Describe batch and report; `add` makes a command's parser from its name, function and help."""
    sub = add("batch", batch, "Run a notebook with many values of its parameters, and keep all results.")
    sub.add_argument("notebook", metavar="NOTEBOOK", help="path of a notebook")
    text = "values that vary, for example -g EPOCHS=10,30; several -g are multiplied out"
    sub.add_argument("-g", dest="grid", action="append", default=[], metavar="NAME=V1,V2", help=text)
    sub.add_argument("--seeds", type=positive_number, metavar="N", help="each of them with SEED=0 to N-1")
    text = "set a parameter for all runs"
    sub.add_argument("-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE", help=text)
    sub.add_argument("--profile", choices=PROFILES, default=PROFILES[0], help="how much to compute (default: quick)")
    text = "folder for the results, or any address that fsspec knows, such as s3://bucket/batch"
    sub.add_argument("--out", required=True, metavar="DIR", help=text)
    text = "how many runs at the same time, each with one thread (default: as many as there are cores)"
    sub.add_argument("--workers", type=positive_number, metavar="N", help=text)
    text = "a Dask cluster that is there already: tcp://host:port; its workers need this kit and the same DIR; files "
    text += "beside the notebook do not travel to it"
    sub.add_argument("--scheduler", default="", metavar="ADDRESS", help=text)
    text = "stop a run after so many seconds (default: never)"
    sub.add_argument("--time-limit", type=positive_number, default=0, metavar="SECONDS", help=text)
    text = "how often a failed run is tried again (default 1)"
    sub.add_argument("--retries", type=whole_number, default=1, metavar="N", help=text)

    sub = add("report", report, "Put the results of a batch into one table and one plot.")
    sub.add_argument("out", metavar="DIR", help="the --out of the batch")
    sub.add_argument("--x", metavar="NAME", help="parameter along the x-axis (default: the one with most values)")
    sub.add_argument("--y", metavar="NAME", help="recorded number to plot (default: the first)")
    sub.add_argument("--facet", metavar="NAME", help="parameter with one panel a value (default: the third)")


def assignments(texts: list[str], example: str) -> dict[str, str]:
    """NAME=VALUE, several times, as a dict. Raises UsageError for another form and for a name given twice."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"{example}, not {text!r}.")
        if name in found:
            raise UsageError(f"{name} is given twice: give all its values at once.")
        found[name] = value
    return found


def split(values: str) -> list[str]:
    """Values between commas; those within brackets belong to a value."""
    parts, depth = [""], 0
    for letter in values:
        depth += (letter in "[({") - (letter in "])}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def batch(args: argparse.Namespace) -> int:
    from cae_lib.batch.grid import run, summary
    from cae_lib.batch.store import Store, plan

    (notebook,) = find_notebooks([args.notebook])
    grid = assignments(args.grid, "-g needs NAME=V1,V2, for example -g EPOCHS=10,30")
    grid = {name: split(values) for name, values in grid.items()}
    fixed = {"PROFILE": args.profile} | assignments(args.parameters, "-p needs NAME=VALUE, for example -p EPOCHS=2")
    if args.seeds:
        if "SEED" in grid:
            raise UsageError("SEED is given both with -g and with --seeds: give it once.")
        grid["SEED"] = [str(seed) for seed in range(args.seeds)]
    if args.scheduler and args.workers:
        raise UsageError("--workers belongs to a local cluster: with --scheduler, the cluster has its own.")
    planned, store = plan(notebook, fixed, grid), Store(args.out)
    workers = args.workers or os.cpu_count() or 1
    options = dict(workers=workers, scheduler=args.scheduler, limit=args.time_limit, retries=args.retries)
    results = run(planned, store, **options)
    print(summary(results))
    if not store.in_memory:
        print(f"`cae report {args.out}` shows them all; the same command again makes what is missing")
    return 1 if any(result["status"] != "finished" for result in results.values()) else 0


def report(args: argparse.Namespace) -> None:
    from cae_lib.batch.report import rows_of, text_table, write
    from cae_lib.batch.store import Store

    store = Store(args.out)
    rows = rows_of(store)
    print(text_table(rows))
    for name in write(store, rows, args.x, args.y, args.facet):
        print(f"written: {store.address}/{name}")
