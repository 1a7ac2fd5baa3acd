"""How a codec is trained for rate and distortion, as a drawing: what goes where, and where rounding is stood in for."""

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from cae_lib import plots

INSIDE, LOSS = plots.COLOURS[5], plots.COLOURS[4]
BOXES = {  # name: (x, y, what stands in it, colour)
    "image": (0.5, 1, "image\n3 × 32 × 32", "#dddddd"),
    "encoder": (2.05, 1, "encoder\n4 × 4 transform\n+ network", INSIDE),
    "code": (3.6, 1, "code × gain\n48 × 8 × 8", "#dddddd"),
    "noise": (5.15, 1.75, "+ noise\n(−½ to ½)", INSIDE),
    "round": (5.15, 0.25, "round,\nstraight-through", INSIDE),
    "bits": (6.8, 1.75, "−log₂ p\n→ bits: R", LOSS),
    "decoder": (6.8, 0.25, "÷ gain, decoder\n4 × 4 transform\n+ network", INSIDE),
    "rebuilt": (8.4, 0.25, "rebuilt image\n→ error: D", LOSS),
    "loss": (8.4, 1.75, "R + λ D", LOSS),
}
ARROWS = (
    ("image", "encoder"),
    ("encoder", "code"),
    ("code", "noise"),
    ("code", "round"),
    ("noise", "bits"),
    ("round", "decoder"),
    ("decoder", "rebuilt"),
    ("bits", "loss"),
    ("rebuilt", "loss"),
)


def codec_diagram() -> Figure:
    """The codec of notebook 08 while it is trained."""
    figure, ((ax,),) = plots.new_figure(1, 1, 8.0, 2.5)
    for x, y, text, colour in BOXES.values():
        box = {"boxstyle": "round,pad=0.35", "facecolor": colour, "edgecolor": "#333333", "alpha": 0.75}
        ax.text(x, y, text, ha="center", va="center", fontsize=8, bbox=box)
    for start, end in ARROWS:
        (x, y, *_), (u, v, *_) = BOXES[start], BOXES[end]
        upward = x == u
        tail, head = ((x, y + 0.3), (u, v - 0.2)) if upward else ((x + 0.62, y), (u - 0.66, v))
        ax.add_patch(FancyArrowPatch(tail, head, arrowstyle="->", mutation_scale=10, color="#555555"))
    ax.set(xlim=(-0.2, 9.15), ylim=(-0.25, 2.2))
    ax.axis("off")
    return figure
