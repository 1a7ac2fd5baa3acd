"""A drawing of the three ways to foresee a symbol: its neighbours, a chessboard, side information."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from cae_lib.plots import COLOURS, new_figure

UNKNOWN, KNOWN, CODED = 0, 1, 2  # a field that is not coded yet, one that the decoder has, the one that comes
SIDE = 4  # fields of a panel, in each direction


def ways_to_predict() -> Figure:
    """Three panels: what the decoder has (grey) when the blue symbol comes, and what its probability is taken from."""
    figure, axes = new_figure(1, 3, 8.0, 3.1)
    titles = ["context, place by place", "context, chessboard", "hyperprior"]
    for ax, title, draw in zip(axes[0], titles, (raster, chessboard, hyperprior), strict=True):
        draw(ax)
        ax.set(xticks=[], yticks=[])
        ax.set_title(title, fontsize=10)
    return figure


def raster(ax: Axes) -> None:
    """The neighbours on the left and above, row by row."""
    state = np.full((SIDE, SIDE), UNKNOWN)
    state.flat[: 2 * SIDE + 2] = KNOWN
    state[2, 2] = CODED
    grid(ax, state)
    arrows(ax, [(1, 2), (2, 1)], (2, 2))
    ax.set_xlabel("one symbol after the other", fontsize=9)


def chessboard(ax: Axes) -> None:
    """The four neighbours, in the second of two passes."""
    rows, columns = np.indices((SIDE, SIDE))
    state = np.where((rows + columns) % 2 == 0, KNOWN, UNKNOWN)
    state[2, 1] = CODED
    grid(ax, state)
    arrows(ax, [(1, 1), (0, 2), (2, 2), (1, 3)], (1, 2))
    ax.set_xlabel("two passes: grey, then the others", fontsize=9)


def hyperprior(ax: Axes) -> None:
    """One number for the whole block, sent first."""
    grid(ax, np.full((SIDE, SIDE), CODED))
    ax.set_ylim(SIDE - 0.5, -2.6)
    ax.text(1.5, -1.9, "z: how large is\nthis block?", ha="center", va="center", fontsize=9, bbox={"fc": "#BBBBBB"})
    arrows(ax, [(1.5, -1.3)] * SIDE, *[(column, 0) for column in range(SIDE)])
    ax.set_xlabel("z first, then all symbols at once", fontsize=9)


def grid(ax: Axes, state: np.ndarray) -> None:
    """The fields with lines between them."""
    colours = ListedColormap(["white", "#BBBBBB", COLOURS[5]])
    ax.imshow(state, cmap=colours, vmin=UNKNOWN, vmax=CODED)
    for line in range(SIDE + 1):
        ax.plot([line - 0.5] * 2, [-0.5, SIDE - 0.5], color="#666666", linewidth=0.8)
        ax.plot([-0.5, SIDE - 0.5], [line - 0.5] * 2, color="#666666", linewidth=0.8)


def arrows(ax: Axes, starts: list[tuple], *ends: tuple) -> None:
    """From each start (column, row) to its end, or all to the one end there is."""
    for start, end in zip(starts, ends if len(ends) > 1 else ends * len(starts), strict=True):
        style = {"arrowstyle": "-|>", "color": COLOURS[1], "linewidth": 1.8, "shrinkA": 2, "shrinkB": 2}
        ax.annotate("", end, start, arrowprops=style)
