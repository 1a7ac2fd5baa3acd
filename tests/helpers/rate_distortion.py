"""Small rate-distortion autoencoders with random weights, and what tests of them share."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from cae_lib.codec.design import RateDistortionConfig
from cae_lib.codec.model import RateDistortionAutoencoder

# Beside the shipped kind, one with all that has come since: deeper blocks that are told the quality, and a wide view.
SMALL = RateDistortionConfig(width=16, groups=(2, 2, 4), lambdas=(0.01, 0.05))
NONE, HYPER = replace(SMALL, context="none"), replace(SMALL, hyper=3)
DEEP = replace(SMALL, narrow=16, deep=3, shallow=2, by_quality=True, reach=2, rounding="apart")
CONFIGS = (SMALL, NONE, HYPER, replace(HYPER, context="none"), DEEP)
every_config = pytest.mark.parametrize("config", CONFIGS, ids=["groups", "none", "hyper-groups", "hyper-none", "deep"])
with_hyper = pytest.mark.parametrize("config", CONFIGS[2:4], ids=["groups", "none"])
ROUNDINGS = ("noise", "straight-through", "mixed", "apart")
NEVER = 99  # the pass that codes places of z where it has no value


def lively_model(config: RateDistortionConfig = SMALL, seed: int = 0) -> RateDistortionAutoencoder:
    """Random weights with symbols, means, scales and gains that all differ; in evaluation mode."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        model = RateDistortionAutoencoder(config)
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn(parameter.shape)
        model.g_a[-1].weight *= 5
        if config.hyper:
            model.h_a[-1].weight *= 4
        for constants in (model.entropy_model.start, *model.entropy_model.by_quality):
            constants += torch.randn(constants.shape)
        for layers in model.entropy_model.networks:
            layers[-1].weight *= 3
    return model.eval()


def random_images(count: int, height: int = 16, width: int = 16, seed: int = 0) -> Tensor:
    """Blocks of 4 x 4 pixels with a little noise: float32 in [-1, 1]."""
    g = torch.Generator().manual_seed(seed)
    blocks = torch.rand(count, 3, height // 4, width // 4, generator=g).repeat_interleave(4, 2).repeat_interleave(4, 3)
    return 1.8 * blocks - 0.9 + 0.1 * torch.rand(count, 3, height, width, generator=g)


def random_code(config: RateDistortionConfig, count: int = 2, height: int = 6, width: int = 5) -> Tensor:
    g = torch.Generator().manual_seed(1)
    return torch.randn(count, config.channels, height, width, generator=g).mul(3).round()


def number_of_passes(config: RateDistortionConfig) -> int:
    return (config.hyper > 0) + (1 if config.context == "none" else 2 * len(config.groups))


def logistic_mass(symbols, mean, scale):
    """The mass between symbol - 1/2 and symbol + 1/2, from the distribution function itself."""

    def below(x):
        return 1 / (1 + np.exp(-(x - mean) / scale))

    with np.errstate(over="ignore"):  # far below the mean: 1 / (1 + infinity) is right
        return below(symbols + 0.5) - below(symbols - 0.5)


def pass_of_each_place(config: RateDistortionConfig, height: int, width: int) -> Tensor:
    """The number of the pass (C, h, w) that codes a place, said once more in another way than the model's."""
    order = torch.full((config.channels, height, width), NEVER)
    group_of = np.repeat(np.arange(len(config.groups)), config.groups)
    for channel, row, column in product(range(config.channels), range(height), range(width)):
        if channel < config.hyper:
            if row % 4 == column % 4 == 0:
                order[channel, row, column] = 0
            continue
        number = 0 if config.context == "none" else 2 * group_of[channel - config.hyper] + (row + column) % 2
        order[channel, row, column] = number + (config.hyper > 0)
    return order
