"""The shipped figures, drawn from runs of a few images: every number is kept, and each file is written."""

import dataclasses
import json
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from helpers.images import stand_in_set
from matplotlib.figure import Figure

from cae_lib import checkpoints
from cae_lib.base.atomic import write_json
from cae_lib.cli import main
from cae_lib.data.images import CIFAR10, STAND_IN, DataError, scale
from cae_lib.data.standin import CLASSES
from cae_lib.metrics import psnr
from cae_lib.race import rate_distortion
from cae_lib.results import figures, measurements, publish, race_figures, recipes, studies

SHORT = {"overfit": 3, "underfit": 2}  # epochs; the other runs are trained for all of theirs


@pytest.fixture(scope="module")
def data():
    return stand_in_set(40)


@pytest.fixture(scope="module")
def folders(tmp_path_factory, data):
    """All shipped runs, on eight images, and the tables made from them."""
    root = tmp_path_factory.mktemp("kit")
    runs, tables, few = root / "runs", root / "figures", data.take(8)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # eight images do not wake every ReLU
        patch.setattr(checkpoints, "SHIPPED", runs)
        for name in recipes.RUNS:
            recipes.train_recipe(name, 0, few, few, runs / name / "seed0", SHORT.get(name))
        facts = {"train": measurements.data_facts(few), "test": measurements.data_facts(data)}
        write_json(tables / "data_facts.json", facts)
        write_json(tables / "report_table.json", {"rows": measurements.report_table(facts)})
        write_json(tables / "comparison.json", {"rows": measurements.comparison(few)})
    write_json(tables / "trivial.json", {"rows": measurements.trivial_codes(few)})
    write_json(tables / "pca.json", {"rows": [{"code_numbers": 64, "psnr": 20.0}, {"code_numbers": 512, "psnr": 25.0}]})
    race = rate_distortion.race(few.images[:2], ["model1", "rd", "AVIF", "PNG"])
    rd = rate_distortion.race(few.images[:2], ["rd"])
    write_json(tables / "rd.json", {"source": STAND_IN} | rd)
    strong = {name: rd["curves"]["rd"] for name in publish.LEARNED}
    write_json(tables / "rd2.json", {"source": STAND_IN} | rd | {"curves": rd["curves"] | strong})
    write_json(tables / "codecs.json", {"source": STAND_IN} | race)
    curve = rd["curves"]["rd"]
    names = [name for name, recipe in recipes.CODECS.items() if recipe.train_images < recipes.ALL]
    trainings = [{"name": n, "seed": seed, "points": curve, "held_out": curve} for n in names for seed in (0, 1)]
    steps = [{"what": "a", "bd_rate": 0.0}, {"what": "b", "bd_rate": -1.0}]
    write_json(tables / "dct_steps.json", {"source": STAND_IN, "rows": steps})
    write_json(tables / "blocks.json", {"source": STAND_IN, "rows": steps})
    write_json(tables / "rd_trainings.json", {"source": STAND_IN, "runs": trainings})
    zero = facts["test"]["zero_output"]
    states = [(zero / 2, 0.5), (zero, 0.1), (zero, 0.0)]  # learning, asleep, dead
    study = [
        {"batch_size": size, "seed": seed, "validation_loss": loss, "active_outputs": active}
        for size in studies.DEAD_BATCH_SIZES
        for seed, (loss, active) in enumerate(states)
    ]
    write_json(runs / "dead_relus.json", {"source": STAND_IN, "epochs": 1, "runs": study})
    return runs, tables


@pytest.fixture
def shipped(folders, monkeypatch):
    runs, tables = folders
    monkeypatch.setattr(checkpoints, "SHIPPED", runs)
    monkeypatch.setattr(measurements, "FIGURES", tables)
    monkeypatch.setattr(figures, "DEAD_RELU_FILE", runs / "dead_relus.json")
    monkeypatch.setattr(race_figures, "FIRST", 1)
    return tables


@pytest.mark.parametrize("draw", figures.FIGURES, ids=lambda draw: draw.__name__)
def test_a_figure_and_its_numbers(draw, shipped, data):
    figure, numbers = draw(data)
    assert isinstance(figure, Figure) and plt.get_fignums() == []
    assert numbers and json.dumps(numbers, allow_nan=False)
    assert draw.__doc__
    if draw is not figures.quality_against_code_size:  # its tables are CIFAR-10's on any data set
        assert "stand-in" in figure.get_supxlabel()


def test_before_after_shows_images_and_their_psnr(shipped, data):
    figure, numbers = figures.model2_every_class(data)
    indices = data.one_per_class()
    assert numbers["image"] == indices.tolist() and (numbers["run"], numbers["epoch"]) == ("model2", 20)
    above, below = figure.axes[:10], figure.axes[10:]
    for ax, i in zip(above, indices, strict=True):
        np.testing.assert_allclose(ax.images[0].get_array(), data.images[i].permute(1, 2, 0) / 255, atol=1e-6)
    shown = torch.tensor(np.stack([ax.images[0].get_array() for ax in below])).permute(0, 3, 1, 2)
    computed = psnr(scale(data.images[indices], (0.0, 1.0)), shown).tolist()
    assert numbers["psnr"] == pytest.approx(computed, abs=1e-3)
    assert [ax.get_title() for ax in above] == [f"{CLASSES[c]}\n{v:.1f} dB" for c, v in enumerate(computed)]


def test_the_two_figures_of_model1_show_the_same_three_images(shipped, data):
    ten, thirty = figures.model1_epoch_10(data)[1], figures.model1_epoch_30(data)[1]
    assert ten["image"] == thirty["image"] == figures.three_random(data).tolist() and len(set(ten["image"])) == 3
    assert (ten["epoch"], thirty["epoch"]) == (10, 30)


def test_the_grid_has_each_rows_reconstructions_below_it(shipped, data):
    figure, numbers = figures.model2_grid(data)
    shown = np.stack([ax.images[0].get_array() for ax in figure.axes]).reshape(8, 8, 32, 32, 3)
    originals = data.images[:32].permute(0, 2, 3, 1).reshape(4, 8, 32, 32, 3) / 255
    np.testing.assert_allclose(shown[0::2], originals, atol=1e-6)
    rebuilt = figures.rebuilt("model2", data, slice(0, 32)).permute(0, 2, 3, 1).reshape(4, 8, 32, 32, 3)
    np.testing.assert_allclose(shown[1::2], rebuilt, atol=1e-5)
    assert len(numbers["psnr"]) == 32


def test_losses_are_those_of_the_runs(shipped, data):
    curves = figures.model1_losses(data)[1]
    record = checkpoints.load_histories("model1")[0]
    assert curves["curves"]["validation"] == record["history"]["validation_loss"] and record["history"]["epochs"] == 30
    assert curves["floors"]["training"] == measurements.stored("data_facts")["train"]["relu_floor"]


def test_the_dead_relu_study_is_counted(shipped, data):
    counts = figures.dead_relus(data)[1]["counts"]
    assert set(counts) == set(studies.DEAD_BATCH_SIZES) or set(counts) == set(map(str, studies.DEAD_BATCH_SIZES))
    assert all(c == {"learning": 1, "asleep": 1, "dead": 1} for c in counts.values())


def test_the_race_is_drawn_from_its_stored_curves(shipped, data):
    stored = {name: points for name, points in measurements.stored("codecs")["curves"].items() if name != "model1"}
    for draw in (figures.codecs_payload, figures.codecs_file):
        figure, numbers = draw(data)
        assert numbers["curves"] == stored and "JPEG 4:4:4" in stored
        assert (
            ("BPG 4:4:4" in numbers["references"]) == ("BPG 4:4:4" in numbers["notes"]) == (draw is figures.codecs_file)
        )
        drawn = {line.get_label(): line.get_xdata() for line in figure.axes[0].get_lines()}
        which = draw.__name__.removeprefix("codecs_")
        assert list(drawn["rd"]) == [p[f"{which}_bpp"] for p in sorted(stored["rd"], key=lambda p: p["psnr"])]


def test_at_equal_bytes_no_rival_has_fewer(shipped, data):
    numbers = figures.at_equal_bytes(data)[1]
    (cells,) = numbers["images"]
    first, *rivals = [cell["bytes"] for cell in cells.values()]
    assert list(cells)[0] == "rd2" and len(rivals) == 2 and first <= min(rivals)


@pytest.mark.parametrize("make", [publish.draw_all, lambda: publish.measure([]), lambda: publish.measure(["AVIF"])])
def test_nothing_that_ships_is_made_from_the_stand_in(make, shipped, monkeypatch, data, tmp_path):
    monkeypatch.setattr(measurements, "FIGURES", tmp_path)
    monkeypatch.setattr(publish, "load_images", lambda split: data)
    with pytest.raises(DataError, match="CAE_DATA"):
        make()
    assert not list(tmp_path.iterdir())


@pytest.fixture
def real(monkeypatch, data, tmp_path):
    """A folder of figures, and images that are taken for CIFAR-10's."""
    few = dataclasses.replace(data.take(2), source=CIFAR10)
    monkeypatch.setattr(measurements, "FIGURES", tmp_path)
    monkeypatch.setattr(publish, "load_images", lambda split: few)
    monkeypatch.setattr(publish, "RACES", {"codecs": (2, ["JPEG 4:4:4", "model1", "PNG"]), "rd": (2, ["JPEG 4:4:4"])})
    return tmp_path


def test_only_what_is_named_is_measured_again(real):
    publish.measure(["JPEG 4:4:4", "model1", "PNG"])
    first = measurements.stored("codecs")
    assert list(first["curves"]) == ["JPEG 4:4:4", "model1", "PNG"] and first["source"] == CIFAR10
    old = json.loads(json.dumps(first))
    old["curves"]["model1"][0]["psnr"] = old["curves"]["PNG"][0]["payload_bpp"] = 12.5
    write_json(real / "codecs.json", old)
    (real / "rd.json").unlink()
    publish.measure(["PNG"])
    new = measurements.stored("codecs")
    assert new["curves"]["PNG"] == first["curves"]["PNG"] and new["curves"]["model1"][0]["psnr"] == 12.5
    assert list(new["curves"]) == list(first["curves"]) and {p.name for p in real.iterdir()} == {"codecs.json"}


def test_curves_of_other_images_are_not_mixed_with_new_ones(real):
    write_json(real / "codecs.json", {"source": CIFAR10, "images": 3, "curves": {"model1": [], "JPEG 4:4:4": []}})
    publish.measure(["PNG"])
    new = measurements.stored("codecs")
    assert new["images"] == 2 and all(new["curves"][name] for name in ("JPEG 4:4:4", "model1", "PNG"))


def test_what_cannot_be_measured_is_named_with_the_choice(capsys):
    assert main.main(["figures", "--measure", "JPG", "AVIF"]) == 2
    assert "called JPG; there are tables, blocks, JPEG 4:4:4, model1" in capsys.readouterr().err


ROWS = [
    {"codec": "one", "psnr_pooled": 24.0, "percent": 29.3},
    {"codec": "one", "psnr_pooled": 30.0, "percent": -4.0},
    {"codec": "two", "psnr_pooled": 38.12, "percent": None},
]


def test_results_say_who_wins():
    text = publish.who_wins(ROWS, "rd")
    assert "**one** wins at 24.00 dB (29 % more);\n**`rd` against one** wins at 30.00 dB (4 % less)." in text
    assert "does not reach 38.12 dB" in text and "two" not in text


def test_results_say_after_how_many_images_the_weights_are_paid_for():
    rows = [
        {"which": w, "psnr": 30, "weights": 5_008_368, "images": n} for w, n in (("file", 17_234), ("payload", None))
    ]
    text = " ".join(publish.paid_for(rows).split())
    assert "5.0 MB" in text and "after about 17,000 images" in text and "after no number by payload" in text
