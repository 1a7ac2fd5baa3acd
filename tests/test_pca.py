"""PCA against NumPy, and at its two ends."""

import numpy as np
import pytest
import torch
from helpers.images import random_set

from cae_lib.pca import pca_reconstruct, principal_components
from cae_lib.results.measurements import pca_quality


def test_pca_with_all_components_is_exact():
    data = random_set(200, side=4)
    average, directions = principal_components(data)
    assert torch.allclose(directions.T @ directions, torch.eye(48), atol=1e-5)
    rebuilt = pca_reconstruct(data.images, average, directions, 48)
    assert torch.allclose(rebuilt, data.images / 255, atol=1e-5)


def test_pca_with_no_component_is_the_mean_image():
    data = random_set(50, side=4)
    average, directions = principal_components(data)
    rebuilt = pca_reconstruct(data.images, average, directions, 0)
    assert torch.allclose(rebuilt, (data.images / 255).mean(0).expand_as(rebuilt), atol=1e-6)


@pytest.mark.parametrize("count", [1, 7, 30])
def test_pca_fits_numpys_singular_value_decomposition(count):
    data = random_set(300, side=4)
    rows = data.images.flatten(1).numpy() / 255
    mean = rows.mean(0)
    _, _, directions = np.linalg.svd(rows - mean, full_matrices=False)
    expected = mean + (rows - mean) @ directions[:count].T @ directions[:count]
    ours = pca_reconstruct(data.images, *principal_components(data), count).flatten(1)
    np.testing.assert_allclose(ours, expected.clip(0, 1), atol=2e-4)


def test_pca_quality_rises_with_the_code():
    train, test = random_set(200, side=4), random_set(30, seed=1, side=4)
    rows = pca_quality(train, test, [1, 12, 24, 47])
    assert [r["code_numbers"] for r in rows] == [1, 12, 24, 47]
    errors, decibels = ([r[key] for r in rows] for key in ("mse", "psnr"))
    assert errors == sorted(errors, reverse=True) and errors[-1] < errors[0] / 5
    assert decibels == sorted(decibels)
