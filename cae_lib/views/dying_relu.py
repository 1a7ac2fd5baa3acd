"""A view of the last ReLU of a model: a bias that falls, and what is left of outputs and gradients."""

from copy import deepcopy

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import nn

from cae_lib import plots
from cae_lib.data.images import ImageSet, scale, unscale
from cae_lib.models import range_of
from cae_lib.views.view import View, picture_slider

SHIFTS = (1.0, 0.5, 0.25, 0.0, -0.25, -0.5, -0.75, -1.0, -1.5, -2.0, -3.0)
STATIC = (0.25, 0.0, -0.5, -1.0, -3.0)


def dying_relu(model: nn.Module, data: ImageSet, index: int) -> View:
    """What the last ReLU lets through when a number is added to all biases before it.

    model: its decoder is a Sequential that ends in a convolution and a ReLU; index: the image that is shown. Values
    and gradients are those of the first 50 images of `data`.
    """
    low_high = range_of(model)
    images = scale(data.images[:50], low_high)
    one = scale(data.images[index][None], low_high)
    cases = {shift: measured(model, images, one, shift) for shift in SHIFTS}

    def draw(shift: float) -> Figure:
        values, gradient, picture = cases[shift]
        active = float((values > 0).float().mean())
        figure, ((left, middle, right),) = plots.new_figure(1, 3, 7.8, 2.9, data.source)
        left.hist(values.flatten().numpy(), bins=60, range=(-4, 2), color=plots.COLOURS[0])
        left.axvline(0, color=plots.COLOURS[1])
        left.set(xlabel="before the ReLU", yticks=[])
        left.set_title(f"bias {shift:+g}: {active:.1%} pass", fontsize=9)
        plots.show_image(middle, unscale(picture, low_high)[0], "what is painted")
        shown = [max(cases[s][1], 1e-9) for s in SHIFTS]
        right.semilogy(SHIFTS, shown, color=plots.COLOURS[0], marker="o", markersize=3)
        right.semilogy([shift], [max(gradient, 1e-9)], "o", color=plots.COLOURS[1], markersize=9)
        right.set(xlabel="added to the bias", ylabel="largest gradient (log)")
        right.set_title("gradient 0: dead" if gradient == 0 else f"gradient {gradient:.1e}", fontsize=9)
        right.grid(alpha=0.3)
        return figure

    pictures = torch.cat([unscale(cases[shift][2], low_high) for shift in STATIC])
    titles = [f"bias {shift:+g}\n{(cases[shift][0] > 0).float().mean():.0%} pass" for shift in STATIC]
    static = plots.image_rows({"": pictures}, titles, source=data.source, cell=1.4)
    options = [(f"{shift:+g}", shift) for shift in SHIFTS]
    alt = "Values before the last ReLU, the picture behind it, and the gradient"
    return picture_slider(draw, options, "added to the bias", static, alt, -0.5)


def measured(model: nn.Module, images, one, shift: float):
    """Values before the last ReLU, the largest gradient of the first layer, and an image as it comes out."""
    shifted = deepcopy(model).cpu()
    *before, last = shifted.decoder
    with torch.no_grad():
        before[-1].bias += shift
    values = nn.Sequential(*before)(shifted.encode(images))
    F.mse_loss(last(values), images).backward()
    gradient = next(shifted.parameters()).grad.abs().max().item()
    with torch.no_grad():
        return values.detach(), gradient, shifted(one)
