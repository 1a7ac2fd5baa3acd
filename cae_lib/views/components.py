"""A view of principal components: what the first k of them make of some images."""

import torch
from torch import Tensor

from cae_lib import plots
from cae_lib.data.images import ImageSet, scale
from cae_lib.metrics import psnr
from cae_lib.pca import pca_reconstruct
from cae_lib.views.curves import curves
from cae_lib.views.strip import Strip, image_tile
from cae_lib.views.view import View, picture_slider

COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
STATIC = (8, 64, 512)


def components_slider(average: Tensor, directions: Tensor, data: ImageSet, indices) -> View:
    """Images from their first k principal components, with the mean PSNR over all of `data` for every k.

    average (3072,), directions (3072, 3072): as pca.principal_components returns them; indices: four images or so.
    """
    originals, chosen = scale(data.images, (0.0, 1.0)), data.images[indices]
    centred = data.images.flatten(1).float() / 255 - average
    variances = ((centred @ directions) ** 2).mean(0)
    shares = (variances.cumsum(0) / variances.sum()).tolist()
    rebuilt = {k: pca_reconstruct(data.images, average, directions, k) for k in COUNTS}
    quality = [psnr(originals, rebuilt[k]).mean().item() for k in COUNTS]
    shown = {k: rebuilt[k][indices] for k in COUNTS}
    titles = data.titles(indices)

    series = {f"mean of {len(data):,} images": (COUNTS, quality)}
    curve = curves(series, 2.8, 2.4, "directions kept (log)", "mean PSNR in dB", xscale="log")

    def draw(k: int) -> Strip:
        found = psnr(originals[indices], shown[k]).tolist()
        above = [image_tile(image, title) for image, title in zip(chosen, titles, strict=True)]
        below = [image_tile(image, f"{db:.1f} dB") for image, db in zip(shown[k], found, strict=True)]
        return Strip(above, below, beside=curve.marked(COUNTS.index(k)), source=data.source)

    columns = {"original": chosen.float() / 255} | {f"{k} numbers": shown[k] for k in STATIC}
    rows = dict(zip(data.names(indices), torch.stack(list(columns.values()), 1), strict=True))
    static = plots.image_rows(rows, list(columns), source=data.source)
    options = [(f"{k:,} ({shares[k - 1]:.1%} of the variance)", k) for k in COUNTS]
    alt = "Images from their first principal components, and quality against their number"
    return picture_slider(draw, options, "directions", static, alt, 64)
