"""The codec of notebook 06 in the race: its bytes, its BD-rate against JPEG, and what each of its parts is worth.

`cae figures --measure blocks` measures everything again, in real bytes of test images. What there is to choose, the
width of the dead zone, is chosen on training images.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from matplotlib.figure import Figure

from cae_lib import plots
from cae_lib.base.atomic import write_json
from cae_lib.codec.blocks import ROUNDING, SIDE, BlockCodec
from cae_lib.codec.codec import Codec
from cae_lib.codec.dct import colour_axes
from cae_lib.data.images import ImageSet
from cae_lib.race.rate_distortion import REFERENCE, bd, curve, rates
from cae_lib.race.rates import bd_rate
from cae_lib.results import measurements

NAME = "blocks"
MEASURED = 500  # test images
COUNTED, HELD_OUT = 5_000, 500  # training images, the first and the last, on which the dead zone is chosen
ROUNDINGS = (0.5, 0.45, 0.4, 0.35, 0.3, 0.2)
NEAREST = 0.5  # the rounding without a dead zone
OURS = "the codec of notebook 06"


def roundings(train: ImageSet) -> list[dict]:
    """What widths of the dead zone are worth on held-out training images: {"rounding", "bd_rate"}.

    bd_rate: in percent, against rounding to the nearest symbol.
    """
    few, held_out = train.images[:COUNTED], train.images[-HELD_OUT:]
    curves = {r: curve(held_out, BlockCodec(few, r)) for r in ROUNDINGS}
    return [{"rounding": r, "bd_rate": bd_rate(*rates(curves[NEAREST]), *rates(c))} for r, c in curves.items()]


def contestants(train: ImageSet) -> Iterator[tuple[str, str | Codec]]:
    """JPEG, the codec, and the codec with one part taken out or exchanged; tables are counted on training images."""
    images = train.images
    yield REFERENCE, REFERENCE
    yield OURS, BlockCodec(images)
    yield "no transform: pixels", BlockCodec(images, basis=torch.eye(SIDE))
    yield "no turn of the colours", BlockCodec(images, colours=torch.eye(3))
    yield "colours by PCA", BlockCodec(images, colours=colour_axes(images)[1].float())
    yield "no dead zone", BlockCodec(images, NEAREST)
    yield "one table for all", BlockCodec(images, one_table=True)


def measure(train: ImageSet, test: ImageSet, file: Path | None = None) -> dict:
    """Measure all and write them to `file`: {"source", "images", "train_images", "rounding", "roundings", "rows"}.

    A row: {"what", "bd_rate", "bd_range", "points"}: payload against JPEG 4:4:4's, as rate_distortion.bd has it.
    """
    stored = {"source": test.source, "images": len(test.take(MEASURED)), "train_images": len(train)}
    stored |= {"rounding": ROUNDING, "roundings": roundings(train), "rows": []}
    for what, contestant in contestants(train):
        points = curve(test.take(MEASURED).images, contestant)
        reference = stored["rows"][0]["points"] if stored["rows"] else points
        row = {"what": what} | bd(reference, points) | {"points": points}
        print(f"{what}: {row['bd_rate']:.1f} %", flush=True)
        stored["rows"].append(row)
    write_json(file or measurements.FIGURES / f"{NAME}.json", stored)
    return stored


def blocks(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Payload against JPEG 4:4:4's at equal PSNR: the codec of notebook 06, and what it is without one of its parts."""
    stored = measurements.stored(NAME)
    rows = [row for row in stored["rows"][1:] if row["bd_rate"] is not None]
    figure, axes = plots.new_figure(1, 1, 7.4, 0.42 * len(rows) + 0.9, stored["source"])
    ax, places = axes[0, 0], range(len(rows))
    colours = [plots.COLOURS[1] if row["what"] == OURS else plots.COLOURS[0] for row in rows]
    ax.barh(places, [row["bd_rate"] for row in rows], color=colours)
    ax.set_yticks(places, [row["what"] for row in rows])
    for place, row in zip(places, rows, strict=True):
        side = "right" if row["bd_rate"] < 0 else "left"
        ax.text(row["bd_rate"], place, f" {row['bd_rate']:+.0f} % ", ha=side, va="center", fontsize=8)
    ax.set_xlabel("BD-rate of the payload against JPEG 4:4:4, in percent")
    ax.margins(x=0.15)
    ax.axvline(0, color="black", linewidth=1)
    ax.invert_yaxis()
    ax.grid(alpha=0.3, axis="x")
    return figure, stored
