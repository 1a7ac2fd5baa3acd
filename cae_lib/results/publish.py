"""What ships: all figures into figures/, and all tables into RESULTS.md."""

from time import perf_counter

from cae_lib import plots
from cae_lib.base.atomic import write_atomically, write_json
from cae_lib.codec import streams
from cae_lib.codec.search import STEPS
from cae_lib.data.images import CIFAR10, DataError, ImageSet, load_images
from cae_lib.race import rate_distortion
from cae_lib.race.baselines import BASELINES
from cae_lib.race.codecs import SEARCHED
from cae_lib.race.rate_distortion import LEAST_OVERLAP, LEVELS, PUBLISHED, REFERENCE, against_anchors, bpp_at
from cae_lib.results import blocks, measurements
from cae_lib.results.chart_points import chart_points
from cae_lib.results.figures import FIGURES
from cae_lib.results.measurements import ablation, stored
from cae_lib.results.studies import machine
from cae_lib.results.tables import (
    ablation_markdown,
    anchor_table,
    comparison_markdown,
    decibels,
    number,
    race_table,
    report_markdown,
)

TABLES = "tables"  # `cae figures --measure tables`: the tables of the data and the autoencoders
BLOCKS = blocks.NAME  # the codec of notebook 06
ALL = list(dict.fromkeys([REFERENCE, *streams.MODELS, *BASELINES]))
BEST = streams.RD2 + SEARCHED
LEARNED = (streams.RD, streams.RD2, BEST)
RACES = {
    "codecs": (500, ALL),
    "rd": (10_000, [REFERENCE, streams.RD]),
    "rd2": (500, [REFERENCE, "AVIF", streams.DCT, *LEARNED]),
}  # stored races: test images, and codecs in order
EVERY = list(dict.fromkeys(name for _, names in RACES.values() for name in names))


def results_page() -> str:
    """RESULTS.md, from the stored numbers: every loss of the report, all runs on one scale, all codecs."""
    report, compared = stored("report_table")["rows"], stored("comparison")["rows"]
    codecs, whole, strong = stored("codecs"), stored("rd"), stored("rd2")
    return (
        "# What came out\n\n"
        "`make figures` writes this page, and draws the figures, from what is kept in `figures/*.json` and "
        "`cae_lib/runs`.\n\n"
        "![Ten test images, and what three autoencoders give back of them](figures/four_reconstructions.png)\n\n"
        "The report's model1; the same network trained on model2's scale, where in this seed one of the two code\n"
        "channels fell silent; and the report's model2, with a code larger than the picture.\n\n"
        "## The report's numbers\n\n"
        "The report's numbers and ours. The floor is what a final ReLU can never reproduce of pixels in [-1, 1];\n"
        '"test" is the report\'s validation set. One seed of model1 sleeps through its first epochs (notebook 03).\n\n'
        f"{report_markdown(report)}\n\n"
        "## All runs on one scale\n\n"
        "All runs on one scale, measured on the test images in [0, 1]. `model1_code8` is model1 with model2's pixel\n"
        "range, output and optimiser, and 8 code channels. A code with fewer numbers is a smaller code, and nothing\n"
        "more: its bytes come below. A channel that is zero on every image is not in use. Several values are several\n"
        "seeds; the first of model1_code2 is a run with a dead channel (notebook 02).\n\n"
        f"{comparison_markdown(compared)}\n\n"
        "![PSNR against the numbers in the code](figures/quality_against_code_size.png)\n\n"
        "## In bytes\n\n"
        f"And in bytes of files that can be decoded: the first {codecs['images']} test images, each coded on its own.\n"
        "*Payload* leaves out the fixed headers, which at 32 × 32 pixels are most of a small file. *BD-rate*: how\n"
        "many percent more bits than JPEG 4:4:4 at equal PSNR, on average over the dB that both reach; below 0 is\n"
        "better. A dash: no such value, as where a codec does not reach a PSNR, or has less than\n"
        f"{LEAST_OVERLAP} dB in common with JPEG.\n\n"
        f"```\n{race_table(codecs, PUBLISHED)}\n```\n\n"
        f"{savings('payload', 'AVIF', codecs['curves']['rd'], codecs['curves']['AVIF'])}\n\n"
        "![PSNR against bits per pixel of the payload](figures/codecs_payload.png)\n\n"
        "Dashed lines are classical codecs, grey ones what others published, the rest the kit's own.\n\n"
        "## The learned codecs: `rd` on all test images, and `rd2`\n\n"
        "`rd`, the autoencoder trained for rate and distortion (notebook 08), on all\n"
        f"{whole['images']:,} test images:\n\n"
        f"```\n{race_table(whole, PUBLISHED)}\n```\n\n"
        f"{savings('file', 'BPG 4:4:4', whole['curves']['rd'], PUBLISHED['BPG 4:4:4'])}\n"
        "As BPG's published bits are limits, the true difference is smaller.\n\n"
        "![rd against JPEG and published codecs](figures/rd_payload.png)\n\n"
        "`rd2` is grown from rd: more blocks, qualities and groups. *Searched*: for each picture its encoder looks\n"
        f"for better symbols, in {STEPS[max(STEPS)]} steps; the decoder is the same. Whether published encoders\n"
        "search, too, is not stated: if not, the column without search is the fair one. On the first\n"
        f"{strong['images']} test images:\n\n"
        f"```\n{race_table(strong, PUBLISHED)}\n```\n\n"
        "## Beside other learned codecs\n\n"
        "Other learned codecs, at the single points that were published (PSNR of the mean error):\n\n"
        f"```\n{anchor_table({name: strong['curves'][name] for name in LEARNED})}\n```\n\n"
        f"{who_wins(against_anchors(strong['curves'][BEST]), BEST)}\n\n"
        "![rd and rd2 beside single published points](figures/rd2_race.png)\n\n"
        f"{paid_for(stored('weights')['rows'])}\n\n"
        "![Bytes of rd with its weights, and of AVIF, against the number of images](figures/weights.png)\n\n"
        "## Without a network\n\n"
        "What a codec without any network reaches, `dct`, step by step from JPEG (notebook 08):\n\n"
        "![Payload of JPEG and of the DCT codec, one change at a time](figures/dct_steps.png)\n\n"
        "## The parts of `rd`\n\n"
        "What the parts of `rd` are worth, measured on small models trained for a short time: BD-rate of the payload\n"
        "in percent against `rd_small` with the same seed, five seeds each (two of them added to every design at\n"
        "once, after three had been looked at). `rd_balanced`, `rd_apart`, `rd_sight`, `rd_fine`, `rd_told` and\n"
        "`rd_deep` are what `rd2` does otherwise. Images held out of the training set rank the designs; test images\n"
        "only measure. Intervals: 95 %, Student's t.\n\n"
        f"{ablation_markdown(ablation(stored('rd_trainings')['runs']))}\n"
    )


def savings(which: str, rival: str, ours: list[dict], theirs: list[dict]) -> str:
    """A sentence: how many percent of bits rd saves against a rival at each level and on average, counted alike."""
    counted = {"payload": "payload against payload", "file": "whole files against whole files"}[which]
    pairs = [(bpp_at(ours, level, which), bpp_at(theirs, level, which)) for level in LEVELS]
    shares = ", ".join("–" if None in pair else f"{100 * (pair[0] / pair[1] - 1):+.0f} %" for pair in pairs)
    row = rate_distortion.bd(theirs, ours, which)
    average = f"BD-rate {number(row['bd_rate'], '+.1f')} % over {decibels(row['bd_range'])} dB"
    return f"`rd` against {rival}, {counted}, at {', '.join(map(str, LEVELS))} dB: {shares}\n({average})."


def who_wins(rows: list[dict], ours: str) -> str:
    """against_anchors' rows of a codec of ours, in words."""
    texts = []
    for name in dict.fromkeys(row["codec"] for row in rows):
        known = [row for row in rows if row["codec"] == name and row["percent"] is not None]
        for winner, than, chosen in (
            (name, "more", [r for r in known if r["percent"] > 0]),
            (f"`{ours}` against {name}", "less", [r for r in known if r["percent"] <= 0]),
        ):
            places = " and ".join(f"{r['psnr_pooled']:.2f} dB ({abs(r['percent']):.0f} % {than})" for r in chosen)
            texts += [f"**{winner}** wins at {places}"] if chosen else []
    missed = ", ".join(f"{r['psnr_pooled']:.2f}" for r in rows if r["percent"] is None)
    ending = f"\nIts curve does not reach {missed} dB." if missed else ""
    return f"In brackets, what `{ours}` needs:\n" + ";\n".join(texts) + "." + ending


def paid_for(rows: list[dict]) -> str:
    """break_even's rows in words, in numbers of two digits."""
    counts = {
        r["which"]: f"about {round(n, 2 - len(str(n))):,} images" if (n := r["images"]) else "no number" for r in rows
    }
    weights, psnr = rows[0]["weights"] / 1e6, rows[0]["psnr"]
    return (
        f"The weights of `rd` are {weights:.1f} MB, which no table above counts: against AVIF at {psnr} dB they are\n"
        f"paid for after {counts['file']} of 32 × 32 pixels by whole files, after {counts['payload']} by payload alone."
    )


def measure(names: list[str]) -> None:
    """Measure again what figures/ keeps, all of it or what is named: TABLES and codecs, each in its races.

    Raises DataError without CIFAR-10: the shipped numbers are not to come from the stand-in.
    """
    train, test = load_images("train"), cifar10("test")
    folder, wanted = measurements.FIGURES, names or [TABLES, BLOCKS, *EVERY]
    if TABLES in wanted:
        facts = {"train": measurements.data_facts(train), "test": measurements.data_facts(test)}
        write_json(folder / "data_facts.json", facts)
        write_json(folder / "report_table.json", {"rows": measurements.report_table(facts)})
        write_json(folder / "comparison.json", {"rows": measurements.comparison(test)})
        write_json(folder / "trivial.json", {"rows": measurements.trivial_codes(test)})
        write_json(folder / "chart.json", {"source": test.source, "points": chart_points(train, test)})
        write_json(folder / "pca.json", {"rows": measurements.pca_quality(train, test, [64, 128, 256, 384, 512, 1024])})
    if BLOCKS in wanted:
        blocks.measure(train, test)
    for name, (images, codecs) in RACES.items():
        chosen = [codec for codec in codecs if codec in wanted]
        if chosen:
            write_json(folder / f"{name}.json", run_again(name, test.take(images), chosen, codecs))


def run_again(name: str, test: ImageSet, chosen: list[str], order: list[str]) -> dict:
    """The stored race of that name with some codecs measured anew; all are, where it has other images.

    "measured" tells of each codec how many seconds all its points took, and on which machine.
    """
    path = measurements.FIGURES / f"{name}.json"
    old = stored(name) if path.exists() else {}
    same = (old.get("source"), old.get("images")) == (test.source, len(test))
    curves, measured = (old["curves"], old["measured"]) if same else ({}, {})
    for codec in chosen if same else order:
        began = perf_counter()
        new = rate_distortion.race(test.images, [codec], progress=True, known=curves)
        curves, seconds = new["curves"], round(perf_counter() - began)
        measured = measured | {codec: {"seconds": seconds, "machine": machine()}}
    curves = {codec: curves[codec] for codec in order if codec in curves}
    rows = {"curves": curves, "table": rate_distortion.table(curves)}
    return {"source": test.source} | new | rows | {"measured": measured}


def draw_all() -> None:
    """Draw every figure and write RESULTS.md, from the stored runs and measurements and the test images.

    Raises DataError without CIFAR-10: the shipped pictures are not to come from the stand-in.
    """
    folder, test = measurements.FIGURES, cifar10("test")
    for name in RACES:  # the rows follow from the curves
        write_json(folder / f"{name}.json", stored(name) | {"table": rate_distortion.table(stored(name)["curves"])})
    for draw in FIGURES:
        figure, numbers = draw(test)
        write_atomically(folder / f"{draw.__name__}.png", plots.to_png(figure))
        write_json(folder / f"{draw.__name__}.json", numbers)
        print(folder / f"{draw.__name__}.png", flush=True)
    write_atomically(folder.parent / "RESULTS.md", results_page().encode())


def cifar10(split: str) -> ImageSet:
    """A split of CIFAR-10. Raises DataError where there is only the stand-in."""
    images = load_images(split)
    if images.source != CIFAR10:
        raise DataError("What ships is measured on CIFAR-10: set CAE_DATA to the directory that holds it.")
    return images
