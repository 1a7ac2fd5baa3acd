"""Right answers to the exercises that ask for a function, written so that they can be varied into the wrong ones."""

from math import log2

import torch
import torch.nn.functional as F

from cae_lib.course.reading import Unreadable, is_stub, show


def below_zero(images, low, high):
    return (low + (high - low) * images.double() / 255).clamp(max=0)


def pooled(picture, pool=F.avg_pool2d, mode="nearest"):
    return F.interpolate(pool(picture, 2), scale_factor=2, mode=mode)


def enough(variances, share):
    return int((variances.cumsum(0) < share * variances.sum()).sum()) + 1


def local_best(losses):
    """The epoch before the first one that is no better than its predecessor."""
    rises = [epoch for epoch in range(1, len(losses)) if losses[epoch] >= losses[epoch - 1]]
    return rises[0] if rises else len(losses)


def stop_epoch(losses, patience, better=lambda loss, before: loss < min(before)):
    since = 0
    for epoch in range(1, len(losses) + 1):
        since = 0 if epoch == 1 or better(losses[epoch - 1], losses[: epoch - 1]) else since + 1
        if since == patience:
            return epoch
    return len(losses)


def never_reset(losses, patience):
    """Early stopping that counts all epochs without a new lowest loss, in a row or not."""
    bad = [epoch for epoch in range(2, len(losses) + 1) if losses[epoch - 1] >= min(losses[: epoch - 1])]
    return bad[patience - 1] if len(bad) >= patience else len(losses)


def from_the_best(losses, patience):
    """Stops `patience` epochs after the lowest loss of the whole list, which is known only afterwards."""
    return min(losses.index(min(losses)) + 1 + patience, len(losses))


def entropy_of(counts, unit=log2):
    return sum(-k / sum(counts) * unit(k / sum(counts)) for k in counts if k)


def straight_through(y, step):
    return y + (step * torch.round(y / step) - y).detach()


def value_and_slope(f, y, step):
    """What a function gives for y, and the gradient of each of its values: zeros where none comes through."""
    y = torch.tensor(y, requires_grad=True)
    result = f(y, step)
    if is_stub(result):
        return None
    if not isinstance(result, torch.Tensor):
        raise Unreadable(f"One tensor is wanted, and {show(result)} is none.")
    weights = torch.arange(1.0, len(y) + 1)  # each value's own, so that no gradient can stand for another
    weights = weights if result.shape == y.shape else torch.ones_like(result)
    through = torch.autograd.grad((result * weights).sum(), y, allow_unused=True)[0] if result.requires_grad else None
    return result.detach(), torch.zeros_like(y) if through is None else through / torch.arange(1.0, len(y) + 1)


def choose(points, worth, loss=lambda rate, mse, worth: rate + worth * 255**2 * mse):
    losses = [loss(rate, mse, worth) for rate, mse in points]
    return losses.index(min(losses))


def wins(first, second, lower=lambda a, b: a < b):
    common = first.keys() & second.keys()
    return sum(lower(first[seed], second[seed]) for seed in common) / len(common)
