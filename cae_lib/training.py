"""The training loop: one flat function, `fit`, for autoencoders and classifiers.

The report's loop made readable: train for an epoch, validate, keep both average losses and the best
weights, go on. `fit` plots nothing and writes nothing; `on_epoch` lets others do so (see checkpoints).
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from cae_lib.base.device import best_device, precision
from cae_lib.base.epochs import Sums, refuse_infinite, seed_epoch
from cae_lib.data.images import ImageSet, scale
from cae_lib.evaluation import TrainingError, check_images, check_shape, evaluate, warn_if_dead
from cae_lib.models import range_of, through

OPTIMISERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
SEEDS = 2**32  # seeds 0 ... SEEDS - 1


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained.

    task: "reconstruct" (MSE against the input, in the model's pixel range) or "classify"
    (cross-entropy against the label). bf16: run convolutions in bfloat16 where that is faster (bf16_is_fast).
    """

    epochs: int
    batch_size: int
    optimiser: str
    learning_rate: float
    seed: int = 0
    task: str = "reconstruct"
    bf16: bool = False


@dataclass
class History:
    """What happened, epoch by epoch; index 0 is epoch 1.

    train_loss: average while the epoch's steps changed the weights; validation_loss: average after
    them; accuracy: share of right answers on the validation images (classifiers only);
    seconds: wall time of each epoch. best_weights: the weights after `best_epoch`.
    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    best_weights: dict[str, Tensor] = field(default_factory=dict, repr=False)

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return len(self.train_loss)

    @property
    def best_epoch(self) -> int:
        """The last epoch, counted from 1, at which the validation loss did not rise above its lowest."""
        lowest = min(self.validation_loss)
        return max(e for e, loss in enumerate(self.validation_loss, 1) if loss == lowest)

    def as_dict(self) -> dict:
        """The lists alone, for JSON."""
        return {name: getattr(self, name) for name in ("train_loss", "validation_loss", "accuracy", "seconds")}


@dataclass(frozen=True)
class Progress:
    """What `on_epoch` receives after every epoch: enough to save, show or resume the run."""

    epoch: int
    model: nn.Module
    optimiser: torch.optim.Optimizer
    history: History


def fit(
    model: nn.Module,
    train: ImageSet,
    validation: ImageSet,
    config: TrainConfig,
    *,
    history: History | None = None,
    optimiser_state: dict | None = None,
    on_epoch: Callable[[Progress], None] | None = None,
    progress: bool = True,
) -> History:
    """Train the model in place and return the history of all its epochs.

    To resume, pass the model with its weights, and the history and optimiser state of its last
    epoch: the order of the batches depends on seed and epoch alone, so the resumed run equals the
    uninterrupted one bit for bit on the same machine. Raises TrainingError for images of a wrong
    shape or type, an empty set, an unknown option, or a loss that is no longer finite.
    """
    check(train, validation, config)
    device = best_device()
    bf16 = precision(config.bf16, device, progress and config.bf16)
    model.to(device=device, memory_format=torch.channels_last)
    optimiser = OPTIMISERS[config.optimiser](model.parameters(), lr=config.learning_rate)
    if optimiser_state is not None:
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": optimiser_state, "param_groups": groups})
    history = history or History()
    images, labels = train.images.to(device), train.labels.to(device)

    with torch.random.fork_rng():
        for epoch in range(history.epochs + 1, config.epochs + 1):
            began = time.perf_counter()
            seed_epoch(config.seed, epoch)

            # One pass over the training images, in a new order.
            model.train()
            sums = Sums(epoch, config.learning_rate)
            batches = torch.randperm(len(train)).to(device).split(config.batch_size)
            bar = tqdm(batches, f"epoch {epoch}/{config.epochs}", leave=False, disable=None if progress else True)
            for index in bar:
                loss = batch_loss(model, images[index], labels[index], config.task, bf16)
                sums.add({"loss": loss}, len(index))
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()

            # Validate, and remember what was best.
            result = evaluate(model, validation, config.task)
            refuse_infinite(result["loss"], epoch, config.learning_rate)
            history.train_loss.append(sums.read()["loss"] / len(train))
            history.validation_loss.append(result["loss"])
            if "accuracy" in result:
                history.accuracy.append(result["accuracy"])
            history.seconds.append(time.perf_counter() - began)
            if history.best_epoch == epoch:
                history.best_weights = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}

            if progress:
                print(progress_line(history, config, len(train)), flush=True)
            warn_if_dead(model, validation, config.seed)
            if on_epoch is not None:
                on_epoch(Progress(epoch, model, optimiser, history))
    return history


def batch_loss(model: nn.Module, images: Tensor, labels: Tensor, task: str = "reconstruct", bf16=False) -> Tensor:
    """The loss of one batch of uint8 images (N, 3, H, W), on the model's device."""
    device = next(model.parameters()).device
    inputs, labels = scale(images.to(device), range_of(model)), labels.to(device)
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bf16):
        output = through(model, inputs).float()
    if task == "classify":
        return F.cross_entropy(output, labels)
    check_shape(model, output, inputs)
    return F.mse_loss(output, inputs)


def progress_line(history: History, config: TrainConfig, images: int) -> str:
    """One epoch as text: losses, speed, remaining time."""
    left = round(sum(history.seconds) / history.epochs * (config.epochs - history.epochs))
    accuracy = f"   accuracy {history.accuracy[-1]:.1%}" if history.accuracy else ""
    return (
        f"epoch {history.epochs:>2}/{config.epochs}   train {history.train_loss[-1]:.5f}   "
        f"validation {history.validation_loss[-1]:.5f}{accuracy}   "
        f"{images / history.seconds[-1]:,.0f} images/s   {left // 60}:{left % 60:02} left"
    )


def check(train: ImageSet, validation: ImageSet, config: TrainConfig) -> None:
    """Refuse what would train nonsense. Raises TrainingError."""
    for name, data in (("training", train), ("validation", validation)):
        check_images(data.images, f"{name} images")
        if len(data.images) != len(data.labels):
            raise TrainingError(f"There are {len(data.images)} {name} images but {len(data.labels)} labels.")
    if config.optimiser not in OPTIMISERS:
        raise TrainingError(f"No optimiser {config.optimiser!r}; choose one of {', '.join(OPTIMISERS)}.")
    if config.task not in ("reconstruct", "classify"):
        raise TrainingError(f'No task {config.task!r}; choose "reconstruct" or "classify".')
    if config.epochs < 1 or config.batch_size < 1 or not 0 < config.learning_rate < math.inf:
        raise TrainingError("Epochs and batch size must be at least 1 and the learning rate above 0.")
    if not 0 <= config.seed < SEEDS:
        raise TrainingError(f"A seed is a whole number from 0 to {SEEDS - 1:,}, not {config.seed}.")
