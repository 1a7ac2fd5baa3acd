"""`make bench`: training speed of the report's loop, of `fit`, and of `fit` in bfloat16, as ratios in one run.

The report's loop feeds images one by one through ToTensor and Normalize in a DataLoader; `fit` cuts its
batches from one tensor. Run it on an idle machine.
"""

import time

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from cae_lib.data import ImageSet, load_images
from cae_lib.models import MODEL1, MODEL2, ModelConfig, build
from cae_lib.training import TrainConfig, fit

BATCH = 128
IMAGES = 2_000


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


def main() -> None:
    data = load_images("train").take(IMAGES)
    print(f"{len(data)} images ({data.source}), batch {BATCH}, {torch.get_num_threads()} threads, images a second")
    print(f"{'':<8}{'report':>9}{'fit':>9}{'fit bf16':>10}{'fit/report':>12}{'bf16/report':>13}")
    for config in (MODEL1, MODEL2):
        speeds = [report_loop(data, config), our_loop(data, config, False), our_loop(data, config, True)]
        ratios = speeds[1] / speeds[0], speeds[2] / speeds[0]
        print(
            f"{config.name:<8}{speeds[0]:>9.0f}{speeds[1]:>9.0f}{speeds[2]:>10.0f}{ratios[0]:>12.2f}{ratios[1]:>13.2f}"
        )


if __name__ == "__main__":
    main()
