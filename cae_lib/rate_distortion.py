"""The race: how many bits per pixel each codec needs for which quality, image by image.

A codec is named: one of baselines.BASELINES or of codec.MODELS. `images` are uint8: a tensor (N, 3, H, W) or a list
of tensors (3, H, W) of any sizes; each is coded on its own. A curve is a list of points, one a quality step:

    {"quality", "file_bpp", "payload_bpp", "psnr", "psnr_pooled", "ssim"}

bpp: all bits over all pixels; psnr: mean of the images' own, in dB; psnr_pooled: from their mean MSE. An image that
comes back exactly has no finite PSNR: its point's is None. ssim: mean over the images with sides of 11 or more.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from cae_lib import baselines, metrics, payload
from cae_lib.baselines import BASELINES, at_least, decode, size
from cae_lib.codec import MODELS, decode_batch, encode_batch, load_codec, payload_size
from cae_lib.container import CodecError, Header, pack, unpack
from cae_lib.data import scale
from cae_lib.quantisation import QuantisedAutoencoder
from cae_lib.rd_codec import RateDistortionCodec

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

PIXELS = 2**20  # coded at a time


class Coder(NamedTuple):
    """What the race needs of a codec: images -> files -> images, and a file's bytes without the header.

    qualities: all of them, the worst picture first; steps: those on its curve.
    """

    qualities: tuple[float, ...]
    steps: tuple[float, ...]
    encode: Callable[[Tensor, float], list[bytes]]
    decode: Callable[[list[bytes]], Tensor]
    payload_size: Callable[[bytes], int]


def coder(name: str) -> Coder:
    """The codec of that name. Raises CodecError when there is none."""
    if name in BASELINES:
        baseline = BASELINES[name]
        return Coder(
            baseline.qualities,
            baseline.steps,
            lambda images, quality: [baseline.encode(pixels(image), quality) for image in images],
            lambda files: torch.stack([torch.from_numpy(decode(file)).permute(2, 0, 1) for file in files]),
            lambda file: len(baselines.payload(file)),
        )
    if name not in MODELS:
        raise CodecError(f"No codec is called {name!r}; there are {', '.join([*MODELS, *BASELINES])}.")
    qualities = tuple(load_codec(name).qualities)
    return Coder(
        qualities,
        qualities,
        lambda images, quality: encode_batch(images, model=name, quality=quality),
        decode_batch,
        payload_size,
    )


def coder_of(codec: QuantisedAutoencoder | RateDistortionCodec) -> Coder:
    """A codec that is not in codec.MODELS, such as one just trained; its files bear the number 255."""

    def encode(images: Tensor, quality: int) -> list[bytes]:
        header = Header(255, bytes(3), quality, images.shape[3], images.shape[2])
        return [pack(header, inside) for inside in payload.encode(images, codec, quality)]

    def decode(files: list[bytes]) -> Tensor:
        headers, inside = zip(*map(unpack, files), strict=True)
        return payload.decode(inside, codec, headers[0].quality, headers[0].height, headers[0].width)

    qualities = tuple(codec.qualities)
    return Coder(qualities, qualities, encode, decode, payload_size)


def pixels(image: Tensor) -> np.ndarray:
    """uint8 (3, H, W) -> the array (H, W, 3) that picture libraries take."""
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def batches(images: Tensor | list[Tensor]) -> Iterator[Tensor]:
    """The images in tensors (n, 3, H, W) of equal sizes, about PIXELS pixels each."""
    groups = {}
    for image in images:
        groups.setdefault(image.shape, []).append(image)
    for (_, height, width), group in groups.items():
        count = max(PIXELS // (height * width), 1)
        for start in range(0, len(group), count):
            yield torch.stack(group[start : start + count])


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


def race_table(result: dict, references: dict[str, list[dict]] | None = None) -> str:
    """A race as plain text: bits per pixel at the levels, payload and whole file; a lossless codec has one size.

    references: name -> points with payloads only, such as PUBLISHED (for CIFAR-10), in rows of their own.
    """
    references = {f"{name}, published": points for name, points in (references or {}).items()}
    first = max(map(len, ["at a mean PSNR of, dB", *result["curves"], *references])) + 1
    levels = "".join(f"{level:>7}" for level in result["levels"])
    wide = len(levels)
    lines = [f"{'bits per pixel':<{first}}{'payload':>{wide}}  {'whole file':>{wide}}  {'BD-rate, %':>10}"]
    lines.append(f"{'at a mean PSNR of, dB':<{first}}{levels}  {levels}  {'(payload)':>10}")
    for row in result["table"]:
        points = result["curves"][row["codec"]]
        if all(p["psnr"] is None for p in points):
            cells = [f"{f'exact: {points[-1][which]:.2f}':>{wide}}" for which in ("payload_bpp", "file_bpp")]
        else:
            cells = ["".join(f"{number(value):>7}" for value in row[which]) for which in ("payload", "file")]
        lines.append(f"{row['codec']:<{first}}{cells[0]}  {cells[1]}  {number(row['bd_rate'], '+.1f'):>10}")
    for name, points in references.items():
        lines.append(f"{name:<{first}}" + "".join(f"{number(bpp_at(points, v)):>7}" for v in result["levels"]))
    return "\n".join(lines)


def number(value: float | None, spec: str = ".2f") -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else format(value, spec)


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

    Returns {"original": cells, name: cells, rival: cells} for plots.same_bytes_strip, a cell an image:
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
