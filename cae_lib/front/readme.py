"""The README's sections between marks, and the chapters' small pictures: `python -m cae_lib.front.readme` writes them.

They come from the stored numbers and notebooks and from cae_lib.REPOSITORY; `cae figures` writes them, too.
"""

import re
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import nbformat
from PIL import Image

from cae_lib import REPOSITORY
from cae_lib.base.atomic import write_atomically
from cae_lib.base.sections import replace_section
from cae_lib.codec.search import STEPS
from cae_lib.codec.streams import RD2
from cae_lib.data.images import ImageSet
from cae_lib.front.moving import moving
from cae_lib.headless.runner import NOTEBOOKS
from cae_lib.race.codecs import SEARCHED
from cae_lib.race.rate_distortion import REFERENCE, against_anchors, bd, bpp_at
from cae_lib.results import measurements
from cae_lib.results.measurements import stored

OUTCOMES = {
    "00": "measure what a picture loses in decibels, and what it costs in bits per pixel",
    "01": "write a convolution, and say what a trained one has learned",
    "02": "train an autoencoder, and compare its code with the best linear one",
    "03": "say why nothing dark comes back from model1, and wake a network that sleeps",
    "04": "read a loss curve, and compare learning rates at equal budgets",
    "05": "put two models on one scale, and say why neither compresses yet",
    "06": "write a codec without a network, and decode pictures from its bytes",
    "07": "write an arithmetic coder, and account for every byte of a file",
    "08": "train a codec of your own for few bits *and* a small error",
    "09": "foresee symbols by their neighbours, and say what side information costs",
    "10": "build pictures of equal PSNR that look nothing alike, and find what a measure misses",
    "11": "answer a question by a grid of runs, with the interval of each mean",
}  # after a chapter you can ...
PICTURES = {
    "00": ("00-17", 0), "01": ("01-20", 0), "02": ("02-19", 0), "03": ("03-22", 0), "04": ("04-32", 0),
    "05": ("05-24", 0), "06": ("06-09", 0), "07": ("07-19", 0), "08": ("08-12", 0), "09": ("09-06", 1),
    "10": ("10-09", 0), "11": ("11-44", 0),
}  # the cell, and which of its pictures stands for the chapter  # fmt: skip
SMALL = (256, 160)  # pixels


def start() -> str:
    """The first command."""
    address = REPOSITORY or "ADDRESS"
    text = f"```\ngit clone {address} kit && cd kit && make lab\n```\n"
    return text if REPOSITORY else text + "\n(`ADDRESS`: where you found this page. There is no fixed one yet.)\n"


def results() -> str:
    """The codecs at equal bytes, and what came out in a few sentences."""
    shown, race, report = stored("at_equal_bytes"), stored("rd2"), stored("report_table")["rows"]
    curves, model2 = race["curves"], stored("codecs")["curves"]["model2"]
    headers = {name: round((c[0]["file_bpp"] - c[0]["payload_bpp"]) * 1024 / 8) for name, c in curves.items()}
    saved = {rival: -bd(curves[rival], curves[RD2], "payload")["bd_rate"] for rival in (REFERENCE, "AVIF")}
    below = [[(row["percent"] or 0) < 0 for row in against_anchors(curves[name])] for name in (RD2, RD2 + SEARCHED)]
    (loss,) = [row for row in report if (row["run"], row["epoch"], row["split"]) == ("model1", 30, "test")]
    level = 28
    return (
        f"![The first {len(shown['images'])} test images of CIFAR-10 as rd2, AVIF and JPEG keep them in as many bytes, "
        "with their PSNR](figures/at_equal_bytes.png)\n\n"
        f"The first {len(shown['images'])} test images, none chosen. Each is coded by `{RD2}`, the kit's strongest "
        f"codec, at quality {shown['quality']}, and by AVIF\nand JPEG at the quality whose payload is the smallest "
        "of *no fewer* bytes. Headers, the same in every file, are left\n"
        f"out ({headers[RD2]} bytes of `{RD2}`, {headers['AVIF']} of AVIF, {headers[REFERENCE]} of JPEG): "
        f"counting them would favour `{RD2}`.\n\n"
        f"On {race['images']} test images `{RD2}` needs {saved[REFERENCE]:.0f} % fewer bits than JPEG and "
        f"{saved['AVIF']:.0f} % fewer than AVIF at equal PSNR\n(BD-rate, payload; its weights are not counted); "
        f"it is below {sum(below[0])} of {len(below[0])} published points of\nlearned codecs, and below "
        f"{sum(below[1])} when its encoder searches for {STEPS[max(STEPS)]} steps a picture\n"
        "(whether theirs do is not stated).\n\n"
        f"The student report that the course begins with says {loss['report']:.4f} for its model1's loss; "
        f"{loss['floor']:.4f} of it is a floor\nthat the last ReLU sets. Its model2 is no compressor: at {level} dB "
        f"its code takes {bpp_at(model2, level):.1f} bits per\npixel, raw pixels 24. "
        "**[RESULTS.md](RESULTS.md)** has all tables and figures, whole files beside payload.\n"
    )


def chapters() -> str:
    """A row for each notebook: its picture, its link and reading time, what can be done after it."""
    there = REPOSITORY.startswith("https://github.com/")
    hosted = REPOSITORY.removeprefix("https://github.com/").removesuffix(".git") if there else ""
    lines = ["| chapter | after it you can |", "| :-- | :-- |"]
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        first = nbformat.read(path, as_version=4).cells[0].source
        title = re.search(r"^# (\d\d [^:,\n]+)", first)[1]
        minutes = re.search(r"\*\*Time\.\*\* (\d+) minutes", first)[1]
        colab = f"https://colab.research.google.com/github/{hosted}/blob/HEAD/notebooks/{path.name}"
        open_in = f" · [Colab]({colab})" if hosted else ""
        picture = f'<img src="figures/chapters/{path.stem[:2]}.webp" width="{SMALL[0] // 2}" alt="">'
        name = f"[{title}](notebooks/{path.name}) · {minutes}\N{NO-BREAK SPACE}min{open_in}"
        lines.append(f"| {picture}<br>{name} | {OUTCOMES[path.stem[:2]]} |")
    return "\n".join(lines) + "\n"


SECTIONS = {"start": start, "results": results, "chapters": chapters}


def small(path: Path) -> bytes:
    """A notebook's picture for the table of chapters: the upper left of a stored one, as WebP."""
    cells = nbformat.read(path, as_version=4).cells
    chosen, place = PICTURES[path.stem[:2]]
    (cell,) = [cell for cell in cells if cell.id == chosen]
    pngs = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
    image = Image.open(BytesIO(b64decode(pngs[place]))).convert("RGB")
    share = min(image.width / SMALL[0], image.height / SMALL[1])
    out = BytesIO()
    box = (0, 0, share * SMALL[0], share * SMALL[1])
    image.resize(SMALL, Image.Resampling.LANCZOS, box).save(out, "WEBP", quality=80, method=6)
    return out.getvalue()


def marks(name: str) -> tuple[str, str]:
    """What stands before and after a section."""
    return f"<!-- {name}: begin (written by `cae figures`) -->", f"<!-- {name}: end -->"


def write() -> None:
    """Write the sections into the README, and the chapters' pictures."""
    readme = measurements.FIGURES.parent / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, section in SECTIONS.items():
        text = replace_section(text, *marks(name), f"\n{section()}")
    write_atomically(readme, text.encode())
    for path in NOTEBOOKS.glob("[0-9]*.ipynb"):
        write_atomically(measurements.FIGURES / "chapters" / f"{path.stem[:2]}.webp", small(path))


def write_moving(test: ImageSet) -> None:
    """Write the moving picture, from CIFAR-10's test images."""
    write_atomically(measurements.FIGURES / "moving.webp", moving(test))


if __name__ == "__main__":
    write()
