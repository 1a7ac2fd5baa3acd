"""The judge of the projects: a student's entry measured in real bytes beside a baseline and JPEG, and a leaderboard.

    project  entry                                                  what the kit adds
    05       a trained autoencoder, its code at most 512 numbers    quantiser and coder
    06       a quantiser: `qualities`, `quantise`, `dequantise`     the autoencoder model1_code8, the coder
    07       an entropy model: `tables`, `passes`                   model1_code8, rounded to 1 to 8 bits a value

The notebooks in notebooks/projects say what each of these has to do. What an entry learns, it learns from training
images; test images are for the judge alone.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

from cae_lib import __version__
from cae_lib.base.atomic import write_atomically
from cae_lib.base.errors import KitError
from cae_lib.checkpoints import OWN
from cae_lib.codec import payload, quantisation
from cae_lib.codec.container import CodecError
from cae_lib.codec.entropy import Tables
from cae_lib.codec.quantisation import BITS, QuantisedAutoencoder
from cae_lib.codec.streams import load_codec
from cae_lib.data.images import CIFAR10, ImageSet, load_images, scale, unscale
from cae_lib.evaluation import PART
from cae_lib.models import Autoencoder, range_of
from cae_lib.race.rate_distortion import REFERENCE, bd, curve, rates
from cae_lib.results.tables import decibels, number

GIVEN = "model1_code8"
NUMBERS = 512  # at most in the code of project 05
SYMBOLS = 256  # of a quantiser in project 06: 0 ... 255
COUNTED = 1_000  # training images on which the judge counts symbols
LEADERBOARD = OWN / "leaderboard.jsonl"


class EntryError(KitError):
    """An entry cannot be judged; the message says why."""


def need(holds: bool, otherwise: str) -> None:
    """Raise EntryError unless something holds."""
    if not holds:
        raise EntryError(otherwise)


def model_codec(entry: Autoencoder, train: ImageSet) -> QuantisedAutoencoder:
    """Project 05: an autoencoder behind the kit's quantiser and coder."""
    need(isinstance(entry, Autoencoder), "The entry is no Autoencoder: use models.build, or a subclass of Autoencoder.")
    model = deepcopy(entry).cpu().float().eval()
    images = scale(train.images[:2], range_of(model))
    with torch.no_grad():
        code = model.encode(images)
        side = code.shape[-1]
        need(
            code.dim() == 4 and code.shape[2:] == (side, side) and 32 % side == 0 and code[0].numel() <= NUMBERS,
            f"The code of two images has the shape {tuple(code.shape)}; it must be (2, C, h, h), with h a divisor of "
            f"32, and at most {NUMBERS} numbers an image.",
        )
        try:
            output = model.decode(code)
        except RuntimeError as error:
            raise EntryError(f"The decoder cannot take the encoder's code {tuple(code.shape)}: {error}.") from None
    need(
        output.shape == images.shape and bool(output.isfinite().all()),
        f"The decoder must give finite numbers of the images' shape {tuple(images.shape)}, not {tuple(output.shape)} "
        f"with {int((~output.isfinite()).sum())} that are not finite.",
    )
    return quantisation.calibrate(model, train)


class QuantiserCodec(QuantisedAutoencoder):
    """Project 06: the given autoencoder with a student's quantiser; its symbols are counted on training images."""

    def __init__(self, entry, train: ImageSet):
        given = load_codec(GIVEN)
        super().__init__(given.model, given.low, given.high, {})
        self.entry, self.qualities = entry, tuple(entry.qualities)
        valid = len(self.qualities) > 0 and all(quality in range(256) for quality in self.qualities)
        need(valid, f"The qualities are {self.qualities}: they must be whole numbers from 0 to 255, one at least.")
        with torch.no_grad():
            code = torch.cat([self.to_code(part) for part in train.images.split(PART)])
        for quality in self.qualities:
            channels = self.symbols(code, quality).transpose(0, 1).flatten(1)
            self.tables[quality] = Tables(np.stack([np.bincount(c, minlength=SYMBOLS) + 1 for c in channels]))

    def symbols(self, code: Tensor, quality: int) -> Tensor:
        symbols = self.entry.quantise(code, quality)
        valid = symbols.shape == code.shape and bool(((symbols >= 0) & (symbols < SYMBOLS) & (symbols % 1 == 0)).all())
        need(
            valid, f"quantise must turn a code {tuple(code.shape)} into as many whole numbers from 0 to {SYMBOLS - 1}."
        )
        return symbols.long()

    def analyse(self, images: Tensor, quality: int) -> Tensor:
        return self.symbols(self.to_code(images), quality)

    def synthesise(self, symbols: Tensor, quality: int) -> Tensor:
        code = self.entry.dequantise(symbols, quality)
        valid = code.shape == symbols.shape and bool(code.isfinite().all())
        need(valid, f"dequantise must turn symbols {tuple(symbols.shape)} into as many finite numbers.")
        return (unscale(self.model.decode(code.double()), range_of(self.model)) * 255).round().to(torch.uint8)


class EntropyModelCodec(QuantisedAutoencoder):
    """Project 07: the given autoencoder, rounded as the kit does, under a student's entropy model."""

    def __init__(self, entry, train: ImageSet):
        for bits in BITS:
            table = entry.tables.get(bits, torch.empty(0))
            valid = table.dim() == 2 and table.shape[1] == 2**bits and bool((table.isfinite() & (table > 0)).all())
            need(valid, f"tables[{bits}] must be a tensor (T, {2**bits}) of counts or probabilities, all above 0.")
        given = load_codec(GIVEN)
        super().__init__(given.model, given.low, given.high, {bits: entry.tables[bits] for bits in BITS})
        self.entry = entry

    def passes(self, symbols: Tensor, quality: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        left = torch.ones(symbols.shape[1:], dtype=torch.bool)
        for where, table in self.entry.passes(symbols, quality):
            valid = where.shape == left.shape and where.dtype == torch.bool and bool(left[where].all())
            need(valid, f"passes must yield masks of True and False, {tuple(left.shape)}, that do not overlap.")
            known, wanted = len(self.entry.tables[quality]), (len(symbols), int(where.sum()))
            valid = table.shape == wanted and bool(((table >= 0) & (table < known)).all())
            need(valid, f"passes must yield, with this mask, the numbers of tables, {wanted}, from 0 to {known - 1}.")
            left &= ~where
            yield where, table, torch.zeros_like(table)
        need(not left.any(), f"passes leaves out {int(left.sum())} of {left.numel()} places: each must be coded once.")


class Project(NamedTuple):
    """What an entry is compared with, the rate at which, and how it becomes a codec.

    rate: payload in bits per pixel; codec: (entry, training images) -> codec, raises EntryError.
    """

    baseline: str
    rate: float
    codec: Callable[[object, ImageSet], QuantisedAutoencoder]


PROJECTS = {
    "05": Project("model1_code2", 2, model_codec),
    "06": Project(GIVEN, 6, QuantiserCodec),
    "07": Project(GIVEN, 6, EntropyModelCodec),
}


def check_decoder(codec: QuantisedAutoencoder, images: Tensor) -> None:
    """Raise EntryError unless a decoder that knows nothing but the files gives the pictures that the encoder meant."""
    # A copy made before the first test image, so that nothing can reach it but bytes. Tables cannot be copied.
    decoder = deepcopy(codec, {id(codec.tables): codec.tables})
    for quality, part in product(codec.qualities, images.split(PART)):
        with torch.no_grad():
            meant = codec.synthesise(codec.analyse(part, quality), quality)
        files = payload.encode(part, codec, quality)
        try:
            same = torch.equal(payload.decode(files, decoder, quality, *part.shape[2:]), meant)
        except CodecError:
            same = False
        need(
            same,
            f"At quality {quality} the decoder does not give the encoder's picture: it may use the file, what was "
            "learned from training images, and in a pass the symbols of the passes before it, but nothing else.",
        )


def psnr_at(points: list[dict], bpp: float) -> float | None:
    """PSNR in dB at a payload in bits per pixel, linear between a curve's points; None if all of them need more."""
    known = sorted(zip(*rates(points), strict=True))
    return float(np.interp(bpp, *zip(*known, strict=True))) if known and known[0][0] <= bpp else None


def judge(project: str, entry, *, author: str, name: str = "", images: int = 100, board: Path = LEADERBOARD) -> dict:
    """Measure an entry on the first test images, print what came out, and add it to the leaderboard.

    Returns the new row: psnr in dB at the project's rate, BD-rates of the payload in percent, and the points of the
    curve, (bits per pixel, dB); None stands for what the curve does not reach. Raises EntryError for an entry that
    cannot be judged, and then adds no row.
    """
    need(project in PROJECTS, f"There is no project {project!r}; choose one of {', '.join(PROJECTS)}.")
    baseline, rate, make = PROJECTS[project]
    name, test = name or type(entry).__name__, load_images("test").take(images)
    codec = make(entry, load_images("train").take(COUNTED))
    check_decoder(codec, test.images)
    points = curve(test.images, codec)
    print(f"Project {project}: {name} by {author}; payload, mean over {len(test)} images of {test.source}")
    for point in points:
        print(f"quality {point['quality']}: {point['payload_bpp']:6.2f} bits per pixel, {number(point['psnr']):>5} dB")
    psnr, bd_rates = psnr_at(points, rate), []
    print(f"at {rate} bits per pixel: {number(psnr)} dB")
    for rival in (baseline, REFERENCE):
        other = curve(test.images, rival)
        compared = bd(other, points)
        bd_rates.append(compared["bd_rate"])
        over = f"{number(bd_rates[-1], '+.1f')} % over {decibels(compared['bd_range'])} dB"
        print(f"{rival} there: {number(psnr_at(other, rate))} dB; BD-rate against it: {over}")
    row = {"date": datetime.now().isoformat(" ", "minutes"), "project": project, "author": author, "name": name}
    row |= {"psnr": psnr, "bd_rate": bd_rates[0], "bd_rate_jpeg": bd_rates[1], "images": len(test)}
    row |= {"source": test.source, "version": __version__, "points": list(zip(*rates(points), strict=True))}
    append(board, row)
    return row


def append(board: Path, row: dict) -> None:
    """Add a row to the leaderboard's file, one line of JSON; of two judgements at once, both rows stay."""
    board.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(board.with_suffix(".lock"), mode=0o666):  # other users may lock it, too
        rows = board.read_bytes() if board.exists() else b""
        write_atomically(board, rows + json.dumps(row).encode() + b"\n")


def leaderboard(project: str, board: Path = LEADERBOARD) -> None:
    """Print the entries of a project by PSNR at the project's rate, the best first; the stand-in's come last."""
    need(project in PROJECTS, f"There is no project {project!r}; choose one of {', '.join(PROJECTS)}.")
    rows = [json.loads(line) for line in board.read_text().splitlines()] if board.exists() else []
    rows = [row for row in rows if row["project"] == project]
    baseline, rate, _ = PROJECTS[project]
    print(f"Project {project}: dB at {rate} bits per pixel; BD-rate in % against {baseline}, and against {REFERENCE}")
    if not rows:
        print("no entry yet")
    for row in sorted(rows, key=lambda r: (r["source"] != CIFAR10, -(r["psnr"] or 0))):
        numbers = f"{number(row['psnr']):>6}{number(row['bd_rate'], '+.1f'):>9}{number(row['bd_rate_jpeg'], '+.1f'):>9}"
        measured = f"({row['images']} images of {row['source']}, {row['date']}, kit {row['version']})"
        print(numbers, f" {row['author']}: {row['name']}", measured)
