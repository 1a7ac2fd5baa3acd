"""The lab of notebook 03: a patient, and by what a student's loop, tool and cure are judged."""

import torch
import torch.nn.functional as F
from torch import nn

from cae_lib.checkpoints import load_run
from cae_lib.course.chance import noise
from cae_lib.course.reading import Unanswered, Unreadable, is_stub, show
from cae_lib.models import MODEL1, build

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
    return *losses, torch.stack([p.detach().double().sum() for p in model.parameters()])


def same_sums(answer, right) -> str:
    """Whether two loops have left the same weights, by the sums of each layer's."""
    same = torch.allclose(answer, right, rtol=0, atol=1e-4)
    return "" if same else "they are not those that one step for each batch leaves."


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
    return f(model, images)


def patient() -> nn.Module:
    """The shipped model1 after one unlucky step: its last biases are far below zero. The same each time."""
    model = load_run("model1", 10).model
    with torch.no_grad():
        model.decoder[4].bias.fill_(-5.0)
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
