"""The kit's points on the course's chart: what each notebook's ideas reach, their numbers rounded to 8 bits.

From notebook 07 on, rates are bytes of files: all of them, with their headers.
"""

import torch
from torch import Tensor

from cae_lib.checkpoints import load_run
from cae_lib.codec.blocks import BlockCodec
from cae_lib.codec.codec import Codec
from cae_lib.codec.quantisation import QuantisedAutoencoder, calibrate, dequantise, quantise
from cae_lib.codec.streams import load_codec
from cae_lib.data.images import ImageSet, scale
from cae_lib.metrics import psnr
from cae_lib.pca import principal_components
from cae_lib.race.baselines import BASELINES
from cae_lib.race.rate_distortion import curve
from cae_lib.results.measurements import stored
from cae_lib.trivial import through_means

BITS = 8  # of each number
IMAGES, CALIBRATION = 500, 5_000  # test images measured, as in the races; training images that set the ranges
PIXELS = 32 * 32
JPEG_QUALITY, DCT_QUALITY = 60, 7  # about 30 dB each
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
    return [
        *(row(images, *found) for found in rows),
        of_blocks(train, test),
        *byte_points(few, test.images),
        three_minutes(),
    ]


def of_blocks(train: ImageSet, test: ImageSet) -> dict:
    """The codec of notebook 06, in bytes of whole files."""
    (found,) = curve(test.images, BlockCodec(train.images, qualities=(BLOCKS,)))
    rate = {"rate": found["file_bpp"], "psnr": found["psnr"], "how": "bytes of files"}
    return {"notebook": "06", "name": "DCT blocks"} | rate


def byte_points(few: ImageSet, images: Tensor) -> list[dict]:
    """The rows of notebook 07: the same codes as files, beside JPEG and a block codec without a network."""
    codecs = (
        ("repaired model1", model_coder("model1_code2", 1, few), BITS),
        ("report's model1", model_coder("model1", 0, few), BITS),
        ("report's model2", model_coder("model2", 0, few), BITS),
        ("JPEG", BASELINES["JPEG 4:4:4"], JPEG_QUALITY),
        ("dct", load_codec("dct"), DCT_QUALITY),
    )
    return [as_files(images, *found) for found in codecs]


def as_files(images: Tensor, name: str, codec: Codec, quality: int) -> dict:
    files = codec.encode(images, quality)
    before, after = (scale(x, (0.0, 1.0)) for x in (images, codec.decode(files)))
    rate = 8 * sum(map(len, files)) / len(files) / PIXELS
    found = {"notebook": "07", "name": name, "rate": rate}
    return found | {"psnr": psnr(before, after).mean().item(), "how": "bytes of files"}


def three_minutes() -> dict:
    """The stored trainings of rd_minutes: the mean of their seeds."""
    runs = [run["points"][0] for run in stored("rd_trainings")["runs"] if run["name"] == "rd_minutes"]
    rate, quality = (sum(point[key] for point in runs) / len(runs) for key in ("file_bpp", "psnr"))
    return {"notebook": "08", "name": "three-minute codec", "rate": rate, "psnr": quality, "how": "bytes of files"}


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
    coder = model_coder(run, seed, few)
    return scale(coder.synthesise(coder.analyse(images, BITS), BITS), (0.0, 1.0))


def model_coder(run: str, seed: int, few: ImageSet) -> QuantisedAutoencoder:
    """A shipped run with the ranges and tables of training images."""
    return calibrate(load_run(run, seed=seed).model, few)
