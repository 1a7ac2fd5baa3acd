"""Views of bytes: one image at every number of bits, or at every rate of the codec rd."""

from functools import cache

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from torch import Tensor

from cae_lib import plots
from cae_lib.codec import payload, streams
from cae_lib.race import rate_plots
from cae_lib.race.baselines import BASELINES, decode, size
from cae_lib.race.rate_distortion import decibels
from cae_lib.race.rates import bits_per_pixel
from cae_lib.views.controls import chooser, slider
from cae_lib.views.curves import Curves, curves
from cae_lib.views.strip import Strip, image_tile, map_tile
from cae_lib.views.view import View, picture_slider

RIVALS = ("JPEG 4:4:4", "AVIF")  # of the rate–distortion autoencoder in its slider


def bits_slider(name: str, image: Tensor, *, source: str = "") -> View:
    """One image at every bit depth: the picture, a histogram of its code, real bytes, PSNR, rate and distortion.

    name: a quantised autoencoder of streams.MODELS; image: uint8 (3, H, W), H and W even.
    """
    coder, cases = streams.load_codec(name), {}
    for bits in coder.qualities:
        (file,) = streams.encode_batch(image[None], model=name, quality=bits)
        picture = streams.decode_batch([file])[0]
        counts = coder.analyse(image[None], bits).flatten().bincount(minlength=2**bits)
        cases[bits] = (picture, counts / counts.sum(), streams.payload_size(file), decibels(image, picture))
    pixels = image[0].numel()
    curve = [(bits_per_pixel(count, pixels), db) for _, _, count, db in cases.values()]

    def draw(bits: int) -> Figure:
        picture, shares, count, db = cases[bits]
        point = curve[coder.qualities.index(bits)]
        figure, ((left, middle), (right, last)) = plots.new_figure(2, 2, 7.4, 5.2, source)
        plots.show_image(left, image, "original")
        plots.show_image(middle, picture, f"{db:.1f} dB, payload {count:,} bytes")
        rate_plots.draw_shares(right, shares)
        right.set_title(f"{2**bits} levels", fontsize=9)
        right.set(xlabel="level", ylabel="share of the code (log)")
        last.plot(*zip(*curve, strict=True), color=plots.COLOURS[0], marker=".")
        last.plot(*point, "o", color=plots.COLOURS[1], markersize=9)
        last.set_xscale("log", base=2)
        last.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        last.set_title(f"{point[0]:.2f} bits per pixel", fontsize=9)
        last.set(xlabel="payload, bits per pixel (log)", ylabel="PSNR in dB")
        last.grid(alpha=0.3)
        return figure

    figure, axes = plots.new_figure(2, len(cases), 1.3 * len(cases), 3.0, source)
    for (bits, (picture, shares, count, db)), above, below in zip(cases.items(), *axes, strict=True):
        plots.show_image(above, picture, f"{bits} bit{'s' * (bits > 1)}\n{count:,} bytes\n{db:.1f} dB")
        rate_plots.draw_shares(below, shares)
        below.tick_params(labelsize=7)
        below.label_outer()
    axes[1, 0].set_ylabel("share (log)", fontsize=8)
    alt = f"An image, what {name} makes of it, a histogram of its code, and rate against distortion"
    return picture_slider(draw, coder.qualities, "bits per value", figure, alt, 4)


def rate_slider(image: Tensor | dict[str, Tensor], *, source: str = "") -> View:
    """An image at every rate of the codec "rd", beside JPEG and AVIF with payloads of no fewer bytes if they can.

    image: uint8 (3, H, W), sides of at most 256 pixels; or several by their names, of which one is chosen, the first
    to begin with (each is coded when it is). The map shows where the bits of the payload go.
    """
    ours, images = streams.load_codec(streams.RD), image if isinstance(image, dict) else {"image": image}
    found = cache(lambda name: rates_of(images[name]))

    @cache
    def curve(name: str) -> Curves:
        series = {codec: tuple(zip(*points, strict=True)) for codec, points in found(name)[2].items()}
        return curves(series, 2.9, 3.2, "payload, bits per pixel", "PSNR in dB")

    def draw(quality: int, name: str = next(iter(images))) -> Strip:
        k, (cases, maps, points) = ours.qualities.index(quality), found(name)
        original = image_tile(images[name], f"original\n{images[name].numel():,} bytes")
        first, *others = [
            image_tile(picture, f"{codec}\n{count:,} bytes, {points[codec][k][1]:.1f} dB")
            for codec, (picture, count) in cases[quality].items()
        ]
        highest = max(float(bits.max()) for bits in maps.values())
        bits = map_tile(maps[quality], "bits at each\nplace of the code", high=highest)
        return Strip([original, first, bits], others, beside=curve(name).marked(k), source=source)

    cases, _, points = found(next(iter(images)))
    figure, axes = plots.new_figure(len(points), len(cases), 1.3 * len(cases), 1.55 * len(points) + 0.3, source)
    for column, (quality, cells) in enumerate(cases.items()):
        for row, (name, (picture, count)) in enumerate(cells.items()):
            title = f"quality {quality}\n" if row == 0 else ""
            plots.show_image(axes[row, column], picture, f"{title}{count:,} bytes\n{points[name][column][1]:.1f} dB")
            if column == 0:
                axes[row, 0].set_ylabel(name, fontsize=9)
    options = [(f"{q} (λ = {rate:g})", q) for q, rate in zip(ours.qualities, ours.config.lambdas, strict=True)]
    alt = f"An image as coded by rd, {' and '.join(RIVALS)}, where the bits go, and rate against distortion"
    start = ours.qualities[len(options) // 2]
    if len(images) == 1:
        return picture_slider(draw, options, "quality", figure, alt, start)
    controls = {"quality": slider(options, start), "image": chooser(images)}
    return View(draw, controls, figure, alt, embed=("quality",)).prepare("quality")


def rates_of(image: Tensor) -> tuple[dict, dict, dict]:
    """An image at every quality of rd: {name: (picture, bytes)}, a map of its bits; and each codec's rates and dB."""
    ours, pixels = streams.load_codec(streams.RD), image[0].numel()
    array = image.permute(1, 2, 0).contiguous().numpy()
    rivals = {name: [BASELINES[name].encode_array(array, q) for q in BASELINES[name].qualities] for name in RIVALS}
    cases, maps = {}, {}
    for quality in ours.qualities:
        (file,) = streams.encode_batch(image[None], model=streams.RD, quality=quality)
        least = streams.payload_size(file)
        cells = {"rd": (streams.decode_batch([file])[0], least)}
        for name, files in rivals.items():
            sizes = [size(file, "payload") for file in files]
            count = min(sizes, key=lambda n: (n < least, abs(n - least)))
            cells[name] = (torch.from_numpy(decode(files[sizes.index(count)])).permute(2, 0, 1), count)
        cases[quality], maps[quality] = cells, payload.bit_map(image[None], ours, quality)[0]
    points = {
        name: [(bits_per_pixel(cells[name][1], pixels), decibels(image, cells[name][0])) for cells in cases.values()]
        for name in ("rd", *RIVALS)
    }
    return cases, maps, points
