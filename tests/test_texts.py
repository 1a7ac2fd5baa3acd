"""Glossary, cheat sheet and TEACHING.md: their links exist, their numbers are computed or those of the notebooks."""

import math
import re

import pytest
import torch
from helpers.notebooks import prose
from torch import nn

from cae_lib import metrics
from cae_lib.cli import main
from cae_lib.codec import blocks, model
from cae_lib.codec.container import Header, pack
from cae_lib.codec.quantisation import dequantise, quantise
from cae_lib.course import foreseeing, predictions
from cae_lib.headless import runner
from cae_lib.race import rates
from cae_lib.results import measurements

ROOT = runner.NOTEBOOKS.parent
TEXTS = {path.name: path for path in (ROOT / "TEACHING.md", *sorted(runner.NOTEBOOKS.glob("*.md")))}


def text(name: str) -> str:
    return TEXTS[name].read_text()


@pytest.mark.parametrize("name", ["TEACHING.md", "cheat_sheet.md", "glossary.md"])
def test_links_exist(name):
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text(name)) if not link.startswith("http")]
    assert links and [link for link in links if not (TEXTS[name].parent / link).exists()] == []


ENTRIES = [block for block in text("glossary.md").split("\n\n") if block.startswith("**")]


def test_glossary_is_in_order_and_short():
    terms = [re.match(r"\*\*([^*]+)\*\*", entry)[1] for entry in ENTRIES]
    assert len(terms) > 50 and terms == sorted(terms, key=str.lower)
    assert [entry for entry in ENTRIES if len(re.findall(r"[.:?](?:\s|$)", entry)) > 5] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: re.match(r"\*\*([^*]+)", entry)[1])
def test_glossary_links_where_the_term_first_does_its_work(entry):
    """The linked notebook has the word, and no notebook before it introduces it in bold."""
    term = re.match(r"\*\*([^*]+)\*\*", entry)[1].lower()
    number = re.search(r"\[(\d\d)\]\((\d\d)_", entry)
    assert number and number[1] == number[2]
    word = {"lambda": "λ", "quantisation": "quantis"}.get(term, term)
    assert word in prose(number[1]).lower()
    for earlier in sorted(path.name[:2] for path in runner.NOTEBOOKS.glob("[0-9]*.ipynb")):
        assert earlier >= number[1] or f"**{word}**" not in prose(earlier).lower()


def sizes(layer, *shape) -> int:
    return layer(torch.zeros(shape)).shape[-1]


def flat_ssim(a: float, b: float) -> float:
    return metrics.ssim(torch.full((1, 3, 32, 32), a), torch.full((1, 3, 32, 32), b)).item()


CONV = nn.Conv2d(3, 32, 3, padding=1)
ERRORS = torch.zeros(1, 1, 2, 2), torch.tensor([[[[0, 0.1], [0.2, 0]]]])
MSE = metrics.mse(*ERRORS).item()
Q, P = torch.tensor([0.5, 0.25, 0.25]), torch.full((3,), 1 / 3)
LOW, HIGH = torch.tensor([-1.0]), torch.tensor([1.0])
LEVEL = quantise(torch.full((1, 1, 1, 1), 0.2), LOW, HIGH, 3)


def field() -> int:
    """How many pixels the number in the middle depends on: where its gradient is not zero."""
    layers = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3), nn.AvgPool2d(2))
    image = torch.zeros(1, 1, 32, 32, requires_grad=True)
    layers(image)[0, 0, 3, 3].backward()
    return int((image.grad[0, 0] != 0).any(0).sum())


def rate_distortion() -> float:
    class Model(nn.Module):
        lambdas = torch.tensor([0.01])

        def forward(self, images, quality):
            return {"bits": torch.full((1,), 1.2 * 1024), "images": images + 2 * 0.001**0.5}

    images = torch.zeros(1, 3, 32, 32)
    return model.rate_distortion(Model(), images, torch.tensor([0]))["loss"].item()


# words of a row of the cheat sheet -> its last numbers in bold, computed by PyTorch or by the kit
EXAMPLES = {
    "output size of a convolution": sizes(nn.Conv2d(1, 1, 5, padding=2, stride=2), 1, 1, 28, 28),
    "output size of a transposed": sizes(nn.ConvTranspose2d(1, 1, 2, stride=2), 1, 1, 16, 16),
    "parameters of a convolution": f"{sum(p.numel() for p in CONV.parameters()):,}",
    "multiply–adds of a convolution": f"{CONV.weight.numel() * CONV(torch.zeros(1, 3, 32, 32))[0, 0].numel():,}",
    "receptive field": field(),
    "steps of a training": f"{10 * len(torch.arange(50_000).split(64)):,}",
    "mean squared error": f"{MSE:g}",
    "the same on [−1, 1]": f"{(2 * (ERRORS[0] - ERRORS[1])).square().mean():g}",
    "the same in grey levels": f"{(255 * (ERRORS[0] - ERRORS[1])).square().mean():.1f}",
    "peak signal-to-noise ratio": f"{metrics.psnr(*ERRORS).item():.2f} dB",
    "structural similarity": (f"{flat_ssim(0.5, 0.5):g}", f"{flat_ssim(0.5, 0.6):.3f}"),
    "bits per pixel": f"{rates.bits_per_pixel(512, 32 * 32):g}",
    "cost of a symbol": f"{-math.log2(1 / 8):g} bits",
    "entropy": f"{-(Q * Q.log2()).sum():g}",
    "cross-entropy": f"{-(Q * P.log2()).sum():.3f}",
    "conditional entropy": f"{foreseeing.conditional_entropy(torch.tensor([[3, 0], [1, 1]])):g}",
    "quantiser with a dead zone": f"{blocks.quantise(torch.tensor(-16.0), 10, 0.3).item():g}".replace("-", "−"),
    "rate of a Gaussian": f"{math.log2(4 / 1) / 2:g}",
    "error that a λ pays for": f"{math.sqrt(3 / (2 * math.log(2) * 0.01)):.1f}",
    "95 % interval of a mean": f"{measurements.half_interval({'std': 1, 'seeds': 3}):.2f}",
    "uniform quantiser": f"{2 / 7:.3f}",
    "level, and what comes back": (f"{LEVEL.item():g}", f"{dequantise(LEVEL, LOW, HIGH, 3).item():.3f}"),
    "its squared error": f"{(torch.linspace(-1, 1, 7001) * 7 / 2 % 1 - 0.5).div(3.5).square().mean():.4f}",
    "rate–distortion loss": f"{rate_distortion():.2f}",
    "BD-rate": f"−{-rates.bd_rate([1, 2, 4, 8], [20, 25, 30, 35], [0.5, 1, 2, 4], [20, 25, 30, 35]):.0f} %",
    "size of a .cae file": len(pack(Header(0, bytes(3), 4, 300, 100), b"")),
}
ROWS = [row for row in text("cheat_sheet.md").splitlines() if row.startswith("| ")][2:]


def test_cheat_sheet_has_an_example_in_every_row():
    assert [row for row in ROWS if not row.startswith(tuple(f"| {name}" for name in EXAMPLES))] == []
    assert len(ROWS) == len(EXAMPLES)


@pytest.mark.parametrize("name, expected", EXAMPLES.items(), ids=EXAMPLES)
def test_example_of_the_cheat_sheet(name, expected):
    (row,) = [row for row in ROWS if row.startswith(f"| {name}")]
    wanted = [str(each) for each in (expected if isinstance(expected, tuple) else (expected,))]
    assert re.findall(r"\*\*([^*]+)\*\*", row.split("|")[-2]) == wanted


def test_the_minutes_of_each_plan_add_up():
    plans = text("TEACHING.md").split("\n## ")[1].split("**")[1::2]
    tables = text("TEACHING.md").split("\n## ")[1].split("**")[2::2]
    assert [plan.split()[0] for plan in plans] == ["2", "4", "8"]
    for plan, table in zip(plans, tables, strict=True):
        *parts, total = [int(minutes) for minutes in re.findall(r"\| (\d+) \|$", table, re.MULTILINE)]
        assert sum(parts) == total == 60 * int(plan.split()[0])


def test_the_table_of_predictions_is_what_the_notebooks_say():
    """`make notebooks` writes it."""
    written = text("TEACHING.md").split(predictions.BEGIN)[1].split(predictions.END)[0].strip()
    assert written == predictions.table(sorted(runner.NOTEBOOKS.glob("*.ipynb")))


def test_teaching_says_how_long_the_shipped_codec_was_trained():
    (run,) = [run for run in measurements.stored("rd_trainings")["runs"] if run["name"] == "rd"]
    assert f"took {run['seconds'] / 3600:.1f} hours to train" in " ".join(text("TEACHING.md").split())


def test_teaching_names_commands_that_exist():
    blocks = "".join(text("TEACHING.md").split("```")[1::2])
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = set(re.findall(r"^ {4}([a-z]+) ", main.parser().format_help(), re.MULTILINE))
    assert len(targets) > 5 and set(re.findall(r"^make ([a-z]+)", blocks, re.MULTILINE)) <= targets
    assert len(commands) > 5 and set(re.findall(r"^cae ([a-z]+)", blocks, re.MULTILINE)) <= commands
