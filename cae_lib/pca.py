"""Principal component analysis of images: the best linear autoencoder there is, without any training."""

import torch
from torch import Tensor

from cae_lib.data.images import ImageSet


def principal_components(train: ImageSet) -> tuple[Tensor, Tensor]:
    """PCA of the images as rows of 3,072 numbers in [0, 1]: the mean (3072,) and the directions (3072, 3072).

    Directions are columns, the one of largest variance first.
    """
    rows = train.images.flatten(1)
    average = rows.float().mean(0) / 255
    covariance = torch.zeros(len(average), len(average))
    for part in rows.split(5000):
        centred = part.float() / 255 - average
        covariance += centred.T @ centred
    _, vectors = torch.linalg.eigh(covariance / len(rows))
    return average, vectors.flip(1)


def pca_reconstruct(images: Tensor, average: Tensor, directions: Tensor, count: int) -> Tensor:
    """uint8 images (N, 3, H, W) -> float in [0, 1], rebuilt from their `count` first principal components."""
    centred = images.flatten(1).float() / 255 - average
    kept = directions[:, :count]
    return (average + centred @ kept @ kept.T).clamp(0, 1).reshape(images.shape)
