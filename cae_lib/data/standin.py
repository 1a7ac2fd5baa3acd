"""The offline stand-in for CIFAR-10: dead-leaves scenes with a labelled shape in front.

Discs of all sizes that hide one another ("dead leaves": Lee, Mumford and Huang, Occlusion models for
natural images, 2001) have edges, flat regions and a power spectrum like those of photographs. The
numbers below were fitted to CIFAR-10: its spectrum, pixel histogram and spread of colours.
"""

import numpy as np
import torch
from torch import Tensor

from cae_lib.base.errors import UsageError

CLASSES = ("circle", "square", "triangle", "diamond", "cross", "ring", "star", "bar", "crescent", "ellipse")
COUNTS = {"train": 2000, "test": 1000}
SIZE = 32
LEAVES = 40
SMALLEST, LARGEST = 2.5, 30.0  # radii in pixels

TOE = np.float32(0.2)  # below it shades are compressed, since photographs are seldom quite black

# Colours are (luminance, red minus blue, green minus the mean of red and blue): photographs vary most
# in the first. The columns of TO_RGB turn them into RGB.
TO_RGB = np.array([[1, 0.41, -0.59], [1, -0.09, 0.41], [1, -0.59, -0.59]], dtype=np.float32)
MEAN = np.array([0.48, 0.03, 0.01], dtype=np.float32)
IMAGE_SPREAD = np.array([0.10, 0.11, 0.04], dtype=np.float32)
LEAF_SPREAD = np.array([0.24, 0.13, 0.05], dtype=np.float32)


def make_images(split: str, count: int | None = None, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Make `count` images of a split (2,000 for "train" and 1,000 for "test" unless told).

    Returns uint8 images (count, 3, 32, 32) and int64 labels (count,). Every ten images in a row,
    from the first, hold each class once. The same split, count and seed give the same images.
    Raises UsageError for an unknown split.
    """
    if split not in COUNTS:
        raise UsageError(f'There is no split {split!r}; choose "train" or "test".')
    count = COUNTS[split] if count is None else count
    rng = np.random.default_rng([seed, list(COUNTS).index(split)])
    tens = np.tile(np.arange(len(CLASSES), dtype=np.int64), (-(-count // len(CLASSES)), 1))
    labels = rng.permuted(tens, axis=1).ravel()[:count]
    # A few images at a time stay in the processor's cache.
    parts = [scenes(labels[start : start + 50], rng) for start in range(0, count, 50)]
    images = np.concatenate(parts) if parts else np.empty((0, 3, SIZE, SIZE), dtype=np.uint8)
    return torch.from_numpy(images), torch.from_numpy(labels)


def scenes(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One scene for every label, painted from back to front: uint8 (N, 3, 32, 32)."""
    n = len(labels)

    def uniform(low, high):
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    def normal(spread):
        return rng.standard_normal((n, 3), dtype=np.float32) * spread

    def paint(canvas, distance, colours):
        cover = np.clip(distance / blur + 0.5, 0, 1)[:, None]
        canvas += cover * (colours[:, :, None, None] - canvas)

    x = np.arange(SIZE, dtype=np.float32)[None, None, :]
    y = np.arange(SIZE, dtype=np.float32)[None, :, None]
    blur = uniform(0.8, 1.8)
    contrast = uniform(0.4, 1.6)[:, 0]
    tint = MEAN + normal(IMAGE_SPREAD)

    canvas = np.empty((n, 3, SIZE, SIZE), dtype=np.float32)
    canvas[:] = (tint + normal(LEAF_SPREAD) * contrast)[:, :, None, None]
    for _ in range(LEAVES):
        radius = SMALLEST / np.sqrt(1 - uniform(0, 1) * (1 - (SMALLEST / LARGEST) ** 2))  # density ~ radius^-3
        across, down = (uniform(0, 1) * (SIZE + 2 * radius) - radius for _ in range(2))
        distance = radius - np.sqrt((x - across) ** 2 + (y - down) ** 2)
        paint(canvas, distance, tint + normal(LEAF_SPREAD) * contrast)

    size, angle = uniform(7, 12), uniform(-0.4, 0.4)
    across, down = x - uniform(11, 20), y - uniform(11, 20)
    u = (np.cos(angle) * across + np.sin(angle) * down) / size
    v = (np.cos(angle) * down - np.sin(angle) * across) / size
    distance = np.empty((n, SIZE, SIZE), dtype=np.float32)
    for index, name in enumerate(CLASSES):
        which = labels == index
        distance[which] = inside(name, u[which], v[which]) * size[which]
    colours = tint + normal(LEAF_SPREAD)
    colours[:, 0] = tint[:, 0] + rng.choice([-1, 1], n) * rng.uniform(0.15, 0.4, n)  # bright or dark enough to be seen
    paint(canvas, distance, colours)

    # Texture, uneven light and sensor noise act on the brightness.
    canvas[:, 0] += texture(n, rng) * uniform(0, 0.08)
    canvas[:, 0] += uniform(-0.006, 0.006) * (x - SIZE / 2) + uniform(-0.006, 0.006) * (y - SIZE / 2)
    canvas[:, 0] += rng.standard_normal((n, SIZE, SIZE), dtype=np.float32) * uniform(0, 0.004)
    rgb = (TO_RGB @ canvas.reshape(n, 3, -1)).reshape(canvas.shape)
    rgb = np.where(rgb < TOE, TOE * np.exp(rgb / TOE - 1), rgb)
    return np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)


def inside(name: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """How far the points (u, v) lie inside a shape about as large as the unit circle; outside is negative."""
    length = np.hypot(u, v)
    if name == "circle":
        return 0.85 - length
    if name == "square":
        return 0.75 - np.maximum(abs(u), abs(v))
    if name == "triangle":
        return 0.5 - np.maximum(v, 0.866 * abs(u) - 0.5 * v)
    if name == "diamond":
        return 0.5 - 0.87 * abs(u) - 0.5 * abs(v)
    if name == "cross":
        long, short = np.maximum(abs(u), abs(v)), np.minimum(abs(u), abs(v))
        return np.minimum(0.9 - long, 0.3 - short)
    if name == "ring":
        return 0.2 - abs(length - 0.7)
    if name == "star":
        fifth = 2 * np.pi / 5
        angle = abs((np.arctan2(u, -v) + fifth / 2) % fifth - fifth / 2)
        return 0.35 - length * (0.35 * np.cos(angle) + 0.936 * np.sin(angle))
    if name == "bar":
        return np.minimum(1 - abs(u), 0.3 - abs(v))
    if name == "crescent":
        return np.minimum(0.9 - length, np.hypot(u - 0.45, v) - 0.65)
    return 0.5 * (1 - np.hypot(u, v / 0.5))  # ellipse


def texture(count: int, rng: np.random.Generator) -> np.ndarray:
    """Random fields (count, 32, 32) of standard deviation 1 with amplitude 1/frequency, as clouds have."""
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None, :])
    frequency[0, 0] = np.inf
    noise = np.fft.rfft2(rng.standard_normal((count, SIZE, SIZE)))
    field = np.fft.irfft2(noise / frequency, s=(SIZE, SIZE))
    return (field / field.std(axis=(1, 2), keepdims=True)).astype(np.float32)
