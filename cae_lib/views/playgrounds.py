"""Views in which the reader changes what a network computes: a kernel, a code."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from cae_lib import plots
from cae_lib.checkpoints import load_run
from cae_lib.data.images import ImageSet, scale
from cae_lib.metrics import psnr
from cae_lib.results import measurements
from cae_lib.results.recipes import CODE_CHANNELS
from cae_lib.views.computed import Computed
from cae_lib.views.controls import Control, chooser, counter, slider
from cae_lib.views.curves import Curves, curves
from cae_lib.views.strip import Strip, image_tile, map_tile
from cae_lib.views.view import View

KERNELS = {
    "left to right": (-1, 0, 1, -2, 0, 2, -1, 0, 1),
    "top to bottom": (-1, -2, -1, 0, 0, 0, 1, 2, 1),
    "outline": (0, -1, 0, -1, 4, -1, 0, -1, 0),
    "sharpen": (0, -1, 0, -1, 5, -1, 0, -1, 0),
    "blur": (0.11,) * 9,
    "nothing": (0, 0, 0, 0, 1, 0, 0, 0, 0),
}
OWN_KERNEL = "your own"
# Which seed of the shipped model1_code* is shown: seed 0 of model1_code2 has a dead channel, and so half a code.
SOUND_SEEDS = {channels: 1 if channels == 2 else 0 for channels in CODE_CHANNELS}


def convolution_playground(image: Tensor, *, source: str = "") -> Computed:
    """A 3 x 3 kernel to edit, with stride and padding, on the brightness of an image, and one output worked out.

    image: uint8 (3, 32, 32). Brightnesses are whole numbers from 0 to 255.
    """
    grey = image.float().mean(0).round()
    controls = {"kernel": chooser([*KERNELS, OWN_KERNEL])}
    for k, weight in enumerate(KERNELS["left to right"]):
        controls[f"k{k // 3}{k % 3}"] = Control("number", [], weight, label=f"kernel, row {k // 3}, column {k % 3}")
    controls |= {
        "stride": counter(3, 1, 1),
        "padding": counter(2, 1),
        "output row": counter(31, 15),
        "output column": counter(31, 15),
    }
    outputs = [convolve(grey, torch.tensor(k, dtype=torch.float32).view(3, 3), 1, 1) for k in KERNELS.values()]
    static = plots.maps(
        torch.stack([o / o.abs().max() for o in outputs]), columns=3, titles=list(KERNELS), signed=True, source=source
    )
    data, wide = {"image": grey.int().tolist(), "presets": KERNELS, "own": OWN_KERNEL}, grey.shape[1]
    alt, click = "A convolution worked out at one place", ("output row", "output column")
    return Computed("convolution", data, controls, static, alt, (wide, wide), click)


def convolve(image: Tensor, kernel: Tensor, stride: int, padding: int) -> Tensor:
    """A picture (H, W) and a kernel (k, k) -> the map of their products' sums."""
    return F.conv2d(image[None, None], kernel[None, None], stride=stride, padding=padding)[0, 0]


def bottleneck_explorer(data: ImageSet, indices) -> View:
    """Codes of 2 to 64 channels: their quality, and what is lost when one channel is silenced or made stronger.

    The models are the shipped runs of model1 on one scale. `scale` multiplies one channel of the code: 0 silences it.
    """
    titles = data.names(indices)
    images = dict(zip(titles, scale(data.images[indices], (0.0, 1.0)), strict=True))
    model = cache(lambda channels: load_run(f"model1_code{channels}", seed=SOUND_SEEDS[channels]).model)
    rows = {row["run"]: row for row in measurements.stored("comparison")["rows"]}
    means = [rows[f"model1_code{c}"]["psnr"]["values"][SOUND_SEEDS[c]] for c in CODE_CHANNELS]
    numbers = [256 * c for c in CODE_CHANNELS]

    @cache
    @torch.no_grad()
    def curve(image: str) -> Curves:
        qualities = [psnr(images[image][None], model(c)(images[image][None])).item() for c in CODE_CHANNELS]
        series = {"this image": (numbers, qualities), "CIFAR-10's test set": (numbers, means)}
        ticks = {"xticks": numbers, "xticklabels": [f"{n:,}" for n in numbers]}
        return curves(series, 2.7, 3.0, "numbers in the code (log)", "PSNR in dB", xscale="log", **ticks)

    @torch.no_grad()
    def draw(channels: int, image: str, channel: int, factor: float) -> Strip:
        channel = min(channel, channels - 1)
        original, code = images[image], model(channels).encode(images[image][None])
        plain = model(channels).decode(code)
        code[:, channel] *= factor
        after = model(channels).decode(code)
        before, now = (psnr(original[None], x).item() for x in (plain, after))
        above = [
            image_tile(original, image),
            image_tile(plain[0], f"decoded: {before:.1f} dB"),
            image_tile(after[0], f"with channel {channel} × {factor:g}:\n{now:.1f} dB"),
        ]
        below = [
            map_tile(code[0, channel], f"channel {channel} × {factor:g}", high=float(code.max()) or 1.0),
            map_tile((after - plain).abs().mean(1)[0], "what this changes", colours="magma"),
        ]
        beside = curve(image).marked(CODE_CHANNELS.index(channels))
        return Strip(above, below, beside=beside, source=data.source)

    controls = {
        "code channels": slider(CODE_CHANNELS, 8),
        "image": chooser(titles),
        "channel": counter(7),
        "scale": slider([0.0, 0.5, 1.0, 1.5, 2.0], 0.0),
    }

    def fit_channels() -> None:
        controls["channel"].fit(range(controls["code channels"].value))

    originals, grid = torch.stack(list(images.values())), {}
    for channels in CODE_CHANNELS:
        with torch.no_grad():
            after = model(channels)(originals)
        grid[f"{256 * channels:,} numbers\n{psnr(originals, after).mean():.1f} dB"] = after
    static = plots.image_rows({"original": originals} | grid, data.titles(indices), source=data.source)
    alt = "An image decoded with one channel of its code changed, what that changes, and quality against code size"
    return View(draw, controls, static, alt, embed=("code channels", "image"), adapt={"code channels": fit_channels})
