"""A toy that is computed, not trained: gradient descent on a bowl, and what the learning rate does to its path."""

import numpy as np
from matplotlib.figure import Figure

from cae_lib import plots
from cae_lib.views.view import View, picture_slider

STEEP = 10.0  # how much faster the loss rises along y than along x
RATES = (0.005, 0.02, 0.05, 0.1, 0.15, 0.18, 0.195, 0.2, 0.205)
STATIC = (0.02, 0.1, 0.18, 0.205)
START, STEPS = (-4.0, 1.0), 30


def path(rate: float) -> np.ndarray:
    """The places (STEPS + 1, 2) of gradient descent on (x² + STEEP y²) / 2."""
    places = [np.array(START)]
    for _ in range(STEPS):
        places.append(places[-1] - rate * places[-1] * (1, STEEP))
    return np.array(places)


def loss(places: np.ndarray) -> np.ndarray:
    """The loss at places (..., 2)."""
    return (places[..., 0] ** 2 + STEEP * places[..., 1] ** 2) / 2


def descent(start: float = 0.18) -> View:
    """The path of 30 steps on the contours of a bowl, ten times as steep one way as the other, for each rate."""
    x, y = np.meshgrid(np.linspace(-4.6, 2, 120), np.linspace(-1.7, 1.7, 90))
    heights = loss(np.stack([x, y], -1))

    def draw(rate: float) -> Figure:
        figure, ((left, right),) = plots.new_figure(1, 2, 7.8, 3.2)
        contours(left, rate)
        curve = loss(path(rate))
        right.semilogy(curve, color=plots.COLOURS[0], marker=".")
        right.set(xlabel="step", ylabel="loss (log)", ylim=(1e-5, 1e3))
        right.set_title(f"loss after {STEPS} steps: {curve[-1]:.3g}", fontsize=9)
        right.grid(alpha=0.3)
        return figure

    def contours(ax, rate: float) -> None:
        ax.contour(x, y, heights, levels=[0.1, 0.5, 1, 2, 4, 8, 12], colors="#bbbbbb", linewidths=0.8)
        ax.plot(*path(rate).T, color=plots.COLOURS[1], marker=".", label="path")
        ax.set(xlim=(-4.6, 2), ylim=(-1.7, 1.7), xlabel="x (flat)", ylabel=f"y ({STEEP:g} times as steep)")
        ax.set_title(f"learning rate {rate:g}", fontsize=9)

    static, axes = plots.new_figure(2, 2, 7.8, 4.6)
    for ax, rate in zip(axes.flat, STATIC, strict=True):
        contours(ax, rate)
        ax.label_outer()
    options = [(f"{rate:g}", rate) for rate in RATES]
    alt = "The path of gradient descent on the contours of a bowl, and its loss at each step"
    return picture_slider(draw, options, "learning rate", static, alt, start)
