"""The shipped figures of the stored races, each with the numbers that it draws; figures.py lists all figures."""

from matplotlib.figure import Figure

from cae_lib import plots
from cae_lib.codec.streams import FOLDER, RD, RD2
from cae_lib.data.images import ImageSet
from cae_lib.race import equal_bytes, rate_plots
from cae_lib.race.baselines import BASELINES
from cae_lib.race.rate_distortion import ANCHOR_NOTE, ANCHORS, NOTES, PUBLISHED, against_anchors, break_even, curve_of
from cae_lib.results import measurements

FIRST, QUALITY = 8, 4  # images at equal bytes, and the quality of rd2 that says how many bytes


def codecs_payload(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Rate and distortion of every codec, payload only, with what others published."""
    return race_figure("codecs", "payload")


def codecs_file(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """Rate and distortion of every codec, whole files, with what others published."""
    return race_figure("codecs", "file")


def rd_payload(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """The rate-distortion autoencoder on all test images, payload only, with what others published."""
    return race_figure("rd", "payload")


def rd2_race(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """rd and rd2 by the PSNR of the mean error, beside single points that others published: who needs fewer bits."""
    race = measurements.stored("rd2")
    curves = ours_first(race["curves"])
    options = {"anchors": ANCHORS, "measure": "psnr_pooled", "source": race["source"]}
    rows = {name: against_anchors(points) for name, points in curves.items()}
    numbers = {"rows": rows, "note": ANCHOR_NOTE, "curves": curves, "anchors": ANCHORS}
    return rate_plots.rate_distortion(curves, **options), numbers


def weights(test: ImageSet | None = None) -> tuple[Figure, dict]:
    """After how many images the weights of the rate-distortion autoencoder are paid for against AVIF at 30 dB."""
    race, size = measurements.stored("codecs"), (FOLDER / f"{RD}.safetensors").stat().st_size
    rows = break_even(race["curves"], size, RD, "AVIF", 30)
    figure = rate_plots.weights_figure(rows, RD, "AVIF", source=race["source"])
    return figure, {"codec": RD, "rival": "AVIF", "images": race["images"], "rows": rows}


def at_equal_bytes(test: ImageSet) -> tuple[Figure, dict]:
    """The first test images in rd2 at one quality, and in AVIF and JPEG with payloads of no fewer bytes."""
    images = {str(i): test.images[i] for i in range(min(FIRST, len(test)))}
    rows = equal_bytes.pictures(images, RD2, QUALITY, ["AVIF", "JPEG 4:4:4"])
    names = list(rows["0"])
    figure, axes = plots.new_figure(1 + len(names), len(images), 8.0, 1.2 * (1 + len(names)) - 0.1, test.source)
    for c, (key, cells) in enumerate(rows.items()):
        plots.show_image(axes[0, c], images[key])
        axes[0, c].set_xlabel(f"{images[key].numel():,} bytes", fontsize=7.5)
        for r, name in enumerate(names, 1):
            plots.show_image(axes[r, c], cells[name]["image"])
            axes[r, c].set_xlabel(f"{cells[name]['bytes']} B · {cells[name]['psnr']:.1f} dB", fontsize=7.5)
    for ax, name in zip(axes[:, 0], ["original", *names], strict=True):
        ax.set_ylabel(name.replace(" ", "\n"), fontsize=9, rotation=0, ha="right", va="center")
    numbers = [{name: {k: cells[name][k] for k in ("bytes", "psnr")} for name in names} for cells in rows.values()]
    return figure, {"quality": QUALITY, "counted": "payload", "images": numbers}


def race_figure(name: str, which: str) -> tuple[Figure, dict]:
    """The stored race of that name, by "payload" or whole "file"."""
    race = measurements.stored(name)
    curves = ours_first(race["curves"])
    curves.pop("model1", None)  # far below all others, at 15 dB
    if which == "payload":  # optimised tables shorten the file, not the payload
        curves = {name: points for name, points in curves.items() if "optimised" not in name}
    known = {name: points for name, points in PUBLISHED.items() if curve_of(points, which)}
    figure = rate_plots.rate_distortion(curves, which, references=known, source=race["source"])
    notes = {name: NOTES[name] for name in known}
    return figure, {"curves": curves, "references": known, "notes": notes}


def ours_first(curves: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """The kit's codecs, then the classical ones, so that a codec's colour is the same in two figures."""
    return dict(sorted(curves.items(), key=lambda item: (item[0] in BASELINES, "optimised" in item[0])))
