"""One picture in several codecs, each with no more bytes than it is allowed: pictures, and where they differ."""

from bisect import bisect_right

from matplotlib.figure import Figure
from torch import Tensor

from cae_lib.base.errors import UsageError
from cae_lib.plots import new_figure, show_image
from cae_lib.race.codecs import codec_named
from cae_lib.race.rate_distortion import decibels


def within(image: Tensor, name: str, payload: int) -> dict:
    """The best that a codec makes of a uint8 image (3, H, W) with a payload of at most so many bytes.

    Returns {"image" uint8 (3, H, W), "bytes" of the payload, "psnr" in dB}. Raises UsageError where no quality of the
    codec is that small.
    """
    codec = codec_named(name)

    def size(quality: float) -> int:
        return codec.payload_size(codec.encode(image[None], quality)[0])

    # Payloads grow with quality, so halving the range finds the place in a few attempts.
    place = bisect_right(codec.qualities, payload, key=size)
    if place == 0:
        raise UsageError(f"No payload of {name} has {payload:,} bytes or fewer: allow more.")
    (file,) = codec.encode(image[None], codec.qualities[place - 1])
    picture = codec.decode([file])[0]
    return {"image": picture, "bytes": codec.payload_size(file), "psnr": decibels(image, picture)}


def budget_figure(images: Tensor, rows: dict[str, list[dict]], titles: list[str], *, source: str = "") -> Figure:
    """Originals uint8 (N, 3, H, W), and below them each codec's picture and, on its right, where it differs.

    rows: name -> a cell of `within` an image. A difference is the mean of the three colours' absolute differences, in
    grey levels, on one scale for all.
    """
    differences = {
        name: [(cell["image"].float() - image.float()).abs().mean(0) for image, cell in zip(images, cells, strict=True)]
        for name, cells in rows.items()
    }
    high = max(float(each.max()) for cells in differences.values() for each in cells)
    figure, axes = new_figure(len(rows) + 1, 2 * len(titles), 2.5 * len(titles) + 0.9, 1.38 * (len(rows) + 1), source)
    for column, title in enumerate(titles):
        show_image(axes[0, 2 * column], images[column], title)
        axes[0, 2 * column + 1].axis("off")
        for row, (name, cells) in enumerate(rows.items(), 1):
            left, right = axes[row, 2 * column : 2 * column + 2]
            cell, difference = cells[column], differences[name][column]
            show_image(left, cell["image"], f"{cell['bytes']:,} bytes", 8)
            drawn = right.imshow(difference.numpy(), cmap="magma", vmin=0, vmax=high)
            right.set_title(f"{cell['psnr']:.1f} dB", fontsize=8)
            right.set(xticks=[], yticks=[])
    for row, name in enumerate(["original", *rows]):
        axes[row, 0].set_ylabel(name.replace(" ", "\n", 1), fontsize=8, rotation=0, ha="right", va="center")
    bar = figure.colorbar(drawn, ax=axes, shrink=0.5, pad=0.01)
    bar.ax.tick_params(labelsize=7)
    bar.set_label("difference in grey levels", fontsize=7)
    return figure
