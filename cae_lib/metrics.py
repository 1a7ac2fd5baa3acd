"""How far a reconstruction is from its original: MSE, PSNR and SSIM, one number an image.

All take two float tensors (N, 3, H, W) in [0, 1] and return (N,). Average them afterwards: the mean of the
images' PSNRs is not the PSNR of their mean MSE.
"""

import torch
from torch import Tensor

from cae_lib.base.errors import UsageError
from cae_lib.data.images import ImageSet, scale, unscale
from cae_lib.evaluation import reconstruct
from cae_lib.models import range_of


def mse(a: Tensor, b: Tensor) -> Tensor:
    """Mean squared error of each image. On a [-1, 1] scale the same error is 4 times this number."""
    check(a, b)
    return (a - b).square().flatten(1).mean(1)


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image in dB: 10 log10(1 / MSE), infinite for equal images."""
    return -10 * torch.log10(mse(a, b))


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity of each image, 1 for equal ones; H and W at least 11, or UsageError.

    Source: Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity
    (2004), with its 11 x 11 Gaussian window of sigma 1.5.
    """
    from pytorch_msssim import ssim as windowed_ssim

    check(a, b)
    if min(a.shape[2:]) < 11:
        raise UsageError(f"SSIM needs images of at least 11 x 11 pixels, not {a.shape[3]} x {a.shape[2]}.")
    return windowed_ssim(a, b, data_range=1.0, size_average=False)


def check(a: Tensor, b: Tensor) -> None:
    """Raise UsageError unless both are float images of the same shape in [0, 1]."""
    if a.shape != b.shape or a.dim() != 4:
        raise UsageError(f"Images of one shape (N, 3, H, W) are needed, not {tuple(a.shape)} and {tuple(b.shape)}.")
    for images in (a, b):
        if not images.is_floating_point() or not ((images >= 0) & (images <= 1)).all():
            raise UsageError("Images must be floats in [0, 1]: use data.scale(images, (0, 1)) or data.unscale first.")


def quality(model, data: ImageSet) -> dict[str, float]:
    """Means over a set of images of what a model's reconstructions lose, in [0, 1] and clipped to it.

    Returns {"mse", "psnr", "ssim"}: the means of the images' own values (PSNR in dB).
    """
    originals = scale(data.images, (0.0, 1.0))
    shown = unscale(reconstruct(model, data.images), range_of(model))
    return {f.__name__: f(originals, shown).mean().item() for f in (mse, psnr, ssim)}
