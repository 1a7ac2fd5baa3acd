"""One training in several processes, as torchrun starts them: each works on its share of every batch."""

import os
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn


def join() -> tuple[int, int]:
    """The number of this process, from 0 on, and how many there are: (0, 1) unless torchrun started it."""
    if "LOCAL_RANK" not in os.environ:
        return 0, 1
    if not dist.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return dist.get_rank(), dist.get_world_size()


def share(batch: Tensor, rank: int, count: int) -> Tensor:
    """This process's part of a batch (N, ...); all parts have the same size, so up to count - 1 items stay out."""
    return batch[rank : len(batch) - len(batch) % count : count]


def average(parameters: Iterable[nn.Parameter], count: int) -> None:
    """Make each gradient the mean of all processes', which is that of the whole batch."""
    for parameter in parameters if count > 1 else ():
        dist.all_reduce(parameter.grad)
        parameter.grad /= count


def total(sums: dict[str, float], count: int) -> dict[str, float]:
    """Numbers summed over all processes."""
    if count == 1:
        return sums
    values = torch.tensor(list(sums.values()), device="cuda" if dist.get_backend() == "nccl" else "cpu")
    dist.all_reduce(values)
    return dict(zip(sums, values.tolist(), strict=True))
