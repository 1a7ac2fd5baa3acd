"""The kit's tables as text: Markdown for the notebooks and RESULTS.md, plain text for races."""

from textwrap import wrap

from cae_lib.race.rate_distortion import ANCHOR_NOTE, NOTES, against_anchors, bpp_at
from cae_lib.results.measurements import half_interval
from cae_lib.results.recipes import BASE, CODECS


def as_markdown(header: list[str], rows: list[list]) -> str:
    """A table as Markdown, numbers right-aligned: shown by notebooks and written into RESULTS.md."""
    numeric = [not isinstance(cell, str) or cell.lstrip("+-")[:1].isdigit() for cell in rows[0]]
    lines = [header, ["--:" if right else ":--" for right in numeric], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def each(value: dict, spec: str) -> str:
    """The values of a spread, seed by seed."""
    return " / ".join(format(v, spec) for v in value["values"])


def report_markdown(rows: list[dict]) -> str:
    """report_table's rows as Markdown: the report's losses, ours, the floor, and ours on the [0, 1] scale."""
    cells = []
    for r in rows:
        name = f"{r['run']}, epoch {r['epoch']}, {r['split']}"
        spec = ".4f" if r["report"] > 0.01 else ".5f"
        cells.append([name, f"{r['report']:.4f}", each(r["ours"], spec), f"{r['floor']:.4f}", f"{r['same_scale']:.5f}"])
    return as_markdown(["loss", "report", "ours, each seed", "floor", "mean in [0, 1]"], cells)


def comparison_markdown(rows: list[dict]) -> str:
    """comparison's rows as Markdown: cost, code size and quality of every run on one scale."""
    cells = []
    for r in rows:
        cost = [f"{r['parameters']:,}", f"{r['multiply_adds'] / 1e6:.2f} M"]
        used = each(r["code_numbers_in_use"], ",.0f")
        code = [f"{r['code_numbers']:,}", used, f"{r['code_bytes_float32']:,}"]
        scores = [each(r["psnr"], ".2f"), each(r["ssim"], ".3f")]
        cells.append([f"{r['run']}, epoch {r['epoch']}", *cost, *code, *scores])
    header = ["run", "parameters", "multiply-adds", "code", "in use", "bytes as float32", "PSNR, dB", "SSIM"]
    return as_markdown(header, cells)


def with_interval(value: dict, spec: str) -> str:
    """A spread as "mean [low, high]", the 95 % interval of Student's t; the mean alone where there is one seed."""
    text = format(value["mean"], spec)
    if value["seeds"] == 1:
        return text
    half = half_interval(value)
    return f"{text} [{value['mean'] - half:{spec}}, {value['mean'] + half:{spec}}]"


def ablation_markdown(rows: list[dict]) -> str:
    """ablation's rows as Markdown; each seed's BD-rate is against the base's with the same seed."""
    cells = []
    for r in rows:
        rates = [each(r["bd_rate"], "+.1f"), with_interval(r["bd_rate"], "+.1f"), with_interval(r["on_test"], "+.1f")]
        rates = ["–"] * 3 if r["name"] == BASE else rates
        cells.append([r["name"], CODECS[r["name"]].why, *rates, with_interval(r["against_jpeg"], "+.1f")])
    header = ["held out: each seed", "held out: mean, interval", "test: mean, interval", "test, against JPEG 4:4:4"]
    return as_markdown(["training", "what differs", *header], cells)


def race_table(result: dict, references: dict[str, list[dict]] | None = None) -> str:
    """A race as plain text: bits per pixel at the levels, payload and whole file; a lossless codec has one size.

    references: name -> points with payloads or with whole files, such as PUBLISHED (for CIFAR-10), in rows of their
    own; what is known of them (NOTES) follows below the table.
    """
    references = references or {}
    published = {name: f"{name}, published" for name in references}
    first = max(map(len, ["at a mean PSNR of, dB", *result["curves"], *published.values()])) + 1
    levels = "".join(f"{level:>6}" for level in result["levels"])
    wide = len(levels)
    lines = [
        f"{'bits per pixel':<{first}}{'payload':>{wide}}  {'whole file':>{wide}}  {'BD-rate, %':>10} {'over dB':>9}"
    ]
    lines.append(f"{'at a mean PSNR of, dB':<{first}}{levels}  {levels}  {'(payload)':>10} {'':>9}")
    for row in result["table"]:
        points = result["curves"][row["codec"]]
        if all(p["psnr"] is None for p in points):
            cells = [f"{f'exact: {points[-1][which]:.2f}':>{wide}}" for which in ("payload_bpp", "file_bpp")]
        else:
            cells = ["".join(f"{number(value):>6}" for value in row[which]) for which in ("payload", "file")]
        rate = f"{number(row['bd_rate'], '+.1f'):>10} {decibels(row.get('bd_range')):>9}"
        lines.append(f"{row['codec']:<{first}}{cells[0]}  {cells[1]}  {rate}")
    for name, points in references.items():
        cells = [
            "".join(f"{number(bpp_at(points, level, which)):>6}" for level in result["levels"])
            if any(f"{which}_bpp" in p for p in points)
            else " " * wide
            for which in ("payload", "file")
        ]
        lines.append(f"{published[name]:<{first}}{cells[0]}  {cells[1]}".rstrip())
    for name in references:
        if name in NOTES:
            lines += wrap(f"{name}: {NOTES[name]}", len(lines[0]), subsequent_indent="  ")
    return "\n".join(lines)


def anchor_table(curves: dict[str, list[dict]]) -> str:
    """What codecs need at the PSNR of single published points, and how much more that is, as plain text.

    curves: name -> points of rate_distortion.curve.
    """
    width = max(14, *map(len, curves)) + 2
    names = "".join(f"{name:>{width}}" for name in curves)
    lines = [f"{'payload, bpp':<14}{'at dB':>8}{'published':>11}{names}"]
    for rows in zip(*(against_anchors(points) for points in curves.values()), strict=True):
        line = f"{rows[0]['codec']:<14}{rows[0]['psnr_pooled']:>8.2f}{rows[0]['published']:>11.3f}"
        for row in rows:
            percent = "" if row["percent"] is None else f"{row['percent']:+5.0f} %"
            line += f"{number(row['ours'], '.3f') + percent:>{width}}"
        lines.append(line)
    return "\n".join([*lines, *wrap(ANCHOR_NOTE, 84, break_on_hyphens=False)])


def decibels(pair: list[float] | None) -> str:
    """A range in dB, or a dash where there is none."""
    return "–" if not pair else f"{pair[0]:.1f}–{pair[1]:.1f}"


def number(value: float | None, spec: str = ".2f") -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else format(value, spec)
