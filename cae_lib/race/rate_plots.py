"""Figures of rate and distortion: curves of codecs, the bill of one image, pictures of equal size in bytes,
where the bits of a picture go and in which order they are coded."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from torch import Tensor

from cae_lib.plots import COLOURS, MARKERS, image_rows, new_figure
from cae_lib.race.baselines import BASELINES, at_least, decode, size
from cae_lib.race.codecs import pixels
from cae_lib.race.rate_distortion import REFERENCE, curve_of, decibels

AXES = {"payload": "payload, bits per pixel", "file": "whole file, bits per pixel"}
MEASURES = {"psnr": "mean PSNR in dB", "psnr_pooled": "PSNR of the mean error in dB"}
LINES = {"ours": ("-", "-.", ":"), "classical": ("--", (0, (1, 1)), (0, (6, 1, 1, 1)))}


def rate_distortion(
    curves: dict[str, list[dict]],
    which: str = "payload",
    *,
    references: dict[str, list[dict]] | None = None,
    anchors: dict[str, list[dict]] | None = None,
    measure: str = "psnr",
    title: str = "",
    source: str = "",
) -> Figure:
    """PSNR against bits per pixel of the "payload" or the "file", on a logarithmic axis of doublings.

    curves: name -> points of rate_distortion.curve, the classical codecs' dashed; references: name -> points, drawn in
    grey; anchors: the same without a line between them. Those without this size and measure ("psnr" or "psnr_pooled")
    are left out. Vertical lines mark what exact pictures cost: codecs without a finite PSNR, and raw pixels, 24 bits.
    """
    figure, axes = new_figure(1, 1, 8.6, 4.6, source)
    ax = axes[0, 0]
    exact, drawn = {"raw pixels": 24.0}, set()
    # Colours and markers go round together, then again with another line: told apart without colour too.
    for i, (name, points) in enumerate(curves.items()):
        k, lines = i % len(COLOURS), LINES["classical" if name in BASELINES else "ours"]
        line = next((line for line in lines if (k, line) not in drawn), lines[-1])
        drawn.add((k, line))
        known = sorted(curve_of(points, which, measure), key=lambda pair: pair[1])
        if known:
            style = {"color": COLOURS[k], "marker": MARKERS[k], "markersize": 4, "linestyle": line}
            if len(known) == 1:  # no line leads the eye to it, and it may lie on another curve
                style |= {"markersize": 9, "markeredgecolor": "black", "zorder": 4}
            ax.plot(*zip(*known, strict=True), **style, label=name)
        else:
            exact[name] = points[-1][f"{which}_bpp"]
    grey = {"markersize": 6, "fillstyle": "none", "color": "#444444", "linestyle": ":", "linewidth": 1.2, "zorder": 3}
    dark = {"markersize": 7, "color": "#333333", "linestyle": "none", "zorder": 3}
    for others, markers, style in ((references, "osD^", grey), (anchors, "XPd", dark)):
        known = {name: curve_of(points, which, measure) for name, points in (others or {}).items()}
        for i, name in enumerate(name for name in known if known[name]):
            ax.plot(*zip(*known[name], strict=True), marker=markers[i % len(markers)], **style, label=name)
    for name, rate in exact.items():
        ax.axvline(rate, color="#777777", linestyle=":", linewidth=1)
        place = {"rotation": 90, "ha": "right", "va": "bottom", "transform": ax.get_xaxis_transform()}
        ax.text(rate, 0.02, name, fontsize=7, color="#777777", **place)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set(xlabel=f"{AXES[which]} (log)", ylabel=MEASURES[measure], title=title)
    ax.grid(alpha=0.3)
    figure.legend(loc="outside right center", fontsize=8)
    return figure


def cost_bar(costs: dict[str, dict], *, title: str = "", source: str = "") -> Figure:
    """What one image costs: a bar a codec, its header and its payload in bytes, the PSNR written beside it.

    costs: name -> {"header", "payload", "psnr"}, as rate_distortion.cost returns them.
    """
    figure, axes = new_figure(1, 1, 7, 0.36 * len(costs) + 1, source)
    ax, names = axes[0, 0], list(costs)
    headers, payloads = [[cost[part] for cost in costs.values()] for part in ("header", "payload")]
    ax.barh(names, headers, color="#FFFFFF", edgecolor=COLOURS[0], hatch="////", label="header")
    ax.barh(names, payloads, left=headers, color=COLOURS[0], edgecolor=COLOURS[0], label="payload")
    for row, (header, payload, cost) in enumerate(zip(headers, payloads, costs.values(), strict=True)):
        quality = "exact" if cost["psnr"] is None else f"{cost['psnr']:.1f} dB"
        ax.text(header + payload, row, f"  {header:,} + {payload:,}, {quality}", va="center", fontsize=8)
    ax.set(xlabel="bytes", title=title)
    ax.set_xlim(right=1.35 * max(h + p for h, p in zip(headers, payloads, strict=True)))
    ax.invert_yaxis()
    figure.legend(loc="outside upper right", ncols=2, fontsize=8)
    return figure


def weights_figure(rows: list[dict], name: str, rival: str, *, source: str = "") -> Figure:
    """All bytes of so many 32 x 32 images by a codec with its weights and by a rival, which needs none, at one PSNR.

    rows: as rate_distortion.break_even returns them, an axes each; where the two meet, the weights are paid for.
    """
    figure, axes = new_figure(1, len(rows), 4.3 * len(rows), 3.4, source)
    for ax, row in zip(axes[0], rows, strict=True):
        ax.set(title={"file": "whole files", "payload": "payload"}[row["which"]], xlabel="images (log)")
        ax.set(xscale="log", yscale="log", ylabel=f"megabytes at {row['psnr']} dB (log)")
        counts = np.logspace(2, 6, 81)
        if row["ours"] is not None:
            ours = (row["weights"] + row["ours"] * counts) / 1e6
            ax.plot(counts, ours, color=COLOURS[0], label=f"{name}: weights, and {row['ours']:.0f} bytes an image")
        if row["theirs"] is not None:
            label = f"{rival}: {row['theirs']:.0f} bytes an image"
            ax.plot(counts, row["theirs"] * counts / 1e6, color=COLOURS[1], linestyle="--", label=label)
        if row["images"] is not None:
            place = row["images"], row["theirs"] * row["images"] / 1e6
            ax.plot(*place, "o", color="black", label=f"paid for after {row['images']:,} images")
        ax.grid(alpha=0.3)
        ax.legend(fontsize=8, loc="upper left")
    return figure


def same_bytes_strip(rows: dict[str, list[dict]], titles: list[str], *, source: str = "", cell: float = 1.25) -> Figure:
    """Rows of images, each with its bytes and PSNR below it; titles stand over the first row.

    rows: name -> [{"image", "bytes", "psnr"}, ...], as rate_distortion.same_bytes returns them.
    """
    images = {name: [c["image"] for c in cells] for name, cells in rows.items()}
    figure = image_rows(images, titles, source=source, cell=cell)
    for ax, c in zip(figure.axes, [c for cells in rows.values() for c in cells], strict=True):
        ax.set_xlabel(f"{c['bytes']:,} bytes" + ("" if c["psnr"] is None else f"\n{c['psnr']:.1f} dB"), fontsize=7)
    return figure


def beside_rival(
    images: Tensor, pictures: Tensor, sizes: list[int], titles: list[str], *, rival: str = REFERENCE, source: str = ""
) -> Figure:
    """Originals, a codec's pictures, a rival's at no smaller a payload, and the errors of both on one scale.

    images, pictures: uint8 (N, 3, H, W); sizes: the pictures' payloads in bytes; rival: one of BASELINES.
    """
    theirs, counts = [], []
    for image, least in zip(images, sizes, strict=True):
        file, _ = at_least(pixels(image), BASELINES[rival], least, "payload")
        theirs.append(torch.from_numpy(decode(file)).permute(2, 0, 1))
        counts.append(size(file, "payload"))
    pairs = {"yours": (pictures, sizes), rival.split()[0]: (torch.stack(theirs), counts)}
    rows = {"original": images.float() / 255} | {name: shown.float() / 255 for name, (shown, _) in pairs.items()}
    rows |= {f"{name}:\nerror × 4": enlarged_error(images, shown) for name, (shown, _) in pairs.items()}
    figure = image_rows(rows, titles, source=source, cell=1.2)
    for row, (shown, bytes_) in enumerate(pairs.values(), 1):
        for ax, image, one, count in zip(figure.axes[row * len(titles) :], images, shown, bytes_, strict=False):
            ax.set_xlabel(f"{count:,} bytes, {decibels(image, one):.1f} dB", fontsize=7)
    return figure


def enlarged_error(images: Tensor, pictures: Tensor) -> Tensor:
    """Absolute errors of uint8 images (..., 3, H, W), mean over the colours, four times as bright: (..., H, W)."""
    return ((images.float() - pictures.float()).abs().mean(-3) * 4 / 255).clamp(max=1)


def bit_maps(rows: dict[str, Tensor], bits: Tensor, titles: list[str], *, source: str = "") -> Figure:
    """Rows of images, and below them what each place of their codes costs, on one colour scale.

    bits: (N, h, w), as payload.bit_map returns them.
    """
    figure = image_rows(rows | {"bits": bits}, titles, source=source)
    axes = figure.axes[-len(titles) :]
    for ax, costs in zip(axes, bits, strict=True):
        ax.images[0].remove()
        drawn = ax.imshow(costs.numpy(), cmap="viridis", vmin=0, vmax=float(bits.max()))
    figure.colorbar(drawn, ax=axes, shrink=0.85, pad=0.01).ax.tick_params(labelsize=7)
    return figure


def coding_order(passes: list[Tensor], groups: list[tuple[int, int]], titles: list[str]) -> Figure:
    """Which symbols each pass codes (blue) and which are known by then (grey); a column a pass, a row a group.

    passes: masks (C, h, w), True for the symbols of a pass; groups: first channel of each, and first one beyond it.
    """
    figure, axes = new_figure(len(groups), len(passes), 1.05 * len(passes) + 0.6, 1.05 * len(groups) + 0.5)
    colours, known = ListedColormap(["white", "#BBBBBB", COLOURS[0]]), torch.zeros(passes[0].shape)
    for column, (mask, title) in enumerate(zip(passes, titles, strict=True)):
        axes[0, column].set_title(title, fontsize=8)
        for row, (begin, end) in enumerate(groups):
            ax = axes[row, column]
            ax.imshow(torch.where(mask, 2, known)[begin].numpy(), cmap=colours, vmin=0, vmax=2)
            ax.set(xticks=[], yticks=[], ylabel="" if column else f"channels\n{begin} to {end - 1}")
        known[mask] = 1
    return figure


def draw_shares(ax: Axes, shares: Tensor) -> None:
    """A histogram of levels 0, 1, ...: the share of the values on each, on a logarithmic axis."""
    edges = [level - 0.5 for level in range(len(shares) + 1)]
    ax.stairs(shares.tolist(), edges, baseline=1e-4, fill=True, color=COLOURS[0])
    ax.set_yscale("log")
    ax.set_ylim(1e-4, 1)
