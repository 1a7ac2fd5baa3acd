"""The architecture of a model as a picture, drawn from the shapes of the model itself."""

from math import log2, prod

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from cae_lib.models import Autoencoder
from cae_lib.plots import COLOURS, new_figure
from cae_lib.summary import LayerSummary, summarise

NAMES = {
    "Conv2d": "conv",
    "ConvTranspose2d": "transposed\nconv",
    "MaxPool2d": "max-pool",
    "Upsample": "unpool",
    "Linear": "fully\nconnected",
    "ReLU": "ReLU",
    "Sigmoid": "sigmoid",
}
ACTIVATIONS = ("ReLU", "Sigmoid", "Identity", "Flatten")


def architecture(model: nn.Module, title: str = "") -> Figure:
    """Boxes for the image, every layer's output and the code: height = picture size, width ~ log2(channels)."""
    stages = [("image", "", (3, 32, 32), "#dddddd")]
    for row in summarise(model):
        kind = row.layer.split("(")[0]
        if kind in ACTIVATIONS:
            name, op, shape, colour = stages[-1]
            stages[-1] = (name, op + ("\n" + NAMES[kind] if kind in NAMES else ""), shape, colour)
        else:
            stages.append(("", operation(row), row.output_shape, COLOURS[5]))
    stages = mark(stages, model)

    figure, axes = new_figure(1, 1, 1.45 * len(stages) + 0.4, 3.6)
    ax, x = axes[0, 0], 0.0
    for i, (name, op, shape, colour) in enumerate(stages):
        height = shape[1] / 32 if len(shape) == 3 else 0.12
        width = 0.08 + 0.07 * log2(shape[0])
        if i:
            ax.annotate("", (x - 0.08, 0), (x - 0.62, 0), arrowprops=dict(arrowstyle="->", color="#555555"))
            ax.text(x - 0.35, 0.07, op, ha="center", va="bottom", fontsize=8)
        ax.add_patch(Rectangle((x, -height / 2), width, height, facecolor=colour, edgecolor="#333333"))
        label = " × ".join(map(str, shape)) + (f"\n= {prod(shape):,}" if name and len(shape) == 3 else "")
        ax.text(x + width / 2, -0.56, label, ha="center", va="top", fontsize=8)
        ax.text(x + width / 2, height / 2 + 0.03, name, ha="center", va="bottom", fontsize=9, weight="bold")
        x += width + 0.7
    ax.set(xlim=(-0.35, x - 0.35), ylim=(-0.85, 0.7), title=title)
    ax.axis("off")
    return figure


def operation(row: LayerSummary) -> str:
    """What an arrow says: the layer's common name and its kernel."""
    kind = row.layer.split("(")[0]
    if kind == "Linear":
        return NAMES[kind]
    if kind == "Upsample":
        return "unpool 2×2"
    kernel = row.layer.split("kernel_size=")[1]
    size = kernel.removeprefix("(")[0]
    return f"{NAMES[kind]} {size}×{size}"


def mark(stages: list, model: nn.Module) -> list:
    """Name and colour the code and the output."""
    if isinstance(model, Autoencoder):
        code = [s[2] for s in stages].index(model.code_shape)
        while code + 1 < len(stages) and stages[code + 1][2] == model.code_shape:
            code += 1
        stages[code] = ("code", *stages[code][1:3], COLOURS[4])
    last = "reconstruction" if isinstance(model, Autoencoder) else "scores"
    stages[-1] = (last, *stages[-1][1:3], "#dddddd")
    return stages
