"""The exercises of notebook 03: what is right, known mistakes with what is said to them, three hints."""

import torch
import torch.nn.functional as F

from cae_lib.course.judging import Exercise, essay, function, number, parts
from cae_lib.course.lab import alive, examined, same_sums, slip, train_epoch, trained, treated, vital_signs

STEPS = torch.arange(252, dtype=torch.uint8).reshape(2, 3, 7, 6)


def below_zero(images, low: float, high: float):
    return (low + (high - low) * images.double() / 255).clamp(max=0)


def floor_of(images, low, high):
    return below_zero(images, low, high).square().mean()


def revive(model):
    with torch.no_grad():
        model.decoder[4].bias.fill_(0.1)
    return model


EXERCISES = {
    "03.1": Exercise(
        number(),
        9 * 32 * 16 + 16,
        mistakes={
            "That is the number without the biases.": 9 * 32 * 16,
            "Each kernel reaches through all 32 input channels.": 9 * 16 + 16,
            "There is one bias for each output channel, not for each input channel.": 9 * 32 * 16 + 32,
            "That is one kernel, without its bias.": 9 * 32,
        },
        hints=(
            "How many weights has one kernel, and how many kernels are there?",
            "A kernel is 3 x 3 wide and reaches through all 32 input channels; there is one for each output channel.",
            "3 * 3 * 32 weights for each of the 16 output channels, and one bias for each of them.",
        ),
        why="Together with the layer from 16 back to 32 channels it has four fifths of model1's parameters.",
    ),
    "03.2": Exercise(
        function(
            *(((4, 4, 2),), ((5, 5),), ((3, 3, 3, 1),), ((10,),), ((4, 1), 0.9)),
            result=parts(loss=number(1e-4), loss_of_a_second_epoch=number(1e-4), weights=same_sums),
            run=trained,
            given="model, images, batches, optimiser",
        ),
        train_epoch,
        mistakes={
            "The gradients of earlier batches are not forgotten, and add up.": slip(forget=False),
            "The optimiser makes no step: the weights stay as they are.": slip(step=False),
            "It is the mean over the batches; a smaller last batch counts less.": slip(mean="batches"),
            "It is the sum over the images; their mean is wanted.": slip(mean="sum"),
            "It is the loss of the last batch alone.": slip(last=True),
        },
        hints=(
            "For each index in batches: take `images[index]`, and do the four parts of a step with it.",
            "loss, `optimiser.zero_grad()`, `loss.backward()`, `optimiser.step()`: and what do you keep of the loss?",
            "Add `loss.item() * len(index)` to a total, and divide it by the number of all images at the end.",
        ),
        why=(
            "These few lines are all of training; the kit's `fit` adds a validation and a way to go on after an "
            "interrupt."
        ),
    ),
    "03.3": Exercise(
        function(
            *((images, *scale) for images in (STEPS, STEPS // 5 * 2) for scale in ((-1, 1), (0, 1), (-2, 3), (-4, -1)))
        ),
        floor_of,
        mistakes={
            "It is right on [-1, 1] only: low and high are not used.": lambda images, *_: floor_of(images, -1, 1),
            "The negative values are found, but not squared.": lambda *scale: below_zero(*scale).abs().mean(),
            "It is the sum; the mean is asked for.": lambda *scale: below_zero(*scale).square().sum(),
            "It counts the bright pixels as lost, too.": lambda images, low, high: (
                (low + (high - low) * images.double() / 255).square().mean()
            ),
        },
        hints=(
            "Which part of the target can an output that is never negative not reach? What is best there?",
            "Scale the images to [low, high], and keep only what is below 0: the best output there is 0.",
            "Three steps: `low + (high - low) * images / 255`, then `clamp(max=0)`, then the mean of the squares.",
        ),
        why="It follows from the images alone: no network with a ReLU at its end can be better.",
    ),
    "03.4": Exercise(
        function(
            *((0.0,), (0.3,), (-5.0,), (0.0, True), (1.0,)),
            result=parts(active_share=number(1e-4), gradient=number(1e-4, least=1e-9)),
            run=examined,
            given="model, images",
        ),
        vital_signs,
        mistakes={
            "Old gradients are added to the new ones: forget them first.": lambda model, images: (
                F.mse_loss(model(images), images).backward(),
                ((model(images) > 0).float().mean().item(), next(model.parameters()).grad.abs().max().item()),
            )[1],
            "It takes the signed gradient; its size is wanted.": lambda model, images: (
                vital_signs(model, images)[0],
                next(model.parameters()).grad.max().item(),
            ),
            "It counts outputs that are zero, too.": lambda model, images: (
                (model(images) >= 0).float().mean().item(),
                vital_signs(model, images)[1],
            ),
            "The two numbers are exchanged.": lambda model, images: vital_signs(model, images)[::-1],
        },
        hints=(
            "Two numbers: one of the output, one of a gradient. What has to happen before a gradient is there?",
            "Forget, forward, `F.mse_loss(output, images).backward()`; then look at `next(model.parameters()).grad`.",
            "Return `(output > 0).float().mean().item()` and `gradient.abs().max().item()`, in this order.",
        ),
        why=(
            "No output above zero and no gradient is death; a small gradient is sleep; and the loss cannot tell the "
            "two."
        ),
    ),
    "03.5": Exercise(
        function((0,), (1,), result=alive, run=treated, given="model"),
        revive,
        mistakes={},
        hints=(
            "Which layer is ill? What were the biases before the last ReLU in the printed diagnosis?",
            "The layer is `model.decoder[4]`, and its biases keep every value before the last ReLU below zero.",
            "Within torch.no_grad(), fill `model.decoder[4].bias` with a small number that is not negative.",
        ),
        why=(
            "With the biases near zero some values pass the ReLU again, gradients flow through them, and the rest "
            "follows."
        ),
    ),
    "03.6": Exercise(
        essay(30),
        "The floor, then active outputs and gradients, then other seeds.",
        hints=(
            "Can the loss fall at all? What does the last layer allow?",
            "Which two numbers tell a network that is asleep from one that is dead?",
            "And is this run like others, or an exception?",
        ),
        why=(
            "Good answers name the floor, and what the output can reach (2 points); active outputs and "
            "gradients, which tell sleep from death (2); and other seeds, or more steps, before the design is "
            "blamed (1)."
        ),
    ),
}
