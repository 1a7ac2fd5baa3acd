"""Codecs at equal bytes, by any measure of likeness, and their pictures with what each gets wrong.

Bytes are those of the payload, the mean of an image. A measure takes two float tensors (N, 3, H, W) in [0, 1] and
returns (N,), like those of cae_lib.metrics.
"""

import time
from bisect import bisect_left
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from cae_lib import plots
from cae_lib.data.images import scale
from cae_lib.race.codecs import codec_named
from cae_lib.race.rate_distortion import decibels, finite

NEAR = 4  # qualities on either side that are looked at


def measured(images: Tensor, name: str, measures: dict[str, Callable], qualities=None) -> list[dict]:
    """A codec's points on uint8 images (N, 3, H, W), one a quality: {"bytes", "seconds", and each measure's mean}.

    seconds: to code and decode an image. qualities: by default those that draw the codec's curve.
    """
    codec, originals, points = codec_named(name), scale(images, (0.0, 1.0)), []
    for quality in qualities or codec.curve_qualities:
        began = time.perf_counter()
        files = codec.encode(images, quality)
        after = scale(codec.decode(files), (0.0, 1.0))
        seconds = (time.perf_counter() - began) / len(images)
        size = sum(map(codec.payload_size, files)) / len(images)
        values = {key: measure(originals, after).mean().item() for key, measure in measures.items()}
        points.append({"bytes": size, "seconds": seconds} | values)
    return points


def between(points: list[dict], given: str, value: float, wanted: str) -> float | None:
    """What a codec has of `wanted` where it has `value` of `given`, linear between its points; None outside."""
    known = sorted((p[given], p[wanted]) for p in points)
    if not known[0][0] <= value <= known[-1][0]:
        return None
    return float(np.interp(value, *zip(*known, strict=True)))


def multiples(points: list[dict], rival: list[dict], measure: str) -> list[float]:
    """How many times a codec's bytes a rival needs to be as good by a measure, at each point that the rival reaches."""
    found = [(between(rival, measure, point[measure], "bytes"), point["bytes"]) for point in points]
    return [theirs / ours for theirs, ours in found if theirs is not None]


def at_least(image: Tensor, name: str, least: int) -> dict:
    """One image (3, H, W) with the smallest payload of `least` bytes or more, or with the largest if none is.

    Returns {"image", "bytes", "psnr" in dB}. The payload grows with the quality but for small steps back, so halving
    the range finds the place, and a look around it the best.
    """
    codec = codec_named(name)

    def size(quality: float) -> int:
        return codec.payload_size(codec.encode(image[None], quality)[0])

    place, last = bisect_left(codec.qualities, least, key=size), len(codec.qualities) - 1
    near = codec.qualities[max(min(place, last) - NEAR, 0) : place + NEAR + 1]
    sizes = {quality: size(quality) for quality in near}
    large = [quality for quality in near if sizes[quality] >= least]
    files = codec.encode(image[None], min(large, key=sizes.get) if large else max(near, key=sizes.get))
    after = codec.decode(files)[0]
    return {"image": after, "bytes": codec.payload_size(files[0]), "psnr": finite(decibels(image, after))}


def pictures(images: dict[str, Tensor], first: str, quality: float, rivals: list[str]) -> dict[str, dict[str, dict]]:
    """Each image (3, H, W) in a codec at a quality, and in its rivals at no fewer bytes, as `at_least` has them."""
    codec, rows = codec_named(first), {}
    for title, image in images.items():
        files = codec.encode(image[None], quality)
        after, size = codec.decode(files)[0], codec.payload_size(files[0])
        rows[title] = {first: {"image": after, "bytes": size, "psnr": finite(decibels(image, after))}}
        rows[title] |= {name: at_least(image, name, size) for name in rivals}
    return rows


def pictures_figure(images: dict[str, Tensor], rows: dict[str, dict[str, dict]], *, source: str = "") -> Figure:
    """Of each image a row of pictures with bytes and PSNR, and below it what each gets wrong, on one scale for all.

    images, rows: as `pictures` takes and returns them.
    """
    names = list(next(iter(rows.values())))
    figure, axes = plots.new_figure(2 * len(rows), 1 + len(names), 8.0, 3.35 * len(rows) + 0.2, source)
    errors = {
        (title, name): (cell["image"].float() - images[title].float()).abs().mean(0) / 255
        for title, cells in rows.items()
        for name, cell in cells.items()
    }
    high = max(float(error.max()) for error in errors.values())
    for r, (title, cells) in enumerate(rows.items()):
        above, below = axes[2 * r], axes[2 * r + 1]
        plots.show_image(above[0], images[title], f"{title}\n{images[title].numel():,} bytes")
        below[0].axis("off")
        for ax, error_ax, (name, cell) in zip(above[1:], below[1:], cells.items(), strict=True):
            quality = "exact" if cell["psnr"] is None else f"{cell['psnr']:.1f} dB"
            plots.show_image(ax, cell["image"], f"{name}\n{cell['bytes']:,} bytes, {quality}")
            drawn = error_ax.imshow(errors[title, name].numpy(), cmap="magma", vmin=0, vmax=high)
            error_ax.set(xticks=[], yticks=[])
        below[1].set_ylabel("error", fontsize=9)
    figure.colorbar(drawn, ax=axes, shrink=0.4, pad=0.01).ax.tick_params(labelsize=7)
    return figure


def curves_figure(curves: dict[str, list[dict]], measures: list[str], *, source: str = "") -> Figure:
    """An axes for each measure: it against the payload's bytes, a line a codec."""
    figure, axes = plots.new_figure(1, len(measures), 8.0, 3.3, source)
    for ax, measure in zip(axes[0], measures, strict=True):
        for (name, points), colour, marker in zip(curves.items(), plots.COLOURS, plots.MARKERS, strict=False):
            sizes, values = [p["bytes"] for p in points], [p[measure] for p in points]
            ax.plot(sizes, values, color=colour, marker=marker, markersize=4, label=name)
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.set(title=measure, xlabel="payload, bytes (log)")
        ax.grid(alpha=0.3)
    axes[0, 0].legend(fontsize=8)
    return figure
