"""A playground of the codec of notebook 06: step and dead zone are moved; bytes, dB and picture follow."""

from functools import lru_cache

import torch
from matplotlib.figure import Figure

from cae_lib import plots
from cae_lib.codec import blocks
from cae_lib.codec.entropy import Tables
from cae_lib.data.images import ImageSet
from cae_lib.race.rate_distortion import decibels
from cae_lib.race.rate_plots import enlarged_error
from cae_lib.views.controls import chooser, slider
from cae_lib.views.curves import Curves, curves
from cae_lib.views.strip import Strip, image_tile
from cae_lib.views.view import View

STEPS = (128, 90, 64, 45, 32, 22, 16, 11, 8)
ROUNDINGS = (0.5, 0.4, 0.3, 0.2, 0.1)
STATIC = (96, 48, 24, 12)


def block_playground(train: ImageSet, data: ImageSet, indices) -> View:
    """An image through the codec at a step and a rounding: real bytes of the range coder, the picture, its error.

    train: images whose symbols are counted anew for every setting, some 300; indices: of the images to choose from.
    The curve joins all steps at the chosen rounding.
    """
    counted = blocks.analyse(train.images).flatten(0, 2)
    own = blocks.analyse(data.images[indices])

    @lru_cache(None)
    def tables(step: float, rounding: float) -> Tables:
        symbols = blocks.quantise(counted, step, rounding)
        return Tables(blocks.count_tables(symbols, blocks.largest_symbol(step)).numpy())

    @lru_cache(None)
    def coded(image: int, step: float, rounding: float):
        """Bytes of the payload, the picture decoded from them, its PSNR, and the share of zeros."""
        symbols = blocks.quantise(own[image], step, rounding)
        payload = blocks.encode(symbols, tables(step, rounding))
        back = blocks.decode(payload, tables(step, rounding))
        (picture,) = blocks.synthesise(back[None] * float(step))
        quality = decibels(data.images[indices[image]], picture)
        return len(payload) - 2, picture, quality, float((symbols == 0).float().mean())

    @lru_cache(None)
    def curve(rounding: float, image: int) -> Curves:
        sizes, _, qualities, _ = zip(*[coded(image, each, rounding) for each in STEPS], strict=True)
        return curves({"all steps": (sizes, qualities)}, 2.6, 2.0, "payload in bytes", "PSNR in dB")

    def draw(step: float, rounding: float, image: int) -> Strip:
        original = data.images[indices[image]]
        size, picture, quality, zeros = coded(image, step, rounding)
        tiles = [
            image_tile(original, "original"),
            image_tile(picture, f"{size:,} bytes, {quality:.1f} dB"),
            image_tile(enlarged_error(original, picture), f"error × 4; {zeros:.0%} of\nthe symbols are 0"),
        ]
        return Strip(tiles, beside=curve(rounding, image).marked(STEPS.index(step)), source=data.source)

    def strip() -> Figure:
        found = {r: [coded(0, step, r) for step in STATIC] for r in (0.5, 0.3)}
        rows = {f"rounding\n{r:g}": torch.stack([picture for _, picture, _, _ in row]) for r, row in found.items()}
        figure = plots.image_rows(rows, [f"step {step}" for step in STATIC], source=data.source, cell=1.7)
        every = [each for row in found.values() for each in row]
        for ax, (size, _, quality, _) in zip(figure.axes, every, strict=True):
            ax.set_xlabel(f"{size:,} bytes, {quality:.1f} dB", fontsize=8)
        return figure

    for rounding in ROUNDINGS:  # so that a move only draws
        curve(rounding, 0)
    options = [(f"{step}", step) for step in STEPS]
    widths = [(f"{r:g} (zero: {2 * (1 - r):g} steps)", r) for r in ROUNDINGS]
    controls = {
        "step": slider(options, 32),
        "rounding": slider(widths, 0.4),
        "image": chooser([(name, k) for k, name in enumerate(data.names(indices))]),
    }
    alt = "An image through the block codec: original, decoded picture, error, and quality against bytes"
    return View(draw, controls, strip(), alt, embed=("step",)).prepare("step")
