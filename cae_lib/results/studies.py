"""Many trainings, one after the other: the runs that ship, how often a ReLU dies, what each part of a codec is worth.

Each resumes where it stopped; `cae train --all` makes all of them again from nothing.
"""

import json
import os
import platform
from dataclasses import replace
from pathlib import Path

import torch

from cae_lib.base.atomic import write_atomically, write_json
from cae_lib.base.weights import CheckpointError, damaged
from cae_lib.checkpoints import OWN, SHIPPED
from cae_lib.codec import streams
from cae_lib.data.images import ImageSet
from cae_lib.evaluation import dead_relus, reconstruct
from cae_lib.models import MODEL1, build
from cae_lib.race import rate_distortion
from cae_lib.results.recipes import CODECS, MEASURED, REPORT1, RUNS, train_recipe
from cae_lib.training import fit

HELD_OUT = 500  # training images, the last ones: designs are ranked on them, so no design trains on them
DEAD_BATCH_SIZES = (4, 16, 64, 256)
DEAD_SEEDS = 5
DEAD_RELU_FILE = SHIPPED / "dead_relus.json"


def train_runs(train_set: ImageSet, test_set: ImageSet) -> None:
    """Every run that ships; what is finished is not repeated."""
    for seed in range(max(recipe.seeds for recipe in RUNS.values())):
        for name, recipe in RUNS.items():
            if seed < recipe.seeds:
                print(f"{name}, seed {seed}: {recipe.why}", flush=True)
                train_recipe(name, seed, train_set, test_set)


def dead_relu_study(train_set: ImageSet, test_set: ImageSet, file: Path = DEAD_RELU_FILE) -> list[dict]:
    """Train model1 for one epoch with every batch size and seed; note whether it died or only sleeps.

    Returns, and keeps in `file` after every run, a list of {batch_size, seed, train_loss, validation_loss,
    dead_relus, active_outputs}; the last is the share of output values above zero on 1,000 test images: at 0 no
    gradient flows any more. Runs that the file already has are not repeated.
    """
    rows = load_rows(file, train_set.source) if file.exists() else []
    done = {(row["batch_size"], row["seed"]) for row in rows}
    for seed in range(DEAD_SEEDS):
        for batch_size in DEAD_BATCH_SIZES:
            if (batch_size, seed) in done:
                continue
            model = build(MODEL1, seed)
            config = replace(REPORT1, epochs=1, batch_size=batch_size, seed=seed)
            history = fit(model, train_set, test_set, config)
            rows.append({
                "batch_size": batch_size,
                "seed": seed,
                "train_loss": history.train_loss[-1],
                "validation_loss": history.validation_loss[-1],
                "dead_relus": dead_relus(model, test_set.images[:1000]),
                "active_outputs": (reconstruct(model, test_set.images[:1000]) > 0).float().mean().item(),
            })  # fmt: skip
            rows.sort(key=lambda row: (row["batch_size"], row["seed"]))
            write_json(file, {"source": train_set.source, "epochs": 1, "runs": rows})
    return rows


def load_rows(file: Path, source: str) -> list[dict]:
    """The runs in a study's file so far. Raises CheckpointError if it is damaged or about other images."""
    try:
        stored = json.loads(file.read_text())
        rows, old = stored["runs"], stored["source"]
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(file, error) from error
    if old != source:
        raise CheckpointError(f"{file} is about {old} images, now they are {source}: move it away first.")
    return rows


def machine() -> str:
    """What the seconds of a training depend on: processor, cores, threads, and the GPU if there is one."""
    cpu = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, {os.cpu_count()} cores"
    text = f"{cpu}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    return f"{text}, {torch.cuda.get_device_name()}" if torch.cuda.is_available() else text


def codec_study(train_set: ImageSet, test_set: ImageSet, file: Path) -> list[dict]:
    """Every codec of CODECS, one training after the other; what is finished is not repeated.

    Returns, and keeps in `file` after every training, a list of {name, seed, epochs, train_images, seconds, machine,
    points, held_out}: the seconds of the training on that machine, and curves (see rate_distortion.py) of real bytes on
    the first test images and on the last training images, which rank designs; no held_out for who trained on those.
    """
    rows = load_rows(file, test_set.source) if file.exists() else []
    ranked = {name for name, recipe in CODECS.items() if recipe.train_images <= len(train_set) - HELD_OUT}
    done = {(r["name"], r["seed"], r["epochs"]) for r in rows if "held_out" in r or r["name"] not in ranked}
    for seed in range(max(recipe.seeds for recipe in CODECS.values())):
        for name, recipe in CODECS.items():
            if seed >= recipe.seeds or (name, seed, recipe.training.epochs) in done:
                continue
            print(f"{name}, seed {seed}: {recipe.why}", flush=True)
            ours, folder = train_recipe(name, seed, train_set, test_set), OWN / name / f"seed{seed}"
            if name in (streams.RD, streams.RD2):
                write_atomically(streams.FOLDER / f"{name}.safetensors", (folder / "codec.safetensors").read_bytes())
            history = json.loads((folder / "run.json").read_text())
            row = {"name": name, "seed": seed, "epochs": len(history["epochs"])}
            row |= {"train_images": history["train_images"], "machine": machine()}
            row["seconds"] = sum(epoch["seconds"] for epoch in history["epochs"])
            row["points"] = rate_distortion.curve(test_set.take(MEASURED).images, ours)
            if name in ranked:
                row["held_out"] = rate_distortion.curve(train_set.images[-HELD_OUT:], ours)
            rows = [old for old in rows if (old["name"], old["seed"]) != (name, seed)] + [row]
            write_json(file, {"source": test_set.source, "images": MEASURED, "runs": rows})
    return rows
