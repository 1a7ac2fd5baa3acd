"""The projects: entries are measured in bytes, by a decoder that sees nothing else; bad ones get a sentence, no row."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import nbformat
import papermill
import psutil
import pytest

from cae_lib.base.errors import UsageError
from cae_lib.course import leaderboard, projects, referee
from cae_lib.course.leaderboard import PROJECTS
from cae_lib.course.projects import judge, learn
from cae_lib.course.referee import EntryError
from cae_lib.data.images import ImageSet
from cae_lib.data.standin import CLASSES, make_images
from cae_lib.headless import runner
from cae_lib.results import measurements

FOLDER = runner.NOTEBOOKS / "projects"
STARTERS = sorted(FOLDER.glob("*.ipynb"))
SETS = {split: ImageSet(*make_images(split, 60), CLASSES, "stand-in", split) for split in ("train", "test")}


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    monkeypatch.setattr(projects, "load_images", SETS.get)
    projects.rivals_curve.cache_clear()
    yield
    projects.rivals_curve.cache_clear()


@pytest.fixture
def board(tmp_path):
    return tmp_path / "new" / "leaderboard.jsonl"


PLAIN = """\
import os, torch
from pathlib import Path
from cae_lib.codec import dct
STEPS = (90, 40)

class Mine(dct.DctCodec):
    {method}

def learn(train):
    return dct.calibrate(train, STEPS, kind=Mine)
"""


def entry(folder, method="pass", text=PLAIN, number="06"):
    """The file of an entry with another method, after it has learned."""
    path = folder / f"entry_{number}.py"
    path.write_text(text.replace("{method}", method.strip().replace("\n", "\n    ")))
    learn(path, SETS["train"])
    return path


def test_an_entry_is_measured_in_bytes_and_gets_a_row(tmp_path, board, capsys):
    path = entry(tmp_path)
    row = judge("06", path, author="Ada", images=5, board=board)
    assert json.loads(board.read_text()) == json.loads(json.dumps(row))
    assert (row["author"], row["name"], row["images"], row["source"]) == ("Ada", "entry_06", 5, "stand-in")
    codec = learn(path, SETS["train"])
    files = codec.encode(SETS["test"].images[:5], 2)
    assert row["points"][1][0] == pytest.approx(8 * sum(map(codec.payload_size, files)) / (5 * 32 * 32))
    assert f"{row['points'][0][0]:.2f} bits per pixel" in capsys.readouterr().out


BETTER = """
def passes(self, symbols, quality):
    slow = (torch.arange(192) % 64 < 3)[:, None, None].expand(symbols.shape[1:])
    table = torch.arange(192)[:, None, None].expand(symbols.shape)
    offset = torch.full_like(table, -self.largest[quality])
    yield slow, table[:, slow], offset[:, slow]
    # What is known of a block now: whether its slow waves are all zero.
    calm = (symbols * slow == 0).all(1, keepdim=True) * 192
    yield ~slow, (table + calm)[:, ~slow], offset[:, ~slow]
"""
COUNTED = PLAIN.replace("    return dct", "    codec = dct") + (
    """\
    from cae_lib.codec.entropy import Tables
    for q in codec.qualities:
        counts = torch.ones(384, 2 * codec.largest[q] + 1).double()
        symbols = codec.analyse(train.images, q)
        for where, table, offset in codec.passes(symbols, q):
            place = table * counts.shape[1] + symbols[:, where] - offset
            counts += torch.bincount(place.flatten(), minlength=counts.numel()).view_as(counts)
        codec.tables[q] = Tables(counts.numpy())
    return codec
"""
)


def test_a_context_gives_the_same_pictures_from_other_bytes(tmp_path):
    """What a pass knows of the passes before it reaches the decoder, in a process of its own."""
    images = SETS["test"].images[:10]
    plain = projects.points_of(entry(tmp_path), images)
    better = projects.points_of(entry(tmp_path, BETTER, COUNTED, "07"), images)
    assert [p["psnr"] for p in better] == pytest.approx([p["psnr"] for p in plain])
    assert [p["payload_bpp"] for p in better] != [p["payload_bpp"] for p in plain]


REMEMBERS = """
def analyse(self, images, quality):
    self.images = images
    return super().analyse(images, quality)
def synthesise(self, symbols, quality):
    return self.images
"""
PEEKS = """
def passes(self, symbols, quality):
    where = torch.ones(symbols.shape[1:], dtype=torch.bool)
    table = (symbols[:, where] != 0).long()
    yield where, table, torch.full_like(table, -self.largest[quality])
"""
STEALS = """
def synthesise(self, symbols, quality):
    from cae_lib.data.images import load_images
    return load_images("test").images[:len(symbols)]
"""
LOOKS = """
def synthesise(self, symbols, quality):
    found = [p.name for p in Path.cwd().rglob("*")] + [p.name for p in Path.home().rglob("*")]
    raise ValueError(" ".join(sorted(set(found))))
"""
QUITS = "def synthesise(self, symbols, quality): os._exit(3)"
BAD = {
    "remembers": (REMEMBERS, r"The decoder stopped: AttributeError: 'Mine' object has no attribute 'images'"),
    "peeks": (PEEKS, r"A pass may look at the symbols of the passes before it, and at nothing else\."),
    "steals": (STEALS, r"The decoder stopped: DataError"),
    "quits": (QUITS, r"The decoder stopped: it says nothing"),
    "raises": ("def analyse(self, images, quality): return 1 / 0", r"The encoder stopped: ZeroDivisionError"),
}


@pytest.mark.parametrize("method, sentence", BAD.values(), ids=BAD)
def test_a_bad_entry_gets_one_sentence_and_no_row(method, sentence, tmp_path, board):
    path = entry(tmp_path, method)
    with pytest.raises(EntryError, match=sentence) as caught:
        judge("06", path, author="Ada", images=4, board=board)
    assert "\n" not in str(caught.value) and not board.exists()


LIMITS = {
    "slow": ("import time; time.sleep(60)", 1, 9, r"took more than 1 seconds and was stopped: make it faster\."),
    "large": (
        "x = b'1' * 400_000_000; import time; time.sleep(60)",
        60,
        0.3,
        r"more than 0.3 GB of memory and was stopped",
    ),
}


@pytest.mark.parametrize("code, seconds, gigabytes, sentence", LIMITS.values(), ids=LIMITS)
def test_a_process_beyond_its_limits_is_stopped(code, seconds, gigabytes, sentence):
    """With what it started."""
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    process = subprocess.Popen([sys.executable, "-c", parent])
    with pytest.raises(EntryError, match=f"^The decoder .*{sentence}"):
        try:
            referee.watch(process, "decoder", seconds, gigabytes)
        finally:
            running = referee.family(process)
            referee.stop(process)
    _, left = psutil.wait_procs(running, timeout=5)
    assert process.returncode != 0 and not [p for p in left if p.status() != psutil.STATUS_ZOMBIE]


def test_the_decoder_finds_bytes_and_nothing_else(tmp_path):
    with pytest.raises(EntryError, match=r"ValueError: entry_06\.pickle entry_06\.py said task$"):
        referee.measure(entry(tmp_path, LOOKS), SETS["test"].images[:2])


def test_what_is_wrong_before_anything_is_coded(tmp_path, board):
    path = tmp_path / "entry_06.py"
    for content, sentence in (
        (None, "There is no file"),
        ("x = ", r"entry_06\.py cannot be run: SyntaxError"),
        ("x = 1", r"has no function learn\(train\)"),
        ("def learn(train): return lambda: 1", "cannot be kept in a file"),
    ):
        path.unlink(missing_ok=True) if content is None else path.write_text(content)
        with pytest.raises(EntryError, match=sentence):
            learn(path, SETS["train"])
    with pytest.raises(EntryError, match=r"There is no .*entry_06\.pickle: run `projects\.learn`"):
        judge("06", path, author="Ada", board=board)
    with pytest.raises(ValueError, match="There is no project '08'; choose one of 05, 06, 07"):
        judge("08", path, author="Ada", board=board)


@pytest.mark.parametrize(
    "content, numbers, sentence",
    [
        ("def learn(train): return 5", 0, "The entry is no codec: it lacks stride, margin"),
        (PLAIN.format(method="qualities = 1"), 512, "has 3072 numbers, and 512 are allowed"),
        (PLAIN.format(method="pass"), 0, ""),
    ],
    ids=["no codec", "large code", "fine"],
)
def test_what_a_codec_has_to_be(content, numbers, sentence, tmp_path):
    path = tmp_path / "entry_05.py"
    path.write_text(content)
    learn(path, SETS["train"])
    if not sentence:
        assert list(referee.measure(path, SETS["test"].images[:2], numbers)) == [1, 2]
        return
    with pytest.raises(EntryError, match=f"The encoder stopped: .*{sentence}"):
        referee.measure(path, SETS["test"].images[:2], numbers)


def test_an_entry_of_many_megabytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(referee, "LARGEST", 0.1)
    with pytest.raises(EntryError, match=r"entry_06\.pickle has \d+ MB, and 0.1 are allowed"):
        referee.measure(entry(tmp_path), SETS["test"].images[:2])


def row(author, psnr, source="CIFAR-10", project="06"):
    return {
        "project": project, "author": author, "name": "x", "psnr": psnr, "bd_rate": None, "bd_rate_jpeg": 9.0,
        "images": 100, "source": source, "date": "2026-01-01 12:00", "version": "1",
        "points": [[0.5, 24.0], [2.0, 30.0]],
    }  # fmt: skip


def test_leaderboard_is_in_order_and_keeps_stand_in_and_projects_apart(board, capsys):
    rows = [row("third", 21.0), row("last", 30.0, "stand-in"), row("first", 25.5), row("fourth", None)]
    for each in [*rows, row("elsewhere", 40.0, project="07")]:
        leaderboard.append(board, each)
    figure = leaderboard.leaderboard("06", board)
    title, *lines = capsys.readouterr().out.splitlines()
    assert "1 bits per pixel" in title and "dct" in title
    assert [line.split(":")[0].split()[-1] for line in lines] == ["first", "third", "fourth", "last"]
    named = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert named == ["JPEG 4:4:4 (CIFAR-10)", "dct (CIFAR-10)", "rd (CIFAR-10)", "fourth: x", "third: x", "first: x"]
    assert leaderboard.leaderboard("05", board) is None
    assert capsys.readouterr().out.splitlines()[1:] == ["no entry yet"]
    assert leaderboard.best(leaderboard.rows_of(board))["06"]["author"] == "first"


def test_judgements_at_the_same_time_lose_no_row(board):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: leaderboard.append(board, {"number": number}), range(40)))
    assert sorted(json.loads(line)["number"] for line in board.read_text().splitlines()) == list(range(40))
    if os.name == "posix":
        assert board.with_suffix(".lock").stat().st_mode & 0o777 == 0o666  # a class may share the file


def test_psnr_at_a_rate_is_linear_between_points():
    points = [{"payload_bpp": 1.0, "psnr": 20.0}, {"payload_bpp": 3.0, "psnr": 26.0}]
    assert [projects.psnr_at(points, rate) for rate in (0.5, 1, 2, 3, 9)] == [None, 20, 23, 26, 26]
    assert projects.said(points, 2) == "23.00 dB" and "26.00 dB (its last point, at " in projects.said(points, 9)


def test_the_network_is_as_far_above_as_project_06_says():
    curves = measurements.stored("codecs")["curves"]
    rd, dct = (projects.psnr_at(curves[name], 1) for name in ("rd", "dct"))
    assert 1.5 < rd - dct < 2.5


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_starter_code_runs_and_is_judged(path, tmp_path, monkeypatch):
    monkeypatch.setenv("CAE_DATA", "stand-in")
    board, number = tmp_path / "board.jsonl", path.stem.split("_")[1]
    parameters = {"IMAGES": 3, "TRAIN_IMAGES": 100, "BOARD": str(board), "AUTHOR": "starter"}
    options = {"kernel_name": "python3", "progress_bar": False, "cwd": str(tmp_path)}
    papermill.execute_notebook(path, tmp_path / path.name, parameters, **options)
    (line,) = board.read_text().splitlines()
    assert json.loads(line)["project"] == number and json.loads(line)["author"] == "starter"
    assert (tmp_path / f"entry_{number}.py").exists() and (tmp_path / f"entry_{number}.pickle").exists()


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_starters_are_empty_and_their_points_add_up(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    points = [int(n) for n in re.findall(r"^\| +(\d+) \|", text, re.MULTILINE)]
    assert len(points) == 5 and f"{sum(points)} points in all." in text
    assert f"PSNR at {PROJECTS[path.stem.split('_')[1]].rate} bit" in text


def test_there_is_a_starter_for_each_project():
    assert [path.stem.split("_")[1] for path in STARTERS] == list(PROJECTS)


@pytest.mark.parametrize("damage", [b"{", b"[1]", b"\xff", "version", "points"])
def test_a_damaged_leaderboard_is_named_with_its_line(damage, tmp_path, capsys):
    board = tmp_path / "board.jsonl"
    row = dict(project="06", author="Ada", name="x", date="d", source="s", version="1", images=1)
    row |= dict(psnr=1.0, bd_rate=None, bd_rate_jpeg=None, points=[[1, 2]])
    good = json.dumps(row).encode()
    bad = damage if isinstance(damage, bytes) else json.dumps(row | {damage: 5}).encode()
    board.write_bytes(good + b"\n" + bad + b"\n")
    with pytest.raises(UsageError, match="board.jsonl cannot be read as a leaderboard: line 2 is damaged"):
        leaderboard.leaderboard("06", board)
    assert not capsys.readouterr().out
