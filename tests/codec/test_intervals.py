"""Two decoders for one file: the mean of each interval, and a value drawn from it."""

import pytest
import torch

from cae_lib.codec.dct import CHANNELS, calibrate
from cae_lib.codec.intervals import Intervals, by_image, by_kernel
from cae_lib.data.images import load_images

QUALITY = 1


@pytest.fixture(scope="module")
def train():
    return load_images("train", "stand-in").take(300)


@pytest.fixture(scope="module")
def codec(train):
    return calibrate(train, (60, 12))


@pytest.fixture(scope="module")
def intervals(codec, train):
    return Intervals(codec, train.images)


def test_rows_go_back_to_their_places():
    x = torch.arange(2 * CHANNELS * 6).view(2, CHANNELS, 2, 3)
    assert torch.equal(by_image(by_kernel(x), x), x)
    assert by_kernel(x).shape == (CHANNELS, 12) and by_kernel(x)[0, 6] == x[1, 0, 0, 0]


@pytest.mark.parametrize("quality", [1, 2])
def test_what_is_put_in_place_of_a_symbol_has_that_symbol(codec, intervals, train, quality):
    symbols = codec.analyse(train.images[:50], quality)
    for values in (intervals.mean(symbols, quality), intervals.sample(symbols, quality, 3)):
        assert torch.equal(codec.quantise(values, quality), symbols)


def test_the_mean_is_that_of_the_training_values_with_the_symbol(codec, intervals, train):
    values = codec.coefficients(train.images)
    symbols = codec.quantise(values, QUALITY)
    found = intervals.mean(symbols, QUALITY)
    for kernel in (0, 1, 9):
        for symbol in symbols[:, kernel].unique():
            inside = symbols[:, kernel] == symbol
            expected = values[:, kernel][inside].mean()
            assert torch.allclose(found[:, kernel][inside], expected, atol=1e-6)


def test_no_decoder_of_these_symbols_has_a_smaller_error_and_sampling_doubles_it(codec, intervals, train):
    """On the training images themselves, where the mean is exact."""
    values = codec.coefficients(train.images)
    symbols = codec.quantise(values, QUALITY)
    mean, sample = intervals.mean(symbols, QUALITY), intervals.sample(symbols, QUALITY, 0)
    error, other = ((values - x).square().mean() for x in (mean, sample))
    plain = (values - symbols * codec.steps[QUALITY - 1, :, None, None]).square().mean()
    assert error < plain
    assert other / error == pytest.approx(2, rel=0.05)
    assert sample.var() == pytest.approx(values.var().item(), rel=0.02) and mean.var() < sample.var()


def test_a_symbol_never_seen_stands_for_itself(codec, intervals):
    symbols = torch.zeros(1, CHANNELS, 1, 1).long()
    symbols[0, 0], symbols[0, 1] = codec.largest[QUALITY], -codec.largest[QUALITY]
    for found in (intervals.mean(symbols, QUALITY), intervals.sample(symbols, QUALITY)):
        assert torch.allclose(found[0, :2], (symbols * codec.steps[QUALITY - 1, :, None, None])[0, :2])


def test_a_seed_draws_again_what_it_drew(codec, intervals, train):
    symbols = codec.analyse(train.images[:5], QUALITY)
    first, again, other = (intervals.sample(symbols, QUALITY, seed) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_painting_is_what_the_codec_does(codec, intervals, train):
    symbols = codec.analyse(train.images[:5], QUALITY)
    shift = codec.shift[QUALITY - 1, :, None, None]
    values = (symbols + symbols.sign() * shift) * codec.steps[QUALITY - 1, :, None, None]
    assert torch.equal(intervals.paint(values), codec.synthesise(symbols, QUALITY))
