"""Training the rate-distortion autoencoder: one loop, resumable, the same on a CPU, a GPU and in several processes."""

import json
import math
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from cae_lib.base import processes, resume
from cae_lib.base.atomic import write_json
from cae_lib.base.device import best_device, precision
from cae_lib.base.epochs import Sums, refuse_infinite, seed_epoch
from cae_lib.base.replay import adam, own_stream, replayed, set_learning_rate
from cae_lib.codec.growing import grown
from cae_lib.codec.model import RateDistortionAutoencoder, RateDistortionConfig, rate_distortion
from cae_lib.data.images import ImageSet, scale
from cae_lib.evaluation import check_images
from cae_lib.training import SEEDS, TrainingError

LEAST_GAIN = 0.05  # where all symbols are zero, no gradient leads back


@dataclass(frozen=True)
class RateDistortionTraining:
    """How it is trained: Adam on mirrored and unmirrored images, each with a quality drawn at random.

    The learning rate stays as it is and falls linearly to zero over the last `decay` of all steps. What is kept is
    the moving average of the weights (each step moves it by 1 - averaging), which is smoother than any one step's.
    balance: each quality's loss is divided by lambda ** balance, since at high rates it is larger, and those would
    decide alone what all qualities share; every: epochs between two checkpoints, each with a measurement.
    """

    epochs: int
    batch_size: int = 64
    learning_rate: float = 1e-3
    decay: float = 0.4
    averaging: float = 0.999
    seed: int = 0
    bf16: bool = True
    balance: float = 0.0
    every: int = 1


def train_codec(
    folder: Path,
    config: RateDistortionConfig,
    training: RateDistortionTraining,
    images: ImageSet,
    measured: ImageSet,
    *,
    start: RateDistortionAutoencoder | None = None,
    progress: bool = True,
) -> RateDistortionAutoencoder:
    """Train in `folder`, or go on there after the last finished epoch; returns the model with averaged weights.

    Training goes on with more or fewer epochs in all, so that one can decide late when the learning rate falls.
    `measured` images are only ever measured. The model is grown from `start`, if there is one (see growing.py).
    Started by torchrun, each process takes a part of every batch. Raises CheckpointError if the folder holds another
    model or training, TrainingError for images of a wrong shape or type, an empty set, or a loss that is not finite.
    """
    check_images(images.images, "training images")
    check_images(measured.images, "measured images")
    if not 0 <= training.seed < SEEDS:
        raise TrainingError(f"A seed is a whole number from 0 to {SEEDS - 1:,}, not {training.seed}.")
    rank, count = processes.join()
    progress, device = progress and rank == 0, best_device()
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        model = grown(start, config) if start else RateDistortionAutoencoder(config)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    facts = {"model": config.as_dict(), "training": asdict(training) | {"epochs": None}, "source": images.source}
    facts |= {"train_images": len(images)} | ({"grown_from": start.config.as_dict()} if start else {})
    record = {"epochs": []}
    stopped = resume.load(folder, facts)
    if stopped:
        average, record = stopped.groups["average"], stopped.record
        model.load_state_dict(stopped.groups["weights"])
        if len(record["epochs"]) > epochs_recorded(folder):  # a kill left it one epoch behind
            write_json(folder / "run.json", facts | record)
    bf16 = precision(training.bf16, device, progress)
    model.to(device, memory_format=torch.channels_last)
    average = {name: average[name].to(device) for name in model.state_dict()}
    optimiser = adam(model.parameters(), training.learning_rate, device)
    if stopped:
        optimiser.load_state_dict({"state": stopped.optimiser, "param_groups": optimiser.state_dict()["param_groups"]})
    pixels = images.images.to(device)
    steps = math.ceil(len(images) / training.batch_size)
    step = replayed(partial(train_step, model, optimiser, loss_on(device, training.balance), bf16, count), device)
    means, weights = list(average.values()), list(model.state_dict().values())

    with torch.random.fork_rng(), own_stream(device):
        for epoch in range(len(record["epochs"]) + 1, training.epochs + 1):
            began = time.perf_counter()
            seed_epoch(training.seed, epoch)
            batches = drawn(images, config, training, device)
            if rank:
                seed_epoch(training.seed + rank * SEEDS, epoch)  # noise of one's own
            model.train()
            sums = Sums(epoch, training.learning_rate)
            bar = tqdm(batches, f"epoch {epoch}/{training.epochs}", leave=False, disable=None if progress else True)
            for number, batch in enumerate(bar, (epoch - 1) * steps):
                index, mirrored, quality = (processes.share(part, rank, count) for part in batch)
                if not len(index):
                    continue
                left = 1 - number / (training.epochs * steps)
                set_learning_rate(optimiser, training.learning_rate * min(1.0, left / training.decay))
                sums.add(step(pixels[index], mirrored, quality), len(index))
                keep = min(training.averaging, (number + 1) / (number + 10))
                torch._foreach_lerp_(means, weights, 1 - keep)
            row = {name: value / len(images) for name, value in processes.total(sums.read(), count).items()}
            record["epochs"].append(row | {"seconds": time.perf_counter() - began})
            if epoch % training.every and epoch < training.epochs:
                continue
            points = measure(averaged(config, average), measured, bf16)
            # The last step may have spoilt the weights.
            refuse_infinite(sum(point["bpp"] for point in points), epoch, training.learning_rate)
            record["epochs"][-1] |= {"seconds": time.perf_counter() - began, "measured": points}
            if rank == 0:
                resume.save(folder, facts, record, optimiser, weights=model.state_dict(), average=average)
                write_json(folder / "run.json", facts | record)
            if progress:
                text = "  ".join(f"{p['bpp']:.2f}/{p['psnr']:.1f}" for p in points)
                print(f"epoch {epoch}/{training.epochs}  loss {row['loss']:.4f}  bpp/dB  {text}", flush=True)
    return averaged(config, average)


def drawn(images: ImageSet, config: RateDistortionConfig, training: RateDistortionTraining, device) -> list[tuple]:
    """What chance decides of an epoch: for each step the images' places (N,), who is mirrored (N,), qualities (N,).

    Drawn at once, so that no step waits for it on its way to the device.
    """
    order = torch.randperm(len(images))
    mirrored = torch.rand(len(images)) < 0.5
    quality = torch.randint(len(config.lambdas), (len(images),))
    return list(zip(*(x.to(device).split(training.batch_size) for x in (order, mirrored, quality)), strict=True))


def loss_on(device: torch.device, balance: float):
    """The loss (model, images, quality) -> its terms; on CUDA compiled, which takes a minute and halves every step."""
    loss = rate_distortion
    if device.type == "cuda":
        torch.backends.cudnn.benchmark, loss = True, torch.compile(rate_distortion, dynamic=False)
    return partial(loss, balance=balance)


def epochs_recorded(folder: Path) -> int:
    """How many epochs run.json tells of; 0 where there is none that can be read."""
    try:
        return len(json.loads((folder / "run.json").read_text())["epochs"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def train_step(
    model, optimiser, loss, bf16: bool, count: int, images: Tensor, mirrored: Tensor, quality: Tensor
) -> dict[str, Tensor]:
    """One step down the loss on uint8 images (N, 3, 32, 32), some of them mirrored, each with a quality: its terms.

    count: processes that each take a part of the batch.
    """
    inputs = scale(torch.where(mirrored[:, None, None, None], images.flip(3), images), (-1.0, 1.0))
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bf16, cache_enabled=False):
        terms = loss(model, inputs, quality)
    optimiser.zero_grad()
    terms["loss"].backward()
    processes.average(model.parameters(), count)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    model.log_gain.data.clamp_(min=math.log(LEAST_GAIN))
    return terms


def averaged(config: RateDistortionConfig, weights: dict[str, Tensor]) -> RateDistortionAutoencoder:
    """A model with these weights, ready to be used."""
    with torch.random.fork_rng(devices=[]):
        model = RateDistortionAutoencoder(config)
    model.load_state_dict(weights)
    return model.eval()


@torch.no_grad()
def measure(model: RateDistortionAutoencoder, data: ImageSet, bf16: bool = False) -> list[dict[str, float]]:
    """Estimated bits per pixel and mean PSNR in dB at every quality; real bytes are streams.py's business."""
    device = best_device()
    model = model.to(device, memory_format=torch.channels_last).eval()
    points = []
    for q in range(len(model.config.lambdas)):
        bits, psnr = [], []
        for part in data.images.split(100):
            inputs = scale(part.to(device), (-1.0, 1.0))
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                output = model(inputs, torch.full((len(part),), q, device=device))
            error = ((output["images"].clamp(-1, 1) - inputs) / 2).square().flatten(1).mean(1)
            bits.append(output["bits"] / part[0, 0].numel())
            psnr.append(-10 * error.log10())
        points.append({"bpp": torch.cat(bits).mean().item(), "psnr": torch.cat(psnr).mean().item()})
    return points
