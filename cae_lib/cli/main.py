"""The `cae` command: doctor, train, evaluate, compress, decompress, inspect, run, batch, report, class, figures.

Everything heavy is imported by the command that needs it, so that `cae --help` answers at once.
"""

import argparse
import json
import re
import runpy
import sys
import warnings
from pathlib import Path

from cae_lib import __version__
from cae_lib.base.errors import KitError, UsageError
from cae_lib.cli import batch as batch_commands
from cae_lib.cli import classroom as class_commands
from cae_lib.cli import codec as codec_commands
from cae_lib.headless.parameters import PROFILES


def main(argv: list[str] | None = None) -> int:
    """Run one command (doctor, train, evaluate, compress, decompress, inspect, run, batch, report, class, figures).

    Returns its exit code: 0, 1 for a failure, 2 for wrong usage, 130 when stopped.
    """
    args = parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(f"warning: {message}", file=sys.stderr)
        try:
            if args.own:
                bring(args.own)
            return args.command(args) or 0
        except KeyboardInterrupt:
            print("\nstopped; run the same command again to go on", file=sys.stderr)
            return 130
        except Exception as error:
            text = explain(error)
            if text is None:
                raise
            print(f"cae: {text}", file=sys.stderr)
            return 2 if isinstance(error, UsageError) else 1


def explain(error: Exception) -> str | None:
    """The sentence to show for an error that the kit foresees, None for one that it does not."""
    from cae_lib.cli.doctor import PAIR_CURE, PAIR_SYMPTOM

    if isinstance(error, KitError):
        return str(error)
    if PAIR_SYMPTOM in str(error):
        return f"torch and torchvision do not fit each other: {PAIR_CURE}"
    if isinstance(error, ImportError):
        return f"{error}: run `cae doctor` for the cure."
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
    return None


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="cae", description="Image compression with convolutional autoencoders.")
    top.add_argument("--version", action="version", version=f"cae-kit {__version__}")
    text = "a Python file with models of your own: each class in it with encode and decode goes by its name"
    top.add_argument("--with", dest="own", type=Path, metavar="FILE.py", help=text)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        return sub

    add("doctor", doctor, "Test this installation and say how to repair it.")

    sub = add("train", train, "Train a run in a folder of your own, or go on with it.")
    sub.add_argument("name", nargs="?", metavar="NAME", help="which run; see --list")
    sub.add_argument("--seed", type=whole_number, default=0, help="seed of the weights and the batch order (default 0)")
    sub.add_argument("--epochs", type=positive_number, help="how many epochs (default: as in the shipped run)")
    sub.add_argument("--folder", type=Path, help="where to keep it (default: runs/NAME/seedK)")
    sub.add_argument("--list", action="store_true", help="list the runs and stop")
    sub.add_argument("--all", action="store_true", help="train everything that the kit ships, in full")

    sub = add("evaluate", evaluate, "Measure runs on the test images, or codecs against each other.")
    sub.add_argument("names", nargs="*", metavar="NAME", help="shipped runs, or codecs with --codecs (default: all)")
    sub.add_argument("--seed", type=whole_number, default=0, help="which seed of the shipped runs (default 0)")
    sub.add_argument("--folder", type=Path, help="a run of your own instead of a shipped one")
    text = "bits per pixel and PSNR of the codecs, on test images or on those in a folder of yours"
    sub.add_argument("--codecs", nargs="?", const=codec_commands.TEST_SET, metavar="FOLDER", help=text)
    text = f"the first N images only (default: {codec_commands.IMAGES} test images, all of a folder)"
    sub.add_argument("--images", type=positive_number, metavar="N", help=f"with --codecs: {text}")
    sub.add_argument("--out", type=Path, metavar="DIR", help="with --codecs: a folder for the numbers and the plots")

    codec_commands.add_commands(add)

    sub = add("run", run, "Execute notebooks and make an HTML page of each.")
    sub.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="paths (default: all numbered notebooks)")
    sub.add_argument(
        "-p", dest="parameters", action="append", default=[], metavar="NAME=VALUE", help="set a notebook's parameter"
    )
    sub.add_argument("--out", type=Path, default=Path("build"), help="folder for the results (default: build)")
    sub.add_argument("--profile", choices=PROFILES, default=PROFILES[0], help="how much to compute (default: quick)")

    batch_commands.add_commands(add, positive_number, whole_number)
    class_commands.add_commands(add, positive_number)

    sub = add("figures", figures, "Draw everything under figures/ again from the stored runs and measurements.")
    text = "measure first, long for all: the autoencoders' tables (tables), blocks, codecs by name; none named: all"
    sub.add_argument("--measure", nargs="*", metavar="NAME", help=text)
    return top


def bring(file: Path) -> None:
    """Run a user's Python file, which may add to models.MODELS and streams.OWN, and add the models that it defines."""
    if not file.is_file():
        raise UsageError(f"There is no file {file} to bring models from.")
    from cae_lib.models import MODELS, is_autoencoder

    sys.path.insert(0, str(file.resolve().parent))  # it may import its neighbours
    try:
        found = runpy.run_path(str(file), run_name=file.stem)
    except Exception as error:
        raise UsageError(f"{file} cannot be run: {type(error).__name__}: {error}") from error
    for name, value in found.items():
        if isinstance(value, type) and value.__module__ == file.stem and is_autoencoder(value):
            MODELS[name] = value


def whole_number(text: str) -> int:
    if not re.fullmatch("[0-9]+", text) or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**32 - 1:,}")
    return int(text)


def positive_number(text: str) -> int:
    if whole_number(text) == 0:
        raise argparse.ArgumentTypeError("at least 1 is needed")
    return int(text)


def doctor(args: argparse.Namespace) -> int:
    from cae_lib.cli.doctor import checks, report

    results = checks()
    print(report(results))
    return 0 if all(result.ok for result in results) else 1


def train(args: argparse.Namespace) -> None:
    from cae_lib.codec import streams
    from cae_lib.data.images import CIFAR10, DataError, load_images
    from cae_lib.results import dct_steps, measurements, recipes, studies

    if args.list:
        for name, recipe in recipes.RECIPES.items():
            print(f"{name:<16}{recipe.training.epochs:>4} epochs   {recipe.why}")
        return
    if args.all and (args.name or args.folder or args.epochs or args.seed):
        raise UsageError("--all takes no name, seed, epochs or folder: it trains everything as it ships.")
    if not args.all:
        if not args.name:
            raise UsageError(f"Which run? Choose one of {', '.join(recipes.RECIPES)}, or --all.")
        recipes.recipe_of(args.name)
    train_set, test_set = load_images("train"), load_images("test")
    if args.all:
        if train_set.source != CIFAR10:
            raise DataError("What the kit ships is trained on CIFAR-10: set CAE_DATA to the folder that holds it.")
        studies.train_runs(train_set, test_set)
        studies.dead_relu_study(train_set, test_set)
        streams.calibrate_all(train_set)
        dct_steps.measure(train_set, test_set)
        studies.codec_study(train_set, test_set, measurements.FIGURES / "rd_trainings.json")
        return
    from cae_lib.checkpoints import OWN

    folder = args.folder or OWN / args.name / f"seed{args.seed}"
    print(f"{args.name} on {train_set.source}, seed {args.seed}, in {folder}", flush=True)
    done = recipes.train_recipe(args.name, args.seed, train_set, test_set, folder, args.epochs)
    if args.name in recipes.CODECS:
        history = json.loads((folder / "run.json").read_text())["epochs"]
        hours = sum(epoch["seconds"] for epoch in history) / 3600
        print(f"{len(history)} epochs in {hours:.2f} hours (each in run.json); the codec is codec.safetensors")
        return
    best, lowest = done.history.best_epoch, min(done.history.validation_loss)
    print(f"{done.history.epochs} epochs done; lowest validation loss {lowest:.5f} (epoch {best})")


def evaluate(args: argparse.Namespace) -> None:
    if args.codecs is not None:
        if args.folder or args.seed:
            raise UsageError("--codecs takes no run's --folder and no --seed: codecs are the shipped ones.")
        return codec_commands.race(args)
    if args.images or args.out:
        raise UsageError("--images and --out belong to --codecs.")
    from cae_lib import checkpoints, evaluation, models
    from cae_lib.data.images import CIFAR10, load_images
    from cae_lib.metrics import quality

    if args.folder and (args.names or args.seed):
        raise UsageError("--folder is one run: give it without names of shipped runs and without --seed.")
    unknown = set(args.names) - set(checkpoints.shipped_runs())
    if unknown:
        there = ", ".join(checkpoints.shipped_runs())
        raise UsageError(f"No shipped run is called {', '.join(sorted(unknown))}; there are {there}.")
    test_set = load_images("test")
    note = "" if test_set.source == CIFAR10 else ": an offline replacement, so its numbers are not CIFAR-10's"
    print(f"{len(test_set):,} test images of {test_set.source}{note}")
    print(f"{'run':<16}{'epoch':>6}{'range':>9}{'loss':>10}{'MSE in [0, 1]':>15}{'PSNR dB':>9}{'SSIM':>7}")
    with_seed = [n for n in checkpoints.shipped_runs() if (checkpoints.SHIPPED / n / f"seed{args.seed}").is_dir()]
    if not args.folder and not args.names and not with_seed:
        raise UsageError(f"No shipped run has a seed {args.seed}; most have seed 0 alone.")
    for name in [args.folder] if args.folder else args.names or with_seed:
        run = checkpoints.load_run(name, seed=args.seed)
        loss = evaluation.evaluate(run.model, test_set)["loss"]
        q = quality(run.model, test_set)
        low, high = models.range_of(run.model)
        line = f"{name!s:<16}{run.epoch:>6}{f'[{low:g}, {high:g}]':>9}"
        print(f"{line}{loss:>10.5f}{q['mse']:>15.6f}{q['psnr']:>9.2f}{q['ssim']:>7.3f}", flush=True)


def run(args: argparse.Namespace) -> int:
    from cae_lib.headless import runner
    from cae_lib.headless.parameters import parameters_for

    notebooks = runner.find_notebooks(args.notebooks)
    assignments = batch_commands.assignments(args.parameters, "-p needs NAME=VALUE, for example -p EPOCHS=2")
    parameters = parameters_for(notebooks, {"PROFILE": args.profile} | assignments, every=bool(args.notebooks))
    outcomes = runner.run_notebooks(notebooks, args.out, parameters)
    failed = [o.name for o in outcomes if o.error]
    print(f"{args.out} holds the notebooks and their pages" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def figures(args: argparse.Namespace) -> None:
    from cae_lib.front import readme
    from cae_lib.results import publish

    known = [publish.TABLES, publish.BLOCKS, *publish.EVERY]
    unknown = set(args.measure or []) - set(known)
    if unknown:
        raise UsageError(f"Nothing to measure is called {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    if args.measure is not None:
        publish.measure(args.measure)
    publish.draw_all()
    readme.write_moving(publish.cifar10("test"))
    readme.write()
