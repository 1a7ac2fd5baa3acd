"""The results of a batch: one tidy table with a row for each run, and a plot with one panel a value of a parameter."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cae_lib import plots
from cae_lib.base.errors import UsageError
from cae_lib.base.records import RUN
from cae_lib.batch.store import Store
from cae_lib.results.measurements import half_interval, spread

SEED = "SEED"
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # with these, a spreadsheet takes a text for a formula


def rows_of(store: Store) -> list[dict]:
    """One row for each run of a batch: run, its parameters, its numbers (if it finished), status, seconds, tries.

    status: "finished", "failed", "left early", or "missing" for a run that has not ended. Raises UsageError where no
    batch is.
    """
    batch = store.batch()
    if batch is None:
        raise UsageError(f"There is no batch in {store.address}: give the --out of a `cae batch`.")
    rows = []
    for key, parameters in batch["runs"].items():
        result = store.result(key) or {"status": "missing", "numbers": {}, "failures": []}
        tries = len(result["failures"]) + (result["status"] == "finished")
        # Lists and dictionaries as text: rows are grouped by their values.
        plain = {n: v if isinstance(v, str | int | float | None) else json.dumps(v) for n, v in parameters.items()}
        row = {"run": key} | plain | result["numbers"] | {"status": result["status"]}
        row |= {"seconds": round(result.get("seconds", 0.0), 2), "tries": tries}
        rows.append(row | {"failures": "; ".join(result["failures"]), "data": batch["data"]})
    return rows


def columns_of(rows: list[dict]) -> list[str]:
    """The names of all columns, in the order in which the rows bring them, those of every table last."""
    names = dict.fromkeys(name for row in rows for name in row if name not in RUN)
    return ["run", *names, *RUN[1:]]


def parameters_of(rows: list[dict]) -> list[str]:
    """The parameters that vary: those in the name of a run."""
    return [part.partition("=")[0] for part in rows[0]["run"].split(",")]


def groups_of(rows: list[dict], names: Iterable[str], y: str) -> dict[tuple, dict]:
    """Values of some parameters -> spread (mean, std, seeds, values) of y over the finished runs that share them."""
    values = {}
    for row in rows:
        if isinstance(row.get(y), int | float):
            values.setdefault(tuple(row[name] for name in names), []).append(row[y])
    return {group: spread(found) for group, found in values.items()}


def text_table(rows: list[dict]) -> str:
    """The rows as aligned text: what varies, numbers, status, seconds; below them what went wrong."""
    fixed = [name for name in rows[0] if name not in parameters_of(rows) and name.isupper()]
    names = [n for n in columns_of(rows) if n not in ("run", "failures", "data", *fixed)]
    cells = [names] + [[short(row.get(name, "")) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells]
    return "\n".join([*lines, *(f"{row['run']}: {row['failures']}" for row in rows if row["failures"])])


def short(value) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def write(store: Store, rows: list[dict], x: str | None, y: str | None, facet: str | None) -> Iterator[str]:
    """Write results.csv, results.jsonl and, if any run finished, results.png into the store; yields each one's name.

    Raises UsageError, after the two tables are written, where there is nothing to plot.
    """
    table = io.StringIO()
    writer = csv.DictWriter(table, columns_of(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: as_text(value) for name, value in row.items()} for row in rows)
    store.write("results.csv", table.getvalue().encode())
    yield "results.csv"
    store.write("results.jsonl", json_lines(rows))
    yield "results.jsonl"
    if any(row["status"] == "finished" for row in rows):
        store.write("results.png", plots.to_png(facets(rows, x, y, facet)))
        yield "results.png"


def as_text(value):
    """A text that a spreadsheet would compute, such as =1+1, with an apostrophe before it; others as they are."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def json_lines(rows: list[dict]) -> bytes:
    return "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows).encode()


def facets(rows: list[dict], x: str | None = None, y: str | None = None, facet: str | None = None) -> Figure:
    """Mean over seeds of y against x with its 95 % interval of Student's t, one colour and panel for each other value.

    x: by default the parameter with most values; facet: by default the third, if three or more vary; what is left
    is told apart by colour. y: by default the first number that was recorded. Small rings: single runs.
    Raises UsageError for a name that the rows do not have.
    """
    vary = [name for name in parameters_of(rows) if name != SEED] or [SEED]
    known = [name for name in columns_of(rows) if name not in (*RUN, *parameters_of(rows)) and not name.isupper()]
    numbers = [n for n in known if any(isinstance(row.get(n), int | float) for row in rows)]
    if not numbers:
        raise UsageError("No run recorded a number: call record(name=value) in a cell of the notebook.")
    values = {name: list(dict.fromkeys(row[name] for row in rows)) for name in vary}
    x = x or max(vary, key=lambda name: len(values[name]))
    rest = [name for name in vary if name != x]
    facet = facet or (rest[1] if len(rest) > 1 else None)
    y = y or numbers[0]
    for option, name, names in (("--x", x, vary), ("--facet", facet, rest), ("--y", y, numbers)):
        if name is not None and name not in names:
            raise UsageError(
                f"{option} must be one of {', '.join(names) or 'nothing: one parameter varies'}, not {name}."
            )
    panels = values[facet] if facet else [None]
    colours = [name for name in rest if name != facet]
    series = list(dict.fromkeys(tuple(row[name] for name in colours) for row in rows))  # of one colour in all panels
    figure, axes = plots.new_figure(1, len(panels), 4.2 * len(panels) + 1.2, 3.6, rows[0]["data"], sharey=True)
    for ax, panel in zip(axes[0], panels, strict=True):
        draw_panel(ax, [row for row in rows if facet is None or row[facet] == panel], x, y, colours, series)
        ax.set_title("" if facet is None else f"{facet} = {panel}", fontsize=9)
    axes[0, 0].set_ylabel(y)
    figure.suptitle("mean and 95 % interval of Student's t; rings: single runs", fontsize=9)
    return figure


def draw_panel(ax: Axes, rows: list[dict], x: str, y: str, colours: list[str], series: list[tuple]) -> None:
    """One panel of `facets`; x-values that are no numbers stand side by side in the order of the runs."""
    places = list(dict.fromkeys(row[x] for row in rows))
    numeric = all(isinstance(place, int | float) and not isinstance(place, bool) for place in places)
    where = {place: place if numeric else k for k, place in enumerate(places)}
    groups = groups_of(rows, (*colours, x), y)
    for k, chosen in enumerate(series):
        style = {"color": plots.COLOURS[k % len(plots.COLOURS)], "marker": plots.MARKERS[k % len(plots.MARKERS)]}
        points = sorted((where[group[-1]], found) for group, found in groups.items() if group[:-1] == chosen)
        if not points:
            continue
        label = ", ".join(f"{name} = {value}" for name, value in zip(colours, chosen, strict=True))
        means = [p["mean"] for _, p in points]
        halves = [half_interval(p) if p["seeds"] > 1 else 0.0 for _, p in points]
        ax.errorbar([place for place, _ in points], means, halves, capsize=3, markersize=5, label=label or y, **style)
        dots = [(place, value) for place, found in points for value in found["values"]]
        ax.scatter(*zip(*dots, strict=True), s=20, facecolors="white", edgecolors=style["color"], zorder=3)
    if numeric and min(places) > 0 and max(places) >= 8 * min(places):
        ax.set_xscale("log")
    ax.set_xticks(list(where.values()), [str(place) for place in places])
    ax.minorticks_off()
    ax.set_xlabel(x)
    ax.grid(alpha=0.3)
    if colours and ax.containers:
        ax.legend(fontsize=8)
