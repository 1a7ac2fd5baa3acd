"""Figures of rate and distortion: curves of codecs, the bill of one image, pictures of equal size in bytes,
where the bits of a picture go and in which order they are coded."""

import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from torch import Tensor

from cae_lib.plots import COLOURS, MARKERS, image_rows, new_figure

AXES = {"payload": "payload, bits per pixel", "file": "whole file, bits per pixel"}


def rate_distortion(
    curves: dict[str, list[dict]],
    which: str = "payload",
    *,
    references: dict[str, list[dict]] | None = None,
    title: str = "",
    source: str = "",
) -> Figure:
    """PSNR against bits per pixel of the "payload" or the "file", on a logarithmic axis of doublings.

    curves: name -> points of rate_distortion.curve; references: name -> points, drawn in grey. Vertical lines mark what
    exact pictures cost: codecs without a finite PSNR, and raw pixels with 24 bits.
    """
    figure, axes = new_figure(1, 1, 8.6, 4.6, source)
    ax = axes[0, 0]
    exact = {"raw pixels": 24.0}
    # Colours and markers go round together, then again with another line: told apart without colour too.
    for i, (name, points) in enumerate(curves.items()):
        k, line = i % len(COLOURS), ("-", "--", ":")[i // len(COLOURS) % 3]
        known = sorted((p["psnr"], p[f"{which}_bpp"]) for p in points if p["psnr"] is not None)
        rates, decibels = [rate for _, rate in known], [db for db, _ in known]
        if known:
            ax.plot(rates, decibels, color=COLOURS[k], marker=MARKERS[k], markersize=4, linestyle=line, label=name)
        else:
            exact[name] = points[-1][f"{which}_bpp"]
    for i, (name, points) in enumerate((references or {}).items()):
        rates, decibels = [p[f"{which}_bpp"] for p in points], [p["psnr"] for p in points]
        style = dict(marker="osD^"[i % 4], markersize=5, fillstyle="none", color="#777777", linestyle=":", linewidth=1)
        ax.plot(rates, decibels, **style, label=name)
    for name, rate in exact.items():
        ax.axvline(rate, color="#777777", linestyle=":", linewidth=1)
        place = {"rotation": 90, "ha": "right", "va": "bottom", "transform": ax.get_xaxis_transform()}
        ax.text(rate, 0.02, name, fontsize=7, color="#777777", **place)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set(xlabel=f"{AXES[which]} (log)", ylabel="mean PSNR in dB", title=title)
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


def same_bytes_strip(rows: dict[str, list[dict]], titles: list[str], *, source: str = "", cell: float = 1.25) -> Figure:
    """Rows of images, each with its bytes and PSNR below it; titles stand over the first row.

    rows: name -> [{"image", "bytes", "psnr"}, ...], as rate_distortion.same_bytes returns them.
    """
    images = {name: [c["image"] for c in cells] for name, cells in rows.items()}
    figure = image_rows(images, titles, source=source, cell=cell)
    for ax, c in zip(figure.axes, [c for cells in rows.values() for c in cells], strict=True):
        ax.set_xlabel(f"{c['bytes']:,} bytes" + ("" if c["psnr"] is None else f"\n{c['psnr']:.1f} dB"), fontsize=7)
    return figure


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
