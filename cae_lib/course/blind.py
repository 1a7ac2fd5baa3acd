"""Loss curves without names, for notebook 04: which run is which?"""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cae_lib import plots
from cae_lib.checkpoints import load_histories

RUNS = ("underfit", 0), ("model1", 2), ("rate_0.001", 0), ("overfit", 0)  # A, B, C, D: shipped runs with their seeds


def blind_curves() -> Figure:
    """Training and validation loss of four shipped runs, A to D, each on a scale of its own."""
    figure, axes = plots.new_figure(2, 2, 7.8, 4.8)
    for ax, letter, (name, seed) in zip(axes.flat, "ABCD", RUNS, strict=True):
        history = load_histories(name)[seed]["history"]
        for kind, colour, line in (("train", 0, "-"), ("validation", 1, "--")):
            losses = history[f"{kind}_loss"]
            ax.plot(range(1, len(losses) + 1), losses, line, color=plots.COLOURS[colour], label=kind)
        top = 1.15 * max(history["train_loss"] + history["validation_loss"])
        ax.set(title=f"run {letter}", xlabel="epoch", ylabel="MSE", ylim=(0, top))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.grid(alpha=0.3)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=8)
    return figure
