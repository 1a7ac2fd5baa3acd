"""The exercises of notebook 03: what is right, known mistakes with what is said to them, three hints."""

import torch
import torch.nn.functional as F
from torch import nn

from cae_lib.checkpoints import load_run
from cae_lib.course.exercises.nb00 import noise
from cae_lib.course.judging import Exercise, array, essay, function, number
from cae_lib.course.reading import Unanswered, Unreadable, is_stub, show
from cae_lib.models import MODEL1, build

REPORTED = 0.1421  # the report's validation loss of model1 after 10 epochs, in [-1, 1]
STEPS = torch.arange(252, dtype=torch.uint8).reshape(2, 3, 7, 6)
IMAGES = noise(0, 10, 3, 4, 4)


def train_epoch(model, images, batches, optimiser):
    total = 0.0
    for index in batches:
        batch = images[index]
        loss = F.mse_loss(model(batch), batch)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * len(index)
    return total / sum(len(index) for index in batches)


def trained(f, sizes: tuple[int, ...], momentum: float = 0.0):
    """What a loop is compared by: the losses of two epochs on a tiny model, and its weights after them."""
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 3, 3, padding=1))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.2, momentum=momentum)
    batches = torch.randperm(len(IMAGES))[: sum(sizes)].split(list(sizes))
    losses = [f(model, IMAGES, batches, optimiser) for _ in range(2)]
    if all(map(is_stub, losses)):
        return None
    return torch.tensor([*map(float, losses), *(p.detach().double().sum().item() for p in model.parameters())])


def slip(*, forget=True, step=True, mean="images", last=False):
    """A loop with one mistake."""

    def loop(model, images, batches, optimiser):
        losses = []
        for index in batches:
            loss = F.mse_loss(model(images[index]), images[index])
            if forget:
                optimiser.zero_grad()
            loss.backward()
            if step:
                optimiser.step()
            losses.append((loss.item(), len(index)))
        if last:
            return losses[-1][0]
        total = sum(value * count for value, count in losses)
        if mean == "batches":
            return sum(value for value, _ in losses) / len(losses)
        return total / sum(count for _, count in losses) if mean == "images" else total

    return loop


def below_zero(images, low: float, high: float):
    return (low + (high - low) * images.double() / 255).clamp(max=0)


def floor_of(images, low, high):
    return below_zero(images, low, high).square().mean()


def vital_signs(model, images):
    model.zero_grad()
    output = model(images)
    F.mse_loss(output, images).backward()
    gradient = next(model.parameters()).grad
    return (output > 0).float().mean().item(), gradient.abs().max().item()


def examined(f, shift: float, used: bool = False):
    """Vital signs of a model1 with other biases at its end; `used`: old gradients are still there."""
    model = build(MODEL1, 0)
    with torch.no_grad():
        model.decoder[4].bias += shift
    images = 2 * noise(3, 4, 3, 8, 8) - 1
    if used:
        (1_000 * model(images)).sum().backward()
    found = f(model, images)
    if is_stub(found):
        return None
    active, gradient = found
    return torch.tensor([float(active), 1e5 * float(gradient)])


def patient() -> nn.Module:
    """The shipped model1 after one unlucky step: its last biases are far below zero. The same each time."""
    model = load_run("model1", 10).model
    with torch.no_grad():
        model.decoder[4].bias.fill_(-5.0)
    return model


def revive(model):
    with torch.no_grad():
        model.decoder[4].bias.fill_(0.1)
    return model


def treated(f, seed: int) -> nn.Module | None:
    """The patient, or one with other weights, after a treatment; None if nothing was done."""
    model = patient()
    if seed:
        model.load_state_dict(build(MODEL1, seed).state_dict() | {"decoder.4.bias": torch.full((3,), -5.0)})
    before = {name: value.clone() for name, value in model.state_dict().items()}
    result = f(model)
    if result is not None and not isinstance(result, nn.Module):
        raise Unreadable(f"The model is wanted as the result, and {show(result)} is none.")
    model = model if result is None else result
    after = model.state_dict()
    if list(after) == list(before) and all(torch.equal(after[name], before[name]) for name in before):
        if result is None:
            return None
        raise Unreadable("Nothing has changed in it: other numbers are wanted in the layer that is ill.")
    model.changed = {
        name.rsplit(".", 1)[0] for name in before if not torch.equal(after.get(name, before[name]), before[name])
    }
    return model


def alive(model, right) -> str:
    """Whether a patient is well again: outputs, gradient, and thirty steps of training."""
    if is_stub(model):
        raise Unanswered
    if len(model.changed) > 1:
        return f"It changes {len(model.changed)} layers, and only one is ill: what the others have learned is lost."
    images = 2 * F.interpolate(noise(5, 32, 3, 4, 4).sqrt(), scale_factor=4) - 1  # coarse and rather bright
    active, gradient = vital_signs(model, images)
    if active == 0:
        return "All outputs are still zero."
    if gradient == 0:
        return "No gradient arrives at the first layer."
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(30):
        loss = train_epoch(model, images, [torch.arange(32)], optimiser)
    zero = images.square().mean().item()
    return (
        "" if loss < zero else f"After thirty steps its loss is {loss:.3f}, not below the all-zero loss of {zero:.3f}."
    )


def reborn(model):
    """A new network: well, but nothing that was learned is left."""
    model.load_state_dict(build(MODEL1, 3).state_dict())
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
        function(((4, 4, 2),), ((5, 5),), ((3, 3, 3, 1),), ((10,),), ((4, 1), 0.9), result=array, run=trained),
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
        function((0.0,), (0.3,), (-5.0,), (0.0, True), (1.0,), result=array, run=examined),
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
        function((0,), (1,), result=alive, run=treated),
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
