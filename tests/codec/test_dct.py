"""The codec without a network: an orthonormal DCT, a dead zone, and bytes that its tables promise."""

import numpy as np
import pytest
import torch
from helpers.pictures import batch, picture
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dctn

from cae_lib.base.weights import CheckpointError, load_tensors
from cae_lib.codec import dct, payload, quantisation, streams
from cae_lib.codec.container import CodecError
from cae_lib.codec.dct import CHANNELS, calibrate, cosines
from cae_lib.data.images import load_images


@pytest.fixture(scope="module")
def train():
    return load_images("train", "stand-in").take(200)


@pytest.fixture(scope="module")
def ours(train):
    return calibrate(train, (60, 12))


def test_the_kernels_are_scipys_dct_of_the_turned_colours(ours):
    image = picture(8, 16, 3)
    turned = (image - ours.mean.numpy()) @ ours.colours.numpy().T
    with torch.no_grad():
        found = ours.coefficients(batch(image))[0].view(3, 8, 8, 1, 2).numpy()
    for colour in range(3):
        for block in range(2):
            expected = dctn(turned[:, 8 * block :][:, :8, colour], norm="ortho")
            np.testing.assert_allclose(found[colour, :, :, 0, block], expected, atol=1e-9)


def test_cosines_and_colours_are_orthonormal(ours):
    for matrix in (cosines(), ours.colours):
        assert torch.allclose(matrix @ matrix.T, torch.eye(len(matrix)).double(), atol=1e-6)


def test_the_colours_are_principal_axes(ours, train):
    pixels = train.images.double().transpose(0, 1).flatten(1)
    assert torch.allclose(ours.mean, pixels.mean(1), atol=1e-4)
    turned = ours.colours @ (pixels - ours.mean[:, None])
    covariance = turned @ turned.T / turned.shape[1]
    variances = covariance.diagonal()
    assert (covariance - variances.diag()).abs().max() < 1e-4 * variances[0]
    assert variances.tolist() == sorted(variances.tolist(), reverse=True)


@given(st.floats(-1900, 1900))
def test_the_interval_of_zero_is_the_dead_zone(ours, value):
    step, rounding = ours.steps[1, 0].item(), ours.rounding.item()
    symbol = ours.quantise(torch.full((1, CHANNELS, 1, 1), value).double(), 2)[0, 0, 0, 0].item()
    if abs(value) < (1 - rounding) * step - 1e-9:
        assert symbol == 0
    else:
        assert symbol * value > 0
        assert -rounding - 1e-9 <= abs(value) / step - abs(symbol) <= 1 - rounding + 1e-9


def test_shift_is_the_mean_place_in_the_interval(ours, train):
    for quality in ours.qualities:
        values, symbols = ours.coefficients(train.images), ours.analyse(train.images, quality)
        kept = symbols[:, 0] != 0
        inside = (values[:, 0].abs() / ours.steps[quality - 1, 0] - symbols[:, 0].abs())[kept]
        assert inside.mean().item() == pytest.approx(ours.shift[quality - 1, 0].item(), abs=1e-4)
        assert (ours.shift <= 1 - ours.rounding).all() and (ours.shift >= -ours.rounding).all()


def test_counts_are_those_of_the_symbols(ours, train):
    for quality in ours.qualities:
        symbols = ours.analyse(train.images, quality)
        for kernel in (0, 1, 64, 191):
            values, times = symbols[:, kernel].unique(return_counts=True)
            row = ours.counts[quality][kernel]
            assert torch.equal(row[values + ours.largest[quality]], times)
            assert row.sum() == symbols[:, kernel].numel()


class Busy(dct.DctCodec):
    """Two passes: the mean of each block, then the rest, with a table for blocks of mean zero and one for others."""

    def passes(self, symbols, quality):
        first = torch.arange(CHANNELS) % 64 == 0
        busy = (symbols[:, first] != 0).any(1, keepdim=True).long()
        for part in (first, ~first):
            where = part[:, None, None].expand(symbols.shape[1:])
            table = 2 * torch.arange(CHANNELS)[:, None, None] + (busy * ~part[:, None, None])
            yield where, table[:, where], torch.full_like(table, -self.largest[quality])[:, where]


def test_tables_counted_in_contexts_save_bits_and_decode(train):
    plain = calibrate(train, (60.0,))
    busy = dct.count_contexts(calibrate(train, (60.0,), kind=Busy), train, 2)
    alone, told = (payload.estimated_bits(train.images, codec, 1).sum() for codec in (plain, busy))
    assert 0.8 * alone < told < alone
    (sent,) = payload.encode(train.images[:1], busy, 1)
    (back,) = payload.decode([sent], busy, 1, 32, 32)
    assert torch.equal(back, busy.synthesise(busy.analyse(train.images[:1], 1), 1)[0])


def test_one_context_needs_about_the_bits_of_the_kernels_own_table(train):
    plain, again = calibrate(train, (60.0,)), dct.count_contexts(calibrate(train, (60.0,)), train, 1)
    bits = [payload.estimated_bits(train.images, codec, 1).sum().item() for codec in (plain, again)]
    assert 0.9 < bits[1] / bits[0] < 1, "symbols that were never seen get less of a chance"


@pytest.mark.parametrize("quality", [1, 2])
def test_no_picture_has_symbols_beyond_the_tables(ours, quality):
    """For each kernel, the pixels at which it is largest and smallest."""
    extremes = torch.cat([ours.kernels > 0, ours.kernels < 0]).to(torch.uint8) * 255
    symbols = ours.analyse(extremes, quality)
    assert symbols.abs().max() <= ours.largest[quality]
    (data,) = payload.encode(extremes[:1], ours, quality)
    assert torch.equal(payload.decode([data], ours, quality, 8, 8), ours.synthesise(symbols[:1], quality))


@given(st.sampled_from([(1, 1), (7, 13), (8, 8), (9, 16), (32, 32), (33, 40)]), st.sampled_from([1, 2]), st.integers(0))
def test_symbols_and_pixels_come_back(ours, size, quality, seed):
    images = batch(picture(*size, seed))
    (symbols,) = payload.symbols_of_tiles(images, ours, quality)
    (data,) = payload.encode(images, ours, quality)
    decoder = payload.Decoder(data)
    assert torch.equal(payload.read(symbols.shape[1:], ours, quality, [decoder]), symbols)
    decoder.finish()
    expected = ours.synthesise(symbols, quality)[..., : size[0], : size[1]]
    assert torch.equal(payload.decode([data], ours, quality, *size), expected)


def test_rows_of_tiles_are_drawn_without_what_lies_above(ours, monkeypatch):
    """With a margin of 0 each tile is drawn once and alone."""
    monkeypatch.setattr(payload, "TILE", 16)
    images, shapes, synthesise = batch(picture(40, 24, 5)), [], ours.synthesise
    whole = synthesise(ours.analyse(images, 1), 1)
    data = payload.encode(images, ours, 1)
    monkeypatch.setattr(ours, "synthesise", lambda s, q: shapes.append(s.shape[2:]) or synthesise(s, q), raising=False)
    assert torch.equal(payload.decode(data, ours, 1, 40, 24), whole)
    assert [tuple(shape) for shape in shapes] == [(2, 2), (2, 1), (2, 2), (2, 1), (1, 2), (1, 1)]


def test_the_shipped_codec_real_bytes_are_within_two_of_the_estimate():
    images, shipped = load_images("test").take(100).images, streams.load_codec("dct")
    for quality in shipped.qualities:
        real = torch.tensor([len(data) for data in payload.encode(images, shipped, quality)])
        more = real - payload.estimated_bits(images, shipped, quality) / 8
        assert more.mean().abs() < 2 and more.abs().max() < 4


def test_each_quality_costs_more_and_is_better():
    images, shipped = load_images("test").take(50).images, streams.load_codec("dct")
    sizes, errors = [], []
    for quality in shipped.qualities:
        files = streams.encode_batch(images, model="dct", quality=quality)
        sizes.append(sum(map(len, files)))
        errors.append((streams.decode_batch(files).double() - images).square().mean().item())
    assert sizes == sorted(set(sizes)) and errors == sorted(set(errors), reverse=True)


def test_a_payload_with_more_or_fewer_bytes_is_refused(ours):
    (data,) = payload.encode(batch(picture(20, 20, 1)), ours, 2)
    for wrong in (data[:-1], data + b"\0", data + b"\1", data[:4], b""):
        with pytest.raises(CodecError, match="altered or forged"):
            payload.decode([wrong], ours, 2, 20, 20)


def test_save_and_load(ours, train, tmp_path):
    path = tmp_path / "dct.safetensors"
    ours.save(path)
    again = dct.load(path)
    for name in ("mean", "colours", "steps", "rounding", "shift"):
        assert torch.equal(getattr(again, name), getattr(ours, name))
    assert again.largest == ours.largest
    for quality in ours.qualities:
        assert torch.equal(again.counts[quality], ours.counts[quality])
        assert (again.tables[quality].probabilities == ours.tables[quality].probabilities).all()
        assert payload.encode(train.images[:3], again, quality) == payload.encode(train.images[:3], ours, quality)
    first = load_tensors(path)[0]
    calibrate(train, (60, 12)).save(path)
    assert all(torch.equal(tensor, first[name]) for name, tensor in load_tensors(path)[0].items())


def test_other_files_are_refused(ours, tmp_path):
    path = tmp_path / "dct.safetensors"
    ours.save(path)
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    for file in (path, streams.FOLDER / "model1.safetensors"):
        with pytest.raises(CheckpointError, match="is damaged"):
            dct.load(file)
    with pytest.raises(CheckpointError, match="is damaged"):
        quantisation.load(streams.FOLDER / "dct.safetensors")


def test_the_shipped_file_is_small_and_its_tables_are_those_of_every_training_image():
    path = streams.FOLDER / "dct.safetensors"
    assert path.stat().st_size < 300_000
    for counts in streams.load_codec("dct").counts.values():
        assert (counts.sum(1) == 50_000 * 16).all()
