"""A network of one's own behind the range coder: what is decoded, what it costs, and the kernels it may begin with."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cae_lib.codec import payload
from cae_lib.codec.channels import REACH, ChannelCodec, block_kernels
from cae_lib.data.images import load_images


class Blocks(nn.Module):
    """The transform alone."""

    def __init__(self, kernels):
        super().__init__()
        self.kernels = nn.Parameter(kernels)

    def encode(self, images):
        return 10 * F.conv2d(images - 0.5, self.kernels, stride=4)

    def decode(self, symbols):
        return F.conv_transpose2d(symbols / 10, self.kernels, stride=4) + 0.5


@pytest.fixture(scope="module")
def images():
    return load_images("train", "stand-in").images[:40]


@pytest.fixture(scope="module")
def codec(images):
    mean, width = torch.linspace(-0.4, 0.4, 48), torch.linspace(3, 0.2, 48)
    return ChannelCodec(Blocks(block_kernels(images)), mean, width)


def test_the_kernels_are_orthonormal_and_in_order(images):
    kernels = block_kernels(images)
    assert kernels.shape == (48, 3, 4, 4)
    assert torch.allclose(kernels.flatten(1) @ kernels.flatten(1).T, torch.eye(48), atol=1e-5)
    code = F.conv2d(images / 255, kernels, stride=4).transpose(0, 1).flatten(1)
    assert (code.var(1).diff() < 1e-6).all()
    off = code.cov() - code.var(1).diag()
    assert off.abs().max() < 1e-3 * code.var(1)[0]


@torch.no_grad()
def test_bytes_bring_back_the_rounded_code(codec, images):
    files = codec.encode(images[:10], 1)
    symbols = (10 * F.conv2d(images[:10].double() / 255 - 0.5, codec.model.kernels, stride=4)).round()
    expected = (codec.model.decode(symbols) * 255).round().clamp(0, 255).to(torch.uint8)
    assert torch.equal(codec.decode(files), expected)
    assert codec.encode(images[3:4], 1) == files[3:4]  # alone as in a batch


def test_the_payload_is_what_the_tables_promise(codec, images):
    estimate = payload.estimated_bits(images[:10], codec, 1)
    real = torch.tensor([8.0 * len(inside) for inside in payload.encode(images[:10], codec, 1)])
    assert ((real - estimate).abs() < 24).all()


@torch.no_grad()
def test_symbols_far_away_are_moved_to_the_nearest_that_a_table_knows(codec):
    model = Blocks(1000 * codec.model.kernels.detach().float())
    far = ChannelCodec(model, codec.mean, codec.width)
    files = far.encode(torch.full((1, 3, 32, 32), 255, dtype=torch.uint8), 1)
    assert far.decode(files).shape == (1, 3, 32, 32)
    symbols = far.analyse(torch.zeros(1, 3, 32, 32, dtype=torch.uint8), 1)
    list(far.passes(symbols, 1))
    assert symbols.abs().max() <= REACH
