"""The recipes of the rate-distortion trainings, and the table of what their parts are worth, on a few images."""

import json
from dataclasses import replace

import pytest
import torch
from helpers.images import random_set

from cae_lib.base.atomic import write_json
from cae_lib.checkpoints import CheckpointError
from cae_lib.codec import integers, streams
from cae_lib.codec.design import RateDistortionConfig
from cae_lib.race import rate_distortion
from cae_lib.results import measurements, recipes, studies, tables
from cae_lib.results.recipes import ALL, BASE, CODECS, SHORT, SMALL
from cae_lib.results.studies import codec_study

pytestmark = pytest.mark.usefixtures("one_cpu_core")
TINY = RateDistortionConfig(width=8, groups=(2, 2), lambdas=(0.01, 0.1))


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Three recipes of tiny models, among them that of the shipped codec; nothing is written outside tmp_path."""
    few = {
        streams.RD: replace(CODECS[streams.RD], model=TINY, training=replace(SHORT, epochs=1)),
        BASE: replace(CODECS[BASE], model=TINY, training=replace(SHORT, epochs=1), seeds=2, train_images=8),
        "rd_channel": replace(CODECS["rd_channel"], model=replace(TINY, context="none"), seeds=1, train_images=6),
    }
    monkeypatch.setattr(studies, "CODECS", few)
    monkeypatch.setattr(recipes, "RECIPES", few)
    monkeypatch.setattr(studies, "HELD_OUT", 4)
    monkeypatch.setattr(studies, "OWN", tmp_path / "runs")
    monkeypatch.setattr(recipes, "OWN", tmp_path / "runs")
    monkeypatch.setattr(streams, "FOLDER", tmp_path / "codecs")
    (tmp_path / "codecs").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", [streams.RD, streams.RD2])
def test_the_shipped_codec_is_the_recipes(name):
    recipe, shipped = CODECS[name], streams.load_codec(name)
    assert shipped.config == recipe.model
    assert len(shipped.qualities) >= 6 and recipe.train_images == ALL
    assert (streams.FOLDER / f"{name}.safetensors").stat().st_size < 10e6


def test_the_variants_differ_from_the_base_in_one_thing_each():
    for name, recipe in CODECS.items():
        if name in (streams.RD, streams.RD2, "rd_minutes", BASE):
            continue
        changes = [a != b for a, b in ((recipe.model, SMALL), (recipe.training, SHORT))]
        assert sum(changes) == 1, name
        assert (recipe.train_images, recipe.seeds) == (CODECS[BASE].train_images, CODECS[BASE].seeds), name


def test_train_leaves_a_codec_that_can_be_used(tiny):
    images = random_set(12)
    ours = recipes.train_recipe("rd_channel", 3, images, images, tiny / "mine", epochs=2)
    record = json.loads((tiny / "mine" / "run.json").read_text())
    assert record["training"]["seed"] == 3 and record["train_images"] == 6 and len(record["epochs"]) == 2
    assert all(epoch["seconds"] > 0 for epoch in record["epochs"])
    again = integers.load(tiny / "mine" / "codec.safetensors")
    assert torch.equal(again.analyse(images.images, 2), ours.analyse(images.images, 2))


def test_train_all_trains_each_once_and_measures_real_bytes(tiny, monkeypatch):
    images, file = random_set(12), tiny / "trainings.json"
    rows = codec_study(images, images, file)
    assert [(r["name"], r["seed"]) for r in rows] == [(streams.RD, 0), (BASE, 0), ("rd_channel", 0), (BASE, 1)]
    stored = json.loads(file.read_text())
    assert stored == {"source": "random", "images": recipes.MEASURED, "runs": rows}
    ours = integers.load(tiny / "codecs" / "rd.safetensors")
    points = rate_distortion.curve(images.images, ours)
    assert rows[0]["points"] == points and rows[0]["epochs"] == 1 and rows[0]["seconds"] > 0
    assert "held_out" not in rows[0], "the shipped codec trains on all images"
    theirs = integers.load(tiny / "runs" / BASE / "seed1" / "codec.safetensors")
    assert rows[3]["held_out"] == rate_distortion.curve(images.images[8:], theirs)
    assert rows[3]["points"] != rows[3]["held_out"] and all("cores" in row["machine"] for row in rows)

    monkeypatch.setattr(studies, "train_recipe", lambda *_: pytest.fail("trained again"))
    assert codec_study(images, images, file) == rows
    old = [{key: value for key, value in row.items() if key != "held_out"} for row in rows]
    write_json(file, stored | {"runs": old})
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        codec_study(images, images, file)
    with pytest.raises(CheckpointError, match="is about random images, now they are others: move it away first"):
        codec_study(random_set(12), replace(random_set(12), source="others"), file)


def test_the_ablation_compares_seed_by_seed_and_ranks_on_held_out_images(monkeypatch, tmp_path):
    def points(factor: float) -> list[dict]:
        return [{"psnr": 20.0 + 5 * k, "payload_bpp": factor * 2**k} for k in range(4)]

    monkeypatch.setattr(measurements, "FIGURES", tmp_path)
    write_json(tmp_path / "codecs.json", {"curves": {rate_distortion.REFERENCE: points(2.0)}})
    factors = {(BASE, 0): (1.0, 1.0), (BASE, 1): (2.0, 1.0), ("rd_wide", 0): (0.9, 1.5), ("rd_wide", 1): (1.6, 1.5)}
    factors |= {("rd_noise", 0): (1.2, 0.5), ("rd_noise", 1): (2.4, 0.5), ("rd_narrow", 5): (1.0, 1.0)}
    runs = [
        {"name": name, "seed": seed, "held_out": points(held_out), "points": points(test)}
        for (name, seed), (held_out, test) in factors.items()
    ]
    runs.append({"name": "rd_minutes", "seed": 0, "points": points(1.0)[:1]})
    wide, base, noise = rows = measurements.ablation(runs)
    assert [row["name"] for row in rows] == ["rd_wide", BASE, "rd_noise"], "ranked by the held-out images alone"
    assert base["bd_rate"]["values"] == pytest.approx([0, 0], abs=1e-9)
    assert wide["bd_rate"]["values"] == pytest.approx([-10, -20]) and noise["on_test"]["mean"] == pytest.approx(-50)
    assert base["against_jpeg"]["values"] == pytest.approx([-50, -50], abs=1e-9)
    table = tables.ablation_markdown(rows)
    first, second, _ = table.splitlines()[2:]
    assert f"| {BASE} | {CODECS[BASE].why} | – | – | – |" in second, "the base is not compared with itself"
    assert CODECS["rd_wide"].why in first and "-10.0 / -20.0 | -15.0 [-78.5, +48.5]" in first and "±" not in table


def test_no_design_trains_on_held_out_images():
    designs = [recipe for name, recipe in CODECS.items() if name not in (streams.RD, streams.RD2, "rd_minutes")]
    assert all(recipe.train_images <= 50_000 - studies.HELD_OUT and recipe.seeds >= 3 for recipe in designs)
