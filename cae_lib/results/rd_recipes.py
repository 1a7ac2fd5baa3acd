"""The trainings of rate-distortion autoencoders: the codec that ships, what each of its parts is worth, three minutes.

`train_all` (part of `cae train --all`) makes them again from nothing, and resumes where it stopped.
"""

import json
import os
import platform
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from cae_lib.base.atomic import write_atomically, write_json
from cae_lib.checkpoints import OWN
from cae_lib.codec import integers, streams
from cae_lib.codec import training as rd_training
from cae_lib.codec.integers import RateDistortionCodec
from cae_lib.codec.model import RateDistortionConfig
from cae_lib.codec.training import RateDistortionTraining
from cae_lib.data.images import ImageSet
from cae_lib.race import rate_distortion
from cae_lib.race.coders import coder_of
from cae_lib.results.recipes import load_rows

MEASURED = 500  # test images
HELD_OUT = 500  # training images, the last ones: designs are ranked on them, so no design trains on them


@dataclass(frozen=True)
class Recipe:
    """One training: model, training, how many images, how many seeds."""

    why: str
    model: RateDistortionConfig
    training: RateDistortionTraining
    seeds: int = 3
    train_images: int = 10_000


# Small enough to be trained many times; what holds for it need not hold for a large model trained for long.
SMALL = RateDistortionConfig(width=64, lambdas=(0.002, 0.008, 0.025, 0.09))
SHORT = RateDistortionTraining(epochs=4, batch_size=32, learning_rate=4e-3)
BASE = "rd_small"

RECIPES = {
    streams.RD: Recipe("the codec that ships", RateDistortionConfig(), RateDistortionTraining(epochs=48), 1, 50_000),
    "rd_minutes": Recipe(
        "three minutes: one rate, one distribution a channel",
        RateDistortionConfig(width=64, lambdas=(0.01,), context="none"),
        RateDistortionTraining(epochs=2, batch_size=32, learning_rate=5e-3),
        train_images=50_000,
    ),
    BASE: Recipe("small and short: what the next ones are compared with", SMALL, SHORT),
    "rd_noise": Recipe("noise stands in for rounding everywhere", replace(SMALL, rounding="noise"), SHORT),
    "rd_straight": Recipe("straight-through rounding everywhere", replace(SMALL, rounding="straight-through"), SHORT),
    "rd_channel": Recipe("one distribution a channel, no context", replace(SMALL, context="none"), SHORT),
    "rd_hyper": Recipe("a hyperprior instead of the context", replace(SMALL, context="none", hyper=8), SHORT),
    "rd_both": Recipe("a hyperprior beside the context", replace(SMALL, hyper=8), SHORT),
    "rd_narrow": Recipe("half the width", replace(SMALL, width=32), SHORT),
    "rd_wide": Recipe("twice the width", replace(SMALL, width=128), SHORT),
    "rd_shorter": Recipe("half as long", SMALL, replace(SHORT, epochs=2)),
    "rd_longer": Recipe("twice as long", SMALL, replace(SHORT, epochs=8)),
}


def train(
    name: str,
    seed: int,
    train_set: ImageSet,
    test_set: ImageSet,
    folder: Path | None = None,
    epochs: int | None = None,
) -> RateDistortionCodec:
    """Train or resume one recipe with one seed, by default in runs/; the codec is there as codec.safetensors."""
    recipe, folder = RECIPES[name], folder or OWN / name / f"seed{seed}"
    training = replace(recipe.training, seed=seed, epochs=epochs or recipe.training.epochs)
    images, measured = train_set.take(recipe.train_images), test_set.take(MEASURED)
    model = rd_training.train(folder, recipe.model, training, images, measured)
    integers.save(folder / "codec.safetensors", model)
    return integers.load(folder / "codec.safetensors")


def machine() -> str:
    """What the seconds of a training depend on: processor, cores, threads, and the GPU if there is one."""
    cpu = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores"
    text = f"{cpu}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    return f"{text}, {torch.cuda.get_device_name()}" if torch.cuda.is_available() else text


def train_all(train_set: ImageSet, test_set: ImageSet, file: Path) -> list[dict]:
    """Everything that ships or is compared, one training after the other; what is finished is not repeated.

    Returns, and keeps in `file` after every training, a list of {name, seed, epochs, train_images, seconds, machine,
    points, held_out}: the seconds of the training on that machine, and curves (see rate_distortion.py) of real bytes on
    the first test images and on the last training images, which rank designs; no held_out for who trained on those.
    """
    rows = load_rows(file, test_set.source) if file.exists() else []
    ranked = {name for name, recipe in RECIPES.items() if recipe.train_images <= len(train_set) - HELD_OUT}
    done = {(r["name"], r["seed"], r["epochs"]) for r in rows if "held_out" in r or r["name"] not in ranked}
    for seed in range(max(recipe.seeds for recipe in RECIPES.values())):
        for name, recipe in RECIPES.items():
            if seed >= recipe.seeds or (name, seed, recipe.training.epochs) in done:
                continue
            print(f"{name}, seed {seed}: {recipe.why}", flush=True)
            ours, folder = train(name, seed, train_set, test_set), OWN / name / f"seed{seed}"
            if name == streams.RD:
                write_atomically(streams.FOLDER / f"{name}.safetensors", (folder / "codec.safetensors").read_bytes())
            history = json.loads((folder / "run.json").read_text())
            coder = coder_of(ours)
            row = {"name": name, "seed": seed, "epochs": len(history["epochs"])}
            row |= {"train_images": history["train_images"], "machine": machine()}
            row["seconds"] = sum(epoch["seconds"] for epoch in history["epochs"])
            row["points"] = rate_distortion.curve(test_set.take(MEASURED).images, coder)
            if name in ranked:
                row["held_out"] = rate_distortion.curve(train_set.images[-HELD_OUT:], coder)
            rows = [old for old in rows if (old["name"], old["seed"]) != (name, seed)] + [row]
            write_json(file, {"source": test_set.source, "images": MEASURED, "runs": rows})
    return rows
