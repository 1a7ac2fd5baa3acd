"""`make bench`: speeds, side by side in one run. Run it on an idle machine.

Training: the report's loop feeds images one by one through ToTensor and Normalize in a DataLoader; `fit` cuts its
batches from one tensor, in float32 or bfloat16. Coding: the kit's codecs beside Pillow's JPEG and AVIF. Batches: what
the scheduling of runs costs.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F
from helpers.notebooks import make_notebook
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from cae_lib.batch.grid import run as run_batch
from cae_lib.batch.store import Store, plan
from cae_lib.checkpoints import load_run
from cae_lib.codec import streams
from cae_lib.data.images import ImageSet, load_images
from cae_lib.models import MODEL1, MODEL2, ModelConfig, build
from cae_lib.race.baselines import BASELINES, decode
from cae_lib.training import TrainConfig, fit
from cae_lib.views.widgets import epoch_slider

BATCH = 128
IMAGES = 2_000
SLEEP = 60  # seconds of a run in the batch


class OneByOne(Dataset):
    """Images as PIL pictures, transformed one by one: what the usual tutorial does."""

    def __init__(self, data: ImageSet, config: ModelConfig):
        to_pil = transforms.ToPILImage()
        self.images = [to_pil(image) for image in data.images]
        low, high = config.pixel_range
        steps = [transforms.ToTensor(), transforms.Normalize((-low / (high - low),) * 3, (1 / (high - low),) * 3)]
        self.transform = transforms.Compose(steps)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.transform(self.images[index])


def report_loop(data: ImageSet, config: ModelConfig) -> float:
    """Images a second of one epoch of the report's loop, after one to warm up."""
    model, loader = build(config), DataLoader(OneByOne(data, config), BATCH, shuffle=True)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(2):
        began = time.perf_counter()
        for batch in loader:
            optimiser.zero_grad()
            F.mse_loss(model(batch), batch).backward()
            optimiser.step()
    return len(data) / (time.perf_counter() - began)


def our_loop(data: ImageSet, config: ModelConfig, bf16: bool) -> float:
    """Images a second of one epoch of `fit`, after one to warm up; validation is on one image."""
    history = fit(build(config), data, data.take(1), TrainConfig(2, BATCH, "adam", 1e-3, bf16=bf16), progress=False)
    return len(data) / history.seconds[-1]


def training_speed() -> None:
    data = load_images("train").take(IMAGES)
    print(f"{len(data)} images ({data.source}), batch {BATCH}, {torch.get_num_threads()} threads, images a second")
    print(f"{'':<8}{'report':>9}{'fit':>9}{'fit bf16':>10}{'fit/report':>12}{'bf16/report':>13}")
    for config in (MODEL1, MODEL2):
        speeds = [report_loop(data, config), our_loop(data, config, False), our_loop(data, config, True)]
        ratios = speeds[1] / speeds[0], speeds[2] / speeds[0]
        print(
            f"{config.name:<8}{speeds[0]:>9.0f}{speeds[1]:>9.0f}{speeds[2]:>10.0f}{ratios[0]:>12.2f}{ratios[1]:>13.2f}"
        )


def seconds(work: Callable, inputs: list) -> float:
    """Seconds that calls on all inputs take, after one on the first to warm up."""
    work(inputs[0])
    began = time.perf_counter()
    for x in inputs:
        work(x)
    return time.perf_counter() - began


def coding_speed() -> None:
    """Encoding and decoding of small images, one by one and as a batch, and of one large image made of them."""
    data = load_images("test").take(100)
    small = [np.ascontiguousarray(image.permute(1, 2, 0).numpy()) for image in data.images]
    large = np.tile(np.concatenate([np.concatenate(small[i : i + 10], 1) for i in range(0, 100, 10)]), (2, 3, 1))
    megapixels = large.shape[0] * large.shape[1] / 1e6
    print(f"\n100 images of 32 x 32 (images a second) and one of {megapixels:.1f} megapixels (megapixels a second)")
    print(f"{'':<16}{'encode':>9}{'batch':>9}{'large':>9}{'decode':>9}{'batch':>9}{'large':>9}")
    for name in streams.MODELS:
        options = dict(model=name, quality=streams.load_codec(name).qualities[3])
        compress, encode_batch = partial(streams.compress, **options), partial(streams.encode_batch, **options)
        print_speeds(name, compress, streams.decompress, small, large, (encode_batch, streams.decode_batch))
    for name, quality in (("JPEG 4:4:4", 80), ("AVIF", 60)):
        print_speeds(name, partial(BASELINES[name].encode_array, quality=quality), decode, small, large, None)


def print_speeds(name: str, compress: Callable, decompress: Callable, small: list, large, batches) -> None:
    """One line of the table; `batches` holds the functions that encode and decode all small images at once, or None."""
    line = f"{name:<16}"
    files, stacked = [compress(image) for image in small], torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2)
    jobs = ((compress, small, large, stacked), (decompress, files, compress(large), files))
    for k, (work, singles, whole, together) in enumerate(jobs):
        line += f"{len(small) / seconds(work, singles):>9.0f}"
        line += f"{len(small) / seconds(batches[k], [together]):>9.0f}" if batches else f"{'':>9}"
        line += f"{large.shape[0] * large.shape[1] / 1e6 / seconds(work, [whole]):>9.2f}"
    print(line, flush=True)


def learned_codecs_speed() -> None:
    """Batches of small images through "rd" and through CompressAI's factorized prior, where that is installed."""
    images = load_images("test").take(100).images
    print(f"\n{len(images)} images of 32 x 32 as one batch (images a second), {torch.get_num_threads()} threads")
    encode = partial(streams.encode_batch, model=streams.RD, quality=5)
    parameters = sum(p.numel() for p in streams.load_codec(streams.RD).model.parameters())
    files = encode(images)
    ours = [len(images) / seconds(encode, [images]), len(images) / seconds(streams.decode_batch, [files])]
    print(f"rd, {parameters:,} parameters: encode {ours[0]:.0f}, decode {ours[1]:.0f}")
    try:
        from compressai.models import FactorizedPrior
    except ImportError as error:
        print(f"CompressAI cannot be imported ({error}), so it is not compared")
        return
    torch.manual_seed(0)
    model = FactorizedPrior(64, 96).eval()  # of like size; not trained, which changes its bytes, but hardly its speed
    model.update()
    parameters = sum(p.numel() for p in model.parameters())
    inputs = images / 255
    with torch.no_grad():
        packed = model.compress(inputs)
        theirs = [
            len(images) / seconds(model.compress, [inputs]),
            len(images) / seconds(lambda packed: model.decompress(packed["strings"], packed["shape"]), [packed]),
        ]
    print(f"CompressAI factorized prior, {parameters:,} parameters: encode {theirs[0]:.0f}, decode {theirs[1]:.0f}")
    print(f"ours over theirs: encode {ours[0] / theirs[0]:.2f}, decode {ours[1] / theirs[1]:.2f}")


def view_speed() -> None:
    """One step of the epoch slider over stored pictures: a picture that was drawn before, and one that was not."""
    data = load_images("test")
    view = epoch_slider(load_run("model1_code8"), data, data.one_per_class()[:3])
    epochs = view.controls["epoch"]

    def step(state: tuple) -> None:
        view.set(images=state[0], epoch=state[1])

    stored = [("the first ones", epoch) for epoch in epochs.values] * 10
    fresh = [(name, epochs.value) for name in data.classes]
    # The step that warms up draws the first of the fresh pictures.
    per_step = [1000 * seconds(step, stored) / len(stored), 1000 * seconds(step, fresh) / (len(fresh) - 1)]
    print(f"\nepoch slider, ms a step: {per_step[0]:.1f} stored, {per_step[1]:.0f} drawn anew")


def batch_overhead() -> None:
    """What a grid costs beyond its runs: four runs that sleep for a minute, on two workers."""
    cell = f"import time\ntime.sleep({SLEEP})"
    with TemporaryDirectory() as folder:
        notebook = make_notebook(Path(folder), "sleep", cell, parameters="SEED: int = 0")
        planned, began = plan(notebook, {}, {"SEED": list("0123")}), time.perf_counter()
        results = run_batch(planned, Store(Path(folder) / "out"), workers=2)
        took, perfect = time.perf_counter() - began, SLEEP * len(results) / 2
    of_runs = sum(result["seconds"] for result in results.values()) / 2
    print(f"\nbatch: {len(results)} runs that sleep {SLEEP} s, 2 workers: {took:.0f} s", end="")
    print(f", {took / of_runs - 1:+.1%} against its runs, {took / perfect - 1:+.1%} against the sleep alone")


def main() -> None:
    training_speed()
    coding_speed()
    learned_codecs_speed()
    view_speed()
    batch_overhead()


if __name__ == "__main__":
    main()
