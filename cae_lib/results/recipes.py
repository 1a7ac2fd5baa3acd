"""Every training that ships or is compared: what is trained, on how many images, with which seeds."""

from collections import ChainMap
from dataclasses import dataclass, replace
from pathlib import Path

from cae_lib.base.errors import UsageError
from cae_lib.checkpoints import OWN, SHIPPED, Run, train_run
from cae_lib.codec import integers, streams
from cae_lib.codec.design import RateDistortionConfig
from cae_lib.codec.integers import RateDistortionCodec
from cae_lib.codec.training import RateDistortionTraining, train_codec
from cae_lib.data.images import ImageSet
from cae_lib.models import MODEL1, MODEL1_REPAIRED, MODEL2, MODELS, ModelConfig, is_autoencoder
from cae_lib.training import TrainConfig

ALL = 10**9  # more images than there are: all of them
MEASURED = 500  # test images that the training of a codec is measured on


@dataclass(frozen=True)
class Recipe:
    """One training: model, training, how many images, how many seeds.

    Seed 0 of a run keeps the weights of every epoch, the others those of the best and the last one. grown_from: the
    shipped codec whose transforms a codec begins with, "" for none.
    """

    why: str
    model: ModelConfig | type | RateDistortionConfig
    training: TrainConfig | RateDistortionTraining
    seeds: int = 1
    train_images: int = ALL
    validation_images: int = ALL
    grown_from: str = ""


# The runs of autoencoders that ship.

REPORT1 = TrainConfig(epochs=30, batch_size=4, optimiser="sgd", learning_rate=0.01)
REPORT2 = TrainConfig(epochs=20, batch_size=32, optimiser="adam", learning_rate=1e-3)
SAME_SCALE = replace(REPORT2, epochs=6, bf16=True)
CODE_CHANNELS = (2, 8, 16, 64)
LEARNING_RATES = (0.0001, 0.001, 0.01, 0.1)
FEW = dict(train_images=5_000, validation_images=1_000)

RUNS = {
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

# The codecs trained for rate and distortion: the one that ships, three minutes, and what each part is worth.

GROWN = RateDistortionConfig(
    deep=4,
    shallow=2,
    by_quality=True,
    groups=(2, 2, 4, 8, 8, 8, 16),
    lambdas=(0.0003, 0.0006, 0.0012, 0.0025, 0.005, 0.009, 0.016, 0.03, 0.055, 0.1, 0.2),
    rounding="apart",
    hidden=128,
    reach=2,
)
GROWN_BALANCE = 0.3

# Small enough to be trained many times; what holds for it need not hold for a large model trained for long.
SMALL = RateDistortionConfig(width=64, lambdas=(0.002, 0.008, 0.025, 0.09))
SHORT = RateDistortionTraining(epochs=4, batch_size=32, learning_rate=4e-3)
BASE = "rd_small"


def part(why: str, model: RateDistortionConfig = SMALL, training: RateDistortionTraining = SHORT) -> Recipe:
    """A design that shows what one part is worth: five seeds on 10,000 images."""
    return Recipe(why, model, training, seeds=5, train_images=10_000)


CODECS = {
    streams.RD: Recipe("the codec that ships", RateDistortionConfig(), RateDistortionTraining(epochs=48)),
    streams.RD2: Recipe(
        "the strong codec that ships: grown from the first, with more blocks, rates and groups",
        GROWN,
        RateDistortionTraining(epochs=25, decay=0.7, balance=GROWN_BALANCE),
        grown_from=streams.RD,
    ),
    "rd_minutes": Recipe(
        "three minutes: one rate, one distribution a channel",
        RateDistortionConfig(width=64, lambdas=(0.01,), context="none"),
        RateDistortionTraining(epochs=2, batch_size=32, learning_rate=5e-3),
        seeds=3,
    ),
    BASE: part("small and short: what the next ones are compared with"),
    "rd_noise": part("noise stands in for rounding everywhere", replace(SMALL, rounding="noise")),
    "rd_straight": part("straight-through rounding everywhere", replace(SMALL, rounding="straight-through")),
    "rd_channel": part("one distribution a channel, no context", replace(SMALL, context="none")),
    "rd_hyper": part("a hyperprior instead of the context", replace(SMALL, context="none", hyper=8)),
    "rd_both": part("a hyperprior beside the context", replace(SMALL, hyper=8)),
    "rd_narrow": part("half the width", replace(SMALL, width=32)),
    "rd_wide": part("twice the width", replace(SMALL, width=128)),
    "rd_shorter": part("half as long", training=replace(SHORT, epochs=2)),
    "rd_longer": part("twice as long", training=replace(SHORT, epochs=8)),
    "rd_apart": part("entropy model learns from rounded symbols alone", replace(SMALL, rounding="apart")),
    "rd_told": part("each block is told the quality", replace(SMALL, by_quality=True)),
    "rd_deep": part("twice as many residual blocks", replace(SMALL, deep=4, shallow=2)),
    "rd_fine": part("more and smaller groups of channels", replace(SMALL, groups=GROWN.groups)),
    "rd_sight": part("the context's networks see further, and are wider", replace(SMALL, hidden=128, reach=2)),
    "rd_balanced": part("the loss of high rates counts less", training=replace(SHORT, balance=GROWN_BALANCE)),
}

RECIPES = ChainMap(CODECS, RUNS)


def recipe_of(name: str) -> Recipe:
    """The recipe of that name; for a model of one's own in models.MODELS, model2's training. Raises UsageError."""
    own = [key for key, model in MODELS.items() if key not in RECIPES and is_autoencoder(model)]
    if name not in RECIPES and name not in own:
        raise UsageError(f"No run is called {name!r}; choose one of {', '.join([*RECIPES, *own])}.")
    return RECIPES.get(name) or Recipe("a model of one's own", MODELS[name], REPORT2)


def train_recipe(
    name: str,
    seed: int,
    train_set: ImageSet,
    test_set: ImageSet,
    folder: Path | None = None,
    epochs: int | None = None,
) -> Run | RateDistortionCodec:
    """Train or resume one recipe with one seed, for all its epochs unless told otherwise.

    By default a shipped run lies where the shipped ones do, anything else in runs/; a codec is there as
    codec.safetensors.
    """
    recipe = recipe_of(name)
    training = replace(recipe.training, seed=seed, epochs=epochs or recipe.training.epochs)
    images = train_set.take(recipe.train_images)
    folder = folder or (SHIPPED if name in RUNS else OWN) / name / f"seed{seed}"
    if isinstance(training, RateDistortionTraining):
        start = streams.load_codec(recipe.grown_from).model if recipe.grown_from else None
        model = train_codec(folder, recipe.model, training, images, test_set.take(MEASURED), start=start)
        model = integers.halved(model)
        RateDistortionCodec(model, integers.constants(model)).save(folder / "codec.safetensors")
        return integers.load(folder / "codec.safetensors")
    every = seed == 0 and recipe.training.epochs <= 30
    validation = test_set.take(recipe.validation_images)
    return train_run(folder, recipe.model, training, images, validation, keep_every_epoch=every)
