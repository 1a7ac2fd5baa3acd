"""What notebooks claim, looked up: numbers from figures/, from stored runs and from what the notebooks printed."""

import json
import re
from functools import cache
from itertools import pairwise

import numpy as np

from cae_lib.anatomy import summarise
from cae_lib.checkpoints import load_histories
from cae_lib.codec.streams import load_codec
from cae_lib.data.standin import make_images
from cae_lib.models import build
from cae_lib.race.rate_distortion import PUBLISHED, against_anchors, bd, bpp_at
from cae_lib.results import measurements
from cae_lib.results.recipes import BASE, CODECS
from cae_lib.results.studies import DEAD_RELU_FILE
from helpers.notebooks import printed


def numbers(name: str, pattern: str) -> list[tuple[float, ...]]:
    """The numbers in the groups of a pattern, from each line that it matches in a notebook's stored outputs."""
    found = [match for match in (re.search(pattern, line) for line in printed(name).splitlines()) if match]
    return [tuple(float(group.replace(",", "")) for group in match.groups()) for match in found]


def facts(split: str = "test") -> dict:
    return measurements.stored("data_facts")[split]


def losses(run: str, curve: str = "validation_loss", seed: int = 0) -> list[float]:
    return load_histories(run)[seed]["history"][curve]


def at_10() -> list[float]:
    return report("model1", 10, "test")["ours"]["values"]


def further() -> list[int]:
    """By how many per cent each seed of model1 is further above the floor after 10 epochs than the report."""
    floor = report("model1", 10, "test")["floor"]
    return [round(100 * ((x - floor) / (0.1421 - floor) - 1)) for x in at_10()]


def asleep() -> list[dict]:
    return [run for run in study() if run["validation_loss"] > 0.99 * facts()["zero_output"]]


def report(run: str, epoch: int, split: str) -> dict:
    rows = measurements.stored("report_table")["rows"]
    return next(r for r in rows if (r["run"], r["epoch"], r["split"]) == (run, epoch, split))


def row(run: str, epoch: int) -> dict:
    rows = measurements.stored("comparison")["rows"]
    return next(r for r in rows if (r["run"], r["epoch"]) == (run, epoch))


def dB(run: str, epoch: int) -> float:
    return row(run, epoch)["psnr"]["mean"]


def study() -> list[dict]:
    runs = json.loads(DEAD_RELU_FILE.read_text())["runs"]
    assert len(runs) == 20
    return runs


def total(config, field: str) -> int:
    return sum(getattr(row, field) for row in summarise(build(config)))


CLASSICAL = ("JPEG 4:4:4", "WebP", "JPEG 2000", "AVIF")
AUTOENCODERS = ("model1", "model1_code8", "model1_code16", "model1_code64", "model2")


def points(codec: str) -> list[dict]:
    return measurements.stored("codecs")["curves"][codec]


def point(codec: str, quality: int) -> dict:
    return next(p for p in points(codec) if p["quality"] == quality)


def crosses(codec: str) -> bool:
    """Whether a codec needs fewer bytes than JPEG 4:4:4 at one of its points, and more at another."""
    rival = points("JPEG 4:4:4")
    pairs = [(p["file_bpp"], bpp_at(rival, p["psnr"], "file")) for p in points(codec)]
    return len({ours < theirs for ours, theirs in pairs if theirs is not None}) == 2


def beside(rival: str, which: str) -> list[tuple[float, float]]:
    """Bits per pixel of each point of the autoencoders, and of a classical codec at the same PSNR."""
    ours = [p for name in AUTOENCODERS for p in points(name)]
    pairs = [(p[f"{which}_bpp"], bpp_at(points(rival), p["psnr"], which)) for p in ours]
    pairs = [pair for pair in pairs if pair[1] is not None]
    assert len(pairs) > 20
    return pairs


def prices() -> list[bool]:
    """For each two neighbours on the curve of rd: whether bits were paid for squared error between their lambdas."""
    worth, paid = load_codec("rd").config.lambdas, []
    for a, b in pairwise(points("rd")):
        less = 255**2 * (10 ** (-a["psnr_pooled"] / 10) - 10 ** (-b["psnr_pooled"] / 10))
        price = (b["payload_bpp"] - a["payload_bpp"]) / less
        paid.append(worth[a["quality"] - 1] < price < worth[b["quality"] - 1])
    return paid


def ssim_lead() -> list[tuple[float, float]]:
    """Bits per pixel of each point of rd, and by how much its SSIM is above AVIF's at the same rate."""
    rates, values = zip(*[(p["payload_bpp"], p["ssim"]) for p in points("AVIF")], strict=True)
    inside = [p for p in points("rd") if rates[0] <= p["payload_bpp"]]
    return [(p["payload_bpp"], p["ssim"] - np.interp(p["payload_bpp"], rates, values)) for p in inside]


def first_passes() -> list[float]:
    """Bits of the first two passes of rd, over stand-in images."""
    rd, (images, _), costs = load_codec("rd"), make_images("test", 20), []
    symbols = rd.analyse(images, 5)
    for where, table, offset in rd.passes(symbols, 5):
        costs.append(rd.tables[5].bits[table.numpy(), (symbols[:, where] - offset).numpy()].sum())
    return costs[:2]


def header(codec: str) -> int:
    """Bytes of a file of a 32 x 32 image that are not payload, on average over a codec's first quality."""
    first = points(codec)[0]
    return round((first["file_bpp"] - first["payload_bpp"]) * 32 * 32 / 8)


def minutes() -> list[dict]:
    runs = [run for run in measurements.stored("rd_trainings")["runs"] if run["name"] == "rd_minutes"]
    assert len(runs) == 3
    return [run["points"][0] for run in runs]


def worse(name: str) -> dict:
    """Spread of the BD-rates of a variant of the small model against it, in percent: above zero is worse."""
    rows = measurements.ablation(measurements.stored("rd_trainings")["runs"])
    (row,) = [row for row in rows if row["name"] == name]
    assert row["bd_rate"]["seeds"] == 5
    return row["bd_rate"]


def told() -> list[str]:
    """The variants whose 95 % interval does not hold zero, the best first."""
    spreads = {name: worse(name) for name in VARIANTS if name != BASE}
    found = [name for name, value in spreads.items() if abs(value["mean"]) > measurements.half_interval(value)]
    return sorted(found, key=lambda name: spreads[name]["mean"])


def against_dct(name: str) -> list[float]:
    """BD-rate of each seed of a training against the codec without a network, on test images."""
    runs = [run for run in measurements.stored("rd_trainings")["runs"] if run["name"] == name]
    return [bd(points("dct"), run["points"])["bd_rate"] for run in runs]


def saved(step: str) -> list[float]:
    """Share of JPEG's payload that a step towards dct saves at the PSNR of each seed of the three-minute network."""
    rows = {row["what"]: row["points"] for row in measurements.stored("dct_steps")["rows"]}
    return [1 - bpp_at(rows[step], p["psnr"]) / bpp_at(rows["JPEG 4:4:4"], p["psnr"]) for p in minutes()]


def by_the_network() -> list[float]:
    """The same for the three-minute network itself."""
    return [1 - p["payload_bpp"] / bpp_at(points("JPEG 4:4:4"), p["psnr"]) for p in minutes()]


def steps_on_average() -> dict[str, float]:
    return {row["what"]: row["bd_rate"] for row in measurements.stored("dct_steps")["rows"]}


def beside_anchors(name: str) -> list[float]:
    """How many percent more bits rd needs at the single published points of a codec that its curve reaches."""
    rows = against_anchors(measurements.stored("rd")["curves"]["rd"])
    return [row["percent"] for row in rows if row["codec"] == name and row["percent"] is not None]


def beside_published(name: str) -> list[float]:
    """Bits of rd over those of a published curve, at each of its points, counted alike."""
    rd = measurements.stored("rd")["curves"]["rd"]
    which = "file" if name == "BPG 4:4:4" else "payload"
    return [bpp_at(rd, p["psnr"], which) / p[f"{which}_bpp"] for p in PUBLISHED[name]]


def side_by_side(codec: str, which: str) -> float:
    """By how many percent the bytes of sixteen images change in one mosaic, as notebook 08 printed it."""
    ((change,),) = numbers("08", rf"^{codec} +{which} .* ([+-][\d.]+)%$")
    return change


def seams() -> list[float]:
    """By how many percent a place costs more in the mosaic, at the edges of images and elsewhere."""
    return [change for (change,) in numbers("08", r"^bits a place .* ([+-][\d.]+)%$")]


def paid_after() -> list[int]:
    """Images after which the weights of rd are paid for, by whole files and by payload."""
    return [row["images"] for row in measurements.stored("weights")["rows"]]


def half(values: list[float]) -> float:
    return measurements.half_interval(measurements.spread(values))


def pca(numbers: int) -> float:
    """PSNR in dB of PCA with so many numbers."""
    return next(row["psnr"] for row in measurements.stored("pca")["rows"] if row["code_numbers"] == numbers)


def painted(name: str) -> list[float]:
    """PSNR in dB of both seeds of a painter, as notebook 01 printed them."""
    return list(numbers("01", rf"{name} ([\d.]+) dB and ([\d.]+) dB")[0])


def won_later() -> float:
    """By how many dB epochs 11 to 30 moved model1, as notebook 04 printed it."""
    ((before, after),) = numbers("04", r"which moves ([\d.]+) dB to ([\d.]+) dB")
    return after - before


def budget(kind: str, batch: int) -> tuple[float, float]:
    """Mean and standard deviation of the loss of a batch size at an equal number of images or steps, as printed."""
    return numbers("04", rf"equal {kind} +batch +{batch}: ([\d.]+) ± ([\d.]+)")[0]


def strange(name: str) -> dict[str, float]:
    """Bytes of an unusual picture in each codec, as notebook 08 printed them."""
    codecs = ("rd", "JPEG 4:4:4", "AVIF", "PNG")
    (sizes,) = numbers("08", f"^{name} .* dB: " + "".join(rf"{codec} +([\d,]+) *" for codec in codecs))
    return dict(zip(codecs, sizes, strict=True))


@cache
def runs_of_the_batch(batch_size: int) -> dict[float, list[float]]:
    """Learning rate -> test loss of each seed, of the stored batch."""
    rows = [json.loads(line) for line in (measurements.FIGURES / "batch.jsonl").read_text().splitlines()]
    found = {}
    for row in rows:
        if row["BATCH_SIZE"] == batch_size:
            found.setdefault(row["LEARNING_RATE"], []).append(row["test_loss"])
    assert [len(losses) for losses in found.values()] == [4, 4, 4]
    return found


def pairs() -> list[float]:
    """Loss at batch 32 minus loss at batch 8, at the smallest rate, seed by seed."""
    few, many = (runs_of_the_batch(size)[0.001] for size in (8, 32))
    return [b - a for a, b in zip(few, many, strict=True)]


def lowest_two() -> list[float]:
    """The two lowest losses at batch 8."""
    return sorted(sum(runs_of_the_batch(8).values(), []))[:2]


def winners() -> list[float]:
    """The learning rate with the lowest loss at batch 8, for each seed."""
    found = runs_of_the_batch(8)
    return [min(found, key=lambda rate: found[rate][seed]) for seed in range(4)]


RECODED, DCT = "JPEG's symbols, static tables", "... and a dead zone: the codec dct"
VARIANTS = [name for name in CODECS if name not in ("rd", "rd2", "rd_minutes")]
