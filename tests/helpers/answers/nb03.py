"""Answers to the exercises of notebook 03: right ones in several forms, wrong ones, sneaky functions."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cae_lib.course.exercises.nb03 import revive
from cae_lib.course.lab import slip
from cae_lib.models import MODEL1, build
from helpers.answers.common import forms, no_essay, no_function, no_number, parameters

TEXT = (
    "First I draw the floor into the plot, then I count active outputs and look at the gradients, which tell sleep "
    "from death, and last I train other seeds, because a single run may be an exception."
)


def loop_by_sums(model, images, batches, optimiser):
    losses = torch.zeros(len(batches))
    for k, index in enumerate(batches):
        optimiser.zero_grad()
        loss = ((model(images[index]) - images[index]) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses[k] = loss.detach()
    sizes = torch.tensor([float(len(index)) for index in batches])
    return (losses * sizes).sum() / sizes.sum()


def loop_by_weights(model, images, batches, optimiser):
    count, mean = 0, 0.0
    for index in batches:
        model.zero_grad()
        loss = nn.MSELoss()(model(images[index]), images[index])
        loss.backward()
        optimiser.step()
        count += len(index)
        mean += (loss.item() - mean) * len(index) / count
    return mean


def floor_by_loop(images, low, high):
    values = [low + (high - low) * v / 255 for v in images.flatten().tolist()]
    return sum(v * v for v in values if v < 0) / len(values)


def floor_by_numpy(images, low, high):
    return np.mean(np.minimum(np.interp(images.numpy(), [0, 255], [low, high]), 0) ** 2)


def floor_by_mse(images, low, high):
    target = low + (high - low) * (images.float() / 255)
    return F.mse_loss(target.relu(), target)


def is_first_image(images, low, high):
    return floor_by_loop(images[:1], low, high)


def signs_by_autograd(model, images):
    output = model(images)
    (gradient,) = torch.autograd.grad(F.mse_loss(output, images), [next(model.parameters())])
    return float((output > 0).double().mean()), float(gradient.abs().amax())


def signs_by_numpy(model, images):
    model.zero_grad()
    output = model(images)
    ((output - images) ** 2).mean().backward()
    return np.mean(output.detach().numpy() > 0), np.abs(model.encoder[0].weight.grad.numpy()).max()


def by_new_layer(model):
    """In place, and without a result."""
    torch.manual_seed(4)
    model.decoder[4].reset_parameters()


def by_adding(model):
    with torch.no_grad():
        model.decoder[4].bias += 5.2
    return model


def by_zero_bias(model):
    model.decoder[4].bias.data = torch.zeros(3) + 0.05
    return model


def reborn(model):
    """A new network: well, but nothing that was learned is left."""
    model.load_state_dict(build(MODEL1, 3).state_dict())
    return model


def not_enough(model):
    with torch.no_grad():
        model.decoder[4].bias += 0.5
    return model


def another_layer(model):
    with torch.no_grad():
        model.decoder[2].bias += 0.5
    return model


RIGHT = {
    "03.1": forms(parameters(nn.Conv2d(32, 16, 3))),
    "03.2": [loop_by_sums, loop_by_weights],
    "03.3": [floor_by_loop, floor_by_numpy, floor_by_mse],
    "03.4": [signs_by_autograd, signs_by_numpy],
    "03.5": [by_new_layer, by_adding, by_zero_bias],
    "03.6": [TEXT, TEXT.title(), TEXT + " That is all."],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "03.1": [
        (4608, "without the biases"),
        (160, "all 32 input channels"),
        (4640, "output channel"),
        (288, "one kernel"),
    ],
    "03.2": [
        (slip(forget=False), "add up"),
        (slip(step=False), "no step"),
        (slip(mean="batches"), "smaller last batch"),
        (slip(last=True), "last batch alone"),
        (
            lambda model, images, batches, optimiser: 0.3,
            r"\(model, images, batches, optimiser\) is wrong. Loss: 0.3 is too large",
        ),
    ],
    "03.3": [
        (lambda images, low, high: floor_by_mse(images, -1, 1), "low and high are not used"),
        (lambda images, low, high: floor_by_mse(images, low, high) * images.numel(), "mean is asked for"),
        (lambda images, low, high: (images.float() / 255 * (high - low) + low).square().mean(), "bright pixels"),
        (lambda images, low, high: (images * (high - low) / 255 + low).clamp(max=0).mean(), "sign|returns"),
        (0.1411, "function itself is wanted"),
    ],
    "03.4": [
        (lambda model, images: signs_by_autograd(model, images)[::-1], "exchanged|is wrong"),
        (
            lambda model, images: (0.5, signs_by_autograd(model, images)[1]),
            r"\(model, images\) is wrong. Active share: 0.5 is too large",
        ),
        (lambda model, images: signs_by_autograd(model, images)[0], "A tuple is wanted: .active share, gradient."),
    ],
    "03.5": [
        (not_enough, "still zero"),
        (another_layer, "still zero"),
        (reborn, "only one is ill"),
        (lambda model: model, "Nothing has changed"),
        (lambda model: revive(model).state_dict(), "is none"),
    ],
    "03.6": [("The gradient.", "2 words are few"), (0, "A text is wanted"), ({"a": TEXT}, "A text is wanted")],
}

KINDS = {
    "03.1": no_number,
    "03.2": no_function,
    "03.3": no_function,
    "03.4": no_function,
    "03.5": no_function,
    "03.6": no_essay,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "03.2": ([], []),
    "03.3": (
        [(torch.arange(0, 256, 5, dtype=torch.uint8)[None], *scale) for scale in ((-1, 1), (0, 1))],
        [
            is_first_image,
            lambda images, low, high: floor_by_mse(images, low, high) if low >= -1 else 0,
            lambda images, low, high: 0 if low >= 0 else floor_by_loop(images, -1, 1),
            lambda images, low, high: floor_by_mse(torch.arange(0, 256, 5), low, high),
        ],
    ),
    "03.4": ([], []),
    "03.5": ([], []),
}
