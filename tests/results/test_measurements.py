"""The kit's numbers: data facts by hand, tables from runs that are known."""

import json

import pytest
import torch
from helpers.images import image_set

from cae_lib.base.atomic import write_json
from cae_lib.base.errors import UsageError
from cae_lib.data.images import load_images
from cae_lib.models import MODEL1, MODEL2, as_record, build
from cae_lib.results import measurements, tables
from cae_lib.results.measurements import data_facts, spread


@pytest.mark.parametrize(
    "block, facts",
    [
        ([0, 0, 0, 0], (1.0, 1.0, 0.0, 0.0)),
        ([255, 255, 255, 255], (0.0, 1.0, 0.0, 0.0)),
        ([0, 255, 255, 255], (0.25, 1.0, 0.1875, 0.25)),
        ([51, 102, 153, 204], ((0.36 + 0.04) / 4, (0.36 + 0.04) / 2, 0.05, (0.36 + 0.16 + 0.04) / 4)),
    ],
    ids=["black", "white", "one dark pixel", "four greys"],
)
def test_data_facts_by_hand(block, facts):
    images = torch.tensor(block, dtype=torch.uint8).reshape(1, 1, 2, 2).expand(2, 3, 2, 2)
    computed = data_facts(image_set(images.contiguous()))
    names = ("relu_floor", "zero_output", "average_pool", "max_pool")
    assert computed == pytest.approx(dict(zip(names, facts, strict=True)), abs=1e-6)


def test_data_facts_weigh_every_image_alike():
    images = torch.zeros(5001, 3, 2, 2, dtype=torch.uint8)
    images[-1] = 255  # alone in the last part
    assert data_facts(image_set(images))["relu_floor"] == pytest.approx(5000 / 5001, abs=1e-6)


def test_data_facts_of_the_real_test_images(real_data):
    facts = data_facts(load_images("test"))
    assert facts["relu_floor"] == pytest.approx(0.13799, abs=1e-4)
    assert facts["zero_output"] == pytest.approx(0.25464, abs=1e-4)
    assert facts["average_pool"] == pytest.approx(0.004225, abs=5e-6)
    assert facts["max_pool"] == pytest.approx(0.010792, abs=5e-6)


def test_spread():
    assert spread([1.0, 2.0, 3.0]) == {"mean": 2.0, "std": 1.0, "seeds": 3, "values": [1.0, 2.0, 3.0]}
    assert spread([5.0]) == {"mean": 5.0, "std": 0.0, "seeds": 1, "values": [5.0]}


def test_the_interval_of_t():
    assert measurements.half_interval(spread([1.0, 2.0, 3.0])) == pytest.approx(4.3027 / 3**0.5, rel=1e-4)
    assert measurements.half_interval(spread([0.0, 1.0])) == pytest.approx(12.706 / 2, rel=1e-4)


def test_stored_numbers_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr(measurements, "FIGURES", tmp_path)
    write_json(tmp_path / "facts.json", {"rows": [1.5, {"a": None}]})
    assert measurements.stored("facts") == {"rows": [1.5, {"a": None}]}
    with pytest.raises(UsageError):
        measurements.stored("nothing")


def record(config, train_loss, validation_loss):
    history = {"epochs": len(train_loss), "train_loss": train_loss, "validation_loss": validation_loss}
    return {"model": as_record(config), "history": history}


@pytest.fixture
def known_runs(monkeypatch):
    """Two seeds of model1, the second cut after 10 epochs, and one of model2."""
    long, short = [0.2] * 29 + [0.16], [0.3] * 10
    runs = {
        "model1": [record(MODEL1, long, [0.1] * 30), record(MODEL1, short, [0.2] * 10)],
        "model2": [record(MODEL2, [0.002] * 20, [0.001] * 20)],
    }
    monkeypatch.setattr(measurements, "load_histories", runs.__getitem__)
    return measurements.report_table({"train": {"relu_floor": 0.15}, "test": {"relu_floor": 0.05}})


def test_report_table_averages_seeds_and_puts_losses_on_one_scale(known_runs):
    rows = {(r["run"], r["epoch"], r["split"]): r for r in known_runs}
    assert len(rows) == len(known_runs) == 6
    first = rows["model1", 10, "train"]
    assert first["report"] == 0.145
    assert first["ours"]["mean"] == pytest.approx(0.25) and first["ours"]["seeds"] == 2
    assert first["floor"] == 0.15 and first["same_scale"] == pytest.approx(0.25 / 4)
    assert rows["model1", 10, "test"]["floor"] == 0.05
    assert rows["model1", 30, "train"]["ours"] == {"mean": 0.16, "std": 0.0, "seeds": 1, "values": [0.16]}
    second = rows["model2", 10, "test"]
    assert second["floor"] == 0.0 and second["same_scale"] == second["ours"]["mean"] == 0.001
    assert json.loads(json.dumps(known_runs)) == known_runs


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_report_as_markdown(known_runs):
    table = cells(tables.report_markdown(known_runs))
    assert {len(line) for line in table} == {5} and len(table) == 2 + len(known_runs)
    assert table[2] == ["model1, epoch 10, train", "0.1450", "0.2000 / 0.3000", "0.1500", "0.06250"]
    assert table[-1][1:3] == ["0.0012", "0.00100"]


def test_comparison_counts_code_and_cost(monkeypatch):
    class Loaded:
        def __init__(self, name, epoch=None, seed=0):
            self.model, self.epoch = build(MODEL2 if name == "model2" else MODEL1, seed), epoch or 20

    monkeypatch.setattr(measurements, "load_run", Loaded)
    monkeypatch.setattr(measurements, "load_histories", lambda name: [None] * (2 if name == "model2" else 1))
    data = image_set(torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8))
    rows = measurements.comparison(data)
    first, last = rows[0], rows[-1]
    assert (first["run"], first["parameters"], first["multiply_adds"]) == ("model1", 11_461, 11_534_336)
    assert (first["code_numbers"], first["code_bytes_float32"]) == (512, 2_048)
    assert (last["run"], last["parameters"], last["code_bytes_float32"]) == ("model2", 21_123, 65_536)
    assert last["psnr"]["seeds"] == 2 and last["psnr"]["std"] > 0
    expected = [measurements.quality(build(MODEL2, seed), data)["mse"] for seed in (0, 1)]
    assert last["mse"]["mean"] == pytest.approx(sum(expected) / 2)
    table = cells(tables.comparison_markdown(rows))
    assert {len(line) for line in table} == {8} and len(table) == 2 + len(rows)
    assert table[-1][1:4] == ["21,123", "7.37 M", "16,384"]
    assert table[-1][5] == "65,536" and table[-1][6].count(" / ") == 1


def test_numbers_in_use_leave_out_channels_that_are_zero_on_every_image():
    model = build(MODEL1)
    data = image_set(torch.randint(0, 256, (3, 3, 32, 32), dtype=torch.uint8))
    with torch.no_grad():
        for bias, used in ((10.0, 512), (-100.0, 256)):  # above zero everywhere, then below
            model.encoder[4].bias.copy_(torch.tensor([10.0, bias]))
            assert measurements.numbers_in_use(model, data) == (used, 512)
