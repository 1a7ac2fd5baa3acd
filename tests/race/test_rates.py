"""Rates counted and compared: bits per pixel, PSNR of a set, BD-rate, against numbers made by hand."""

import numpy as np
import pytest
import torch

from cae_lib.metrics import mse, psnr
from cae_lib.race.rates import bd_rate, bits_per_pixel, pooled_psnr


def test_pooled_psnr_comes_from_the_mean_error_and_is_the_lower_one():
    grey = torch.full((2, 3, 32, 32), 0.5)
    copies = grey + torch.tensor([0.1, 0.001]).sqrt().view(2, 1, 1, 1)  # MSE 0.1 and 0.001
    assert psnr(grey, copies).mean().item() == pytest.approx((10 + 30) / 2, abs=1e-3)
    assert pooled_psnr(mse(grey, copies)) == pytest.approx(-10 * np.log10(0.0505), abs=1e-3)
    assert pooled_psnr(torch.tensor([0.01, 0.01])) == pytest.approx(20)
    assert pooled_psnr(torch.zeros(3)) == np.inf


def test_bits_per_pixel():
    assert bits_per_pixel(96, 32 * 32) == 0.75
    assert bits_per_pixel(3 * 640 * 480, 640 * 480) == 24


DECIBELS = np.array([28.0, 30.0, 33.0, 37.0])
REFERENCE = 2 ** (DECIBELS / 6)


@pytest.mark.parametrize("factor, percent", [(0.5, -50), (1, 0), (2, 100), (1.25, 25)])
def test_bd_rate_of_a_curve_at_a_fixed_share_of_the_rate(factor, percent):
    assert bd_rate(REFERENCE, DECIBELS, factor * REFERENCE, DECIBELS) == pytest.approx(percent)
    assert bd_rate(REFERENCE[::-1], DECIBELS[::-1], factor * REFERENCE, DECIBELS) == pytest.approx(percent)


def test_bd_rate_by_hand():
    # Straight lines in log rate: from 30 to 40 dB the ratio of the rates rises from 1/2 to 8, the overlap of
    # 20...40 and 30...50 dB. The mean of log2 of the ratio is (-1 + 3) / 2 = 1: twice the rate, +100 %.
    reference, other = np.array([20.0, 27, 40]), np.array([30.0, 36, 42, 50])
    rate = 2 ** (other / 6) * 2 ** (-1 + 4 * (other - 30) / 10)
    assert bd_rate(2 ** (reference / 6), reference, rate, other) == pytest.approx(100)
    assert bd_rate(rate, other, 2 ** (reference / 6), reference) == pytest.approx(-50)


def test_bd_rate_takes_the_cheapest_of_points_of_equal_psnr():
    twice = np.append(REFERENCE, REFERENCE * 3), np.append(DECIBELS, DECIBELS)
    assert bd_rate(REFERENCE, DECIBELS, *twice) == pytest.approx(0)


@pytest.mark.parametrize("shift, kept", [(9, 4), (-9, 4), (20, 4), (0, 1), (0, 0)])
def test_no_bd_rate_without_a_common_range(shift, kept):
    assert bd_rate(REFERENCE, DECIBELS, REFERENCE[:kept], DECIBELS[:kept] + shift) is None
