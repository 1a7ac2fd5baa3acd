"""A toy that is computed: what Gaussian numbers of given variances cost at least, by reverse water-filling."""

from torch import Tensor

from cae_lib import plots
from cae_lib.views.computed import Computed
from cae_lib.views.controls import chooser, counter, slider

LEVELS = [round(4000 / 2 ** (k / 2), 1) for k in range(23)]
STATIC = (1000.0, 125.0, 15.6)
START = 125.0
PEAK = 255  # of pixels, which decibels are relative to


def water_levels(variances: dict[str, Tensor]) -> Computed:
    """The water level, moved: which numbers are sent, with how many bits, and the point on the limit of rate and error.

    variances: name -> (K,), of pixels in 0 ... 255 or of orthonormal coefficients of them. They are shown sorted.
    """
    ordered = {name: values.sort(descending=True).values.tolist() for name, values in variances.items()}
    name, values = list(ordered.items())[-1]
    static, axes = plots.new_figure(1, 3, 7.8, 2.8)
    for ax, level in zip(axes.flat, STATIC, strict=True):
        ax.bar(range(len(values)), values, width=1, color=plots.COLOURS[1], label="sent")
        ax.bar(range(len(values)), [min(v, level) for v in values], width=1, color=plots.COLOURS[0], label="error")
        ax.axhline(level, color=plots.COLOURS[0], linewidth=1)
        sent = sum(v > level for v in values)
        ax.set(yscale="log", xlabel="number", ylabel=f"variance of {name} (log)")
        ax.set_title(f"level {level:g}: {sent} are sent", fontsize=9)
        ax.label_outer()
    axes[0, 0].legend(fontsize=8)
    controls = {
        "water level": slider([(f"{level:g}", level) for level in LEVELS], START),
        "numbers": chooser(ordered, name),
        "number": counter(len(values) - 1),
    }
    alt = "Variances under a water level, and the limit of rate and error for Gaussian numbers"
    data = {"variances": ordered, "levels": LEVELS, "peak": PEAK}
    return Computed("water", data, controls, static, alt, (780, 300), ("", "number"))
