"""Arrays in, matplotlib Figure out: every picture of the kit in one style.

Images are uint8 or float in [0, 1], of shape (N, 3, H, W). No function here shows or saves anything.
`source` names the data set ("CIFAR-10" or "stand-in") and is written under the figure.
"""

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator
from torch import Tensor

from cae_lib.base.picture import Picture, source_note, to_png  # noqa: F401 (for users of figures)

# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vP*"
STROKES = ("-", "--", ":", "-.")
WIDEST = 8.0  # inches, 100 pixels each: more does not fit beside a file browser


def empty_figure(width: float, height: float, source: str = "") -> Figure:
    """A Figure without axes, width x height inches (smaller if wider than WIDEST), outside pyplot's global state."""
    shrunk = min(1.0, WIDEST / width)
    figure = Picture(figsize=(width * shrunk, height * shrunk), layout="constrained", dpi=100)
    if source:
        figure.supxlabel(source_note(source), x=0.995, ha="right", fontsize=7, color="#777777")
    return figure


def new_figure(rows: int, columns: int, width: float, height: float, source: str = "", **options):
    """A Figure and its axes (always a 2-D array), width x height inches."""
    figure = empty_figure(width, height, source)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def to_pixels(image) -> np.ndarray:
    """(3, H, W) or (H, W), uint8 or float in [0, 1] -> what imshow takes."""
    array = np.asarray(image)
    if array.dtype != np.uint8:
        array = array.clip(0, 1)
    return array.transpose(1, 2, 0) if array.ndim == 3 else array


def show_image(ax: Axes, image, title: str = "", title_size: float = 9) -> None:
    """One image on one axes, without ticks."""
    high = 255 if np.asarray(image).dtype == np.uint8 else 1
    ax.imshow(to_pixels(image), cmap="gray", vmin=0, vmax=high, interpolation="nearest")
    ax.set_title(title, fontsize=title_size)
    ax.set_xticks([])
    ax.set_yticks([])


def image_rows(rows: dict[str, Tensor], titles: list[str], *, source: str = "", cell: float = 1.15) -> Figure:
    """Rows of images, one row a name; titles stand over the first row. A title may hold a line break."""
    count = len(titles)
    room = 0.1 + 0.075 * max(len(line) for name in rows for line in name.split("\n"))  # for the rows' names, in inches
    cell = min(cell, (WIDEST - room) / count)
    figure, axes = new_figure(len(rows), count, cell * count + room, cell * len(rows) + 0.4, source)
    for r, (name, images) in enumerate(rows.items()):
        for c in range(count):
            show_image(axes[r, c], images[c], titles[c] if r == 0 else "", 9 if cell > 0.75 else 8)
        axes[r, 0].set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center")
    return figure


def before_after(originals: Tensor, reconstructions: Tensor, titles: list[str], *, source: str = "") -> Figure:
    """Two rows: the originals with their titles, and below each its reconstruction."""
    return image_rows({"original": originals, "reconstruction": reconstructions}, titles, source=source)


def image_grid(images: Tensor, columns: int, *, titles=None, source: str = "", cell: float = 0.8) -> Figure:
    """Images in rows of `columns`, with optional titles."""
    rows = -(-len(images) // columns)
    height = (cell + (0.25 if titles else 0)) * rows + 0.2
    figure, axes = new_figure(rows, columns, cell * columns, height, source)
    for i, ax in enumerate(axes.flat):
        if i < len(images):
            show_image(ax, images[i], titles[i] if titles else "", 8)
        else:
            ax.axis("off")
    return figure


def error_maps(originals: Tensor, reconstructions: Tensor, titles: list[str], *, source: str = "") -> Figure:
    """Original, reconstruction and absolute error (mean over colours, in [0, 1], one scale for all images)."""
    errors = (as_float(originals) - as_float(reconstructions)).abs().mean(1)
    rows = {"original": originals, "reconstruction": reconstructions, "error": errors}
    figure = image_rows(rows, titles, source=source)
    axes = figure.axes[2 * len(titles) : 3 * len(titles)]
    for ax, error in zip(axes, errors, strict=True):
        ax.images[0].remove()
        drawn = ax.imshow(error.numpy(), cmap="magma", vmin=0, vmax=float(errors.max()))
    figure.colorbar(drawn, ax=axes, shrink=0.85, pad=0.01).ax.tick_params(labelsize=7)
    return figure


def as_float(images: Tensor) -> Tensor:
    """uint8 or float images -> float in [0, 1]."""
    return images.float() / 255 if not images.is_floating_point() else images


def maps(values: Tensor, *, columns: int = 8, titles=None, signed: bool = False, source: str = "") -> Figure:
    """Channels (C, H, W) of a code, a feature map or kernels side by side, on one colour scale with its bar.

    signed: centre the scale at 0 (for kernels). Otherwise each title also gives the share of exact zeros, or of more
    than 32 maps only which are zero everywhere.
    """
    count, many = len(values), len(values) > 32
    columns = min(columns, count)
    rows = -(-count // columns)
    figure, axes = new_figure(rows, columns, max(1.25 * columns + 0.9, 3.8), 1.5 * rows + 0.15, source)
    high = float(values.abs().max()) or 1.0
    low, cmap = (-high, "RdBu_r") if signed else (min(float(values.min()), 0.0), "viridis")
    for i, ax in enumerate(axes.flat):
        if i >= count:
            ax.axis("off")
            continue
        drawn = ax.imshow(np.asarray(values[i]), cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        name = titles[i] if titles else str(i) if many else f"channel {i}"
        share = float((values[i] == 0).float().mean())
        zeros = "" if signed else f"\n{share:.0%} zeros" if not many else ": zero" if share == 1 else ""
        ax.set_title(name + zeros, fontsize=11 if many else 8)
        ax.set_xticks([])
        ax.set_yticks([])
    figure.colorbar(drawn, ax=axes, shrink=0.8, pad=0.02).ax.tick_params(labelsize=7)
    return figure


def loss_curves(
    curves: dict[str, list[float]],
    *,
    floors: dict[str, float] | None = None,
    above_floor: bool = False,
    ylabel: str = "MSE",
    title: str = "",
    mark: int | None = None,
    source: str = "",
) -> Figure:
    """Loss against epoch, one line a curve; `floors` are values that a curve's loss cannot go below.

    floors: name of a curve -> floor, drawn dashed in the curve's colour. above_floor adds a second panel:
    loss minus floor on a logarithmic scale. mark: an epoch to mark on every curve.
    """
    floors = floors or {}
    figure, axes = new_figure(1, 2 if above_floor else 1, 8.4 if above_floor else 6, 3.4, source)
    circle = f"epoch {mark}"
    for (name, losses), colour, marker in zip(curves.items(), cycle(COLOURS), cycle(MARKERS), strict=False):
        epochs = np.arange(1, len(losses) + 1)
        style = dict(color=colour, marker=marker if len(losses) <= 40 else None, markersize=3.5, label=name)
        axes[0, 0].plot(epochs, losses, **style)
        if name in floors:
            axes[0, 0].axhline(floors[name], color=colour, linestyle="--", linewidth=1, label=f"floor of {name}")
        if above_floor:
            axes[0, 1].semilogy(epochs, np.array(losses) - floors[name], **style)
        if mark is not None and mark <= len(losses):
            axes[0, 0].plot(mark, losses[mark - 1], "o", color=colour, markersize=9, fillstyle="none", label=circle)
            circle = None  # one entry in the legend
    axes[0, 0].set(xlabel="epoch", ylabel=ylabel, title=title)
    if above_floor:
        axes[0, 1].set(xlabel="epoch", ylabel="loss above the floor (log)", title="what the model can still win")
    for ax in axes.flat:
        ax.grid(alpha=0.3)
        ax.legend(fontsize=8)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def lines(
    curves: dict[str, tuple],
    xlabel: str,
    ylabel: str,
    *,
    title: str = "",
    logx: bool = False,
    logy: bool = False,
    source: str = "",
) -> Figure:
    """Curves name -> (x, y) or (x, y, standard deviation), told apart by markers, or by strokes from 41 points on."""
    figure, axes = new_figure(1, 1, 6.4, 4, source)
    ax = axes[0, 0]
    for k, (name, (x, y, *spread)) in enumerate(curves.items()):
        look = {"marker": MARKERS[k % len(MARKERS)]} if len(x) <= 40 else {"linestyle": STROKES[k % len(STROKES)]}
        ax.errorbar(x, y, *spread, color=COLOURS[k % len(COLOURS)], capsize=3, label=name, **look)
    if logx:
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))  # 64, not 2 to the 6th
    if logy:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return figure


def number_grid(arrays: dict[str, np.ndarray], *, spec: str = "g", highlight: dict[str, tuple] | None = None) -> Figure:
    """Small matrices side by side, on one scale of grey, with their numbers; highlight: name -> (row, column, height,
    width)."""
    figure, axes = new_figure(1, len(arrays), sum(0.55 * np.shape(a)[1] + 0.4 for a in arrays.values()),
                              0.5 * max(np.shape(a)[0] for a in arrays.values()) + 0.5,
                              width_ratios=[np.shape(a)[1] for a in arrays.values()])  # fmt: skip
    every = np.concatenate([np.ravel(a) for a in arrays.values()])
    for ax, (name, array) in zip(axes.flat, arrays.items(), strict=True):
        show_numbers(ax, array, name, spec, (every.min(), every.max()))
        if highlight and name in highlight:
            outline(ax, *highlight[name])
    return figure


def show_numbers(ax: Axes, array, title: str, spec: str = "g", limits: tuple = (None, None)) -> None:
    """A small matrix on one axes, with its numbers written in; limits: what is black and white, by default its own."""
    array = np.asarray(array)
    ax.imshow(array, cmap="gray", alpha=0.35, vmin=limits[0], vmax=limits[1])
    for (r, c), value in np.ndenumerate(array):
        ax.text(c, r, format(value, spec), ha="center", va="center", fontsize=9)
    ax.set_title(title, fontsize=9)
    ax.set_xticks([])
    ax.set_yticks([])


def outline(ax: Axes, row: int, column: int, height: int, width: int) -> None:
    """A box around some pixels of an image."""
    ax.add_patch(Rectangle((column - 0.5, row - 0.5), width, height, fill=False, edgecolor=COLOURS[1], linewidth=2.5))
