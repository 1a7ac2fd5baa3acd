"""Rates counted and compared: bits per pixel, PSNR of a whole set, and BD-rate."""

import torch
from torch import Tensor


def pooled_psnr(errors: Tensor) -> float:
    """PSNR in dB of a set of images with these MSEs (N,), from the mean of the MSEs: 10 log10(1 / mean).

    Never above the mean of the images' own PSNRs, which is what this kit and most papers report.
    """
    return -10 * torch.log10(errors.double().mean()).item()


def bits_per_pixel(size: int, pixels: int) -> float:
    """Bits for each pixel (all three colours of it) of `size` bytes that hold `pixels` = height x width x images."""
    return 8 * size / pixels


def overlap(first, second) -> tuple[float, float] | None:
    """From and to which PSNR in dB two curves both reach, given their points' PSNRs in any order; None for nothing."""
    if min(len(set(first)), len(set(second))) < 2:
        return None
    low, high = max(min(first), min(second)), min(max(first), max(second))
    return (low, high) if low < high else None


def bd_rate(reference_rate, reference_psnr, rate, psnr) -> float | None:
    """How much more rate a codec needs than the reference at equal PSNR, in percent; -50 means half the bytes.

    Each argument lists a curve's points, in any order: rates > 0 in one unit, PSNRs in dB. The mean over the PSNRs that
    both curves reach; None when there are none. Points of equal PSNR count as the cheapest of them.
    Source: Bjontegaard, Calculation of Average PSNR Differences between RD-Curves (2001), with piecewise cubic
    (pchip) interpolation as in the video standards' test conditions: it keeps a rising curve rising, however uneven
    the steps.
    """
    from bjontegaard import bd_rate as difference

    curves = []
    for decibels, rates in ((reference_psnr, reference_rate), (psnr, rate)):
        cheapest = dict(sorted(zip(decibels, rates, strict=True), reverse=True))  # the last of equal keys stays
        curves += [[cheapest[d] for d in sorted(cheapest)], sorted(cheapest)]
    _, first, _, second = curves
    if overlap(first, second) is None:
        return None
    return float(difference(*curves, method="pchip", require_matching_points=False, min_overlap=0))
