"""The uniform quantiser, and what is fitted and stored for a model: ranges and counts of its code."""

import dataclasses

import pytest
import torch
from helpers.images import image_set, random_set
from hypothesis import given, settings
from hypothesis import strategies as st

from cae_lib.base.weights import CheckpointError
from cae_lib.codec import quantisation
from cae_lib.codec.quantisation import BITS, dequantise, quantise
from cae_lib.data.images import STAND_IN
from cae_lib.models import MODEL1_REPAIRED, MODEL2, build

LOW, HIGH = torch.tensor([0.0, -3.0, 10.0]).double(), torch.tensor([1.0, 5.0, 10.5]).double()
STEPS = (HIGH - LOW)[:, None, None]


def code_at(fractions) -> torch.Tensor:
    """A code (1, 3, 1, n) at these fractions of each channel's range."""
    return (torch.as_tensor(fractions).double() * STEPS + LOW[:, None, None])[None]


@given(st.sampled_from(BITS), st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_the_error_is_at_most_half_a_step_and_order_stays(bits, fractions):
    code = code_at(sorted(fractions))
    symbols = quantise(code, LOW, HIGH, bits)
    error = (dequantise(symbols, LOW, HIGH, bits) - code).abs()[0]
    assert (error <= STEPS / (2**bits - 1) / 2 * (1 + 1e-9)).all()
    assert (symbols.diff() >= 0).all()


@pytest.mark.parametrize("bits", BITS)
def test_every_symbol_comes_back_and_the_ends_hold(bits):
    symbols = torch.arange(2**bits).expand(1, 3, 1, -1).double()
    assert torch.equal(quantise(dequantise(symbols, LOW, HIGH, bits), LOW, HIGH, bits), symbols)
    assert torch.allclose(dequantise(symbols, LOW, HIGH, bits)[0, :, 0, [0, -1]], torch.stack([LOW, HIGH], 1))
    assert torch.equal(
        quantise(code_at([-7, 0, 1, 7]), LOW, HIGH, bits)[0, 0, 0], (2**bits - 1) * torch.tensor([0, 0, 1, 1]).double()
    )


@pytest.fixture
def train():
    return dataclasses.replace(random_set(30), source=STAND_IN)


@pytest.fixture(params=[dataclasses.replace(MODEL1_REPAIRED, code_channels=3), MODEL2], ids=["model1", "model2"])
def codec(request, train):
    return quantisation.calibrate(build(request.param), train)


def test_fit_takes_the_range_of_the_code_and_counts_every_symbol(codec, train):
    code = codec.to_code(train.images)
    assert torch.equal(codec.low, code.amin((0, 2, 3)))
    assert torch.equal(codec.high, torch.maximum(code.amax((0, 2, 3)), codec.low + 1e-6))
    assert set(codec.counts) == set(codec.tables) == set(BITS)
    for bits, counts in codec.counts.items():
        assert counts.shape == (codec.channels, 2**bits) and counts.min() >= 1
        assert (counts.sum(1) == 30 * 16 * 16 + 2**bits).all()
        symbols = codec.analyse(train.images, bits)
        assert (symbols[:, -1] == 0).sum() + 1 == counts[-1, 0]


def test_a_channel_that_never_changes_can_be_coded(train, tmp_path):
    model = build(MODEL1_REPAIRED)
    with torch.no_grad():
        model.encoder[4].weight[0] = 0
        model.encoder[4].bias[0] = 100
    quantisation.calibrate(model, train).save(tmp_path / "codec")
    symbols = quantisation.load(tmp_path / "codec").analyse(train.images, 8)
    assert symbols.min() >= 0 and symbols.max() <= 255
    assert len(symbols[:, 0].unique()) == 1


def test_fit_leaves_the_model_as_it_was(train):
    model = build(MODEL1_REPAIRED).train()
    quantisation.calibrate(model, train)
    assert model.training and next(model.parameters()).dtype == torch.float32


def test_symbols_and_pictures_have_the_sizes_that_are_promised(codec, train):
    symbols = codec.analyse(train.images[:2, :, :10, :6], 3)
    assert symbols.shape == (2, codec.channels, 5, 3) and symbols.dtype == torch.int64
    pictures = codec.synthesise(symbols, 3)
    assert pictures.shape == (2, 3, 10, 6) and pictures.dtype == torch.uint8


def test_one_pass_codes_every_place_under_its_channels_table(codec):
    ((where, table, offset),) = codec.passes(torch.zeros(2, codec.channels, 3, 5), 4)
    assert where.shape == (codec.channels, 3, 5) and where.all()
    assert torch.equal(table, where.nonzero()[:, 0].expand(2, -1))
    assert not offset.any()


def test_save_and_load(codec, train, tmp_path):
    path = tmp_path / "codec.safetensors"
    codec.save(path)
    again = quantisation.load(path)
    assert again.model.config == codec.model.config
    assert torch.allclose(again.low, codec.low) and torch.allclose(again.high, codec.high)
    for bits in BITS:
        assert torch.equal(again.counts[bits].long(), codec.counts[bits].long())
        assert (again.tables[bits].probabilities == codec.tables[bits].probabilities).all()
    symbols = again.analyse(train.images, 4)
    again.save(path)
    twice = quantisation.load(path)
    assert torch.equal(twice.analyse(train.images, 4), symbols)
    assert torch.equal(twice.synthesise(symbols, 4), again.synthesise(symbols, 4))


@settings(max_examples=20)
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_a_damaged_file_is_refused(tmp_path_factory, place, bit):
    path = tmp_path_factory.getbasetemp() / "codec.safetensors"
    images = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    train = image_set(images, STAND_IN)
    if not path.exists():
        quantisation.calibrate(build(MODEL1_REPAIRED), train).save(path)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    damaged = path.with_suffix(".damaged")
    damaged.write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged"):
        quantisation.load(damaged)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="codec.safetensors is missing"):
        quantisation.load(tmp_path / "codec.safetensors")
