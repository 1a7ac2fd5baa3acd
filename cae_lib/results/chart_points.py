"""The kit's points on the course's chart: what each notebook's ideas reach, their numbers rounded to 8 bits."""

import torch
from torch import Tensor

from cae_lib.checkpoints import load_run
from cae_lib.codec.blocks import BlockCodec
from cae_lib.codec.quantisation import calibrate, dequantise, quantise
from cae_lib.data.images import ImageSet, scale
from cae_lib.metrics import psnr
from cae_lib.pca import principal_components
from cae_lib.race.baselines import BASELINES
from cae_lib.race.rate_distortion import curve
from cae_lib.trivial import through_means

BITS = 8  # of each number
IMAGES, CALIBRATION = 500, 5_000  # test images measured, as in the races; training images that set the ranges
PIXELS = 32 * 32
BLOCKS = 5  # quality of the codec of notebook 06, a step of 40


def chart_points(train: ImageSet, test: ImageSet) -> list[dict]:
    """Rows {notebook, name, rate, psnr, how}: bits per pixel; mean PSNR in dB, None where nothing is lost."""
    test, few = test.take(IMAGES), train.take(CALIBRATION)
    images = scale(test.images, (0.0, 1.0))
    files = BASELINES["PNG"].encode(test.images, BASELINES["PNG"].qualities[0])
    rows = [
        ("00", "raw pixels", 3 * 8, None),
        ("00", "PNG", 8 * sum(map(len, files)) / len(files) / PIXELS, None),
        ("00", "2 × 2 means", 768, through_means(images, 2).clamp(0, 1)),
        ("02", "PCA", 512, pca_rounded(train, few, test.images, 512)),
        ("02", "repaired model1", 512, model_rounded("model1_code2", 1, few, test.images)),
        ("03", "report's model1", 512, model_rounded("model1", 0, few, test.images)),
        ("05", "report's model2", 16_384, model_rounded("model2", 0, few, test.images)),
    ]
    return [row(images, *found) for found in rows] + [of_blocks(train, test)]


def of_blocks(train: ImageSet, test: ImageSet) -> dict:
    """The codec of notebook 06, in bytes of whole files."""
    (found,) = curve(test.images, BlockCodec(train.images, qualities=(BLOCKS,)))
    rate = {"rate": found["file_bpp"], "psnr": found["psnr"], "how": "bytes of files"}
    return {"notebook": "06", "name": "DCT blocks"} | rate


def row(images: Tensor, notebook: str, name: str, count: float, after: Tensor | None) -> dict:
    quality = None if after is None else psnr(images, after).mean().item()
    counted = ("bytes of files", count) if after is None else ("numbers × bits", count * BITS / PIXELS)
    return {"notebook": notebook, "name": name, "rate": counted[1], "psnr": quality, "how": counted[0]}


def pca_rounded(train: ImageSet, few: ImageSet, images: Tensor, count: int) -> Tensor:
    """Images from their first principal components, each rounded within its range on training images."""
    average, directions = principal_components(train)
    kept = directions[:, :count]
    learned, code = ((x.flatten(1).float() / 255 - average) @ kept for x in (few.images, images))
    low, high = learned.amin(0), learned.amax(0)
    symbols = quantise(code[:, :, None, None], low, high, BITS)
    rounded = dequantise(symbols, low, high, BITS).flatten(1)
    return (average + rounded @ kept.T).clamp(0, 1).reshape(images.shape)


@torch.no_grad()
def model_rounded(run: str, seed: int, few: ImageSet, images: Tensor) -> Tensor:
    """Images through a shipped run, its code rounded within its channels' ranges on training images."""
    coder = calibrate(load_run(run, seed=seed).model, few)
    return scale(coder.synthesise(coder.analyse(images, BITS), BITS), (0.0, 1.0))
