"""The commands of `cae` that turn pictures into bytes: compress, decompress, inspect, evaluate --codecs.

A file called - is standard input or output; every message goes to standard error.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from cae_lib.base.errors import UsageError

MODEL, QUALITY = "rd", 5  # of `cae compress`, unless told otherwise
IMAGES = 500  # of the test set in `cae evaluate --codecs`, unless told otherwise
TEST_SET = ""  # the folder of `--codecs` where none is given
RAW = 24  # bits per pixel


def add_commands(add) -> None:
    """Describe compress, decompress and inspect; `add` makes a command's parser from its name, function and help."""
    sub = add("compress", compress, "Compress a picture into a .cae file.")
    add_files(sub, "picture, in any format that Pillow reads", ".cae file to write")
    sub.add_argument("--model", default=MODEL, metavar="NAME", help=f"which codec (default {MODEL})")
    text = f"1 makes the smallest file (default {QUALITY})"
    sub.add_argument("--quality", type=int, default=QUALITY, metavar="N", help=text)

    text = "how long rd searches for a smaller file: 0 not at all (default), 1 for 50 steps, 2 for 400"
    sub.add_argument("--effort", type=int, default=0, metavar="N", help=text)

    sub = add("decompress", decompress, "Get the picture of a .cae file back.")
    add_files(sub, ".cae file", "picture to write, in the format of its suffix: .png, .webp, ...")

    sub = add("inspect", inspect, "Show what a .cae file holds and what each part costs.")
    sub.add_argument("source", metavar="FILE", help=".cae file, or - for standard input")


def add_files(sub: argparse.ArgumentParser, source: str, target: str) -> None:
    sub.add_argument("source", metavar="IN", help=f"{source}, or - for standard input")
    sub.add_argument("target", metavar="OUT", help=f"{target}, or - for standard output")
    sub.add_argument("--force", action="store_true", help="overwrite OUT if it is there")


def compress(args: argparse.Namespace) -> None:
    check_target(args)
    data = read(args.source)
    from cae_lib.codec import streams
    from cae_lib.pictures import files as pictures

    name = "standard input" if args.source == "-" else args.source
    image, notes = pictures.read_picture(data, name)
    if notes:
        say(f"note: {name}: {'; '.join(notes)}")
    start = time.perf_counter()
    options = {"model": args.model, "quality": args.quality, "effort": args.effort}
    packed = streams.compress(image, **options, progress=True)
    seconds = time.perf_counter() - start
    write(args.target, packed)
    height, width = image.shape[:2]
    say(f"{size(width, height)}: {cost(len(packed), width * height)} (raw: {RAW}), {seconds:.1f} s")


def decompress(args: argparse.Namespace) -> None:
    from cae_lib.pictures import files as pictures

    suffix = ".png" if args.target == "-" else Path(args.target).suffix.lower()
    if suffix not in pictures.LOSSLESS:
        known = ", ".join(pictures.LOSSLESS)
        raise UsageError(f"{args.target}: no format without loss has this suffix; choose one of {known}.")
    check_target(args)
    data = read(args.source)
    from cae_lib.codec import streams

    start = time.perf_counter()
    image = streams.decompress(data, progress=True)
    seconds = time.perf_counter() - start
    write(args.target, pictures.picture_file(image, suffix))
    height, width = image.shape[:2]
    say(f"{size(width, height)} from {cost(len(data), width * height)}, {seconds:.1f} s")


def inspect(args: argparse.Namespace) -> None:
    data = read(args.source)
    from cae_lib.codec import container, streams

    header, payload = container.unpack(data)
    known = header.model < len(streams.MODELS)
    pixels = header.width * header.height
    rows = {
        "model": streams.MODELS[header.model] if known else f"number {header.model}, unknown here",
        "weights": f"fingerprint {header.fingerprint.hex()}",
        "quality": header.quality,
        "picture": size(header.width, header.height),
        "file": cost(len(data), pixels),
        "container": cost(len(data) - len(payload), pixels),
        "payload": cost(len(payload), pixels),
        "raw RGB": cost(3 * pixels, pixels),
    }
    for name, value in rows.items():
        print(f"{name:<11}{value}")
    streams.codec_of(header)  # refuses what cannot be decoded here


def race(args: argparse.Namespace) -> None:
    """cae evaluate --codecs: the table and the curves of the codecs, on test images or on a folder of the user's."""
    from cae_lib.codec import streams
    from cae_lib.data.images import load_images
    from cae_lib.pictures.files import load_folder
    from cae_lib.race import baselines, rate_distortion
    from cae_lib.results.tables import race_table

    known = [*streams.MODELS, *streams.OWN, *baselines.BASELINES]
    if args.codecs in known:
        raise UsageError(f"--codecs takes a folder: write `cae evaluate {args.codecs} --codecs`.")
    unknown = set(args.names) - set(known)
    if unknown:
        raise UsageError(f"No codec is called {', '.join(sorted(unknown))}; there are {', '.join(known)}.")
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)  # known to be possible before the long work
    if args.codecs == TEST_SET:
        test_set = load_images("test").take(args.images or IMAGES)
        images, source = test_set.images, f"{len(test_set)} test images of {test_set.source}"
    else:
        test_set, images = None, load_folder(args.codecs)[: args.images]
        source = f"images in {args.codecs}: {len(images)}"
    published = rate_distortion.published_beside(len(images), test_set.source) if test_set else {}
    say(f"{source}, each coded on its own")
    result = rate_distortion.race(images, args.names or known, progress=True)
    print(race_table(result, published))
    if args.out:
        for path in save(args.out, result | {"source": source}, published):
            say(f"written: {path}")


def save(folder: Path, result: dict, published: dict) -> list[Path]:
    """Write a race as JSON, and its curves over payload and whole file as PNG: the paths."""
    from cae_lib.base.atomic import write_atomically, write_json
    from cae_lib.plots import to_png
    from cae_lib.race.rate_plots import rate_distortion

    paths = [folder / f"rate_distortion{end}" for end in (".json", "_payload.png", "_file.png")]
    write_json(paths[0], result)
    for which, path in zip(("payload", "file"), paths[1:], strict=True):
        figure = rate_distortion(result["curves"], which, references=published, source=result["source"])
        write_atomically(path, to_png(figure))
    return paths


def check_target(args: argparse.Namespace) -> None:
    """Raise UsageError for a target that must not be written."""
    if args.target == "-" or not os.path.lexists(args.target):
        return
    if not Path(args.target).is_file():
        raise UsageError(f"{args.target} is there and is no regular file: choose another name.")
    if args.source != "-" and os.path.exists(args.source) and os.path.samefile(args.source, args.target):
        raise UsageError(f"{args.target} is the file that is read, and would be lost: choose another name.")
    if not args.force:
        raise UsageError(f"{args.target} is there already: choose another name, or overwrite it with --force.")


def read(source: str) -> bytes:
    return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()


def write(target: str, content: bytes) -> None:
    from cae_lib.base.atomic import write_atomically

    if target == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_atomically(Path(target), content)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def size(width: int, height: int) -> str:
    return f"{width:,} x {height:,} pixels"


def cost(count: int, pixels: int) -> str:
    """A number of bytes, and the same in bits per pixel."""
    return f"{count:,} bytes, {8 * count / pixels:.3f} bpp"
