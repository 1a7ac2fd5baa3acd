"""The race: how many bits per pixel each codec needs for which quality, image by image.

A codec is named: one of baselines.BASELINES or of codec.MODELS. `images` are uint8: a tensor (N, 3, H, W) or a list
of tensors (3, H, W) of any sizes; each is coded on its own. A curve is a list of points, one a quality step:

    {"quality", "file_bpp", "payload_bpp", "psnr", "psnr_pooled", "ssim"}

bpp: all bits over all pixels; psnr: mean of the images' own, in dB; psnr_pooled: from their mean MSE. An image that
comes back exactly has no finite PSNR: its point's is None. ssim: mean over the images with sides of 11 or more.
"""

import math
from bisect import bisect_left

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from cae_lib import metrics
from cae_lib.baselines import BASELINES, at_least, decode, size
from cae_lib.coders import Coder, batches, coder, pixels
from cae_lib.data import scale

LEVELS = (28, 30, 32, 35)  # dB
REFERENCE = "JPEG 4:4:4"

# Curves that others published for the CIFAR-10 test images, read off at LEVELS.
# Source: results in the repository of COIN++ (Dupont et al., COIN++: Neural Compression Across Modalities, 2022).
PUBLISHED = {
    name: [{"psnr": level, "payload_bpp": rate} for level, rate in zip(LEVELS, rates, strict=True)]
    for name, rates in {
        "BPG 4:4:4": (1.13, 1.47, 1.88, 2.63),
        "COIN++": (1.36, 2.02, 3.04, 5.14),
        "Ballé hyperprior": (0.89, 1.20, 1.60, 2.32),
        "Cheng 2020 with context": (0.88, 1.10, 1.34, 1.75),
    }.items()
}


def curve(images: Tensor | list[Tensor], codec: str | Coder, progress: bool = False) -> list[dict]:
    """The points of a codec, as the module's text says; progress: draw a bar on standard error."""
    name = codec if isinstance(codec, str) else "codec"
    codec = coder(codec) if isinstance(codec, str) else codec
    total = sum(image[0].numel() for image in images)
    points = []
    with tqdm(total=len(codec.steps) * len(images), desc=name, unit="image", disable=None if progress else True) as bar:
        for quality in codec.steps:
            files, payloads, errors, ratios, similarities = 0, 0, [], [], []
            for batch in batches(images):
                coded = codec.encode(batch, quality)
                files += sum(map(len, coded))
                payloads += sum(map(codec.payload_size, coded))
                a, b = scale(batch, (0.0, 1.0)), scale(codec.decode(coded), (0.0, 1.0))
                errors.append(metrics.mse(a, b))
                ratios.append(metrics.psnr(a, b))
                if min(a.shape[2:]) >= 11:
                    similarities.append(metrics.ssim(a, b))
                bar.update(len(batch))
            point = {"quality": quality, "file_bpp": metrics.bits_per_pixel(files, total)}
            point["payload_bpp"] = metrics.bits_per_pixel(payloads, total)
            point["psnr"] = finite(torch.cat(ratios).double().mean().item())
            point["psnr_pooled"] = finite(metrics.pooled_psnr(torch.cat(errors)))
            point["ssim"] = torch.cat(similarities).double().mean().item() if similarities else None
            points.append(point)
    return points


def finite(decibels: float) -> float | None:
    """None for infinity, which JSON does not have."""
    return decibels if math.isfinite(decibels) else None


def bpp_at(points: list[dict], psnr: float, which: str = "payload") -> float | None:
    """Bits per pixel of the "payload" or the "file" at a PSNR in dB, linear in dB between the steps.

    None outside the curve.
    """
    known = sorted((p["psnr"], p[f"{which}_bpp"]) for p in points if p["psnr"] is not None)
    if not known or not known[0][0] <= psnr <= known[-1][0]:
        return None
    return float(np.interp(psnr, *zip(*known, strict=True)))


def race(images: Tensor | list[Tensor], names: list[str], progress: bool = False) -> dict:
    """All codecs on the same images, ready for JSON: {"images", "pixels", "levels", "reference", "curves", "table"}.

    curves: name -> points. table: one row a codec, {"codec", "payload", "file", "bd_rate"}: bits per pixel at the
    levels (LEVELS, in dB), and the BD-rate in percent against the reference, payload against payload. The reference,
    JPEG 4:4:4, always takes part.
    """
    curves = {name: curve(images, name, progress) for name in dict.fromkeys([REFERENCE, *names])}
    rows = []
    for name, points in curves.items():
        row = {"codec": name} | {w: [bpp_at(points, level, w) for level in LEVELS] for w in ("payload", "file")}
        row["bd_rate"] = metrics.bd_rate(*rates(curves[REFERENCE]), *rates(points))
        rows.append(row)
    total = sum(image[0].numel() for image in images)
    result = {"images": len(images), "pixels": total, "levels": list(LEVELS), "reference": REFERENCE}
    return result | {"curves": curves, "table": rows}


def rates(points: list[dict]) -> tuple[list[float], list[float]]:
    """Payload in bits per pixel and PSNR of the points that have one."""
    known = [p for p in points if p["psnr"] is not None]
    return [p["payload_bpp"] for p in known], [p["psnr"] for p in known]


def cost(image: Tensor, name: str, psnr: float) -> dict:
    """What one image (3, H, W) costs at the first quality that reaches `psnr` dB, or at the best if none does.

    Returns {"quality", "header", "payload", "psnr"}: bytes of the two parts of the file, and the PSNR in dB, None when
    the image comes back exactly.
    """
    codec = coder(name)

    def reached(quality: float) -> float:
        return decibels(image, codec.decode(codec.encode(image[None], quality))[0])

    # PSNR rises with quality but for small steps back, so halving the range finds the place in a few attempts.
    place = bisect_left(codec.qualities, psnr, key=reached)
    quality = codec.qualities[min(place, len(codec.qualities) - 1)]
    (file,) = codec.encode(image[None], quality)
    inside = codec.payload_size(file)
    return {"quality": quality, "header": len(file) - inside, "payload": inside, "psnr": finite(reached(quality))}


def decibels(a: Tensor, b: Tensor) -> float:
    """PSNR in dB between two uint8 images (3, H, W)."""
    return metrics.psnr(scale(a[None], (0.0, 1.0)), scale(b[None], (0.0, 1.0))).item()


def same_bytes(images: Tensor, name: str, quality: float, which: str = "file", rival: str = REFERENCE) -> dict:
    """Each image in a codec and in a rival, one of BASELINES, at no fewer bytes of the "file" or of the "payload".

    Returns {"original": cells, name: cells, rival: cells} for rate_plots.same_bytes_strip, a cell an image:
    {"image" (3, H, W), "bytes", "psnr" in dB}; an original's bytes are its pixels', and its PSNR is None.
    """
    codec, baseline = coder(name), BASELINES[rival]
    files = codec.encode(images, quality)
    rows = {"original": [], name: [], rival: []}
    for image, file, ours in zip(images, files, codec.decode(files), strict=True):
        least = len(file) if which == "file" else codec.payload_size(file)
        other, _ = at_least(pixels(image), baseline, least, which)
        theirs = torch.from_numpy(decode(other)).permute(2, 0, 1)
        rows["original"].append({"image": image, "bytes": image.numel(), "psnr": None})
        rows[name].append({"image": ours, "bytes": least, "psnr": finite(decibels(image, ours))})
        rows[rival].append({"image": theirs, "bytes": size(other, which), "psnr": finite(decibels(image, theirs))})
    return rows
