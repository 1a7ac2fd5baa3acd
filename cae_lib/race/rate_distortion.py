"""The race: how many bits per pixel each codec needs for which quality, image by image.

A codec is named: one of baselines.BASELINES, of streams.MODELS, or of streams.OWN. `images` are uint8: a tensor
(N, 3, H, W) or a list of tensors (3, H, W) of any sizes; each is coded on its own. A curve is a list of points,
one a quality step:

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
from cae_lib.codec.codec import Codec
from cae_lib.data.images import CIFAR10, scale
from cae_lib.race.baselines import BASELINES, at_least, decode, size
from cae_lib.race.codecs import batches, codec_named, pixels
from cae_lib.race.rates import bd_rate, bits_per_pixel, overlap, pooled_psnr

LEVELS = (28, 30, 32, 35)  # dB
REFERENCE = "JPEG 4:4:4"

LEAST_OVERLAP = 4  # dB that two curves have in common; a BD-rate from fewer says little
LEAST_IMAGES = 500  # CIFAR-10 test images that stand for all 10,000, whose results others published

# Curves that others published for all CIFAR-10 test images, at LEVELS between the published points (pchip, as in
# bd_rate). Source: results/cifar10 in the repository of COIN++ (Dupont et al., COIN++: Neural Compression Across
# Modalities, 2022), by its names bpg_444_x265_ycbcr, coinpp, compressai-bmshj2018-hyperprior and
# compressai-cheng2020-anchor. The last has no point between 24.5 and 31.8 dB, so it has no value at 28 and 30.
PUBLISHED = {
    name: [{"psnr": psnr, f"{which}_bpp": bpp} for psnr, bpp in zip(LEVELS, rates, strict=True) if bpp]
    for name, which, rates in (
        ("BPG 4:4:4", "file", (1.13, 1.47, 1.88, 2.63)),
        ("COIN++", "payload", (1.36, 2.02, 3.04, 5.14)),
        ("Ballé hyperprior", "payload", (0.89, 1.20, 1.60, 2.32)),
        ("Cheng 2020 with context", "payload", (None, None, 1.34, 1.75)),
    )
}

# Single points too far apart for a line between them, by the PSNR of a mean error. Source: vae-b and vae-m in
# eval/cifar.yml, in the repository mandt-lab/uqdm (Yang, Will, Mandt: Progressive Compression with Universally
# Quantized Diffusion Models, 2025), which has four more points outside of this range for each.
ANCHORS = {
    name: [{"psnr_pooled": psnr, "payload_bpp": bpp} for psnr, bpp in points]
    for name, points in {
        "Ballé 2018": ((22.9358, 0.2894), (29.6548, 1.0495), (37.4456, 2.7783)),
        "Minnen 2020": ((24.2149, 0.3355), (30.7686, 1.1218), (38.1240, 2.8024)),
    }.items()
}

# What is known of how the published numbers came about, for where they are shown.
NOTES = {
    "BPG 4:4:4": "whole files, each of at most so many bits, so the mean file is smaller (by how much is not stated); "
    "mean PSNR of the images.",
    "COIN++": "bits by its entropy model, without a header; mean PSNR of the images; whether it pads them: not stated.",
    "Ballé hyperprior": "made by CompressAI; which bits, which PSNR, what it was trained on and how images of "
    "32 × 32 pixels were padded: not stated.",
    "Cheng 2020 with context": "as Ballé hyperprior; no point between 24.5 and 31.8 dB, so nothing at 28 and 30.",
}
ANCHOR_NOTE = (
    "Ballé 2018 (hyperprior) and Minnen 2020 (channel-wise) are single points of mandt-lab/uqdm, eval/cifar.yml. Their "
    "evaluation is not in that repository; its own models are measured by the PSNR of a batch's mean error, so the "
    "points stand beside our psnr_pooled. Estimated or coded bits, training set: not stated."
)


def curve(images: Tensor | list[Tensor], codec: str | Codec, progress: bool = False) -> list[dict]:
    """The points of a codec, as the module's text says; progress: draw a bar on standard error."""
    name = codec if isinstance(codec, str) else "codec"
    codec = codec_named(codec) if isinstance(codec, str) else codec
    total = sum(image[0].numel() for image in images)
    points = []
    with tqdm(
        total=len(codec.curve_qualities) * len(images), desc=name, unit="image", disable=None if progress else True
    ) as bar:
        for quality in codec.curve_qualities:
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
            point = {"quality": quality, "file_bpp": bits_per_pixel(files, total)}
            point["payload_bpp"] = bits_per_pixel(payloads, total)
            point["psnr"] = finite(torch.cat(ratios).double().mean().item())
            point["psnr_pooled"] = finite(pooled_psnr(torch.cat(errors)))
            point["ssim"] = torch.cat(similarities).double().mean().item() if similarities else None
            points.append(point)
    return points


def finite(decibels: float) -> float | None:
    """None for infinity, which JSON does not have."""
    return decibels if math.isfinite(decibels) else None


def bpp_at(points: list[dict], psnr: float, which: str = "payload", measure: str = "psnr") -> float | None:
    """Bits per pixel of the "payload" or the "file" at a PSNR in dB, linear in dB between the steps.

    measure: "psnr" or "psnr_pooled". None outside the curve, and for points without that size.
    """
    known = sorted(curve_of(points, which, measure), key=lambda pair: pair[::-1])
    if not known or not known[0][1] <= psnr <= known[-1][1]:
        return None
    bpp, decibels = zip(*known, strict=True)
    return float(np.interp(psnr, decibels, bpp))


def curve_of(points: list[dict], which: str = "payload", measure: str = "psnr") -> list[tuple[float, float]]:
    """Bits per pixel and PSNR in dB of the points that have both."""
    rate = f"{which}_bpp"
    return [(p[rate], p[measure]) for p in points if p.get(rate) is not None and p.get(measure) is not None]


def race(
    images: Tensor | list[Tensor], names: list[str], progress: bool = False, known: dict[str, list[dict]] | None = None
) -> dict:
    """All codecs on the same images, ready for JSON: {"images", "pixels", "levels", "reference", "curves", "table"}.

    curves: name -> points; table: as `table` makes it. The reference, JPEG 4:4:4, always takes part. known: curves
    measured on these images before, which take part as they are unless named.
    """
    curves = dict(known or {})
    for name in dict.fromkeys([*([] if REFERENCE in curves else [REFERENCE]), *names]):
        curves[name] = curve(images, name, progress)
    total = sum(image[0].numel() for image in images)
    result = {"images": len(images), "pixels": total, "levels": list(LEVELS), "reference": REFERENCE}
    return result | {"curves": curves, "table": table(curves)}


def table(curves: dict[str, list[dict]]) -> list[dict]:
    """One row a codec, {"codec", "payload", "file", "bd_rate", "bd_range"}, from its points.

    payload, file: bits per pixel at LEVELS; bd_rate, bd_range: as `bd` has them against the reference, by payload.
    """
    rows = []
    for name, points in curves.items():
        row = {"codec": name} | {w: [bpp_at(points, level, w) for level in LEVELS] for w in ("payload", "file")}
        rows.append(row | bd(curves[REFERENCE], points))
    return rows


def bd(reference: list[dict], points: list[dict], which: str = "payload") -> dict:
    """How much more a codec needs than a reference: {"bd_rate" in percent, "bd_range": from and to how many dB}.

    bd_range: None without a common range. Where that is narrower than LEAST_OVERLAP, bd_rate is None.
    """
    pair = [list(zip(*curve_of(p, which), strict=True)) or [(), ()] for p in (reference, points)]
    common = overlap(pair[0][1], pair[1][1])
    enough = common and common[1] - common[0] >= LEAST_OVERLAP
    return {"bd_rate": bd_rate(*pair[0], *pair[1]) if enough else None, "bd_range": common and list(common)}


def against_anchors(points: list[dict]) -> list[dict]:
    """What a codec needs at each of ANCHORS: {"codec", "psnr_pooled", "published", "ours", "percent"} a row.

    published, ours: bits per pixel of the payload; percent: how many more are ours. None where `points` do not reach.
    """
    rows = []
    for name, anchors in ANCHORS.items():
        for anchor in anchors:
            psnr, published = anchor["psnr_pooled"], anchor["payload_bpp"]
            ours = bpp_at(points, psnr, measure="psnr_pooled")
            percent = None if ours is None else 100 * (ours / published - 1)
            row = {"codec": name, "psnr_pooled": psnr, "published": published, "ours": ours}
            rows.append(row | {"percent": percent})
    return rows


def published_beside(images: int, source: str) -> dict[str, list[dict]]:
    """PUBLISHED beside enough CIFAR-10 test images, nothing beside fewer or others."""
    return PUBLISHED if source == CIFAR10 and images >= LEAST_IMAGES else {}


def break_even(curves: dict[str, list[dict]], weights: int, name: str, rival: str, psnr: float) -> list[dict]:
    """After how many 32 x 32 images a codec's own `weights` in bytes are paid for by what it saves against a rival.

    Returns two rows, {"which", "psnr", "ours", "theirs", "weights", "images"}: whole file, then payload; ours, theirs:
    bytes an image at that PSNR in dB. images: None where nothing is saved, or a curve does not reach it.
    """
    rows = []
    for which in ("file", "payload"):
        rate = [bpp_at(curves[codec], psnr, which) for codec in (name, rival)]
        ours, theirs = (None if bpp is None else bpp * 1024 / 8 for bpp in rate)
        saved = 0 if None in rate else theirs - ours
        row = {"which": which, "psnr": psnr, "ours": ours, "theirs": theirs, "weights": weights}
        rows.append(row | {"images": math.ceil(weights / saved) if saved > 0 else None})
    return rows


def rates(points: list[dict]) -> tuple[list[float], list[float]]:
    """Payload in bits per pixel and PSNR of the points that have one."""
    known = curve_of(points)
    return [bpp for bpp, _ in known], [psnr for _, psnr in known]


def cost(image: Tensor, name: str, psnr: float) -> dict:
    """What one image (3, H, W) costs at the first quality that reaches `psnr` dB, or at the best if none does.

    Returns {"quality", "header", "payload", "psnr"}: bytes of the two parts of the file, and the PSNR in dB, None when
    the image comes back exactly.
    """
    codec = codec_named(name)

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
    codec, baseline = codec_named(name), BASELINES[rival]
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
