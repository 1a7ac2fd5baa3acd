"""The codec of notebook 06: orthonormal, exact without a quantiser, its bytes decoded alone and as many as promised."""

import numpy as np
import pytest
import torch

from cae_lib.codec import blocks, dct
from cae_lib.codec.container import CodecError
from cae_lib.codec.entropy import Tables
from cae_lib.data.images import load_images


@pytest.fixture(scope="module")
def images():
    return load_images("train", "stand-in").take(60).images


def test_the_transform_is_a_rotation_and_its_way_back_exact(images):
    for n in (1, 3, 8):
        assert torch.allclose(blocks.dct_matrix(n) @ blocks.dct_matrix(n).T, torch.eye(n), atol=1e-6)
    assert torch.allclose(blocks.DCT, dct.cosines().float(), atol=1e-6)
    assert torch.equal(blocks.unblocks(blocks.blocks(images)), images)
    coefficients = blocks.analyse(images)
    assert torch.equal(blocks.synthesise(coefficients), images)
    assert coefficients.square().sum().item() == pytest.approx((images.float() - 128).square().sum().item(), rel=1e-4)


@pytest.mark.parametrize("height, width", [(8, 8), (32, 32), (16, 40)])
def test_every_symbol_comes_back_from_the_bytes_alone(images, height, width):
    codec = blocks.BlockCodec(images[:40], qualities=(3, 9))
    part = images[40:44].repeat(1, 1, 1, 2)[:, :, :height, :width]
    for quality in codec.qualities:
        files = codec.encode(part, quality)
        symbols = blocks.quantise(blocks.analyse(part), blocks.STEPS[quality - 1], codec.rounding)
        wanted = blocks.synthesise(symbols * float(blocks.STEPS[quality - 1]))
        assert torch.equal(codec.decode(files), wanted)
        index = np.tile(np.arange(192), height * width // 64)
        for each, file in zip(symbols, files, strict=True):
            tables = codec.tables[quality]
            bits = tables.estimate(each.flatten().numpy() + tables.symbols // 2, index)
            assert -0.02 * bits / 8 - 0.1 <= codec.payload_size(file) - bits / 8 < 0.002 * bits / 8 + 1.5
            assert file[:3] == bytes([quality, height // 8, width // 8])


def test_no_picture_has_a_symbol_beyond_the_tables():
    hardest = torch.where(torch.rand(50, 3, 32, 32, generator=torch.Generator().manual_seed(0)) < 0.5, 0, 255)
    for images in (hardest.to(torch.uint8), torch.zeros(1, 3, 8, 8).to(torch.uint8)):
        for step in blocks.STEPS:
            assert blocks.quantise(blocks.analyse(images), step, 0.5).abs().max() <= blocks.largest_symbol(step)


def test_strange_bytes_are_refused(images):
    codec = blocks.BlockCodec(images, qualities=(3,))
    (file,) = codec.encode(images[:1], 3)
    for bad in (b"", b"\x63\x04\x04abc", file + b"x", file[:-4]):
        with pytest.raises(CodecError):
            codec.decode([bad])


def test_water_filling_spends_its_bits_where_they_buy_most():
    variances = torch.tensor([16.0, 4.0, 1.0])
    rates, distortions = blocks.water_filling(variances, 2.0)
    assert distortions.tolist() == [2, 2, 1] and rates.tolist() == pytest.approx([1.5, 0.5, 0])
    best = distortions.sum()
    for k, j in ((0, 1), (1, 0)):  # any exchange of a tenth of a bit makes it worse
        moved = rates.clone()
        moved[k] += 0.1
        moved[j] -= 0.1
        assert (variances * 2 ** (-2 * moved)).sum() > best


def test_tables_start_at_one():
    counts = blocks.count_tables(torch.tensor([[0, -1], [0, 1]]), 1)
    assert counts.tolist() == [[1, 3, 1], [2, 1, 2]]
    assert Tables(counts.numpy()).symbols == 3
