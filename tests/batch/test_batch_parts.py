"""What a batch is, where it is kept, and what becomes of its results: no kernel is started here."""

import csv
import io
import json
import math
import os
import time

import matplotlib.colors
import numpy as np
import pytest
import torch
from helpers.notebooks import make_notebook
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes

from cae_lib import plots
from cae_lib.base.errors import UsageError
from cae_lib.base.records import RECORD, collect, record
from cae_lib.batch import grid, report
from cae_lib.batch.lease import BEAT, DEAD, Lease
from cae_lib.batch.store import BatchError, Store, plan
from cae_lib.cli import main
from cae_lib.cli.batch import split

PARAMETERS = """\
PROFILE: str = "quick"  # quick or full
EPOCHS: int = 2  # passes over the images
RATE: float = 0.1  # learning rate
SEED: int = 0  # seed"""


@pytest.fixture
def notebook(tmp_path):
    return make_notebook(tmp_path, "small", "print(EPOCHS)", parameters=PARAMETERS)


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return Store(tmp_path / "out" if request.param == "folder" else f"memory://{tmp_path.name}")


def test_a_grid_is_multiplied_out(notebook):
    planned = plan(
        notebook, {"PROFILE": "quick"}, {"EPOCHS": ["10", "30"], "RATE": ["0.01", "1e-3"], "SEED": ["0", "1"]}
    )
    assert planned.notebook == "small" and planned.names == ["EPOCHS", "RATE", "SEED"] and len(planned.runs) == 8
    assert list(planned.runs)[1] == "EPOCHS=10,RATE=0.01,SEED=1"
    assert planned.runs["EPOCHS=30,RATE=0.001,SEED=0"] == {"EPOCHS": 30, "RATE": 0.001, "SEED": 0, "PROFILE": "quick"}


def test_a_profile_may_vary(notebook):
    planned = plan(notebook, {"PROFILE": "quick"}, {"PROFILE": ["quick", "full"]})
    assert list(planned.runs) == ["PROFILE=quick", "PROFILE=full"] and planned.fixed == {}


def test_a_key_is_a_name_of_one_folder(tmp_path):
    notebook = make_notebook(tmp_path, "small", parameters='PATH: str = ""  # which')
    (key,) = plan(notebook, {}, {"PATH": ["a/../b c"]}).runs
    assert "/" not in key and " " not in key
    with pytest.raises(UsageError, match="too long to name a folder"):
        plan(notebook, {}, {"PATH": ["x" * 300]})


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "Nothing varies: give -g NAME=V1,V2 or --seeds N"),
        (["-g", "EPOCHS=1,2", "-g", "EPOCHS=3"], "EPOCHS is given twice"),
        (["-g", "EPOCHS=1,2", "-p", "EPOCHS=3"], "EPOCHS is given both as fixed and as varying"),
        (["-g", "SEED=1,2", "--seeds", "2"], "SEED is given both with -g and with --seeds"),
        (["-g", "EPOCHS=1,1"], "EPOCHS needs different values, not 1,1"),
        (["-g", "RATE=0.1,1e-1"], "RATE needs different values"),
        (["-g", "EPOCHS=1,2.5"], "EPOCHS must be of type int, not '2.5'"),
        (["-g", "EPOCHS="], "EPOCHS must be of type int, not ''"),
        (["-g", "TYPO=1,2"], "No parameter TYPO in small; known there: EPOCHS, PROFILE, RATE, SEED"),
        (["--seeds", "2", "-p", "TYPO=1"], "No parameter TYPO in small"),
        (["-g", "EPOCHS"], "-g needs NAME=V1,V2, for example -g EPOCHS=10,30, not 'EPOCHS'"),
        (["--seeds", "2", "--out", "nowhere://x"], "nowhere"),
        (["--seeds", "2", "--scheduler", "tcp://a:1", "--workers", "2"], "--workers belongs to a local cluster"),
    ],
)
def test_wrong_usage_is_refused_before_anything_starts(notebook, tmp_path, capsys, argv, message):
    out = ["--out", str(tmp_path / "out")] if "--out" not in argv else []
    assert main.main(["batch", str(notebook), *out, *argv]) == 2
    assert message in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_notebook_without_seed(tmp_path, capsys):
    notebook = make_notebook(tmp_path, "small", parameters="N: int = 1  # how many")
    assert main.main(["batch", str(notebook), "--seeds", "2", "--out", str(tmp_path / "out")]) == 2
    assert "No parameter SEED in small; known there: N" in capsys.readouterr().err


def test_a_store_keeps_bytes_and_knows_what_is_missing(store):
    assert store.read("a/b") is None and store.result("N=1") is None
    store.write("a/b", b"one")
    store.write("a/b", b"two")
    store.write_json(
        "runs/N=1/results.json", {"status": "finished", "numbers": {"loss": np.float32(0.5)}, "failures": []}
    )
    assert store.read("a/b") == b"two" and store.result("N=1")["numbers"] == {"loss": 0.5}
    assert Store(store.address).read("a/b") == b"two"
    store.remove("a/b")
    store.remove("a/b")
    assert store.read("a/b") is None


def test_a_batch_may_grow_but_not_change(store, notebook, tmp_path):
    grid = {"EPOCHS": ["1", "2"], "SEED": ["0"]}
    plan(notebook, {}, grid).settle(store, "stand-in")
    plan(notebook, {}, {"EPOCHS": ["2", "3"], "SEED": ["0"]}).settle(store, "stand-in")
    assert list(store.read_json("batch.json")["runs"]) == [f"EPOCHS={n},SEED=0" for n in (1, 2, 3)]
    noted = store.read("batch.json")
    for planned, source, message in [
        (plan(notebook, {"RATE": "1"}, grid), "stand-in", "other fixed parameters"),
        (plan(notebook, {}, {"RATE": ["1", "2"]}), "stand-in", "other varying parameters"),
        (plan(notebook, {}, grid), "CIFAR-10", "on other images"),
        (
            plan(make_notebook(tmp_path, "small", "pass", parameters=PARAMETERS), {}, grid),
            "stand-in",
            "another version",
        ),
    ]:
        with pytest.raises(UsageError, match=message):
            planned.settle(store, source)
    assert store.read("batch.json") == noted


def test_outputs_do_not_make_another_notebook(store, notebook):
    import nbformat

    plan(notebook, {}, {"SEED": ["0"]}).settle(store, "stand-in")
    content = nbformat.read(notebook, as_version=4)
    content.cells[-1].outputs.append(new_output("stream", name="stdout", text="2\n"))
    nbformat.write(content, notebook)
    planned = plan(notebook, {}, {"SEED": ["0"]})
    planned.settle(store, "stand-in")
    assert "outputs" in planned.text and "stdout" not in planned.text


def test_one_batch_at_a_time(store):
    with Lease(store):
        with pytest.raises(BatchError, match=rf"since \d\d:\d\d:\d\d \(process {os.getpid()} on "):
            Lease(store).__enter__()
        assert store.read("lease.json") is not None
    assert store.read("lease.json") is None
    with Lease(store):
        pass


@pytest.mark.parametrize(("host", "age", "free"), [("far away", DEAD + 1, True), ("far away", BEAT, False)])
def test_a_lease_without_a_sign_of_life_is_taken_over(store, host, age, free):
    note = {"owner": "gone", "host": host, "pid": 1, "since": 0.0, "beat": time.time() - age}
    store.write_json("lease.json", note)
    if free:
        with Lease(store) as lease:
            assert store.read_json("lease.json")["owner"] == lease.owner
    else:
        with pytest.raises(BatchError, match="process 1 on far away"):
            Lease(store).__enter__()


def test_a_lease_of_a_process_that_was_killed_here(store):
    import socket
    import subprocess
    import sys

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    note = {"owner": "gone", "host": socket.gethostname(), "pid": gone.pid, "since": 0.0, "beat": time.time()}
    store.write_json("lease.json", note)
    with Lease(store):
        pass


def test_a_lease_that_was_taken_over_stays_with_the_other(store):
    with Lease(store):
        store.write_json("lease.json", {"owner": "another"})
    assert store.read_json("lease.json") == {"owner": "another"}


def recorded(path, *numbers):
    """A notebook with one cell for each record of numbers."""
    outputs = [new_output("display_data", {RECORD: list(pairs.items())}) for pairs in numbers]
    cells = [new_code_cell("record()", outputs=[output]) for output in outputs]
    path.write_text(writes(new_notebook(cells=cells)))
    return path


def test_numbers_travel_through_the_notebook(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    record(test_loss=torch.tensor(0.25), count=np.int64(3), best="b", good=True, a=1.5)
    assert shown[0]["text/plain"] == "recorded: test_loss = 0.25, count = 3, best = b, good = True, a = 1.5"
    path = recorded(tmp_path / "n.ipynb", dict(shown[0][RECORD]), {"later": 2})
    numbers = {"test_loss": 0.25, "count": 3, "best": "b", "good": True, "a": 1.5, "later": 2}
    assert collect(path, {}) == numbers and list(collect(path, {})) == list(numbers)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 2], "record: x must be a number or a text, not list"),
        (None, "record: x must be a number or a text, not NoneType"),
        (math.nan, "record: x is nan"),
        (torch.tensor(math.inf), "record: x is inf"),
    ],
)
def test_what_is_no_number_is_refused(value, message):
    with pytest.raises((TypeError, ValueError), match=message):
        record(x=value)


@pytest.mark.parametrize("value", [np.zeros(3), torch.zeros(2, 2), [1], None])
def test_more_or_less_than_a_number_is_refused(value):
    with pytest.raises(TypeError, match="record: x must be a number or a text"):
        record(x=value)


@pytest.mark.parametrize("name", ["PSNR", "seconds", "run"])
def test_names_that_the_table_needs_are_refused(name):
    with pytest.raises(ValueError, match=f"record: {name} is kept for"):
        record(**{name: 1.0})


def test_parameters_in_small_letters_or_missing_are_refused(tmp_path):
    small = make_notebook(tmp_path, "small", "pass", parameters="epochs: int = 1")
    with pytest.raises(UsageError, match="capital letters only"):
        plan(small, {}, {"epochs": ["1", "2"]})
    with pytest.raises(UsageError, match="no parameter PROFILE"):
        plan(small, {}, {"PROFILE": ["quick", "full"]})


def test_a_batch_that_recorded_nothing_has_its_tables(store, notebook):
    planned = plan(notebook, {}, {"SEED": ["0"]})
    planned.settle(store, "stand-in")
    store.write_json("runs/SEED=0/results.json", {"status": "finished", "numbers": {}, "failures": [], "seconds": 1.0})
    with pytest.raises(UsageError, match="No run recorded a number"):
        list(report.write(store, report.rows_of(store), None, None, None))
    assert store.read("results.csv") and store.read("results.jsonl")


def test_a_setting_has_one_colour_in_all_panels():
    rows = [{"run": f"A={a},B={b},C={c}", "A": a, "B": b, "C": c, "status": "finished", "data": "stand-in", "loss": 1.0}
            for a in (1, 2) for b in "uv" for c in ("x", "y") if (b, c) != ("u", "x")]  # fmt: skip
    figure = report.facets(rows, x="A", facet="C")
    y, x = [{line.get_label(): line[0].get_color() for line in ax.containers} for ax in figure.axes]
    assert set(x) == {"B = v"} and x["B = v"] == y["B = v"] != y["B = u"]


def test_a_name_is_recorded_once(tmp_path):
    with pytest.raises(ValueError, match="recorded loss"):
        collect(recorded(tmp_path / "n.ipynb", {"loss": 1}, {"loss": 2}), {})
    with pytest.raises(ValueError, match="recorded EPOCHS"):
        collect(recorded(tmp_path / "n.ipynb", {"EPOCHS": 1}), {"EPOCHS": 1})


@pytest.fixture
def measured(store, notebook):
    """A store with a batch of 2 x 2 x 3 runs: loss = EPOCHS + 10 RATE + SEED; one failed, one is missing."""
    planned = plan(
        notebook, {"PROFILE": "quick"}, {"EPOCHS": ["1", "2"], "RATE": ["0.1", "1"], "SEED": ["0", "1", "2"]}
    )
    planned.settle(store, "stand-in")
    for key, p in list(planned.runs.items())[:-1]:
        failed = p["EPOCHS"] == 1 and p["SEED"] == 2 and p["RATE"] == 1
        numbers = {} if failed else {"loss": p["EPOCHS"] + 10 * p["RATE"] + p["SEED"], "kind": "good"}
        result = {"status": "failed" if failed else "finished", "parameters": p, "numbers": numbers, "seconds": 1.0}
        store.write_json(f"runs/{key}/results.json", result | {"failures": ["cell 3, too bad"] * failed})
    return store


def test_the_table_has_a_row_for_every_run(measured, capsys):
    assert main.main(["report", measured.address]) == 0
    printed = capsys.readouterr().out
    assert "EPOCHS=1,RATE=1.0,SEED=2: cell 3, too bad" in printed and "PROFILE" not in printed
    rows = [json.loads(line) for line in measured.read("results.jsonl").splitlines()]
    assert len(rows) == 12 and rows == report.rows_of(measured)
    assert rows[0] | {"run": "EPOCHS=1,RATE=0.1,SEED=0", "EPOCHS": 1, "PROFILE": "quick", "loss": 2.0} == rows[0]
    assert [row["status"] for row in rows].count("finished") == 10
    assert {row["status"]: "loss" in row for row in rows} == {"finished": True, "failed": False, "missing": False}
    table = list(csv.DictReader(io.StringIO(measured.read("results.csv").decode())))
    assert [line["loss"] for line in table] == [str(row.get("loss", "")) for row in rows]
    assert measured.read("results.png").startswith(b"\x89PNG")


def test_mean_and_deviation_over_seeds_are_drawn(measured):
    rows = report.rows_of(measured)
    groups = report.groups_of(rows, ["EPOCHS", "RATE"], "loss")
    assert groups[1, 0.1]["values"] == [2, 3, 4] and groups[1, 0.1]["mean"] == 3 and groups[1, 0.1]["std"] == 1
    assert groups[1, 1.0]["values"] == [11, 12]
    figure = report.facets(rows, x="RATE", facet="EPOCHS")
    assert [ax.get_title() for ax in figure.axes] == ["EPOCHS = 1", "EPOCHS = 2"]
    (drawn,) = figure.axes[0].containers
    assert drawn.lines[0].get_xydata().tolist() == [[0.1, 3.0], [1.0, 11.5]]
    assert figure.axes[0].collections[-1].get_offsets().tolist() == [[0.1, 2], [0.1, 3], [0.1, 4], [1, 11], [1, 12]]
    assert figure.get_supxlabel().startswith("data: stand-in")


def test_what_is_drawn_where_nothing_is_said(measured):
    (ax,) = report.facets(report.rows_of(measured)).axes
    assert ax.get_xlabel() == "EPOCHS" and ax.get_ylabel().startswith("loss")
    assert [text.get_text() for text in ax.get_legend().texts] == ["RATE = 0.1", "RATE = 1.0"]
    colours = [matplotlib.colors.to_hex(container.lines[0].get_color()).upper() for container in ax.containers]
    assert colours == list(plots.COLOURS[:2])


def test_values_that_are_no_numbers_stand_side_by_side():
    rows = [{"run": f"WAY={way}", "WAY": way, "loss": k, "data": "CIFAR-10"} for k, way in enumerate(("b", "a", "c"))]
    (ax,) = report.facets(rows).axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["b", "a", "c"]
    assert ax.containers[0].lines[0].get_xydata().tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--y", "TYPO"], "--y must be one of loss, not TYPO"),
        (["--x", "loss"], "--x must be one of EPOCHS, RATE, not loss"),
        (["--x", "EPOCHS", "--facet", "EPOCHS"], "--facet must be one of RATE, not EPOCHS"),
    ],
)
def test_a_report_of_what_is_not_there(measured, capsys, argv, message):
    assert main.main(["report", measured.address, *argv]) == 2
    assert message in capsys.readouterr().err


def test_a_report_of_no_batch(store, notebook, capsys):
    assert main.main(["report", store.address]) == 2
    assert "There is no batch in" in capsys.readouterr().err
    plan(notebook, {}, {"SEED": ["0"]}).settle(store, "stand-in")
    assert main.main(["report", store.address]) == 0
    assert "missing" in capsys.readouterr().out and store.read("results.png") is None


def test_a_summary_names_what_went_wrong():
    good = {"status": "finished", "failures": []}
    results = {
        "N=1": good,
        "N=2": good | {"failures": ["its worker was lost"]},
        "N=3": {"status": "failed", "failures": ["one", "two"]},
    }
    assert grid.summary(results).splitlines() == [
        "2 finished, 1 failed",
        "  N=2 finished: its worker was lost",
        "  N=3 failed: one; then two",
    ]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b'{"status": "finished"}', b"\xff"])
def test_an_unreadable_result_is_a_missing_one(store, content):
    store.write("runs/N=1/results.json", content)
    assert store.result("N=1") is None


@pytest.mark.parametrize("name", ["batch.json", "lease.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_file_is_named_with_its_cure(store, name, content):
    store.write(name, content)
    with pytest.raises(BatchError, match=rf"{name} is damaged .* move it away"):
        store.batch() if name == "batch.json" else Lease(store).__enter__()


@pytest.mark.parametrize("key", ["../../x", "N=../x", "/etc", "N=1/..", "", "N=1,../x"])
def test_a_key_is_never_a_path(store, notebook, key):
    plan(notebook, {}, {"EPOCHS": ["1"]}).settle(store, "stand-in")
    store.write_json("batch.json", store.read_json("batch.json") | {"runs": {key: {}}})
    with pytest.raises(BatchError, match="batch.json is damaged"):
        report.rows_of(store)


def test_a_text_is_no_formula_in_a_spreadsheet(store, notebook):
    plan(notebook, {}, {"EPOCHS": ["1"]}).settle(store, "stand-in")
    numbers = {"word": "=1+1", "loss": -0.5}
    store.write_json("runs/EPOCHS=1/results.json", {"status": "finished", "numbers": numbers, "failures": []})
    list(report.write(store, report.rows_of(store), None, None, None))
    assert b",'=1+1,-0.5," in store.read("results.csv") and b'"word": "=1+1"' in store.read("results.jsonl")


def test_values_within_brackets_stay_together(tmp_path):
    assert split("1,2") == ["1", "2"] and split("[1,2],[3]") == ["[1,2]", "[3]"]
    assert split("{'a': (1, 2)},x") == ["{'a': (1, 2)}", "x"] and split("") == [""]
    notebook = make_notebook(tmp_path, "own", parameters="LAYERS: list = [1]")
    batch = plan(notebook, {}, {"LAYERS": ["[1,2]", "[3]"]})
    assert [run["LAYERS"] for run in batch.runs.values()] == [[1, 2], [3]]
    store = Store(tmp_path / "out")
    batch.settle(store, "stand-in")
    for number, key in enumerate(batch.runs):
        result = {"status": "finished", "parameters": batch.runs[key], "numbers": {"loss": number}}
        store.write_json(f"runs/{key}/results.json", result | {"failures": [], "seconds": 1})
    rows = report.rows_of(store)
    assert [row["LAYERS"] for row in rows] == ["[1, 2]", "[3]"]
    assert list(report.write(store, rows, None, None, None)) == ["results.csv", "results.jsonl", "results.png"]
