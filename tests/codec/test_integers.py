"""The rate-distortion codec: its whole numbers against NumPy's, and symbols to bytes and back on any machine."""

import contextlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.rate_distortion import (
    CONFIGS,
    HYPER,
    NEVER,
    NONE,
    SMALL,
    lively_model,
    logistic_mass,
    number_of_passes,
    pass_of_each_place,
    random_images,
)
from torch import Tensor

from cae_lib.base.weights import CheckpointError, load_tensors, save_tensors
from cae_lib.codec import payload
from cae_lib.codec.container import CodecError
from cae_lib.codec.design import RateDistortionConfig
from cae_lib.codec.entropy import Decoder, Encoder
from cae_lib.codec.integers import (
    FURTHEST,
    LARGEST,
    MEAN,
    SYMBOLS,
    VALUE,
    WEIGHT,
    RateDistortionCodec,
    constants,
    load,
    logistic_tables,
)
from cae_lib.codec.prior import MIDDLE, RANGE, SCALES, SMALLEST, STEP, fields, symbol_bits


def make_codec(config: RateDistortionConfig = SMALL, seed: int = 0) -> RateDistortionCodec:
    model = lively_model(config, seed)
    return RateDistortionCodec(model, constants(model))


@pytest.fixture(scope="module", params=CONFIGS, ids=["groups", "none", "hyper-groups", "hyper-none", "deep"])
def rd(request) -> RateDistortionCodec:
    return make_codec(request.param)


has_networks = pytest.mark.parametrize("rd", [c for c in CONFIGS if c != NONE], indirect=True)


@pytest.fixture
def threads():
    """Sets the number of threads, for the length of the test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def random_symbols(config: RateDistortionConfig, count: int = 3, height: int = 5, width: int = 7) -> Tensor:
    """Symbols in all places that are coded, 0 in the others."""
    g = torch.Generator().manual_seed(0)
    shape = count, config.channels, height, width
    symbols = torch.randn(shape, generator=g, dtype=torch.float64).mul(6).round().long()
    return symbols * (pass_of_each_place(config, height, width) < NEVER)


def extreme_symbols(config: RateDistortionConfig) -> Tensor:
    """The ends of what a table knows: all -128, all 127, and both at random."""
    g = torch.Generator().manual_seed(0)
    mixed = torch.where(torch.rand(config.channels, 5, 7, generator=g) < 0.5, -128, 127)
    return torch.stack([torch.full_like(mixed, -128), torch.full_like(mixed, 127), mixed])


def all_passes(codec_, symbols: Tensor, quality: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    return list(codec_.passes(symbols.clone(), quality))


def assert_same_passes(one: list, two: list) -> None:
    assert len(one) == len(two)
    for mine, yours in zip(one, two, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, yours, strict=True))


def images_8bit(count: int, height: int, width: int, seed: int = 0) -> Tensor:
    sides = (-(-n // 4) * 4 for n in (height, width))
    return ((random_images(count, *sides, seed=seed) + 1) * 127.5).round().to(torch.uint8)[..., :height, :width]


# Whole numbers


class Reference:
    """The codec's predictions once more, from the float weights, in NumPy's int64 and with loops in another order.

    Keeps in `largest` how large a sum can get on the way, whatever its order.
    """

    def __init__(self, model, quality: int):
        self.weights = {k: v.double().numpy() for k, v in model.state_dict().items()}
        self.config, self.q, self.largest = model.config, quality - 1, 0
        log_gain = self.weights["log_gain"][self.q]
        self.gain = [math.floor(math.exp(x) * VALUE + 0.5) for x in log_gain]
        self.inverse_gain = [math.floor(math.exp(-x) * WEIGHT + 0.5) for x in log_gain]
        self.scale_start = [math.floor((MIDDLE + x / STEP) * VALUE + 0.5) for x in log_gain]

    @staticmethod
    def rounded_half_up(x: np.ndarray, divisor: int) -> np.ndarray:
        return (2 * x + divisor) // (2 * divisor)

    def whole(self, name: str, factor: int) -> np.ndarray:
        return np.floor(self.weights["entropy_model." + name] * factor + 0.5).astype(np.int64)

    def layer(self, x: np.ndarray, name: str, more_bias: np.ndarray | int = 0) -> np.ndarray:
        """A convolution of x (N, C, h, w) as a sum over its offsets."""
        weight = self.whole(f"{name}.weight", WEIGHT)
        bias = self.whole(f"{name}.bias", WEIGHT * VALUE) + more_bias
        reach, (height, width) = weight.shape[2] // 2, x.shape[2:]
        padded = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
        total = np.zeros((len(x), len(weight), height, width), np.int64) + bias[:, None, None]
        bound = np.abs(total)
        for row in reversed(range(weight.shape[2])):
            for column in reversed(range(weight.shape[3])):
                part = padded[:, :, row : row + height, column : column + width]
                total += np.einsum("oc,nchw->nohw", weight[:, :, row, column], part)
                bound += np.einsum("oc,nchw->nohw", np.abs(weight[:, :, row, column]), np.abs(part))
        self.largest = max(self.largest, int(bound.max()))
        return self.rounded_half_up(total, WEIGHT)

    def outputs(self, network: int, seen: np.ndarray) -> np.ndarray:
        by_quality = self.whole(f"by_quality.{network}", WEIGHT * VALUE)[self.q]
        seen = np.clip(seen, -LARGEST, LARGEST)
        x = np.clip(self.layer(seen, f"networks.{network}.0", by_quality), 0, LARGEST)
        x = np.clip(self.layer(x, f"networks.{network}.1"), 0, LARGEST)
        return np.clip(self.layer(x, f"networks.{network}.2"), -LARGEST, LARGEST)

    def passes(self, symbols: np.ndarray):
        """As the codec's, with (N, C, h, w) tables and offsets of which only the places of the pass count."""
        symbols, (count, channels, height, width) = symbols.copy(), symbols.shape
        order = pass_of_each_place(self.config, height, width).numpy()
        start = self.whole("start", VALUE)[self.q].reshape(2, channels)
        rows, columns = np.indices((height, width)) // 4 * 4  # where the blocks begin
        for number in range(number_of_passes(self.config)):
            own, known = (np.flatnonzero(x.any((1, 2))) for x in (order == number, order < number))
            if number == 0:
                outputs = np.broadcast_to(start[:, own].reshape(-1, 1, 1), (count, 2 * len(own), height, width))
            else:
                seen = np.where(order < number, symbols, 0)[:, known]
                seen[:, : self.config.hyper] = symbols[:, : self.config.hyper, rows, columns]
                factor = np.array(self.inverse_gain)[known, None, None]
                outputs = self.outputs(number - 1, self.rounded_half_up(seen * factor, WEIGHT // VALUE))
            table, offset = np.zeros((2, *symbols.shape), np.int64)
            for place, channel in enumerate(own):
                mean = self.rounded_half_up(outputs[:, place] * self.gain[channel], VALUE**2 // MEAN)
                mean = np.clip(mean, -FURTHEST * MEAN, FURTHEST * MEAN)
                scale = RANGE * outputs[:, len(own) + place] + self.scale_start[channel]
                scale = self.rounded_half_up(scale, VALUE)
                table[:, channel] = np.clip(scale, 0, SCALES - 1) * MEAN + mean % MEAN
                offset[:, channel] = mean // MEAN - SYMBOLS // 2
                self.largest = max(self.largest, int(np.abs(outputs[:, place]).max()) * self.gain[channel])
            symbols = np.where(order == number, np.clip(symbols, offset, offset + SYMBOLS - 1), symbols)
            yield order == number, table, offset


def assert_as_reference(codec_, symbols: Tensor, quality: int) -> Reference:
    reference = Reference(codec_.model, quality)
    pairs = zip(all_passes(codec_, symbols, quality), reference.passes(symbols.numpy()), strict=True)
    for (where, table, offset), (places, tables, offsets) in pairs:
        assert np.array_equal(where.numpy(), places)
        assert np.array_equal(table.numpy(), tables[:, places])
        assert np.array_equal(offset.numpy(), offsets[:, places])
    return reference


@pytest.mark.parametrize("config", [*CONFIGS, replace(SMALL, groups=(3, 1, 1, 3)), replace(HYPER, groups=(7, 1))])
@pytest.mark.parametrize("quality", [1, 2])
def test_tables_and_offsets_equal_those_of_whole_numbers_in_numpy(config, quality):
    mine, symbols = make_codec(config, seed=quality), random_symbols(config)
    assert_as_reference(mine, symbols, quality)
    tables = torch.cat([table.flatten() for _, table, _ in all_passes(mine, symbols, quality)])
    assert len(tables.unique()) > (7 if config == NONE else 50), "this test needs predictions that differ"


FIRST = torch.tensor([0])
FULL = RateDistortionConfig(width=16)  # its entropy model is that of the full size


@pytest.mark.parametrize("config", [SMALL, HYPER, FULL, replace(FULL, hyper=8, context="none"), replace(FULL, reach=2)])
def test_the_largest_sums_stay_exact(config):
    codec = make_codec(config)
    for quality in (codec.qualities[0], codec.qualities[-1]):
        reference = assert_as_reference(codec, extreme_symbols(config), quality)
        assert reference.largest > 2**24, "float32 would not do"
        assert reference.largest < 2**52  # not 2^53, so that rounding half up is exact, too


def test_sums_of_the_largest_values_stay_exact(rd):
    """Whatever is decoded: no value between layers leaves +-LARGEST."""
    for layers in rd.networks:
        for weight, bias in layers:
            assert (weight.flatten(1).abs().sum(1) * LARGEST + bias.abs()).max() < 2**51
    assert rd.gain.max() * LARGEST < 2**52
    for network, layers in enumerate(rd.networks):
        largest = torch.full((1, layers[0][0].shape[1], 2, 2), LARGEST).double()
        everywhere = fields("all", 2, 2)
        beyond, inside = (rd.predict(network, x, everywhere, 1) for x in (2.0**40 * largest, largest))
        assert torch.equal(beyond, inside)


@pytest.mark.parametrize("config", [SMALL, HYPER], ids=["groups", "hyper"])
def test_absurd_networks_still_code_symbols_of_16_bits(config):
    model = lively_model(config)
    with torch.no_grad():
        model.entropy_model.start *= 1e6
        for layers in model.entropy_model.networks:
            for layer in layers:
                layer.weight *= 300
    rd, symbols = RateDistortionCodec(model, constants(model)), random_symbols(config)
    assert_as_reference(rd, symbols, 2)
    offsets = torch.cat([offset.flatten() for _, _, offset in all_passes(rd, symbols, 2)])
    assert {offsets.min().item(), offsets.max().item()} == {-FURTHEST - 128, FURTHEST - 128}
    payloads, written = encode(rd, symbols, 2)
    assert torch.equal(decode(rd, payloads, symbols.shape[1:], 2), written)
    assert torch.equal(written.short().long(), written)


def test_all_weights_are_whole_numbers_near_the_real_ones(rd):
    numbers = [w for layers in rd.networks for pair in layers for w in pair]
    numbers += [rd.gain, rd.inverse_gain, rd.scale_start, rd.start, *rd.by_quality]
    for x in numbers:
        assert x.dtype == torch.float64 and torch.equal(x, x.round()) and not x.requires_grad
    for layers, real in zip(rd.networks, rd.model.entropy_model.networks, strict=True):
        for (weight, bias), layer in zip(layers, real, strict=True):
            assert (weight / WEIGHT - layer.weight).abs().max() <= 0.5 / WEIGHT
            assert (bias / (WEIGHT * VALUE) - layer.bias).abs().max() <= 0.5 / (WEIGHT * VALUE)


@has_networks
def test_sums_in_another_order_are_the_same(rd):
    """Hidden units and inputs in another order: every sum of the networks runs over other neighbours."""
    g = torch.Generator().manual_seed(0)
    other = make_codec(rd.config)
    for network, ((w1, b1), (w2, b2), (w3, b3)) in enumerate(rd.networks):
        seen = torch.randint(-5000, 5000, (2, w1.shape[1], 5, 7), generator=g).double()
        inputs, one, two = (torch.randperm(n, generator=g) for n in (w1.shape[1], 64, 64))
        layers = [(w1[one][:, inputs], b1[one]), (w2[two][:, one], b2[two]), (w3[:, two], b3)]
        other.networks[network], other.by_quality[network] = layers, rd.by_quality[network][:, one]
        everywhere = fields("all", 5, 7)
        expected = rd.predict(network, seen, everywhere, 2)
        assert torch.equal(other.predict(network, seen[:, inputs], everywhere, 2), expected)
        assert expected.unique().numel() > 100


def test_passes_are_the_same_in_any_batch(rd):
    symbols = random_symbols(rd.config, 5)
    together = all_passes(rd, symbols, 2)
    for i in range(5):
        for (where, table, offset), alone in zip(together, all_passes(rd, symbols[i : i + 1], 2), strict=True):
            assert torch.equal(where, alone[0])
            assert torch.equal(table[i : i + 1], alone[1]) and torch.equal(offset[i : i + 1], alone[2])


def test_passes_are_the_same_with_any_number_of_threads_and_memory_format(rd, threads):
    symbols = random_symbols(rd.config, 8, 16, 16)
    threads(1)
    expected = all_passes(rd, symbols, 1)
    for number in (1, 2, 3):
        threads(number)
        for format in (torch.contiguous_format, torch.channels_last):
            other = symbols.clone(memory_format=format)
            assert_same_passes(list(rd.passes(other, 1)), expected)
        strided = symbols.repeat_interleave(2, 3)[..., ::2]
        assert_same_passes(list(rd.passes(strided, 1)), expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@has_networks
def test_predictions_are_the_same_on_a_gpu(rd):
    other = make_codec(rd.config)
    other.networks = [[(weight.cuda(), bias.cuda()) for weight, bias in layers] for layers in rd.networks]
    other.by_quality = [bias.cuda() for bias in rd.by_quality]
    g = torch.Generator().manual_seed(0)
    for network, layers in enumerate(rd.networks):
        seen = torch.randint(-5000, 5000, (8, layers[0][0].shape[1], 16, 16), generator=g).double()
        where = fields("black", 16, 16)
        assert torch.equal(
            other.predict(network, seen.cuda(), where.cuda(), 1).cpu(), rd.predict(network, seen, where, 1)
        )


# Passes


def test_every_place_is_coded_once_and_in_the_models_order(rd):
    symbols = random_symbols(rd.config)
    order = pass_of_each_place(rd.config, 5, 7)
    for number, (where, table, offset) in enumerate(rd.passes(symbols, 1)):
        assert torch.equal(where, order == number)
        assert table.shape == offset.shape == (3, where.sum())
        assert table.dtype == offset.dtype == torch.int64
        assert table.min() >= 0 and table.max() < SCALES * MEAN
    assert number == number_of_passes(rd.config) - 1


@pytest.mark.parametrize("quality", [1, 2])
def test_a_pass_needs_only_the_symbols_of_the_passes_before_it(rd, quality):
    symbols = random_symbols(rd.config)
    expected = all_passes(rd, symbols, quality)
    so_far = torch.full_like(symbols, 99)  # what is not decoded yet may hold anything
    for (where, table, offset), (_, right_table, right_offset) in zip(
        rd.passes(so_far, quality), expected, strict=True
    ):
        assert torch.equal(table, right_table) and torch.equal(offset, right_offset)
        so_far[:, where] = symbols[:, where]


def test_the_tables_are_those_of_the_float_models_means_and_scales(rd):
    symbols = random_symbols(rd.config)
    for quality in (1, 2):
        gain = rd.model.log_gain[quality - 1].detach()[:, None, None].exp()
        with torch.no_grad():
            mean, scale = rd.model.entropy_model(symbols / gain, torch.full((3,), quality - 1)).unbind(1)
        mean, index = mean * gain, (MIDDLE + RANGE * scale + gain.log() / STEP).clamp(0, SCALES - 1)
        for where, table, offset in rd.passes(symbols.clone(), quality):
            found = offset + SYMBOLS // 2 + (table % MEAN) / MEAN
            assert (found - mean[:, where]).abs().max() < 0.1 + 0.5 / MEAN
            assert (table // MEAN - index[:, where]).abs().max() < 0.1 + 0.5


@pytest.mark.parametrize("far", [1000, 10**6, -1000])
def test_symbols_out_of_reach_are_moved_to_the_nearest_that_a_table_knows(rd, far):
    symbols = random_symbols(rd.config)
    changed = (torch.rand(8, 5, 7, generator=torch.Generator().manual_seed(0)) < 0.1).nonzero().unbind(1)
    changed = changed[0] + rd.config.hyper, *changed[1:]
    symbols[0][changed] = far
    moved = symbols.clone()
    seen = [(where, offset) for where, _, offset in rd.passes(moved, 1)]
    for where, offset in seen:
        expected = symbols[:, where].clamp(offset, offset + 255)
        assert torch.equal(moved[:, where], expected)
    assert (moved != symbols).sum() == len(changed[0])


# Tables


def test_tables_against_numpy():
    tables = logistic_tables()
    assert tables.shape == (SCALES * MEAN, SYMBOLS) and tables.dtype == torch.float32
    for index, fraction in ((0, 0), (7, 3), (24, 8), (63, 15)):
        scale = SMALLEST * math.exp(STEP * index)
        expected = np.maximum(logistic_mass(np.arange(-128.0, 128), fraction / MEAN, scale), 2.0**-24)
        np.testing.assert_allclose(tables[index * MEAN + fraction], expected, rtol=1e-4)


def test_tables_are_positive_and_sum_to_1_but_for_the_tails():
    sums = logistic_tables().double().sum(1).view(SCALES, MEAN)
    assert (logistic_tables() > 0).all()
    widths = SMALLEST * np.exp(STEP * np.arange(SCALES))
    tails = 2 / (1 + np.exp(np.minimum(127 / widths, 700)))  # outside -127 ... 127
    assert (sums.amax(1) <= 1 + SYMBOLS * 2.0**-24).all()
    assert (sums.amin(1) >= torch.from_numpy(1 - tails) - 1e-6).all()
    assert (sums[:40] - 1).abs().max() < 1e-4


def test_tables_are_symmetric_around_their_mean():
    tables = logistic_tables().view(SCALES, MEAN, SYMBOLS)
    assert torch.equal(tables[:, 0, 1:], tables[:, 0, 1:].flip(1))  # -127 ... 127 around 0
    for fraction in range(1, MEAN):  # -126 ... 127 around fraction / 16; its mirror image around 1 - fraction / 16
        mirrored = tables[:, MEAN - fraction, 2:].flip(1)
        assert torch.equal(tables[:, fraction, 2:], mirrored)
        assert (tables[:, fraction].argmax(1) - 128 == (fraction > MEAN // 2)).all() or fraction == MEAN // 2


# Symbols to bytes and back


def encode(rd, symbols: Tensor, quality: int) -> tuple[list[bytes], Tensor]:
    """The payload of each image, and the symbols as they were written."""
    encoders, written = [Encoder() for _ in symbols], symbols.clone()
    payload.write(written, rd, quality, encoders)
    return [encoder.finish() for encoder in encoders], written


def decode(rd, payloads: list[bytes], shape, quality: int) -> Tensor:
    decoders = [Decoder(payload) for payload in payloads]
    symbols = payload.read(tuple(shape), rd, quality, decoders)
    for decoder in decoders:
        decoder.finish()
    return symbols


@pytest.mark.parametrize("quality", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (4, 9), (30, 33), (32, 32)])
@pytest.mark.parametrize("kind", ["blocks", "constant", "noise"])
def test_images_of_any_size_and_kind_come_back_symbol_by_symbol(rd, kind, size, quality):
    images = {
        "blocks": images_8bit(2, *size),
        "constant": torch.stack([torch.zeros(3, *size, dtype=torch.uint8), torch.full((3, *size), 255).byte()]),
        "noise": torch.randint(256, (2, 3, *size), generator=torch.Generator().manual_seed(0)).byte(),
    }[kind]
    (symbols,) = payload.symbols_of_tiles(images, rd, quality)
    assert symbols.shape == (2, rd.channels, -(-size[0] // 4), -(-size[1] // 4))
    payloads, written = encode(rd, symbols, quality)
    assert torch.equal(written, symbols), "symbols of images need no moving"
    assert torch.equal(decode(rd, payloads, symbols.shape[1:], quality), symbols)


def test_extreme_and_unreachable_symbols_come_back_as_they_were_written(rd):
    far, coded = random_symbols(rd.config), pass_of_each_place(rd.config, 5, 7) < NEVER
    far[:, 1::3] = 500
    for symbols in (extreme_symbols(rd.config) * coded, far * coded):
        payloads, written = encode(rd, symbols, 2)
        assert torch.equal(decode(rd, payloads, symbols.shape[1:], 2), written)
    assert not torch.equal(written, far * coded)


def test_a_stream_does_not_depend_on_batch_or_threads_on_either_side(rd, threads):
    symbols = random_symbols(rd.config, 6, 16, 16)
    threads(2)
    payloads, written = encode(rd, symbols, 1)
    threads(1)
    for i, alone in enumerate(payloads):
        assert encode(rd, symbols[i : i + 1], 1)[0] == [alone]
        assert torch.equal(decode(rd, [alone], symbols.shape[1:], 1)[0], written[i])


def test_another_quality_or_other_weights_do_not_read_the_stream(rd):
    payloads, written = encode(rd, random_symbols(rd.config), 1)
    for other, quality in ((rd, 2), (make_codec(rd.config, seed=5), 1)):
        with contextlib.suppress(CodecError):  # one or the other: the payload alone need not show it
            assert not torch.equal(decode(other, payloads, written.shape[1:], quality), written)


def estimate(rd, symbols: Tensor, quality: int) -> np.ndarray:
    """Bits (N,) that the symbols cost by the codec's tables."""
    return sum(
        rd.tables[quality].estimate((symbols[:, where] - offset).numpy(), table.numpy())
        for where, table, offset in rd.passes(symbols, quality)
    )


@pytest.mark.parametrize("quality", [1, 2])
def test_bytes_are_as_few_as_the_tables_promise(rd, quality):
    """Symbols drawn with the probabilities that the tables give them."""
    symbols, rng = torch.zeros(3, rd.channels, 12, 12, dtype=torch.int64), np.random.default_rng(0)
    below = rd.tables[quality].probabilities.cumsum(1)
    for where, table, offset in rd.passes(symbols, quality):
        drawn = (below[table] < rng.random((*table.shape, 1)) * below[table, -1:]).sum(-1)
        symbols[:, where] = torch.from_numpy(drawn) + offset
    payloads, written = encode(rd, symbols, quality)
    assert torch.equal(written, symbols)
    for written, bits in zip(payloads, estimate(rd, symbols, quality), strict=True):
        assert bits > 1000
        assert abs(8 * len(written) - bits) < 0.002 * bits + 16


@pytest.mark.parametrize("quality", [1, 2])
def test_the_estimate_is_that_of_the_float_model(rd, quality):
    images = images_8bit(4, 32, 32)
    bits = estimate(rd, rd.analyse(images, quality), quality)
    with torch.no_grad():
        expected = rd.model(images.double() / 127.5 - 1, torch.full((4,), quality - 1))["bits"].numpy()
    assert expected.min() > 500
    assert (np.abs(bits - expected) <= 0.01 * expected + 40).all()


# Pictures


def test_symbols_and_pictures_are_those_of_the_float_model(rd):
    images = images_8bit(3, 24, 32)
    quality = torch.tensor([0, 0, 0])
    symbols = rd.analyse(images, 1)
    assert symbols.dtype == torch.int64 and symbols.shape == (3, rd.channels, 6, 8)
    with torch.no_grad():
        inputs = images.double() / 255 * 2 - 1
        gain = rd.model.log_gain[0].exp()[:, None, None]
        distance = (rd.model.analyse(inputs, quality) * gain - symbols).abs().max()
        expected = (rd.model(inputs, quality)["images"].clamp(-1, 1) + 1) / 2 * 255
    assert distance <= 0.5 + 1e-9
    pictures = rd.synthesise(symbols, 1)
    assert pictures.dtype == torch.uint8 and pictures.shape == images.shape
    assert (pictures - expected).abs().max() <= 0.5 + 1e-3


def test_analysis_and_synthesis_are_the_same_in_any_batch_thread_count_and_memory_format(rd, threads):
    images = images_8bit(6, 32, 32)
    threads(1)
    symbols = rd.analyse(images, 2)
    pictures = rd.synthesise(symbols, 2)
    assert pictures.float().std() > 5
    for number, size in ((1, 1), (2, 6), (2, 4)):
        threads(number)
        assert torch.equal(torch.cat([rd.analyse(part, 2) for part in images.split(size)]), symbols)
        assert torch.equal(torch.cat([rd.synthesise(part, 2) for part in symbols.split(size)]), pictures)
    assert torch.equal(rd.analyse(images.contiguous(memory_format=torch.channels_last), 2), symbols)
    assert torch.equal(rd.synthesise(symbols.contiguous(memory_format=torch.channels_last), 2), pictures)


@pytest.mark.parametrize("height, width", [(8, 300), (261, 10), (10, 515)])
def test_large_images_have_no_seams_between_tiles(rd, height, width):
    """Tiles with margins have the symbols and the pixels of the whole image."""
    images = images_8bit(2, height, width)
    tiles = list(payload.symbols_of_tiles(images, rd, 1))
    assert len(tiles) == max(-(-height // 256), -(-width // 256)) > 1
    padded = torch.from_numpy(np.pad(images, [(0, 0), (0, 0), (0, -height % 4), (0, -width % 4)], mode="edge"))
    symbols = rd.analyse(padded, 1)
    assert torch.equal(torch.cat(tiles, 2 if height > width else 3), symbols)
    pictures = payload.decode(payload.encode(images, rd, 1), rd, 1, height, width)
    assert torch.equal(pictures, rd.synthesise(symbols, 1)[..., :height, :width])


def test_a_pixel_reaches_no_further_than_the_margin(rd):
    """In places; to either side of every place in a block, because z is seen all over its block."""
    side, margin = 25, rd.margin
    for middle in range(10, 14):
        images = torch.zeros(1, 3, 4 * side, 4 * side, dtype=torch.float64)
        other = images.clone()
        other[..., 4 * middle : 4 * middle + 4, 4 * middle : 4 * middle + 4] = 1
        with torch.no_grad():
            differs = (rd.model.analyse(images, FIRST) != rd.model.analyse(other, FIRST))[0].any(0).nonzero()
        reach = (differs - middle).abs().max()
        assert 3 <= reach <= margin


def test_a_symbol_reaches_no_further_than_the_margin(rd):
    side, middle, margin = 41, 20, rd.margin
    symbols = torch.zeros(1, rd.channels, side, side, dtype=torch.int64)
    other = symbols.clone()
    other[..., middle, middle] = 100
    differs = (rd.synthesise(symbols, 1) != rd.synthesise(other, 1))[0].any(0).nonzero()
    reach = (differs // 4 - middle).abs().max()
    assert 2 <= reach <= margin


def test_the_model_that_a_codec_is_made_of_stays_as_it_was():
    model = lively_model().train()
    RateDistortionCodec(model, constants(model))
    assert model.training and all(p.dtype == torch.float32 for p in model.parameters())


# Files


def test_a_saved_codec_comes_back_as_it_was(rd, tmp_path):
    path = tmp_path / "rd.safetensors"
    RateDistortionCodec(lively_model(rd.config), constants(lively_model(rd.config))).save(path)
    loaded = load(path)
    assert loaded.config == rd.config and loaded.qualities == rd.qualities == range(1, 3)
    assert (loaded.stride, loaded.margin, loaded.channels) == (4, rd.margin, rd.channels)
    images = images_8bit(2, 32, 32)
    for quality in loaded.qualities:
        symbols = rd.analyse(images, quality)
        assert torch.equal(loaded.analyse(images, quality), symbols)
        assert torch.equal(loaded.synthesise(symbols, quality), rd.synthesise(symbols, quality))
        assert_same_passes(all_passes(loaded, symbols, quality), all_passes(rd, symbols, quality))
    again = tmp_path / "again.safetensors"
    RateDistortionCodec(loaded.model, constants(loaded.model)).save(again)
    (tensors, facts), (same, same_facts) = load_tensors(path), load_tensors(again)
    assert facts == same_facts and tensors.keys() == same.keys()
    assert all(torch.equal(tensors[name], same[name]) for name in tensors)


def test_the_stored_constants_are_used_not_computed_anew(tmp_path):
    """Another machine's exp may differ in its last digit, which a rounding can turn into another whole number."""
    tensors = {f"model/{name}": value for name, value in lively_model().state_dict().items()}
    stored = {name: value + 1 for name, value in constants(lively_model()).items()}
    metadata = {"rate_distortion": json.dumps(SMALL.as_dict())}
    save_tensors(tmp_path / "rd.safetensors", tensors | stored, metadata)
    loaded = load(tmp_path / "rd.safetensors")
    assert np.array_equal(loaded.tables[1].probabilities, stored.pop("tables").double().numpy())
    for name, value in stored.items():
        assert torch.equal(getattr(loaded, name), value.double())


def test_a_config_stored_before_there_was_a_hyperprior_is_one_without(tmp_path):
    tensors = {f"model/{name}": value for name, value in lively_model().state_dict().items()}
    config = {name: value for name, value in SMALL.as_dict().items() if name != "hyper"}
    metadata = {"rate_distortion": json.dumps(config)}
    save_tensors(tmp_path / "rd.safetensors", tensors | constants(lively_model()), metadata)
    assert load(tmp_path / "rd.safetensors").config == SMALL


def test_a_damaged_or_missing_file_is_refused(tmp_path):
    path = tmp_path / "rd.safetensors"
    with pytest.raises(CheckpointError, match=r"rd.safetensors is missing"):
        load(path)
    RateDistortionCodec(lively_model(), constants(lively_model())).save(path)
    whole = path.read_bytes()
    for part in (0.3, 0.6, 0.99):
        data = bytearray(whole)
        data[int(part * len(data))] ^= 0x10
        path.write_bytes(data)
        with pytest.raises(CheckpointError, match=r"rd.safetensors is damaged"):
            load(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=r"rd.safetensors is damaged"):
        load(path)


def test_loading_leaves_the_global_generator_alone(tmp_path):
    RateDistortionCodec(lively_model(), constants(lively_model())).save(tmp_path / "rd.safetensors")
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    load(tmp_path / "rd.safetensors")
    assert torch.equal(torch.rand(3), expected)


def test_the_file_of_another_kind_of_model_is_refused(tmp_path):
    save_tensors(tmp_path / "other.safetensors", {"x": torch.zeros(3)}, {"config": "{}"})
    with pytest.raises(CheckpointError, match="other.safetensors"):
        load(tmp_path / "other.safetensors")


def test_the_integer_model_costs_hardly_more_than_the_real_one():
    """Narrow scales, where the rounding of means costs most."""
    model, rng = lively_model(NONE), np.random.default_rng(0)
    with torch.no_grad():
        model.log_gain.zero_()
        model.entropy_model.start[0, :8] = torch.from_numpy(rng.uniform(-1, 1, 8))
        model.entropy_model.start[0, 8:] = (torch.linspace(0, 20, 8) - 24) / 8
    rd = RateDistortionCodec(model, constants(model))
    mean = rd.model.entropy_model.start[0, :8].detach().numpy()[:, None]
    width = SMALLEST * np.exp(STEP * np.linspace(0, 20, 8))[:, None]
    u = rng.uniform(1e-9, 1, (8, 60 * 60))
    symbols = torch.from_numpy(np.round(mean + width * np.log(u / (1 - u)))).long().view(1, 8, 60, 60)
    bits = estimate(rd, symbols, 1)[0]
    scale = torch.linspace(0, 20, 8, dtype=torch.float64)[:, None, None]
    expected = symbol_bits(symbols, torch.from_numpy(mean)[:, :, None], scale).sum().item()
    assert bits == pytest.approx(expected, rel=0.006)
