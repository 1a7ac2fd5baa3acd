"""Curves beside pictures: drawn once, with a point of each that moves."""

from dataclasses import dataclass, replace
from io import BytesIO
from itertools import cycle

import numpy as np
from matplotlib.ticker import MaxNLocator
from PIL import Image, ImageDraw

from cae_lib import plots
from cae_lib.base.picture import describe, number, to_png

DOT = 11  # pixels across


@dataclass(frozen=True)
class Curves:
    """Curves as pixels, with what is needed to mark their points.

    text: what they show, in sentences; points: curve -> x and y (N, 2); spots: curve -> where those lie, in pixels.
    """

    pixels: Image.Image
    text: str
    points: dict[str, np.ndarray]
    spots: dict[str, np.ndarray]

    def marked(self, k: int) -> "Curves":
        """The same with the k-th point of each curve marked, unless it is infinite."""
        pixels, said = self.pixels.copy(), []
        for (name, points), colour in zip(self.points.items(), cycle(plots.COLOURS), strict=False):
            if np.isfinite(points[k]).all():
                x, y = np.round(self.spots[name][k] - DOT / 2).astype(int).tolist()
                pixels.paste(colour, (x, y), dot())
            said.append(f"{name} {number(points[k, 1])} at {number(points[k, 0])}")
        return replace(self, pixels=pixels, text=f"{self.text}. Marked: {'; '.join(said)}")


def dot() -> Image.Image:
    """The mask of a round mark, with smooth edges."""
    large = Image.new("L", (8 * DOT, 8 * DOT))
    ImageDraw.Draw(large).ellipse((0, 0, 8 * DOT - 1, 8 * DOT - 1), fill=255)
    return large.resize((DOT, DOT), Image.Resampling.BOX)


def curves(series: dict[str, tuple], width: float, height: float, xlabel: str, ylabel: str, **options) -> Curves:
    """Curves name -> (x, y), width x height inches, with a legend if they are several; options: those of axes."""
    figure, ((ax,),) = plots.new_figure(1, 1, width, height)
    for (name, (x, y)), colour, marker in zip(series.items(), cycle(plots.COLOURS), cycle(plots.MARKERS), strict=False):
        ax.plot(x, y, color=colour, marker=marker, markersize=3, label=name)
    if options.get("xscale") != "log" and all(isinstance(place, int) for x, _ in series.values() for place in x):
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set(xlabel=xlabel, ylabel=ylabel, **options)
    ax.tick_params(labelsize=8)
    ax.grid(alpha=0.3)
    if len(series) > 1:
        ax.legend(fontsize=8)
    pixels = Image.open(BytesIO(to_png(figure))).convert("RGB")
    points = {name: np.column_stack(xy) for name, xy in series.items()}
    spots = {name: ax.transData.transform(xy) * (1, -1) + (0, pixels.height) for name, xy in points.items()}
    return Curves(pixels, describe(figure), points, spots)
