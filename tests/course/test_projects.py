"""The projects: fair entries are measured in bytes, bad ones get a sentence and no row, and the starters run."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import nbformat
import papermill
import pytest
import torch
from torch import nn

from cae_lib.codec.prior import fields
from cae_lib.codec.quantisation import BITS, quantise
from cae_lib.course import projects
from cae_lib.course.projects import EntryError, judge, leaderboard
from cae_lib.data.images import ImageSet
from cae_lib.data.standin import CLASSES, make_images
from cae_lib.headless import runner
from cae_lib.models import MODEL1_REPAIRED, Autoencoder, build
from cae_lib.race.rate_distortion import curve

FOLDER = runner.NOTEBOOKS / "projects"
STARTERS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(autouse=True)
def few_images(monkeypatch):
    sets = {split: make_images(split, 60) for split in ("train", "test")}
    monkeypatch.setattr(projects, "load_images", lambda split: ImageSet(*sets[split], CLASSES, "stand-in", split))


@pytest.fixture
def board(tmp_path):
    return tmp_path / "new" / "leaderboard.jsonl"


class Shifted:
    """A quantiser with one step for all channels, whose symbols say what they are: round(16 x)."""

    qualities = (1, 2)

    def quantise(self, code, quality):
        return (code * 8 * quality).round().clamp(0, 255)

    def dequantise(self, symbols, quality):
        return symbols / (8 * quality)


@cache
def symbols_of_training() -> dict[int, torch.Tensor]:
    given = projects.load_codec(projects.GIVEN)
    code = given.to_code(make_images("train", 30)[0]).detach()
    return {bits: quantise(code, given.low, given.high, bits).long() for bits in BITS}


class Chessboard:
    """First the black fields, then the white ones, under one of 4 tables a channel by the mean of their neighbours."""

    def __init__(self):
        self.tables = {}
        for bits, symbols in symbols_of_training().items():
            self.tables[bits] = torch.ones(40, 2**bits)
            for where, table in Chessboard.passes(self, symbols, bits):
                self.tables[bits].index_put_((table, symbols[:, where]), torch.tensor(1.0), accumulate=True)

    def passes(self, symbols, bits):
        channel = torch.arange(8).view(-1, 1, 1).expand(8, 16, 16)
        black, white = (fields(name, 16, 16).expand(8, 16, 16) for name in ("black", "white"))
        yield black, channel[black].expand(len(symbols), -1)
        around = torch.tensor([[0, 1.0, 0], [1, 0, 1], [0, 1, 0]]).expand(8, 1, 3, 3) / 4
        mean = nn.functional.conv2d(symbols.float() * black, around, padding=1, groups=8)
        context = (mean * 4 / 2**bits).long().clamp(max=3)
        yield white, (8 + 4 * channel + context)[:, white]


class Wide(Autoencoder):
    """512 numbers as 8 x 8 x 8."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 4, stride=4), nn.Sigmoid())
        self.decoder = nn.Sequential(nn.ConvTranspose2d(8, 3, 4, stride=4), nn.Sigmoid())


def changed(thing, **attributes):
    """An object with other attributes or methods."""
    for name, value in attributes.items():
        setattr(thing, name, value)
    return thing


def test_a_quantiser_is_measured_in_bytes_and_gets_a_row(board, capsys):
    row = judge("06", Shifted(), author="Ada", images=5, board=board)
    assert json.loads(board.read_text()) == json.loads(json.dumps(row))
    assert (row["author"], row["name"], row["images"], row["source"]) == ("Ada", "Shifted", 5, "stand-in")
    (low, worse), (high, better) = row["points"]
    assert 1 < low < high < 24 and 15 < worse < better < 40
    printed = capsys.readouterr().out
    assert f"{low:.2f} bits per pixel" in printed
    assert row["bd_rate"] is None and "BD-rate against it: – % over " in printed, "too few dB in common"


def test_a_context_gives_the_same_pictures_from_fewer_bytes(board):
    row = judge("07", Chessboard(), author="Ada", images=10, board=board)
    baseline = curve(make_images("test", 60)[0][:10], projects.GIVEN)
    assert [p for _, p in row["points"]] == pytest.approx([p["psnr"] for p in baseline])
    assert all(row["points"][bits - 1][0] < baseline[bits - 1]["payload_bpp"] for bits in (2, 3, 4))


@pytest.mark.parametrize("model", [build(MODEL1_REPAIRED), Wide()], ids=["2 x 16 x 16", "8 x 8 x 8"])
def test_a_model_is_measured(model, board):
    row = judge("05", model, author="Ada", images=4, board=board)
    assert [rate for rate, _ in row["points"]] == sorted(rate for rate, _ in row["points"])
    assert row["points"][-1][0] < 8 * 512 / 1024 + 0.5  # at most 8 bits a number
    assert next(model.parameters()).dtype == torch.float32  # the entry stays as it was


class Remembers(Shifted):
    """Sets the range by the picture, and does not send it."""

    def quantise(self, code, quality):
        self.largest = code.max()
        return (code / self.largest * 255).round()

    def dequantise(self, symbols, quality):
        return symbols / 255 * self.largest


class Peeks(Chessboard):
    """Chooses the table of a symbol by the symbol."""

    def passes(self, symbols, bits):
        where = torch.ones(8, 16, 16, dtype=torch.bool)
        yield where, (symbols * 4 // 2**bits)[:, where]


ALL = torch.ones(8, 16, 16, dtype=torch.bool)
NAN = torch.tensor(float("nan"))


def broken_model():
    model = build(MODEL1_REPAIRED)
    model.decoder[0].bias.data[0] = NAN
    return model


BAD = {
    "no such project": ("08", lambda: None, "There is no project '08'"),
    "no autoencoder": ("05", lambda: nn.Linear(2, 2), "is no Autoencoder"),
    "large code": ("05", lambda: build(replace(MODEL1_REPAIRED, code_channels=3)), "at most 512 numbers"),
    "other channels": (
        "05",
        lambda: changed(build(MODEL1_REPAIRED), encoder=Wide().encoder),
        r"The decoder cannot take the encoder's code \(2, 8, 8, 8\)",
    ),
    "small output": ("05", lambda: changed(Wide(), decoder=nn.Conv2d(8, 3, 1)), r"not \(2, 3, 8, 8\)"),
    "NaN": ("05", broken_model, "that are not finite"),
    "negative symbols": ("06", lambda: changed(Shifted(), quantise=lambda c, q: c.round() - 1), "quantise must turn"),
    "fractions": ("06", lambda: changed(Shifted(), quantise=lambda c, q: c), "quantise must turn"),
    "fewer symbols": ("06", lambda: changed(Shifted(), quantise=lambda c, q: c[:, :1].round()), "quantise must turn"),
    "no numbers back": ("06", lambda: changed(Shifted(), dequantise=lambda s, q: s * NAN), "dequantise must turn"),
    "qualities": ("06", lambda: changed(Shifted(), qualities=(0.5, 1)), "must be whole numbers"),
    "remembers": ("06", Remembers, "At quality 1 the decoder does not give"),
    "peeks": ("07", Peeks, "At quality 1 the decoder does not give"),
    "no tables": ("07", lambda: changed(Chessboard(), tables={}), r"tables\[1\] must be"),
    "zeros": ("07", lambda: changed(Chessboard(), tables={b: torch.zeros(8, 2**b) for b in BITS}), r"all above 0"),
    "left out": ("07", lambda: changed(Chessboard(), passes=lambda s, b: []), "leaves out 2048 of 2048"),
    "twice": ("07", lambda: changed(Chessboard(), passes=lambda s, b: [(ALL, s[:, ALL] * 0)] * 2), "do not overlap"),
    "no such table": ("07", lambda: changed(Chessboard(), passes=lambda s, b: [(ALL, s[:, ALL] - 1)]), "from 0 to 39"),
}


@pytest.mark.parametrize("project, entry, sentence", BAD.values(), ids=BAD)
def test_a_bad_entry_gets_one_sentence_and_no_row(project, entry, sentence, board):
    with pytest.raises(EntryError, match=sentence) as caught:
        judge(project, entry(), author="Ada", images=4, board=board)
    assert "\n" not in str(caught.value) and not board.exists()


def row(author, psnr, source="CIFAR-10", project="06"):
    return {
        "project": project, "author": author, "name": "x", "psnr": psnr, "bd_rate": None, "bd_rate_jpeg": 9.0,
        "images": 100, "source": source, "date": "2026-01-01 12:00", "version": "1",
    }  # fmt: skip


def test_leaderboard_is_in_order_and_keeps_stand_in_and_projects_apart(board, capsys):
    rows = [row("third", 21.0), row("last", 30.0, "stand-in"), row("first", 25.5), row("fourth", None)]
    for each in [*rows, row("elsewhere", 40.0, project="07")]:
        projects.append(board, each)
    leaderboard("06", board)
    title, *lines = capsys.readouterr().out.splitlines()
    assert "6 bits per pixel" in title and "model1_code8" in title
    assert [line.split(":")[0].split()[-1] for line in lines] == ["first", "third", "fourth", "last"]
    leaderboard("05", board)
    assert capsys.readouterr().out.splitlines()[1:] == ["no entry yet"]


def test_judgements_at_the_same_time_lose_no_row(board):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: projects.append(board, {"number": number}), range(40)))
    assert sorted(json.loads(line)["number"] for line in board.read_text().splitlines()) == list(range(40))
    if os.name == "posix":
        assert board.with_suffix(".lock").stat().st_mode & 0o777 == 0o666  # a class may share the file


def test_a_leaderboard_of_no_project(board):
    with pytest.raises(EntryError, match="There is no project '5'; choose one of 05, 06, 07"):
        leaderboard("5", board)


def test_psnr_at_a_rate_is_linear_between_points():
    points = [{"payload_bpp": 1.0, "psnr": 20.0}, {"payload_bpp": 3.0, "psnr": 26.0}]
    assert [projects.psnr_at(points, rate) for rate in (0.5, 1, 2, 3, 9)] == [None, 20, 23, 26, 26]


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_starter_code_runs_and_is_judged(path, tmp_path, monkeypatch):
    monkeypatch.setenv("CAE_DATA", "stand-in")
    board = tmp_path / "board.jsonl"
    parameters = {"IMAGES": 3, "TRAIN_IMAGES": 100, "BOARD": str(board), "AUTHOR": "starter"}
    papermill.execute_notebook(path, tmp_path / path.name, parameters, kernel_name="python3", progress_bar=False)
    (line,) = board.read_text().splitlines()
    assert json.loads(line)["project"] == path.stem.split("_")[1] and json.loads(line)["author"] == "starter"


@pytest.mark.parametrize("path", STARTERS, ids=lambda path: path.stem)
def test_starters_are_empty_and_their_points_add_up(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    lines = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown").splitlines()
    points = [
        int(line.split("|")[1]) for line in lines if line.startswith("| ") and line.split("|")[1].strip().isdigit()
    ]
    assert len(points) == 5 and f"{sum(points)} points in all." in "\n".join(lines)


def test_there_is_a_starter_for_each_project():
    assert [path.stem.split("_")[1] for path in STARTERS] == list(projects.PROJECTS)
