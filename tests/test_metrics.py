"""Quality of a reconstruction against NumPy and scikit-image, an image at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.images import image_set
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from cae_lib.metrics import mse, psnr, quality, ssim
from cae_lib.models import MODEL1, MODEL2, build


def pairs(count: int = 6, height: int = 32, width: int = 32):
    """Smooth random images in [0, 1] and copies of them, from nearly equal to very noisy."""
    g = torch.Generator().manual_seed(4)
    coarse = torch.rand(count, 3, height // 4, width // 4, generator=g)
    images = torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear")
    noise = torch.randn(images.shape, generator=g) * torch.logspace(-3, 0, count).view(-1, 1, 1, 1)
    return images, (images + noise).clamp(0, 1)


def numpy_image(image):
    return image.permute(1, 2, 0).double().numpy()


def test_mse_and_psnr_against_scikit_image():
    originals, copies = pairs()
    for a, b, error, decibels in zip(originals, copies, mse(originals, copies), psnr(originals, copies), strict=True):
        a, b = numpy_image(a), numpy_image(b)
        assert error.item() == pytest.approx(((a - b) ** 2).mean(), rel=1e-4)
        assert decibels.item() == pytest.approx(peak_signal_noise_ratio(a, b, data_range=1), abs=1e-3)


@pytest.mark.parametrize("height, width", [(32, 32), (40, 24)])
def test_ssim_against_scikit_image(height, width):
    originals, copies = pairs(6, height, width)
    expected = [
        structural_similarity(
            numpy_image(a), numpy_image(b), gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False, data_range=1, channel_axis=2,
        )
        for a, b in zip(originals, copies, strict=True)
    ]  # fmt: skip
    assert expected[0] > 0.99 and expected[-1] < 0.2, "the images cover the range"
    np.testing.assert_allclose(ssim(originals, copies).numpy(), expected, atol=1e-3)


def test_ssim_of_small_images_is_refused():
    small = torch.rand(2, 3, 10, 32)
    with pytest.raises(ValueError, match="at least 11 x 11 pixels, not 32 x 10"):
        ssim(small, small)


def test_a_known_error():
    black, grey = torch.zeros(2, 3, 32, 32), torch.full((2, 3, 32, 32), 0.1)
    torch.testing.assert_close(mse(black, grey), torch.tensor([0.01, 0.01]))
    torch.testing.assert_close(psnr(black, grey), torch.tensor([20.0, 20.0]))


def test_equal_images():
    images, _ = pairs()
    assert (mse(images, images) == 0).all()
    assert (psnr(images, images) == torch.inf).all()
    torch.testing.assert_close(ssim(images, images), torch.ones(6))


@pytest.mark.parametrize("metric", [mse, psnr, ssim])
def test_one_number_an_image_in_either_order(metric):
    a, b = pairs()
    values = metric(a, b)
    assert values.shape == (6,)
    torch.testing.assert_close(metric(b, a), values)
    torch.testing.assert_close(metric(a[2:3], b[2:3]), values[2:3])
    falling = values if metric is mse else -values
    assert (falling.diff() > 0).all(), "more noise is worse"


@pytest.mark.parametrize("metric", [mse, psnr, ssim])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: a[:2],
        lambda a: a[0],
        lambda a: a * 255,
        lambda a: a * 2 - 1,
        lambda a: (a * 255).to(torch.uint8),
        lambda a: torch.full_like(a, torch.nan),
    ],
    ids=["other shape", "one image", "0 to 255", "-1 to 1", "uint8", "not a number"],
)
def test_images_of_the_wrong_shape_type_or_range_are_refused(metric, spoil):
    a, b = pairs()
    for first, second in ((a, spoil(b)), (spoil(a), b)):
        with pytest.raises(ValueError, match="[Ii]mages"):
            metric(first, second)


@pytest.mark.parametrize("config", [MODEL1, MODEL2], ids=["model1", "model2"])
def test_quality_of_a_model_is_measured_on_one_scale_and_clipped(config):
    g = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (12, 3, 32, 32), generator=g, dtype=torch.uint8)
    data = image_set(images)
    model = build(replace(config, output_activation="none"))
    with torch.no_grad():
        for p in model.decoder.parameters():
            p.mul_(4)  # far outside the range
        low, high = config.pixel_range
        output = model(images.float() / 255 * (high - low) + low)
    assert output.min() < low and output.max() > high
    shown = np.clip((output.double().numpy() - low) / (high - low), 0, 1)
    errors = ((shown - images.numpy() / 255) ** 2).mean((1, 2, 3))
    result = quality(model, data)
    assert result["mse"] == pytest.approx(errors.mean(), rel=1e-4)
    assert result["psnr"] == pytest.approx((-10 * np.log10(errors)).mean(), abs=1e-3)
    assert -1 < result["ssim"] < 1
