"""A larger model begins as the smaller one that it grows from."""

from dataclasses import replace

import pytest
import torch
from helpers.images import image_set, one_core
from helpers.rate_distortion import HYPER, SMALL, lively_model, random_images

from cae_lib.base.errors import UsageError
from cae_lib.base.weights import CheckpointError
from cae_lib.codec import training
from cae_lib.codec.growing import grown
from cae_lib.codec.training import RateDistortionTraining, train_codec

LARGER = replace(
    SMALL,
    deep=4,
    shallow=3,
    by_quality=True,
    groups=(1, 1, 2, 2, 2),
    lambdas=(0.002, 0.01, 0.04, 0.2),
    hidden=20,
    reach=2,
)
NEAREST = (0, 0, 1, 1)  # the quality of SMALL whose lambda, 0.01 or 0.05, is the nearest


@pytest.mark.parametrize("quality, nearest", list(enumerate(NEAREST)))
def test_the_transforms_do_what_those_of_the_small_one_do(quality, nearest):
    small, images = lively_model(), random_images(2)
    large = grown(small, LARGER).eval()
    at, there = torch.full((2,), quality), torch.full((2,), nearest)
    code = small.analyse(images, there)
    torch.testing.assert_close(large.analyse(images, at), code)
    torch.testing.assert_close(large.g_s(code, at), small.g_s(code, there))
    # Step sizes fall with the root of lambda, at high rates; what is coded and decoded again keeps its size.
    finer = (LARGER.lambdas[quality] / SMALL.lambdas[nearest]) ** 0.5
    torch.testing.assert_close(large.log_gain[quality].exp(), finer * small.log_gain[nearest].exp())
    symbols = torch.ones(2, large.config.channels, 4, 4)
    torch.testing.assert_close(large.synthesise(finer * symbols, at), small.synthesise(symbols, there))


def test_a_hyperprior_is_kept():
    small, images, at = lively_model(HYPER), random_images(2), torch.tensor([0, 1])
    large = grown(small, replace(HYPER, deep=3, shallow=2))
    torch.testing.assert_close(large.analyse(images, at), small.analyse(images, at))


@pytest.mark.parametrize(
    "other, word", [({"width": 24}, "width"), ({"hyper": 3}, "hyper"), ({"groups": (4, 5)}, "code")]
)
def test_another_width_or_code_is_refused(other, word):
    with pytest.raises(UsageError, match=word):
        grown(lively_model(), replace(SMALL, **other))


def test_a_training_begins_where_the_small_one_ended_and_goes_on_there_alone(tmp_path):
    images = image_set(((random_images(8) + 1) * 127.5).round().to(torch.uint8))
    still = RateDistortionTraining(epochs=1, batch_size=4, learning_rate=1e-30, bf16=False)
    with one_core(training):
        large = train_codec(tmp_path, LARGER, still, images, images, start=lively_model(), progress=False)
        pictures, at = random_images(2), torch.full((2,), 1)
        torch.testing.assert_close(large.analyse(pictures, at), lively_model().analyse(pictures, torch.zeros(2).long()))
        with pytest.raises(CheckpointError):
            train_codec(tmp_path, LARGER, still, images, images, progress=False)
