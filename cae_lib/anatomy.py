"""What a network is made of: its layers with their shapes and costs, and a diagram of it."""

import re
from dataclasses import dataclass
from math import log2, prod

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import nn

from cae_lib.models import code_shape, is_autoencoder, through
from cae_lib.plots import COLOURS, new_figure


@dataclass(frozen=True)
class LayerSummary:
    """One line of a summary: shapes without the batch dimension, counts for one image."""

    name: str
    layer: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def summarise(model: nn.Module) -> list[LayerSummary]:
    """Run one blank 32 x 32 image through the model and list every layer in the order it is used.

    Multiply-adds: each output number of a convolution costs kernel height x width x input channels;
    a transposed convolution is counted from its input in the same way. Biases and activations are
    left out, as is usual.
    """
    rows = []

    def record(name):
        def hook(layer, inputs, output):
            macs = 0
            if isinstance(layer, nn.Conv2d):
                macs = output[0].numel() * layer.weight[0].numel()
            elif isinstance(layer, nn.ConvTranspose2d):
                macs = inputs[0][0].numel() * layer.weight[0].numel()
            elif isinstance(layer, nn.Linear):
                macs = layer.weight.numel()
            count = sum(p.numel() for p in layer.parameters())
            text = f"{type(layer).__name__}({layer.extra_repr()})"
            rows.append(LayerSummary(name, text, tuple(output.shape[1:]), count, macs))

        return hook

    leaves = [(n, m) for n, m in model.named_modules() if not list(m.children())]
    hooks = [m.register_forward_hook(record(n)) for n, m in leaves]
    first = next(model.parameters())
    try:
        with torch.no_grad():
            through(model, torch.zeros(1, 3, 32, 32, device=first.device, dtype=first.dtype))
    finally:
        for hook in hooks:
            hook.remove()
    return rows


def summary_table(model: nn.Module) -> str:
    """The summary as text: layer, output shape, parameters, multiply-adds, share of the whole."""
    rows = summarise(model)
    parameters = sum(r.parameters for r in rows)
    macs = sum(r.multiply_adds for r in rows)
    lines = [f"{'layer':<34}{'output':>14}{'parameters':>12}{'multiply-adds':>15}{'share':>8}"]
    for r in rows:
        shape = " x ".join(map(str, r.output_shape))
        kind = r.layer.split("(")[0]
        share = f"{r.multiply_adds / macs:.0%}" if r.multiply_adds else ""
        lines.append(f"{r.name + '  ' + kind:<34}{shape:>14}{r.parameters:>12,}{r.multiply_adds:>15,}{share:>8}")
    lines.append(f"{'total':<34}{'':>14}{parameters:>12,}{macs:>15,}{'100%':>8}")
    if is_autoencoder(model):
        shape = code_shape(model)
        lines.append(f"code: {' x '.join(map(str, shape))} = {prod(shape):,} numbers for 3,072 pixel values")
    return "\n".join(lines)


NAMES = {
    "Conv2d": "conv",
    "ConvTranspose2d": "transposed\nconv",
    "MaxPool2d": "max-pool",
    "Upsample": "unpool",
    "Linear": "fully\nconnected",
    "ReLU": "ReLU",
    "Sigmoid": "sigmoid",
}
SHAPING = ("Conv2d", "ConvTranspose2d", "MaxPool2d", "AvgPool2d", "Upsample", "Linear")  # a box of their own
SILENT = ("Identity", "Flatten", "Unflatten")


def architecture(model: nn.Module, title: str = "") -> Figure:
    """Boxes for the image, every layer's output and the code: height = picture size, width ~ log2(channels)."""
    stages = [("image", "", (3, 32, 32), "#dddddd")]
    for row in summarise(model):
        kind = row.layer.split("(")[0]
        if kind not in SHAPING and row.output_shape == stages[-1][2] or kind in SILENT:
            name, op, shape, colour = stages[-1]
            stages[-1] = (name, op + ("" if kind in SILENT else "\n" + NAMES.get(kind, kind)), shape, colour)
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
            ax.text(x - 0.35, 0.05, op.replace(" ", "\n"), ha="center", va="bottom", fontsize=8)
        ax.add_patch(Rectangle((x, -height / 2), width, height, facecolor=colour, edgecolor="#333333"))
        label = " × ".join(map(str, shape)) + (f"\n= {prod(shape):,}" if name and len(shape) == 3 else "")
        ax.text(x + width / 2, -0.56, label, ha="center", va="top", fontsize=8)
        ax.text(x + width / 2, 0.53, name, ha="center", va="bottom", fontsize=9, weight="bold")
        x += width + 0.7
    ax.set(xlim=(-0.35, x - 0.35), ylim=(-0.85, 0.7), title=title)
    ax.axis("off")
    return figure


def operation(row: LayerSummary) -> str:
    """What an arrow says: the layer's common name and its kernel."""
    kind = row.layer.split("(")[0]
    if kind == "Upsample":
        return "unpool 2×2"
    size = re.search(r"kernel_size=\(?(\d+)", row.layer)
    return NAMES.get(kind, kind) + (f" {size[1]}×{size[1]}" if size else "")


def mark(stages: list, model: nn.Module) -> list:
    """Name and colour the code and the output."""
    shapes, shape = [s[2] for s in stages], code_shape(model) if is_autoencoder(model) else None
    if shape in shapes:  # a model of one's own may make it without a layer
        code = shapes.index(shape)
        while code + 1 < len(stages) and shapes[code + 1] == shape:
            code += 1
        stages[code] = ("code", *stages[code][1:3], COLOURS[4])
    last = "reconstruction" if shape else "scores"
    stages[-1] = (last, *stages[-1][1:3], "#dddddd")
    return stages
