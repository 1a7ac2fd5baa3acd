"""The shipped figures: each function draws one and returns it with the numbers that it draws.

publish.py writes them to figures/<name>.png and <name>.json; the notebooks call the same functions.
"""

import json
from collections.abc import Callable
from statistics import median

import torch
from matplotlib.figure import Figure

from cae_lib import plots
from cae_lib.checkpoints import load_histories, load_run
from cae_lib.data.images import CIFAR10, ImageSet, scale, unscale
from cae_lib.evaluation import reconstruct
from cae_lib.metrics import psnr
from cae_lib.models import range_of
from cae_lib.results import measurements
from cae_lib.results.blocks import blocks
from cae_lib.results.dct_steps import dct_steps
from cae_lib.results.race_figures import at_equal_bytes, codecs_file, codecs_payload, rd2_race, rd_payload, weights
from cae_lib.results.recipes import BASE, CODECS, LEARNING_RATES
from cae_lib.results.studies import DEAD_BATCH_SIZES, DEAD_RELU_FILE


def rebuilt(run: str, test: ImageSet, indices, epoch: int | str | None = None) -> torch.Tensor:
    """What a shipped run makes of some test images: float (N, 3, 32, 32) in [0, 1]."""
    model = load_run(run, epoch).model
    return unscale(reconstruct(model, test.images[indices]), range_of(model))


def before_after(run: str, epoch: int, test: ImageSet, indices) -> tuple[Figure, dict]:
    """Originals above a shipped run's reconstructions, each title with its class and PSNR."""
    originals = scale(test.images[indices], (0.0, 1.0))
    after = rebuilt(run, test, indices, epoch)
    values = psnr(originals, after).tolist()
    titles = [f"{t}\n{v:.1f} dB" for t, v in zip(test.titles(indices), values, strict=True)]
    figure = plots.before_after(originals, after, titles, source=test.source)
    return figure, {"run": run, "epoch": epoch, "image": list(map(int, indices)), "psnr": values}


def three_random(test: ImageSet, seed: int = 0) -> torch.Tensor:
    """Indices of three random test images, as in the report's figures 3 and 4."""
    return torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))[:3]


def model1_epoch_10(test: ImageSet) -> tuple[Figure, dict]:
    """The report's first figure of results: three random images after 10 epochs of model1."""
    return before_after("model1", 10, test, three_random(test))


def model1_epoch_30(test: ImageSet) -> tuple[Figure, dict]:
    """The same three images after 30 epochs."""
    return before_after("model1", 30, test, three_random(test))


def model2_every_class(test: ImageSet) -> tuple[Figure, dict]:
    """One image of every class before and after model2."""
    return before_after("model2", 20, test, test.one_per_class())


def model2_grid(test: ImageSet) -> tuple[Figure, dict]:
    """The report's 8 x 8 grid: 32 test images in four rows, each row's reconstructions below it."""
    after = rebuilt("model2", test, slice(0, 32))
    pairs = [(test.images[i : i + 8].float() / 255, after[i : i + 8]) for i in range(0, 32, 8)]
    values = psnr(scale(test.images[:32], (0.0, 1.0)), after).tolist()
    figure = plots.image_grid(torch.cat([torch.cat(pair) for pair in pairs]), 8, source=test.source)
    return figure, {"run": "model2", "psnr": values}


def four_reconstructions(test: ImageSet) -> tuple[Figure, dict]:
    """Original, the report's model1, model1 repaired (model1_code2, seed 0), model2, and the size of each code."""
    indices = test.one_per_class()
    originals = scale(test.images[indices], (0.0, 1.0))
    rows, numbers = {"original\n3,072 bytes": originals}, {}
    for run in ("model1", "model1_code2", "model2"):
        used, size = measurements.numbers_in_use(load_run(run).model, test)
        count = f"{size:,} numbers" if used == size else f"{used:,} of {size:,}\nnumbers"
        rows[f"{run}\n{count}"] = after = rebuilt(run, test, indices)
        numbers[run] = psnr(originals, after).tolist()
    return plots.image_rows(rows, test.titles(indices), source=test.source), {"psnr": numbers}


def model1_losses(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Both losses of model1 over 30 epochs (seed 0), with the floors that its ReLU sets."""
    record, facts = load_histories("model1")[0], measurements.stored("data_facts")
    curves = {"training": record["history"]["train_loss"], "validation": record["history"]["validation_loss"]}
    floors = {"training": facts["train"]["relu_floor"], "validation": facts["test"]["relu_floor"]}
    title = "model1: batch 4, SGD 0.01"
    figure = plots.loss_curves(
        curves, floors=floors, above_floor=True, title=title, mark=10, ylabel="MSE in [-1, 1]", source=record["source"]
    )
    return figure, {"curves": curves, "floors": floors}


def model1_seeds(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Validation loss of model1 over 30 epochs, one curve a seed, between the all-zero output and the floor."""
    records, facts = load_histories("model1"), measurements.stored("data_facts")["test"]
    curves = {f"seed {r['training']['seed']}": r["history"]["validation_loss"] for r in records}
    title = "model1: the same training, other seeds"
    figure = plots.loss_curves(curves, title=title, ylabel="validation MSE in [-1, 1]", source=records[0]["source"])
    for name, style, label in (("zero_output", "--", "all-zero output"), ("relu_floor", ":", "floor of a ReLU output")):
        figure.axes[0].axhline(facts[name], color="#777777", linestyle=style, linewidth=1, label=label)
    figure.axes[0].legend(fontsize=8)
    return figure, {"curves": curves, "zero_output": facts["zero_output"], "floor": facts["relu_floor"]}


def model2_losses(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Both losses of model2 over 20 epochs (seed 0)."""
    record = load_histories("model2")[0]
    curves = {"training": record["history"]["train_loss"], "validation": record["history"]["validation_loss"]}
    title = "model2: batch 32, Adam 0.001"
    return plots.loss_curves(curves, title=title, mark=10, ylabel="MSE in [0, 1]", source=record["source"]), {
        "curves": curves
    }


def over_and_underfitting(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Many passes over 32 images, and a code too small for 5,000: how far the two losses lie apart."""
    curves = {}
    for name, label in (("overfit", "32 images"), ("underfit", "one code channel")):
        record = load_histories(name)[0]
        curves[f"{label}: training"] = record["history"]["train_loss"]
        curves[f"{label}: validation"] = record["history"]["validation_loss"]
    xy = {name: (list(range(1, len(y) + 1)), y) for name, y in curves.items()}
    figure = plots.lines(xy, "epoch (log)", "MSE in [0, 1] (log)", logx=True, logy=True, source=record["source"])
    return figure, {"curves": curves}


def learning_rates(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Validation loss of the repaired model1 with SGD at four learning rates."""
    records = {rate: load_histories(f"rate_{rate:g}")[0] for rate in LEARNING_RATES}
    curves = {f"learning rate {rate:g}": r["history"]["validation_loss"] for rate, r in records.items()}
    source = next(iter(records.values()))["source"]
    return plots.loss_curves(curves, ylabel="validation MSE in [0, 1]", source=source), {"curves": curves}


def dead_relus(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Model1 after one epoch over batch sizes and seeds: learning, asleep at the all-zero loss, or dead."""
    study, facts = json.loads(DEAD_RELU_FILE.read_text()), measurements.stored("data_facts")
    zero = facts["test"]["zero_output"]
    figure, axes = plots.new_figure(1, 1, 6.4, 3.6, study["source"])
    counts = {size: {"learning": 0, "asleep": 0, "dead": 0} for size in DEAD_BATCH_SIZES}
    style = {"learning": (plots.COLOURS[0], "o"), "asleep": (plots.COLOURS[4], "s"), "dead": (plots.COLOURS[1], "X")}
    for run in study["runs"]:
        sleeps = run["validation_loss"] > 0.99 * zero
        state = "dead" if run["active_outputs"] == 0 else "asleep" if sleeps else "learning"
        counts[run["batch_size"]][state] += 1
        x = DEAD_BATCH_SIZES.index(run["batch_size"]) + 0.12 * (run["seed"] - 2)
        axes[0, 0].plot(x, run["validation_loss"], style[state][1], color=style[state][0], markersize=8)
    for state, (colour, marker) in style.items():
        axes[0, 0].plot([], [], marker, color=colour, label=state)
    axes[0, 0].axhline(zero, color="#777777", linestyle="--", linewidth=1, label="all-zero output")
    axes[0, 0].set_xticks(range(len(DEAD_BATCH_SIZES)), [f"batch {size}" for size in DEAD_BATCH_SIZES])
    axes[0, 0].set(ylabel="validation MSE in [-1, 1] after one epoch")
    axes[0, 0].legend(fontsize=8)
    axes[0, 0].grid(alpha=0.3, axis="y")
    return figure, {"counts": counts, "all_zero_loss": zero}


def quality_against_code_size(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """PSNR against the numbers in the code: model1 with 2 to 64 channels, model2, PCA, and another course's.

    Of runs with several seeds, the median.
    """
    rows, pca = measurements.stored("comparison")["rows"], measurements.stored("pca")["rows"]
    ours = [r for r in rows if r["run"].startswith("model1_code")]
    uva = {n: -10 * torch.tensor(m).log10().item() for n, m in measurements.UVA_TUTORIAL.items()}
    curves = {f"model1_code2 to 64, {ours[0]['epoch']} epochs": curve(ours)}
    curves["model1 as in the report, 30 epochs"] = curve([r for r in rows if r["run"] == "model1"])
    curves[f"model2, {rows[-1]['epoch']} epochs"] = curve(rows[-1:])
    curves["PCA"] = ([r["code_numbers"] for r in pca], [r["psnr"] for r in pca])
    curves["UvA tutorial 9 (from its mean MSE)"] = (list(uva), list(uva.values()))
    figure = plots.lines(curves, "numbers in the code", "PSNR in dB", logx=True, source=CIFAR10)
    for row, marker in zip(measurements.stored("trivial")["rows"], "Xs", strict=True):
        curves[row["what"]] = [row["code_numbers"]], [row["psnr"]]
        figure.axes[0].plot(*curves[row["what"]], marker, color="#333333", markersize=8, label=row["what"])
    figure.axes[0].legend(fontsize=8, loc="lower right", bbox_to_anchor=(1, 0.06))
    figure.axes[0].axvline(3072, color="#777777", linestyle=":", linewidth=1)
    figure.axes[0].text(3072, figure.axes[0].get_ylim()[0] + 0.5, " numbers in the image", fontsize=7, color="#777777")
    return figure, {"curves": {name: list(map(list, c)) for name, c in curves.items()}}


def rd_ablation(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """What the parts of a small rate-distortion autoencoder are worth: its rate without them, at equal PSNR."""
    stored = measurements.stored("rd_trainings")
    rows = [row for row in measurements.ablation(stored["runs"]) if row["name"] != BASE]
    figure, axes = plots.new_figure(1, 1, 7.4, 0.42 * len(rows) + 0.9, stored["source"])
    ax, places = axes[0, 0], range(len(rows))
    means, halves = (
        [row["bd_rate"]["mean"] for row in rows],
        [measurements.half_interval(row["bd_rate"]) for row in rows],
    )
    ax.barh(places, means, xerr=halves, color=plots.COLOURS[0], error_kw={"ecolor": "black", "capsize": 3})
    ax.set_yticks(places, [CODECS[row["name"]].why for row in rows], fontsize=9)
    for place, row in zip(places, rows, strict=True):
        for value in row["bd_rate"]["values"]:
            ax.plot(value, place, "o", color=plots.COLOURS[1], markersize=4)
    ax.axvline(0, color="black", linewidth=1)
    label = "BD-rate on held-out images in %, above 0 is worse\ndots: seeds; lines: 95 % interval of t"
    ax.set_xlabel(label, fontsize=9)
    ax.invert_yaxis()
    ax.grid(alpha=0.3, axis="x")
    return figure, {"rows": rows}


def curve(rows: list[dict]) -> tuple[list, list, list]:
    """Code size and the median PSNR of the seeds, which one dead run does not move, for plots.lines."""
    return [r["code_numbers"] for r in rows], [median(r["psnr"]["values"]) for r in rows]


FIGURES: tuple[Callable[[ImageSet], tuple[Figure, dict]], ...] = (
    four_reconstructions,
    model1_epoch_10,
    model1_epoch_30,
    model1_losses,
    model1_seeds,
    dead_relus,
    over_and_underfitting,
    learning_rates,
    model2_every_class,
    model2_grid,
    model2_losses,
    quality_against_code_size,
    at_equal_bytes,
    codecs_payload,
    codecs_file,
    rd_payload,
    rd2_race,
    weights,
    dct_steps,
    blocks,
    rd_ablation,
)
