"""The stand-in: repeatable, balanced, fast, its shapes distinct, its statistics those of photographs."""

import time
from itertools import combinations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cae_lib.data import standin
from cae_lib.data.images import load_images
from cae_lib.results.measurements import power_spectrum


@pytest.fixture(scope="module")
def train():
    return standin.make_images("train")


def slope(images: torch.Tensor) -> float:
    """Exponent of the power spectrum, from 2 to 12 cycles per image."""
    frequencies, power = power_spectrum(images)
    return np.polyfit(np.log(frequencies[1:12]), np.log(power[1:12]), 1)[0]


def test_shapes_types_and_sizes(train):
    images, labels = train
    assert images.shape == (2000, 3, 32, 32) and images.dtype == torch.uint8
    assert labels.shape == (2000,) and labels.dtype == torch.int64
    assert len(standin.make_images("test")[0]) == 1000
    assert standin.make_images("test", 0)[0].shape == (0, 3, 32, 32)


def test_every_ten_images_hold_each_class_once(train):
    assert (train[1].reshape(-1, 10).sort(dim=1).values == torch.arange(10)).all()
    assert len(set(standin.CLASSES)) == 10
    assert len(standin.make_images("test", 13)[1]) == 13


def test_the_same_call_gives_the_same_images(train):
    images, labels = standin.make_images("train")
    assert torch.equal(images, train[0]) and torch.equal(labels, train[1])


@pytest.mark.parametrize("other", [("test", 0), ("train", 1)])
def test_other_splits_and_seeds_share_no_image(other):
    first, second = standin.make_images("train", 100)[0], standin.make_images(other[0], 100, other[1])[0]
    distances = torch.cdist(first.flatten(1).float(), second.flatten(1).float())
    assert distances.min() > 255


def test_unknown_split():
    with pytest.raises(ValueError, match='choose "train" or "test"'):
        standin.make_images("validation")


def test_2000_images_take_less_than_three_seconds():
    began = time.process_time()
    standin.make_images("train")
    assert time.process_time() - began < 3


def test_shapes_are_distinct_and_of_moderate_size():
    u, v = np.meshgrid(np.linspace(-1.2, 1.2, 97), np.linspace(-1.2, 1.2, 97))
    masks = {name: standin.inside(name, u, v) > 0 for name in standin.CLASSES}
    for name, mask in masks.items():
        assert 0.1 < mask.mean() < 0.5, name
    for one, other in combinations(standin.CLASSES, 2):
        overlap = (masks[one] & masks[other]).sum() / (masks[one] | masks[other]).sum()
        assert overlap < 0.85, (one, other)


def test_edges_of_the_shapes_are_equally_soft():
    """Distances change by at most one unit per unit, and for most points near an edge by nearly one."""
    step = 0.01
    u, v = np.meshgrid(np.arange(-1.2, 1.2, step), np.arange(-1.2, 1.2, step))
    for name in standin.CLASSES:
        distance = standin.inside(name, u, v)
        steepness = np.hypot(*np.gradient(distance, step))[abs(distance) < 0.03]
        assert 0.5 < np.median(steepness) < 1.1, name


def test_labels_can_be_learnt(train):
    """Ridge regression on histograms of edge directions (in cells of 6 x 6 pixels) is far above chance."""
    images, labels = train
    grey = images.float().mean(1)
    across, down = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2], grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    direction = (torch.atan2(down, across) % torch.pi / torch.pi * 8).long().clamp(max=7)
    edges = F.one_hot(direction, 8).permute(0, 3, 1, 2) * torch.hypot(across, down).sqrt()[:, None]
    x = F.avg_pool2d(edges, 6).flatten(1)
    x = (x - x.mean(0)) / x.std(0)
    known, right = x[:1500], F.one_hot(labels[:1500], 10).float()
    weights = torch.linalg.solve(known.T @ known + 100 * torch.eye(x.shape[1]), known.T @ right)
    assert ((x[1500:] @ weights).argmax(1) == labels[1500:]).float().mean() > 0.3


def test_statistics_are_those_of_photographs(train):
    images = train[0]
    pixels = images.double() / 255
    assert pixels.mean() == pytest.approx(0.47, abs=0.03)
    assert pixels.std() == pytest.approx(0.25, abs=0.03)
    assert -3.5 < slope(images) < -2.5
    colours = pixels - pixels.mean(1, keepdim=True)
    assert colours.std() < pixels.mean(1).std() / 2  # brightness varies more than colour


def test_statistics_are_those_of_cifar10(train, real_data):
    images, real = train[0], load_images("train", str(real_data)).images[:2000]
    ratio = power_spectrum(images)[1] / power_spectrum(real)[1]
    assert (ratio > 1 / 2).all() and (ratio < 2).all()
    assert slope(images) == pytest.approx(slope(real), abs=0.4)
    histograms = [torch.histc(x.float(), 16, 0, 256) / x.numel() for x in (images, real)]
    assert (histograms[0] - histograms[1]).abs().sum() < 0.15
    for x, y in zip(images.double().transpose(0, 1), real.double().transpose(0, 1), strict=True):
        assert x.mean() == pytest.approx(y.mean(), abs=8) and x.std() == pytest.approx(y.std(), abs=8)


def test_power_spectrum_finds_a_wave():
    """A wave of 5 cycles has its power there, and Parseval: noise of variance s has power s at all frequencies."""
    wave = 127 + 100 * torch.cos(2 * torch.pi * 5 * torch.arange(32) / 32)
    frequencies, power = power_spectrum(wave.round().to(torch.uint8).expand(1, 3, 32, 32))
    assert frequencies.tolist() == list(range(1, 17)) and frequencies[power.argmax()] == 5
    noise = torch.randint(0, 256, (500, 1, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    _, power = power_spectrum(noise.expand(-1, 3, -1, -1))
    assert power == pytest.approx(np.full(16, (256**2 - 1) / 12 / 255**2), rel=0.1)
