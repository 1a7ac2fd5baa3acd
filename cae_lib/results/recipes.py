"""The runs that the kit ships: what is trained, on how many images, with which seeds.

`train_all` (the command `cae train --all`) makes them again from nothing, and resumes where it stopped.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from cae_lib import checkpoints
from cae_lib.base.atomic import write_json
from cae_lib.data.images import ImageSet
from cae_lib.evaluation import dead_relus, reconstruct
from cae_lib.models import MODEL1, MODEL1_REPAIRED, MODEL2, ModelConfig, build
from cae_lib.training import TrainConfig, fit

ALL = 10**9  # more images than there are: all of them


@dataclass(frozen=True)
class Recipe:
    """One shipped run: model, training, how many images, how many seeds.

    Seed 0 keeps the weights of every epoch, the others those of the best and the last one.
    """

    why: str
    model: ModelConfig
    training: TrainConfig
    seeds: int = 1
    train_images: int = ALL
    validation_images: int = ALL


REPORT1 = TrainConfig(epochs=30, batch_size=4, optimiser="sgd", learning_rate=0.01)
REPORT2 = TrainConfig(epochs=20, batch_size=32, optimiser="adam", learning_rate=1e-3)
SAME_SCALE = replace(REPORT2, epochs=6, bf16=True)
CODE_CHANNELS = (2, 8, 16, 64)
LEARNING_RATES = (0.0001, 0.001, 0.01, 0.1)
FEW = dict(train_images=5_000, validation_images=1_000)

RECIPES = {
    "model1": Recipe("the report's model1; epoch 10 is its first run", MODEL1, REPORT1, seeds=3),
    "model2": Recipe("the report's model2", MODEL2, REPORT2, seeds=3),
    **{
        f"model1_code{c}": Recipe(
            f"model1 on model2's scale: [0, 1], sigmoid, Adam; {c} code channels",
            replace(MODEL1_REPAIRED, code_channels=c),
            SAME_SCALE,
            seeds=3 if c == 2 else 1,
        )
        for c in CODE_CHANNELS
    },
    "overfit": Recipe(
        "many passes over 32 images: does the model learn them by heart?",
        replace(MODEL1_REPAIRED, code_channels=16),
        replace(REPORT2, epochs=400, batch_size=8),
        train_images=32,
        validation_images=500,
    ),
    "underfit": Recipe(
        "a code of one channel on few images: both losses stay high",
        replace(MODEL1_REPAIRED, code_channels=1),
        replace(REPORT2, epochs=15, bf16=True),
        **FEW,
    ),
    **{
        f"rate_{rate:g}": Recipe(
            f"learning rate {rate:g} with SGD",
            MODEL1_REPAIRED,
            TrainConfig(epochs=8, batch_size=4, optimiser="sgd", learning_rate=rate),
            **FEW,
        )
        for rate in LEARNING_RATES
    },
}

DEAD_BATCH_SIZES = (4, 16, 64, 256)
DEAD_SEEDS = 5
DEAD_RELU_FILE = checkpoints.SHIPPED / "dead_relus.json"


def train(
    name: str,
    seed: int,
    train_set: ImageSet,
    test_set: ImageSet,
    folder: Path | None = None,
    epochs: int | None = None,
) -> checkpoints.Run:
    """Train or resume one shipped run with one seed; by default where the shipped runs lie, for all its epochs."""
    recipe = RECIPES[name]
    return checkpoints.train_run(
        folder or checkpoints.SHIPPED / name / f"seed{seed}",
        recipe.model,
        replace(recipe.training, seed=seed, epochs=epochs or recipe.training.epochs),
        train_set.take(recipe.train_images),
        test_set.take(recipe.validation_images),
        keep_every_epoch=seed == 0 and recipe.training.epochs <= 30,
    )


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
        raise checkpoints.damaged(file, error) from error
    if old != source:
        raise checkpoints.CheckpointError(f"{file} is about {old} images, now they are {source}: delete it first.")
    return rows


def train_all(train_set: ImageSet, test_set: ImageSet) -> None:
    """Everything that ships, one run after the other; what is finished is not repeated."""
    for seed in range(max(recipe.seeds for recipe in RECIPES.values())):
        for name, recipe in RECIPES.items():
            if seed < recipe.seeds:
                print(f"{name}, seed {seed}: {recipe.why}", flush=True)
                train(name, seed, train_set, test_set)
    dead_relu_study(train_set, test_set)
