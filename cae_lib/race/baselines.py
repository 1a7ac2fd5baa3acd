"""JPEG, WebP, JPEG 2000, AVIF and PNG through Pillow, with every byte of their files accounted for.

A small picture costs little more than its header, so each size is given twice. `file`: all bytes, what lands on a
disk. `payload`: the bytes without the header, which a sender and a receiver who have agreed on the format, the
quality and the size of the picture need not exchange: the fair race between methods; see layouts.py.
"""

from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from cae_lib.base.errors import UsageError
from cae_lib.race.layouts import BaselineError, payload


@dataclass(frozen=True)
class Baseline:
    """A classical codec with fixed settings.

    format: Pillow's name; qualities: all settings, the worst picture first; curve_qualities: those that draw its
    curve, from about 24 to 40 dB on CIFAR-10 where it reaches them; options: for Pillow's save. A
    lossless one has one setting.
    """

    name: str
    format: str
    qualities: tuple[float, ...]
    curve_qualities: tuple[float, ...]
    options: dict = field(default_factory=dict)

    def encode(self, images: Tensor, quality: float) -> list[bytes]:
        """uint8 images (N, 3, H, W) -> N files. Raises BaselineError."""
        return [self.encode_array(np.ascontiguousarray(image.permute(1, 2, 0)), quality) for image in images]

    def decode(self, files: list[bytes]) -> Tensor:
        """Files of images of one size -> uint8 images (N, 3, H, W). Raises BaselineError."""
        return torch.stack([torch.from_numpy(decode(file)).permute(2, 0, 1) for file in files])

    def payload_size(self, file: bytes) -> int:
        """Bytes of a file without its header, as HEADERS has it."""
        return len(payload(file))

    def encode_array(self, image: np.ndarray, quality: float) -> bytes:
        """uint8 image (H, W, 3) -> file. Raises BaselineError where Pillow lacks the format or refuses the size."""
        options = self.options | {"quality": quality}
        if self.format == "JPEG2000":
            # 4 resolutions at 32 pixels and one more at each doubling; more than a picture has fail.
            levels = min(max(min(image.shape[:2]).bit_length() - 2, 1), 6)
            options = self.options | {"quality_layers": [quality], "num_resolutions": levels}
        Image.init()
        if self.format not in Image.SAVE:
            raise BaselineError(f"This Pillow cannot write {self.format}: install Pillow 11.3 or newer.")
        out = BytesIO()
        try:
            Image.fromarray(image).save(out, self.format, **options)
        except (OSError, ValueError) as error:
            raise BaselineError(
                f"{self.name} cannot code {image.shape[1]} x {image.shape[0]} pixels ({error}): cut or scale the "
                "picture, or leave this codec out."
            ) from error
        return out.getvalue()


JPEG_STEPS = (5, 8, 12, 16, 20, 25, 30, 40, 50, 60, 70, 80, 85, 90, 95)
JPEG_QUALITIES = tuple(range(1, 101))
DECIBELS = {"quality_mode": "dB", "irreversible": True, "mct": 1, "no_jp2": True}
ALL = tuple(range(101))

BASELINES = {
    b.name: b
    for b in (
        Baseline("JPEG 4:2:0", "JPEG", JPEG_QUALITIES, JPEG_STEPS, {"subsampling": 2}),
        Baseline("JPEG 4:4:4", "JPEG", JPEG_QUALITIES, JPEG_STEPS, {"subsampling": 0}),
        Baseline("JPEG 4:2:0 optimised", "JPEG", JPEG_QUALITIES, JPEG_STEPS, {"subsampling": 2, "optimize": True}),
        Baseline("JPEG 4:4:4 optimised", "JPEG", JPEG_QUALITIES, JPEG_STEPS, {"subsampling": 0, "optimize": True}),
        Baseline("WebP", "WEBP", ALL, (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95, 100), {"method": 6}),
        Baseline("JPEG 2000", "JPEG2000", tuple(n / 2 for n in range(30, 121)), tuple(range(22, 46, 2)), DECIBELS),
        Baseline("AVIF", "AVIF", ALL, tuple(range(10, 95, 8)),
                 {"subsampling": "4:4:4", "speed": 2, "advanced": {"tune": "psnr"}}),
        Baseline("PNG", "PNG", (100,), (100,), {"optimize": True}),
        # Method 4 is Pillow's default; 6 makes lossless files of 32 x 32 pixels larger.
        Baseline("WebP lossless", "WEBP", (100,), (100,), {"lossless": True, "method": 4}),
    )
}  # fmt: skip


def decode(data: bytes) -> np.ndarray:
    """A file of any of the formats -> uint8 (H, W, 3). Raises BaselineError for one that Pillow cannot read."""
    try:
        with Image.open(BytesIO(data)) as picture:
            return np.array(picture.convert("RGB"))
    except (OSError, SyntaxError) as error:
        raise BaselineError(
            f"Pillow cannot read these {len(data):,} bytes ({error}): give a file that is whole."
        ) from error


def size(data: bytes, which: str) -> int:
    """Bytes of a file, all ("file") or without the header ("payload")."""
    if which not in ("file", "payload"):
        raise UsageError(f'A size is that of the "file" or of the "payload", not of {which!r}.')
    return len(data) if which == "file" else len(payload(data))


def at_least(image: np.ndarray, baseline: Baseline, least: int, which: str = "file") -> tuple[bytes, float]:
    """The smallest encoding of `least` bytes or more (`which`: of the file or of the payload), and its quality.

    Tries every quality. Raises BaselineError when the picture cannot be made that large.
    """
    files = [(baseline.encode_array(image, quality), quality) for quality in baseline.qualities]
    large = [pair for pair in files if size(pair[0], which) >= least]
    if not large:
        raise BaselineError(
            f"No {baseline.name} file of this picture has a {which} of {least:,} bytes or more: lower the quality of "
            "the codec that it is compared with."
        )
    return min(large, key=lambda pair: size(pair[0], which))
