"""One chart from the first notebook to the last: rate across, quality up; the kit's points and the student's own.

Until notebook 07 turns codes into bytes, the rate of a code is its numbers times the bits of each, and is named so. A
point that has both rates under one name is drawn twice, with an arrow from the first to the bytes.
Rates are bits per pixel of images of 32 x 32 pixels; quality is PSNR in dB, infinite if nothing is lost.
"""

import json
import math
from dataclasses import asdict, dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.ticker import FuncFormatter

from cae_lib import plots
from cae_lib.base.atomic import write_json
from cae_lib.base.errors import UsageError
from cae_lib.checkpoints import OWN
from cae_lib.results import measurements

FILE = OWN / "chart.json"
PIXELS = 32 * 32
RAW = 24  # bits per pixel
KIT, YOURS = "#666666", plots.COLOURS[1]
READING = "Further left is smaller, further up is better"
LOSSLESS = 4.0  # dB below the upper end of the chart, where points lie that lose nothing


@dataclass(frozen=True)
class Point:
    """What a method reaches: bits per pixel, PSNR in dB (None: nothing is lost), and how the bits were counted."""

    name: str
    rate: float
    psnr: float | None
    how: str  # "bytes of files", or "numbers × bits"


def point(name: str, psnr: float, *, size: float | None = None, numbers: int | None = None, bits: float = 8) -> Point:
    """A point from the bytes of a file, or from a code's numbers and the bits of each. Raises UsageError."""
    quality = float(psnr)
    if (size is None) == (numbers is None):
        raise UsageError("Give the size of a file in bytes, or the numbers of a code (and the bits of each).")
    if math.isnan(quality) or quality == -math.inf:
        raise UsageError(f"A PSNR in dB is wanted, and {quality} is none: look at the picture that it was measured on.")
    rate = 8 * float(size) / PIXELS if numbers is None else float(numbers) * float(bits) / PIXELS
    if not 0 < rate < math.inf:
        raise UsageError(f"A rate is more than 0 bits per pixel, and this one is {rate:g}.")
    how = "bytes of files" if numbers is None else "numbers × bits"
    return Point(name, rate, None if math.isinf(quality) else quality, how)


def kept() -> dict[str, list[dict]]:
    """The student's own points by data source; none where the file is missing or damaged."""
    try:
        found = json.loads(FILE.read_text(encoding="utf-8"))
        return {source: [asdict(Point(**p)) for p in points] for source, points in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def add_point(name: str, psnr: float, *, source: str, size=None, numbers=None, bits=8) -> None:
    """Keep a point of one's own, in the place of an earlier one of that name counted alike, and print it."""
    new = point(name, psnr, size=size, numbers=numbers, bits=bits)
    everything = kept()
    others = [p for p in everything.get(source, []) if (p["name"], p["how"]) != (name, new.how)]
    quality = "lossless" if new.psnr is None else f"{new.psnr:.1f} dB"
    print(f"{name}: {new.rate:.3g} bits per pixel ({new.how}), {quality}")
    try:
        write_json(FILE, everything | {source: [*others, asdict(new)]})
    except OSError as error:
        print(f"{name}  not kept, and so not on the chart: {error.strerror or error}")


def chart(notebook: str, source: str) -> Figure:
    """The kit's points up to a notebook ("03"), and the student's own, measured on images of that source."""
    stored = [p for p in measurements.stored("chart")["points"] if p["notebook"] <= notebook]
    kits = [Point(p["name"], p["rate"], p["psnr"], p["how"]) for p in stored]
    own = [Point(**p) for p in kept().get(source, [])]
    lossy = [p.psnr for p in (*kits, *own) if p.psnr is not None]
    top = max([36.0, *lossy]) + 10
    figure, ((ax,),) = plots.new_figure(1, 1, 8.0, 4.6, source)
    for colour, marker, whose, points in ((KIT, "o", "the kit's (CIFAR-10)", kits), (YOURS, "D", "yours", own)):
        for how, fill in (("bytes of files", "full"), ("numbers × bits", "none")):
            places = [(p.rate, top - LOSSLESS if p.psnr is None else p.psnr) for p in points if p.how == how]
            if places:
                label = f"{whose}, {how}"
                ax.plot(*zip(*places, strict=True), marker, color=colour, fillstyle=fill, markersize=8, label=label)
        for before, after in moved(points):
            ends = (before.rate, before.psnr), (after.rate, after.psnr)
            ax.add_patch(FancyArrowPatch(*ends, arrowstyle="->", mutation_scale=12, color=colour, alpha=0.6))
    ax.axvline(RAW, color="#bbbbbb", linewidth=1, zorder=0)
    ax.axhline(top - 2 * LOSSLESS, color="#bbbbbb", linewidth=1, zorder=0)
    ax.set_xscale("log", base=2)
    low, high = min(p.rate for p in (*kits, *own)), max(p.rate for p in (*kits, *own))
    ax.set(xlim=(low / 4, max(high, RAW) * 4), ylim=(min([20.0, *lossy]) - 4, top))
    name_points(ax, [(p, colour) for colour, points in ((KIT, kits), (YOURS, own)) for p in points], top)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_title(f"{READING} (above the grey line: nothing is lost)", fontsize=9)
    ax.set(xlabel="bits per pixel (24: the raw pixels)", ylabel="PSNR in dB")
    ax.legend(fontsize=8, loc="lower right")
    return figure


def chart_of_curves(curves: dict, rivals: dict, rate: float, source: str) -> Figure:
    """Curves of entries measured on images of `source`, over the kit's on CIFAR-10: name -> (bits per pixel, dB).

    The last entry is the best: it is drawn last and strongest. rate: the one at which they are compared.
    """
    figure, ((ax,),) = plots.new_figure(1, 1, 8.0, 4.6, source)
    for k, (name, points) in enumerate(rivals.items()):
        style = dict(color=KIT, linestyle=("--", "-", ":")[k % 3], linewidth=1.5)
        ax.plot(*zip(*points, strict=True), label=f"{name} (CIFAR-10)", **style)
    for k, (name, points) in enumerate(curves.items(), 1):
        width, colour = (2.5 if k == len(curves) else 1.5), plots.COLOURS[(len(curves) - k) % len(plots.COLOURS)]
        ax.plot(*zip(*points, strict=True), "o-", color=colour, linewidth=width, markersize=5, label=name)
    ax.axvline(rate, color="#bbbbbb", linewidth=1, zorder=0)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_title(f"{READING} (grey line: where entries are compared)", fontsize=9)
    ax.set(xlabel="bits per pixel of the payload", ylabel="PSNR in dB")
    ax.legend(fontsize=8, loc="lower right")
    return figure


def moved(points: list[Point]) -> list[tuple[Point, Point]]:
    """Pairs of one name: counted by numbers and bits, and then by bytes."""
    bytes_of = {p.name: p for p in points if p.how == "bytes of files" and p.psnr is not None}
    return [(p, bytes_of[p.name]) for p in points if p.how != "bytes of files" and p.name in bytes_of]


def name_points(ax: Axes, points: list[tuple[Point, str]], top: float) -> None:
    """Write each point's name beside it, right or left, at the first height where no other name or point stands."""
    places = ax.transData.transform([(p.rate, top - LOSSLESS if p.psnr is None else p.psnr) for p, _ in points])
    taken = [(x - 8, x + 8, y) for x, y in places]
    twice = [before for whose in (KIT, YOURS) for before, _ in moved([p for p, colour in points if colour == whose])]
    for (p, colour), (x, y) in zip(points, places, strict=True):
        if any(p is before for before in twice):  # its name stands where its bytes are
            continue
        width = 6 * len(p.name)  # about, in pixels
        options = [(side, up) for up in (0, 14, -14, 28, -28, 42, -42) for side in ("left", "right")]
        for side, up in options:
            low, high = (x + 10, x + 10 + width) if side == "left" else (x - 10 - width, x - 10)
            if not any(low < b and a < high and abs(y + up - other) < 13 for a, b, other in taken):
                break
        taken.append((low, high, y + up))
        offset = (7 if side == "left" else -7, 0.72 * up)
        ax.annotate(
            p.name, (p.rate, top - LOSSLESS if p.psnr is None else p.psnr), offset,
            textcoords="offset points", ha=side, va="center", fontsize=8, color=colour,
        )  # fmt: skip
