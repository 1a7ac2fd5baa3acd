"""What every training loop of the kit shares: its chance, and its losses, summed where they are computed."""

import math

import torch
from torch import Tensor

from cae_lib.base.errors import TrainingError

ASKED_EVERY = 200  # steps between two looks at the loss: each look waits for the device


def seed_epoch(seed: int, epoch: int) -> None:
    """What chance decides in an epoch depends on seed and epoch alone, so that a resumed run equals a whole one."""
    torch.manual_seed(1_000_003 * seed + epoch)


class Sums:
    """Sums of an epoch's losses, kept on the device: reading each step's would make the processor wait for it."""

    def __init__(self, epoch: int, learning_rate: float):
        self.epoch, self.learning_rate, self.steps = epoch, learning_rate, 0
        self.totals: dict[str, Tensor] = {}

    def add(self, terms: dict[str, Tensor], images: int) -> None:
        """Add a step's terms, averages over so many images. Raises TrainingError, soon, for one that is not finite."""
        for name, value in terms.items():
            value = value.detach().to(torch.float32 if value.device.type == "mps" else torch.float64)  # MPS has no more
            self.totals[name] = self.totals.get(name, 0) + value * images
        if self.steps % ASKED_EVERY == 0:
            self.read()
        self.steps += 1

    def read(self) -> dict[str, float]:
        """The sums so far. Raises TrainingError if one is not finite."""
        sums = {name: value.item() for name, value in self.totals.items()}
        refuse_infinite(sum(sums.values()), self.epoch, self.learning_rate)
        return sums


def refuse_infinite(loss: float, epoch: int, learning_rate: float) -> None:
    """Raise TrainingError for a loss that is infinite or not a number."""
    if not math.isfinite(loss):
        raise TrainingError(
            f"The loss became {loss} in epoch {epoch}: the steps are too large. "
            f"Try a learning rate below {learning_rate:g}."
        )
