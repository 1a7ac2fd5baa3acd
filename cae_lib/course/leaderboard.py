"""The projects' leaderboard: a file of one judgement a line, printed by quality and drawn on the course's chart."""

import json
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock
from matplotlib.figure import Figure

from cae_lib.base.atomic import write_atomically
from cae_lib.base.errors import UsageError
from cae_lib.checkpoints import OWN
from cae_lib.course.chart import chart_of_curves
from cae_lib.data.images import CIFAR10
from cae_lib.race.rate_distortion import REFERENCE
from cae_lib.results import measurements
from cae_lib.results.tables import number

LEADERBOARD = OWN / "leaderboard.jsonl"
SHOWN = 5  # entries on the chart: more could not be told apart


class Project(NamedTuple):
    """What an entry is compared with, at which bits per pixel; the most numbers that its code may have (0: any)."""

    baseline: str
    rate: float
    numbers: int = 0


PROJECTS = {"05": Project("model1_code2", 2, 512), "06": Project("dct", 1), "07": Project("dct", 1)}


def project_of(name: str) -> Project:
    """Raises UsageError for a project that there is not."""
    if name not in PROJECTS:
        raise UsageError(f"There is no project {name!r}; choose one of {', '.join(PROJECTS)}.")
    return PROJECTS[name]


def append(board: Path, row: dict) -> None:
    """Add a row to the leaderboard's file, one line of JSON; of two judgements at once, both rows stay."""
    board.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(board.with_suffix(".lock"), mode=0o666):  # other users may lock it, too
        rows = board.read_bytes() if board.exists() else b""
        write_atomically(board, rows + json.dumps(row).encode() + b"\n")


def rows_of(board: Path) -> list[dict]:
    """All rows of a leaderboard. Raises UsageError for a line that is none."""
    rows = []
    for k, line in enumerate(board.read_bytes().splitlines() if board.exists() else [], 1):
        try:
            rows.append(row := json.loads(line))
            order(row)
            row["project"] + row["author"] + row["name"] + row["date"] + row["source"] + row["version"]
            number(row["psnr"]), number(row["bd_rate"]), number(row["bd_rate_jpeg"])
            [(float(rate), float(psnr)) for rate, psnr in row["points"]]
        except (ValueError, LookupError, TypeError) as error:
            raise UsageError(
                f"{board} cannot be read as a leaderboard: line {k} is damaged. Delete it, or move the file away."
            ) from error
    return rows


def order(row: dict) -> tuple:
    """Sorts rows by PSNR at the project's rate, the best first; the stand-in's come last."""
    return row["source"] != CIFAR10, -(row["psnr"] or 0), -row["images"]


def best(rows: list[dict]) -> dict[str, dict]:
    """The best row of each project."""
    return {row["project"]: row for row in sorted(rows, key=order, reverse=True)}


def leaderboard(project: str, board: Path = LEADERBOARD) -> Figure | None:
    """Print the entries of a project, the best first; returns the first few on the chart, None if there are none."""
    baseline, rate, _ = project_of(project)
    rows = sorted([row for row in rows_of(board) if row["project"] == project], key=order)
    print(f"Project {project}: dB at {rate} bits per pixel; BD-rate in % against {baseline}, and against {REFERENCE}")
    for row in rows:
        numbers = f"{number(row['psnr']):>6}{number(row['bd_rate'], '+.1f'):>9}{number(row['bd_rate_jpeg'], '+.1f'):>9}"
        measured = f"({row['images']} images of {row['source']}, {row['date']}, kit {row['version']})"
        print(numbers, f" {row['author']}: {row['name']}", measured)
    if not rows:
        print("no entry yet")
        return None
    shown = [row for row in rows if row["source"] == rows[0]["source"]][:SHOWN]
    curves = {f"{row['author']}: {row['name']}": row["points"] for row in shown[::-1]}
    stored = measurements.stored("codecs")["curves"]
    rivals = {name: [(p["payload_bpp"], p["psnr"]) for p in stored[name]] for name in (REFERENCE, baseline, "rd")}
    return chart_of_curves(curves, rivals, rate, rows[0]["source"])
