"""Numbers by chance, the same each time, that functions of students are tried with."""

import torch


def noise(seed: int, *shape: int) -> torch.Tensor:
    """Numbers between 0 and 1."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))
