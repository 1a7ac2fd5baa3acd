"""A toy that is computed, not trained: gradient descent on a bowl, and what the learning rate does to its path."""

import numpy as np

from cae_lib import plots
from cae_lib.views.computed import Computed
from cae_lib.views.controls import counter, slider

STEEP = 10  # how much faster the loss rises along y than along x
RATES = [round(0.005 * k, 3) for k in range(1, 43)]
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


def descent() -> Computed:
    """The path of 30 steps on the contours of a bowl, ten times as steep one way as the other, for each rate."""
    x, y = np.meshgrid(np.linspace(-4.6, 2, 120), np.linspace(-1.7, 1.7, 90))
    static, axes = plots.new_figure(2, 2, 7.8, 4.6)
    for ax, rate in zip(axes.flat, STATIC, strict=True):
        ax.contour(x, y, loss(np.stack([x, y], -1)), levels=[0.1, 0.5, 1, 2, 4, 8, 12], colors="#bbbbbb")
        ax.plot(*path(rate).T, color=plots.COLOURS[1], marker=".", label="path")
        ax.set(xlim=(-4.6, 2), ylim=(-1.7, 1.7), xlabel="x (flat)", ylabel=f"y ({STEEP} times as steep)")
        ax.set_title(f"learning rate {rate:g}: loss {loss(path(rate))[-1]:.3g}", fontsize=9)
        ax.label_outer()
    controls = {"learning rate": slider([(f"{rate:g}", rate) for rate in RATES], 0.18), "step": counter(STEPS, 3)}
    alt = "The path of gradient descent on the contours of a bowl, and its loss at each step"
    data = {"steep": STEEP, "start": START, "steps": STEPS}
    return Computed("descent", data, controls, static, alt, (780, 300), ("", "step"))
