"""Training the rate-distortion autoencoder: one loop, resumable after every epoch, the same on a CPU and a GPU."""

import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from cae_lib.base import resume
from cae_lib.base.atomic import write_json
from cae_lib.base.device import best_device, precision
from cae_lib.base.epochs import Sums, refuse_infinite, seed_epoch
from cae_lib.codec.model import RateDistortionAutoencoder, RateDistortionConfig, rate_distortion
from cae_lib.data.images import ImageSet, scale
from cae_lib.evaluation import check_images
from cae_lib.training import SEEDS, TrainingError


@dataclass(frozen=True)
class RateDistortionTraining:
    """How it is trained: Adam on mirrored and unmirrored images, each with a quality drawn at random.

    The learning rate stays as it is and falls linearly to zero over the last `decay` of all steps. What is kept is
    the moving average of the weights (each step moves it by 1 - averaging), which is smoother than any one step's.
    """

    epochs: int
    batch_size: int = 64
    learning_rate: float = 1e-3
    decay: float = 0.4
    averaging: float = 0.999
    seed: int = 0
    bf16: bool = True


def train_codec(
    folder: Path,
    config: RateDistortionConfig,
    training: RateDistortionTraining,
    images: ImageSet,
    measured: ImageSet,
    *,
    progress: bool = True,
) -> RateDistortionAutoencoder:
    """Train in `folder`, or go on there after the last finished epoch; returns the model with averaged weights.

    Training goes on with more or fewer epochs in all, so that one can decide late when the learning rate falls.
    `measured` images are only ever measured. Raises CheckpointError if the folder holds another model or training,
    TrainingError for images of a wrong shape or type, an empty set, or a loss that is not finite.
    """
    check_images(images.images, "training images")
    check_images(measured.images, "measured images")
    if not 0 <= training.seed < SEEDS:
        raise TrainingError(f"A seed is a whole number from 0 to {SEEDS - 1:,}, not {training.seed}.")
    device = best_device()
    with torch.random.fork_rng():
        torch.manual_seed(training.seed)
        model = RateDistortionAutoencoder(config)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    facts = {"model": config.as_dict(), "training": asdict(training) | {"epochs": None}, "source": images.source}
    facts |= {"train_images": len(images)}
    record = {"epochs": []}
    stopped = resume.load(folder, facts)
    if stopped:
        average, record = stopped.groups["average"], stopped.record
        model.load_state_dict(stopped.groups["weights"])
        if len(record["epochs"]) > epochs_recorded(folder):  # a kill left it one epoch behind
            write_json(folder / "run.json", facts | record)
    bf16 = precision(training.bf16, device, progress)
    model.to(device, memory_format=torch.channels_last)
    average = {name: value.to(device) for name, value in average.items()}
    optimiser = torch.optim.Adam(model.parameters(), lr=training.learning_rate)
    if stopped:
        optimiser.load_state_dict({"state": stopped.optimiser, "param_groups": optimiser.state_dict()["param_groups"]})
    pixels = images.images.to(device)
    steps = math.ceil(len(images) / training.batch_size)

    with torch.random.fork_rng():
        for epoch in range(len(record["epochs"]) + 1, training.epochs + 1):
            began = time.perf_counter()
            seed_epoch(training.seed, epoch)
            model.train()
            sums = Sums(epoch, training.learning_rate)
            order = torch.randperm(len(images)).to(device).split(training.batch_size)
            bar = tqdm(order, f"epoch {epoch}/{training.epochs}", leave=False, disable=None if progress else True)
            for step, index in enumerate(bar, (epoch - 1) * steps):
                left = 1 - step / (training.epochs * steps)
                for group in optimiser.param_groups:
                    group["lr"] = training.learning_rate * min(1.0, left / training.decay)
                sums.add(train_step(model, optimiser, pixels[index], bf16), len(index))
                keep = min(training.averaging, (step + 1) / (step + 10))
                for name, value in model.state_dict().items():
                    average[name].lerp_(value, 1 - keep)
            points = measure(averaged(config, average), measured, bf16)
            # The last step may have spoilt the weights.
            refuse_infinite(sum(point["bpp"] for point in points), epoch, training.learning_rate)
            row = {name: value / len(images) for name, value in sums.read().items()}
            record["epochs"].append(row | {"seconds": time.perf_counter() - began, "measured": points})
            resume.save(folder, facts, record, optimiser, weights=model.state_dict(), average=average)
            write_json(folder / "run.json", facts | record)
            if progress:
                text = "  ".join(f"{p['bpp']:.2f}/{p['psnr']:.1f}" for p in points)
                print(f"epoch {epoch}/{training.epochs}  loss {row['loss']:.4f}  bpp/dB  {text}", flush=True)
    return averaged(config, average)


def epochs_recorded(folder: Path) -> int:
    """How many epochs run.json tells of; 0 where there is none that can be read."""
    try:
        return len(json.loads((folder / "run.json").read_text())["epochs"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def train_step(model, optimiser, images: Tensor, bf16: bool) -> dict[str, Tensor]:
    """One step on uint8 images (N, 3, 32, 32), half of them mirrored, each with a quality of its own."""
    mirrored = torch.rand(len(images), 1, 1, 1) < 0.5
    quality = torch.randint(len(model.config.lambdas), (len(images),)).to(images.device)
    inputs = scale(torch.where(mirrored.to(images.device), images.flip(3), images), (-1.0, 1.0))
    with torch.autocast(images.device.type, torch.bfloat16, enabled=bf16):
        terms = rate_distortion(model, inputs, quality)
    optimiser.zero_grad()
    terms["loss"].backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
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
