"""Sliders over stored pictures, each with the static picture that stands in where no widget can run.

A slider holds one PNG a position, drawn once. Moving it swaps the picture; a saved notebook, GitHub or an
exported page shows the static picture instead.
"""

from base64 import b64encode

import ipywidgets
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter
from torch import Tensor, nn

from cae_lib import codec, plots
from cae_lib.checkpoints import Run
from cae_lib.data import ImageSet, scale, unscale
from cae_lib.evaluation import reconstruct
from cae_lib.metrics import bits_per_pixel, psnr
from cae_lib.plots import to_png
from cae_lib.rate_distortion import decibels


class FrameSlider(ipywidgets.VBox):
    """A slider that shows one of several pictures.

    frames: label -> PNG bytes, in the order of the slider; static: PNG shown where no widget runs;
    description: what the slider moves, also its name for screen readers. `image.value` is the PNG in view.
    """

    def __init__(self, frames: dict[str, bytes], static: bytes, description: str, start: str | None = None):
        self.frames, self.static = frames, static
        labels = list(frames)
        self.slider = ipywidgets.SelectionSlider(
            options=labels,
            value=start or labels[0],
            description=description,
            tooltip=f"choose the {description} to show",
            continuous_update=True,
            layout=ipywidgets.Layout(width="95%", max_width="640px"),
            style={"description_width": "initial"},
        )
        self.image = ipywidgets.Image(value=frames[self.slider.value], format="png", layout={"max_width": "100%"})
        self.slider.observe(self.show, names="value")
        super().__init__([self.slider, self.image])

    def show(self, change) -> None:
        self.image.value = self.frames[change["new"]]

    def _repr_mimebundle_(self, **options) -> dict:
        return super()._repr_mimebundle_(**options) | {"image/png": b64encode(self.static).decode()}


def epoch_slider(run: Run, data: ImageSet, indices) -> FrameSlider:
    """Reconstructions of chosen images at every kept epoch of a run, with the point moving on its loss curves."""
    originals = scale(data.images[indices], (0.0, 1.0))
    titles = data.titles(indices)
    frames, history = {}, run.history
    rebuilt = {}
    for epoch in run.epochs_kept:
        model = run.at(epoch)
        rebuilt[epoch] = unscale(reconstruct(model, data.images[indices]), model.config.pixel_range)
        figure, axes = plots.new_figure(1, 1, 1.15 * len(titles) + 4.6, 2.9, data.source)
        figure.clf()
        left, right = figure.subfigures(1, 2, width_ratios=[1.15 * len(titles), 4.2])
        grid = left.subplots(2, len(titles), squeeze=False)
        values = psnr(originals, rebuilt[epoch]).tolist()
        for c, title in enumerate(titles):
            plots.show_image(grid[0, c], originals[c], title)
            plots.show_image(grid[1, c], rebuilt[epoch][c], f"{values[c]:.1f} dB")
        ax = right.subplots()
        for name, losses, colour in zip(
            ("training", "validation"), (history.train_loss, history.validation_loss), plots.COLOURS, strict=False
        ):
            ax.plot(range(1, len(losses) + 1), losses, color=colour, label=name)
            ax.plot(epoch, losses[epoch - 1], "o", color=colour, markersize=7)
        ax.set(xlabel="epoch", ylabel="loss", title=f"epoch {epoch}")
        ax.legend(fontsize=8)
        ax.grid(alpha=0.3)
        frames[str(epoch)] = to_png(figure)
    shown = [e for e in (1, 2, 3, 5, 10, 20, 30) if e in run.epochs_kept] or list(run.epochs_kept)[:6]
    rows = {"original": originals} | {f"epoch {epoch}": rebuilt[epoch] for epoch in shown}
    static = to_png(plots.image_rows(rows, titles, source=data.source))
    return FrameSlider(frames, static, "epoch", start=str(run.epochs_kept[-1]))


def channel_slider(model: nn.Module, layer: nn.Module, image, *, source: str = "") -> FrameSlider:
    """What each channel of a layer makes of one uint8 image (3, H, W): its map, its share of zeros.

    layer: a submodule of the model, for example model.encoder[1].
    """
    kept = []
    hook = layer.register_forward_hook(lambda module, inputs, output: kept.append(output.detach().cpu()))
    reconstruct(model, image[None])
    hook.remove()
    values = kept[0][0]
    high = float(values.max()) or 1.0
    frames = {}
    for c, channel in enumerate(values):
        figure, axes = plots.new_figure(1, 2, 6.2, 3.0, source)
        plots.show_image(axes[0, 0], image, "input")
        drawn = axes[0, 1].imshow(channel.numpy(), cmap="viridis", vmin=min(float(values.min()), 0.0), vmax=high)
        zeros = float((channel == 0).float().mean())
        state = ": dead on this image" if zeros == 1 else ""
        axes[0, 1].set_title(f"channel {c}, {zeros:.0%} zeros{state}", fontsize=9)
        axes[0, 1].set_xticks([])
        axes[0, 1].set_yticks([])
        figure.colorbar(drawn, ax=axes[0, 1], shrink=0.85)
        frames[str(c)] = to_png(figure)
    return FrameSlider(frames, to_png(plots.maps(values, source=source)), "channel")


def bits_slider(name: str, image: Tensor, *, source: str = "") -> FrameSlider:
    """One image at every bit depth: the picture, a histogram of its code, real bytes, PSNR, rate and distortion.

    name: a quantised autoencoder of codec.MODELS; image: uint8 (3, H, W), H and W even.
    """
    coder, cases = codec.load_codec(name), {}
    for bits in coder.qualities:
        (file,) = codec.encode_batch(image[None], model=name, quality=bits)
        picture = codec.decode_batch([file])[0]
        counts = coder.analyse(image[None], bits).flatten().bincount(minlength=2**bits)
        cases[bits] = (picture, counts / counts.sum(), codec.payload_size(file), decibels(image, picture))
    pixels = image[0].numel()
    curve = [(bits_per_pixel(size, pixels), db) for _, _, size, db in cases.values()]
    frames = {}
    for (bits, (picture, shares, size, db)), point in zip(cases.items(), curve, strict=True):
        figure, ((left, middle, right, last),) = plots.new_figure(1, 4, 10.4, 2.8, source)
        plots.show_image(left, image, "original")
        plots.show_image(middle, picture, f"{db:.1f} dB, payload {size:,} bytes")
        draw_shares(right, shares)
        right.set_title(f"{2**bits} levels", fontsize=9)
        right.set(xlabel="level", ylabel="share of the code (log)")
        last.plot(*zip(*curve, strict=True), color=plots.COLOURS[0], marker=".")
        last.plot(*point, "o", color=plots.COLOURS[1], markersize=9)
        last.set_xscale("log", base=2)
        last.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        last.set_title(f"{point[0]:.2f} bits per pixel", fontsize=9)
        last.set(xlabel="payload, bits per pixel (log)", ylabel="PSNR in dB")
        last.grid(alpha=0.3)
        frames[str(bits)] = to_png(figure)
    figure, axes = plots.new_figure(2, len(cases), 1.3 * len(cases), 3.0, source)
    for (bits, (picture, shares, size, db)), above, below in zip(cases.items(), *axes, strict=True):
        plots.show_image(above, picture, f"{bits} bit{'s' * (bits > 1)}\n{size:,} bytes\n{db:.1f} dB")
        draw_shares(below, shares)
        below.tick_params(labelsize=7)
        below.label_outer()
    axes[1, 0].set_ylabel("share (log)", fontsize=8)
    return FrameSlider(frames, to_png(figure), "bits per value", start="4" if "4" in frames else None)


def draw_shares(ax: Axes, shares: Tensor) -> None:
    """A histogram of levels 0, 1, ...: the share of the values on each, on a logarithmic axis."""
    edges = [level - 0.5 for level in range(len(shares) + 1)]
    ax.stairs(shares.tolist(), edges, baseline=1e-4, fill=True, color=plots.COLOURS[0])
    ax.set_yscale("log")
    ax.set_ylim(1e-4, 1)
