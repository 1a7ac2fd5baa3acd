"""What ships: all tables and figures into figures/, and the README's section of results."""

from cae_lib import codec, plots, rate_distortion, results
from cae_lib.baselines import BASELINES
from cae_lib.data import CIFAR10, DataError, load_images
from cae_lib.figures import FIGURES
from cae_lib.files import write_atomically, write_json
from cae_lib.pca import pca_quality
from cae_lib.rate_distortion import PUBLISHED
from cae_lib.results import ablation, stored
from cae_lib.tables import ablation_markdown, comparison_markdown, race_table, report_markdown

RACE_IMAGES = 500  # of the test set: as many as behind the reference numbers for the classical codecs

README_BEGIN, README_END = "<!-- results: begin (written by `cae figures`) -->", "<!-- results: end -->"


def readme_section() -> str:
    """The README's tables, from the stored numbers: every loss of the report, all runs on one scale, all codecs."""
    report, compared = stored("report_table")["rows"], stored("comparison")["rows"]
    codecs, whole = stored("codecs"), stored("rd")
    return (
        "The report's numbers and ours. The floor is what a final ReLU can never reproduce of pixels in [-1, 1];\n"
        '"test" is the report\'s validation set. One seed of model1 sleeps through its first epochs (notebook 03).\n\n'
        f"{report_markdown(report)}\n\n"
        "All runs on one scale, measured on the test images in [0, 1]. `model1_code8` is model1 with model2's pixel\n"
        "range, output and optimiser, and 8 code channels. A code with fewer numbers is a smaller code, and nothing\n"
        "more: its bytes come below. A channel that is zero on every image is not in use.\n\n"
        f"{comparison_markdown(compared)}\n\n"
        "![PSNR against the numbers in the code](figures/quality_against_code_size.png)\n\n"
        f"And in bytes of files that can be decoded: the first {codecs['images']} test images, each coded on its own.\n"
        "*Payload* leaves out the fixed headers, which at 32 × 32 pixels are most of a small file. *BD-rate*: how\n"
        "many percent more bits than JPEG 4:4:4 at equal PSNR, on average; below 0 is better. A dash: no such value,\n"
        "for example at a PSNR that a codec does not reach.\n\n"
        f"```\n{race_table(codecs, PUBLISHED)}\n```\n\n"
        "![PSNR against bits per pixel of the payload](figures/codecs_payload.png)\n\n"
        "Solid lines are the kit's models, dashed ones classical codecs, grey ones what others published.\n\n"
        "`rd`, the autoencoder trained for rate and distortion (notebook 07), on all\n"
        f"{whole['images']:,} test images:\n\n"
        f"```\n{race_table(whole, PUBLISHED)}\n```\n\n"
        "![rd against JPEG and published codecs](figures/rd_payload.png)\n\n"
        "What its parts are worth, measured on a small model trained for a short time: payload at equal PSNR.\n\n"
        f"{ablation_markdown(ablation(stored('rd_trainings')['runs']))}\n"
    )


def make_all() -> None:
    """Compute the tables and draw every figure from the stored runs and the real data, into figures/ and the README.

    Raises DataError without CIFAR-10: the shipped numbers are not to come from the stand-in.
    """
    folder, train, test = results.FIGURES, load_images("train"), load_images("test")
    if test.source != CIFAR10:
        raise DataError("The shipped figures are drawn from CIFAR-10: set CAE_DATA to the directory that holds it.")
    facts = {"train": results.data_facts(train), "test": results.data_facts(test)}
    write_json(folder / "data_facts.json", facts)
    write_json(folder / "report_table.json", {"rows": results.report_table(facts)})
    write_json(folder / "comparison.json", {"rows": results.comparison(test)})
    counts = [64, 128, 256, 384, 512, 1024]
    write_json(folder / "pca.json", {"rows": pca_quality(train, test, counts)})
    names = [*codec.MODELS, *BASELINES]
    race = rate_distortion.race(test.take(RACE_IMAGES).images, names, progress=True)
    write_json(folder / "codecs.json", {"source": test.source} | race)
    whole = rate_distortion.race(test.images, [codec.RD], progress=True)
    write_json(folder / "rd.json", {"source": test.source} | whole)
    for draw in FIGURES:
        figure, numbers = draw(test)
        write_atomically(folder / f"{draw.__name__}.png", plots.to_png(figure))
        write_json(folder / f"{draw.__name__}.json", numbers)
        print(folder / f"{draw.__name__}.png", flush=True)
    readme = folder.parent / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(README_BEGIN)
    after = rest[rest.index(README_END) :]
    write_atomically(readme, f"{before}{README_BEGIN}\n{readme_section()}{after}".encode())
