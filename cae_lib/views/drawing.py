"""What only the views draw: a map with its scale, and curves with one point of each marked."""

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes

from cae_lib.plots import COLOURS, MARKERS


def show_map(ax: Axes, values, title: str, *, low: float = 0, high: float | None = None, cmap: str = "viridis") -> None:
    """One map (H, W) on one axes, with its colour scale from low to high (by default the largest value)."""
    high = float(values.max()) or 1.0 if high is None else high
    drawn = ax.imshow(np.asarray(values), cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
    ax.set_title(title, fontsize=9)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.figure.colorbar(drawn, ax=ax, shrink=0.85)


def mark_points(ax: Axes, curves: dict[str, tuple[list, list, int]]) -> None:
    """Curves name -> (x, y, k) with a legend, each with its k-th point marked."""
    for (name, (x, y, k)), colour, marker in zip(curves.items(), cycle(COLOURS), cycle(MARKERS), strict=False):
        ax.plot(x, y, color=colour, marker=marker, markersize=3, label=name)
        ax.plot(x[k], y[k], color=colour, marker=marker, markersize=9)
    ax.legend(fontsize=8)
    ax.grid(alpha=0.3)
