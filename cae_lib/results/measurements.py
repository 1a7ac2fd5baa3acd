"""The kit's numbers: facts of the data, the report's table, both models on one scale, the ablation.

Everything here is computed from images and stored runs; `cae figures` writes it to figures/*.json, and
the notebooks, RESULTS.md and the README quote it from there.
"""

import json
from statistics import mean, stdev

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cae_lib import trivial
from cae_lib.anatomy import summarise
from cae_lib.base import places
from cae_lib.base.errors import UsageError
from cae_lib.checkpoints import load_histories, load_run
from cae_lib.data.images import ImageSet, scale
from cae_lib.metrics import mse, psnr, quality
from cae_lib.models import Autoencoder, range_of
from cae_lib.pca import pca_reconstruct, principal_components
from cae_lib.race.rate_distortion import REFERENCE, rates
from cae_lib.race.rates import bd_rate
from cae_lib.results.recipes import BASE, CODE_CHANNELS, CODECS, SAME_SCALE

FIGURES = places.outside("figures")

# What the report prints, by run and epoch: (training loss, validation loss). It gives "0.001 lower" for the
# validation loss of model1 at 30 epochs, and one number, for both losses, for model2.
REPORT = {("model1", 10): (0.145, 0.1421), ("model1", 30): (0.144, 0.1411), ("model2", 10): (0.0012, 0.0012)}

# Numbers in the code -> MSE in [0, 1] on CIFAR-10 after up to 500 epochs on a GPU, from another teaching notebook:
# UvA Deep Learning Course, tutorial 9 (deep autoencoders).
UVA_TUTORIAL = {64: 0.00709, 128: 0.00409, 256: 0.00207, 384: 0.00128}


def stored(name: str) -> dict:
    """The numbers behind a shipped figure or table, from figures/<name>.json."""
    try:
        return json.loads((FIGURES / f"{name}.json").read_text())
    except FileNotFoundError:
        raise UsageError(
            f"There is no {FIGURES / name}.json, where the kit stores its numbers: {places.CURE}."
        ) from None


def data_facts(data: ImageSet) -> dict[str, float]:
    """What no training can change: four mean squared errors of a data set.

    relu_floor: mean of min(z, 0)^2 for z in [-1, 1], which a model that ends in a ReLU can never reproduce;
    zero_output: mean of z^2, the loss of an all-zero output; average_pool and max_pool: MSE in [0, 1] of
    2 x 2 pooling followed by repeating each value.
    """
    sums = dict.fromkeys(("relu_floor", "zero_output", "average_pool", "max_pool"), 0.0)
    for images in data.images.split(5000):
        z, x = scale(images, (-1.0, 1.0)), scale(images, (0.0, 1.0))
        sums["relu_floor"] += z.clamp(max=0).square().mean().item() * len(images)
        sums["zero_output"] += z.square().mean().item() * len(images)
        for name, pool in (("average_pool", F.avg_pool2d), ("max_pool", F.max_pool2d)):
            repeated = F.interpolate(pool(x, 2), scale_factor=2)
            sums[name] += F.mse_loss(repeated, x).item() * len(images)
    return {name: value / len(data) for name, value in sums.items()}


def power_spectrum(images: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Average power of the luminance at 1, 2, ... 16 cycles per image, over all directions.

    images: uint8 (N, 3, 32, 32). Returns frequencies (16,) and powers (16,), both float64. Each image's
    mean is taken off, and a Hann window hides the jump from one border to the opposite one.
    """
    side = images.shape[-1]
    luminance = np.einsum("nchw,c->nhw", images.numpy() / 255, [0.299, 0.587, 0.114])
    luminance -= luminance.mean(axis=(1, 2), keepdims=True)
    window = np.outer(np.hanning(side + 2)[1:-1], np.hanning(side + 2)[1:-1])
    power = (abs(np.fft.fft2(luminance * window)) ** 2).mean(axis=0) / (window**2).sum()
    cycles = np.fft.fftfreq(side, 1 / side)
    rings = np.rint(np.hypot(cycles[:, None], cycles[None, :]))
    frequencies = np.arange(1.0, side // 2 + 1)
    return frequencies, np.array([power[rings == f].mean() for f in frequencies])


def pca_quality(train: ImageSet, test: ImageSet, counts: list[int]) -> list[dict]:
    """MSE and PSNR (means over the test images, in [0, 1]) of PCA with `counts` numbers kept.

    Rows {"code_numbers", "mse", "psnr"}, PSNR in dB.
    """
    average, directions = principal_components(train)
    originals, rows = scale(test.images, (0.0, 1.0)), []
    for count in counts:
        rebuilt = pca_reconstruct(test.images, average, directions, count)
        errors = mse(originals, rebuilt).mean().item(), psnr(originals, rebuilt).mean().item()
        rows.append({"code_numbers": count, "mse": errors[0], "psnr": errors[1]})
    return rows


def spread(values: list[float]) -> dict:
    """Mean and standard deviation (of the sample; 0 for one value) of a result over seeds, and the values."""
    deviation = stdev(values) if len(values) > 1 else 0.0
    return {"mean": mean(values), "std": deviation, "seeds": len(values), "values": values}


def trivial_codes(test: ImageSet) -> list[dict]:
    """Two codes that nobody had to learn, on the test images: {"what", "code_numbers", "psnr"} (mean, in dB)."""
    images = scale(test.images, (0.0, 1.0))
    codes = (("luma halved, colours quartered", 384, trivial.halved_with_less_colour), ("halved", 768, trivial.halved))
    return [{"what": w, "code_numbers": n, "psnr": psnr(images, code(images)).mean().item()} for w, n, code in codes]


def half_interval(value: dict) -> float:
    """Half the width of the 95 % interval of Student's t around the mean of a spread of two values or more."""
    from scipy.stats import t  # a slow import, needed only here

    return float(t.ppf(0.975, value["seeds"] - 1)) * value["std"] / value["seeds"] ** 0.5


def report_table(facts: dict[str, dict[str, float]]) -> list[dict]:
    """One row for each number of the report: report, ours, floor, and ours on the [0, 1] scale.

    facts: {"train": data_facts, "test": data_facts}. Losses are MSE in the model's own pixel range.
    """
    rows = []
    for (name, epoch), printed in REPORT.items():
        records = load_histories(name)
        low, high = records[0]["model"]["pixel_range"]
        for split, curve, value in zip(("train", "test"), ("train_loss", "validation_loss"), printed, strict=True):
            ours = spread([r["history"][curve][epoch - 1] for r in records if r["history"]["epochs"] >= epoch])
            floor = facts[split]["relu_floor"] if records[0]["model"]["output_activation"] == "relu" else 0.0
            row = {"run": name, "epoch": epoch, "split": split, "report": value, "ours": ours, "floor": floor}
            rows.append(row | {"same_scale": ours["mean"] / (high - low) ** 2})
    return rows


def comparison(test: ImageSet) -> list[dict]:
    """The runs on one scale: parameters, multiply-adds, code size, and quality on the test set over seeds.

    mse, psnr, ssim: spreads over the seeds of the means over images, all in [0, 1].
    """
    contestants = [("model1", None)] + [(f"model1_code{c}", None) for c in CODE_CHANNELS]
    contestants += [("model2", SAME_SCALE.epochs), ("model2", None)]
    rows = []
    for name, epoch in contestants:
        seeds = [0] if epoch else range(len(load_histories(name)))
        runs = [load_run(name, epoch, seed) for seed in seeds]
        layers = summarise(runs[0].model)
        values = [quality(run.model, test) for run in runs]
        row = {"run": name, "epoch": runs[0].epoch, "parameters": sum(x.parameters for x in layers)}
        row["multiply_adds"] = sum(x.multiply_adds for x in layers)
        in_use = [numbers_in_use(run.model, test) for run in runs]
        row["code_numbers"] = in_use[0][1]
        row["code_numbers_in_use"] = spread([used for used, _ in in_use])
        row["code_bytes_float32"] = 4 * row["code_numbers"]
        rows.append(row | {key: spread([v[key] for v in values]) for key in ("mse", "psnr", "ssim")})
    return rows


@torch.no_grad()
def numbers_in_use(model: Autoencoder, data: ImageSet) -> tuple[int, int]:
    """How many numbers of a code carry anything, and how many there are, for one 32 x 32 image.

    A channel that is zero on each of the first 1,000 images is dead: none of its numbers counts.
    """
    code = model.encode(scale(data.images[:1000], range_of(model)))
    alive = int((code.abs().amax((0, 2, 3)) > 0).sum())
    return alive * code[0, 0].numel(), code[0].numel()


def ablation(runs: list[dict]) -> list[dict]:
    """BD-rates of trainings (studies.codec_study) of several rates: {name, bd_rate, on_test, against_jpeg}.

    Each is a spread over the seeds, in percent, payload against payload. bd_rate: each seed against the base's training
    with the same seed, on images held out of the training set, which rank the designs; the best comes first.
    on_test: the same on test images, which only measure; against_jpeg: there, against the stored curve of JPEG 4:4:4.
    """
    jpeg, rows = rates(stored("codecs")["curves"][REFERENCE]), []
    curves = {(run["name"], run["seed"]): run for run in runs if "held_out" in run}
    for name in CODECS:
        seeds = [seed for found, seed in curves if found == name and (BASE, seed) in curves]
        if seeds:
            pairs = [(curves[BASE, seed], curves[name, seed]) for seed in sorted(seeds)]
            row = {"name": name}
            for key, images in (("bd_rate", "held_out"), ("on_test", "points")):
                row[key] = spread([bd_rate(*rates(base[images]), *rates(own[images])) for base, own in pairs])
            row["against_jpeg"] = spread([bd_rate(*jpeg, *rates(own["points"])) for _, own in pairs])
            rows.append(row)
    return sorted(rows, key=lambda row: row["bd_rate"]["mean"])
