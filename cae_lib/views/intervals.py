"""How an arithmetic coder narrows its interval: one row a letter."""

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cae_lib import plots


def intervals(message: str, shares: dict[str, float]) -> Figure:
    """Each letter's row shows the interval before it at full width, divided by the shares, and the part it chooses.

    shares: letter -> its share, in the order in which the parts lie; their sum is 1.
    """
    figure, axes = plots.new_figure(len(message), 1, 8.0, 0.72 * len(message) + 0.1)
    low, width = 0.0, 1.0
    for count, (letter, ax) in enumerate(zip(message, axes.flat, strict=True)):
        ax.set_xticks([0, 1], [f"{low:.4f}", f"{low + width:.4f}"], fontsize=8)
        ax.set_yticks([])
        name = f"{message[:count]}, then {letter}" if count else f"first {letter}"
        ax.set_ylabel(name, rotation=0, ha="right", va="center")
        begin = 0.0
        for other, share in shares.items():
            colour = plots.COLOURS[5] if other == letter else "white"
            ax.add_patch(Rectangle((begin, 0), share, 1, facecolor=colour, edgecolor="black"))
            ax.text(begin + share / 2, 0.5, other, ha="center", va="center")
            if other == letter:
                after = low + width * begin, width * share
            begin += share
        low, width = after
    figure.suptitle(f"{message} narrows the interval to {low:.4f} ... {low + width:.4f}", fontsize=9)
    return figure
