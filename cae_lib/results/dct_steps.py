"""From JPEG to the DCT codec, one change at a time: what the tables, the steps, the colours and the dead zone buy.

`python -m cae_lib.results.dct_steps` (part of `cae train --all`) measures everything again, in real bytes of test
images. What there is to choose, the width of the dead zone, is chosen on training images.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from cae_lib import plots
from cae_lib.base.atomic import write_json
from cae_lib.codec.codec import Codec
from cae_lib.codec.dct import DctCodec, calibrate
from cae_lib.data.images import ImageSet, load_images
from cae_lib.race.baselines import BASELINES, JPEG_STEPS, Baseline
from cae_lib.race.rate_distortion import REFERENCE, curve, rates
from cae_lib.race.rates import bd_rate
from cae_lib.results import measurements

FILE = measurements.FIGURES / "dct_steps.json"
MEASURED = 500  # test images
COUNTED, HELD_OUT = 5_000, 500  # training images, the first and the last, on which the dead zone is chosen
ROUNDINGS = (0.5, 0.46, 0.42, 0.38, 0.34, 0.3, 0.26)
RECODED = "JPEG's symbols, static tables"
NEAREST = 0.5  # the rounding without a dead zone

# JPEG's colours (JFIF): brightness, blueness, redness of pixels of which 128 has been taken away.
YCBCR = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
JPEG_COLOURS = torch.full((3,), 128.0), YCBCR
FLAT_STEPS = (90, 72, 58, 46, 36, 29, 23, 18, 14, 11, 9, 7, 5)  # these colours are not orthonormal: other steps


def dead_zones(train: ImageSet) -> list[dict]:
    """What widths of the dead zone are worth on held-out training images: {"rounding", "bd_rate"}.

    bd_rate: in percent, against rounding to the nearest symbol.
    """
    curves = {r: curve(train.images[-HELD_OUT:], calibrate(train.take(COUNTED), rounding=r)) for r in ROUNDINGS}
    return [{"rounding": r, "bd_rate": bd_rate(*rates(curves[NEAREST]), *rates(c))} for r, c in curves.items()]


def jpeg_matrices() -> Tensor:
    """The quantiser's steps of JPEG 4:4:4 at each of JPEG_STEPS: (Q, 192), in the order of the DCT codec's kernels."""
    rows = []
    for quality in JPEG_STEPS:
        file = BASELINES[REFERENCE].encode_array(np.zeros((8, 8, 3), np.uint8), quality)
        tables = Image.open(BytesIO(file)).quantization
        rows.append([*tables[0], *tables[1], *tables[1]])
    return torch.tensor(rows).double()


class FlatJpeg(Baseline):
    """JPEG 4:4:4 with one step for every frequency, which is its quality: the largest step is the coarsest."""

    def encode_array(self, image: np.ndarray, quality: int) -> bytes:
        """uint8 image (H, W, 3) -> file."""
        out = BytesIO()
        Image.fromarray(image).save(out, "JPEG", subsampling=0, qtables=[[quality] * 64] * 2)
        return out.getvalue()


def nearest(train: ImageSet, **options) -> DctCodec:
    """A DCT codec that rounds to the nearest symbol and decodes it to its own value, as JPEG does."""
    codec = calibrate(train, rounding=NEAREST, **options)
    codec.shift = torch.zeros_like(codec.shift)
    return codec


def contestants(train: ImageSet) -> Iterator[tuple[str, str | Codec]]:
    """The steps from JPEG to the DCT codec, each as a codec; all tables are counted on the training images."""
    yield "JPEG 4:4:4", REFERENCE
    yield RECODED, nearest(train, steps=jpeg_matrices(), colours=JPEG_COLOURS)
    yield "JPEG, one step for all frequencies", FlatJpeg("JPEG, flat tables", "JPEG", FLAT_STEPS, FLAT_STEPS)
    yield "one step, static tables", nearest(train, steps=FLAT_STEPS, colours=JPEG_COLOURS)
    yield "... and KLT colours", nearest(train)
    yield "... and decoded to the interval's mean", calibrate(train, rounding=NEAREST)
    yield "... and a dead zone: the codec dct", calibrate(train)
    yield "dct in JPEG's colours", calibrate(train, steps=FLAT_STEPS, colours=JPEG_COLOURS)


def measure(train: ImageSet, test: ImageSet, file: Path = FILE) -> dict:
    """Measure all steps and write them to `file`: {"source", "images", "train_images", "dead_zones", "rows"}.

    A row: {"what", "points", "bd_rate", "bd_range"}; points: of rate_distortion.curve; bd_rate: in percent, payload
    against JPEG 4:4:4's; bd_range: from which to which PSNR in dB.
    """
    stored = {"source": test.source, "images": len(test.take(MEASURED)), "train_images": len(train)}
    stored |= {"dead_zones": dead_zones(train), "rows": []}
    for what, contestant in contestants(train):
        points = curve(test.take(MEASURED).images, contestant)
        if what == RECODED:  # only the bytes are ours: JPEG's pictures are a little worse, as it rounds on the way
            pictures = [
                {key: jpeg[key] for key in ("psnr", "psnr_pooled", "ssim")} for jpeg in stored["rows"][0]["points"]
            ]
            points = [point | picture for point, picture in zip(points, pictures, strict=True)]
        reference = rates(stored["rows"][0]["points"] if stored["rows"] else points)
        shared = [max(min(reference[1]), min(rates(points)[1])), min(max(reference[1]), max(rates(points)[1]))]
        row = {"what": what, "bd_rate": bd_rate(*reference, *rates(points)), "bd_range": shared, "points": points}
        print(f"{what}: {row['bd_rate']:.1f} % from {shared[0]:.1f} to {shared[1]:.1f} dB", flush=True)
        stored["rows"].append(row)
    write_json(file, stored)
    return stored


def dct_steps(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Payload against JPEG 4:4:4's at equal PSNR, from JPEG's own symbols under other tables to the DCT codec."""
    stored = measurements.stored("dct_steps")
    rows = stored["rows"][1:]
    figure, axes = plots.new_figure(1, 1, 7.4, 0.42 * len(rows) + 0.9, stored["source"])
    ax, places = axes[0, 0], range(len(rows))
    ax.barh(places, [row["bd_rate"] for row in rows], color=plots.COLOURS[0])
    ax.set_yticks(places, [row["what"] for row in rows])
    for place, row in zip(places, rows, strict=True):
        ax.text(row["bd_rate"], place, f"{row['bd_rate']:.0f} % ", ha="right", va="center", fontsize=8)
    ax.set_xlabel("BD-rate of the payload against JPEG 4:4:4, in percent")
    ax.set_xlim(1.15 * min(row["bd_rate"] for row in rows), 1)
    ax.axvline(0, color="black", linewidth=1)
    ax.invert_yaxis()
    ax.grid(alpha=0.3, axis="x")
    return figure, stored


if __name__ == "__main__":
    measure(load_images("train"), load_images("test"))
