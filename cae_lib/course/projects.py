"""The judge of the projects: a student's codec measured in real bytes beside a baseline and JPEG.

An entry is a file entry_NN.py with a function `learn(train)`, which makes a codec from training images: anything that
has what codec.payload.Transform lists, such as a class derived from codec.dct.DctCodec. Test images are for the judge
alone. referee.py runs encoder and decoder in processes of their own; leaderboard.py keeps what came out.
"""

import pickle
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
from torch import Tensor

from cae_lib import __version__, metrics
from cae_lib.base.atomic import write_atomically
from cae_lib.course import leaderboard, referee
from cae_lib.course.leaderboard import LEADERBOARD, project_of
from cae_lib.course.referee import EntryError, need
from cae_lib.data.images import ImageSet, load_images, scale
from cae_lib.race.rate_distortion import REFERENCE, bd, curve, finite, rates
from cae_lib.race.rates import bits_per_pixel
from cae_lib.results.tables import decibels, number


def learn(path: str | Path, train: ImageSet, **options):
    """The codec that an entry's `learn(train, **options)` makes; it is kept beside the file. Raises EntryError."""
    path = Path(path)
    code = referee.load_code(path)
    need(hasattr(code, "learn"), f"{path.name} has no function learn(train): it is what makes the codec.")
    codec = code.learn(train, **options)
    try:
        content = pickle.dumps(codec)
    except Exception as error:
        raise EntryError(f"The codec cannot be kept in a file, as it holds something special: {error}.") from error
    write_atomically(path.with_suffix(".pickle"), content)
    return codec


def points_of(path: Path, images: Tensor, **limits) -> list[dict]:
    """The curve of an entry on uint8 images (N, 3, 32, 32), as in race.rate_distortion. Raises EntryError."""
    points = []
    for quality, (size, decoded) in referee.measure(path, images, **limits).items():
        ratios = metrics.psnr(scale(images, (0.0, 1.0)), scale(decoded, (0.0, 1.0)))
        bpp = bits_per_pixel(size, images[:, 0].numel())
        points.append({"quality": quality, "payload_bpp": bpp, "psnr": finite(ratios.double().mean().item())})
    return points


def psnr_at(points: list[dict], bpp: float) -> float | None:
    """PSNR in dB at a payload in bits per pixel, linear between a curve's points, and the last
    point's beyond them; None if the curve begins above it."""
    known = sorted(zip(*rates(points), strict=True))
    return float(np.interp(bpp, *zip(*known, strict=True))) if known and known[0][0] <= bpp else None


def said(points: list[dict], bpp: float) -> str:
    """What `psnr_at` gives, in words; the end of a curve that ends below that rate is called so."""
    last = max(rates(points)[0])
    return f"{number(psnr_at(points, bpp))} dB" + (f" (its last point, at {last:.2f})" if last < bpp else "")


@cache
def rivals_curve(name: str, images: int) -> list[dict]:
    """The curve of one of the kit's codecs on the first test images, measured once."""
    return curve(load_images("test").take(images).images, name)


def judge(
    project: str,
    path: str | Path,
    *,
    author: str,
    name: str = "",
    images: int = 100,
    board: Path = LEADERBOARD,
    **limits: float,
) -> dict:
    """Measure an entry on the first test images, print what came out, and add it to the leaderboard.

    path: of entry_NN.py, for which `learn` has run; limits: seconds and gigabytes of each process. Returns the new row:
    psnr in dB at the project's rate, BD-rates of the payload in percent, and the points of the curve, (bits per pixel,
    dB); None stands for what the curve does not reach. Raises EntryError, and then adds no row.
    """
    baseline, rate, numbers = project_of(project)
    path, test = Path(path), load_images("test").take(images)
    name = name or path.stem
    points = points_of(path, test.images, numbers=numbers, **limits)
    print(f"Project {project}: {name} by {author}; payload, mean over {len(test)} images of {test.source}")
    for point in points:
        print(f"quality {point['quality']}: {point['payload_bpp']:6.2f} bits per pixel, {number(point['psnr']):>5} dB")
    psnr, bd_rates = psnr_at(points, rate), []
    print(f"at {rate} bits per pixel: {said(points, rate)}")
    for rival in (baseline, REFERENCE):
        other = rivals_curve(rival, images)
        compared = bd(other, points)
        bd_rates.append(compared["bd_rate"])
        over = f"{number(bd_rates[-1], '+.1f')} % over {decibels(compared['bd_range'])} dB"
        print(f"{rival} there: {said(other, rate)}; BD-rate against it: {over}")
    row = {"date": datetime.now().isoformat(" ", "minutes"), "project": project, "author": author, "name": name}
    row |= {"psnr": psnr, "bd_rate": bd_rates[0], "bd_rate_jpeg": bd_rates[1], "images": len(test)}
    row |= {"source": test.source, "version": __version__, "points": list(zip(*rates(points), strict=True))}
    leaderboard.append(board, row)
    return row
