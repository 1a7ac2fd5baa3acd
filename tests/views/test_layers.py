"""Inside a network: outputs, kernels and receptive fields, against the network itself."""

import pytest
import torch
from torch import nn

from cae_lib.data.images import scale
from cae_lib.evaluation import TrainingError
from cae_lib.models import MODEL1, MODEL2, Classifier, build
from cae_lib.views.layers import activations, last_kernel, receptive_field, tiled


@pytest.fixture
def image():
    return torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("config", [MODEL1, MODEL2])
def test_the_outputs_of_all_layers(config, image):
    model = build(config)
    found = activations(model, image)
    assert [name for name, _, _ in found] == [n for n, m in model.named_modules() if not list(m.children())]
    x = scale(image[None], config.pixel_range)
    with torch.no_grad():
        for _, layer, output in found:
            x = layer(x)
            torch.testing.assert_close(output, x[0])
    assert not any(layer._forward_hooks for layer in model.modules())


def test_layers_without_maps_are_left_out(image):
    assert {name.split(".")[0] for name, _, _ in activations(build(Classifier), image)} == {"features"}


def test_hooks_are_removed_when_the_model_fails():
    model = build(MODEL1)
    with pytest.raises(TrainingError):
        activations(model, torch.zeros(3, 31, 32, dtype=torch.uint8))
    assert not any(layer._forward_hooks for layer in model.modules())


@pytest.mark.parametrize("name", ["encoder.3", "encoder.6", "decoder.0", "decoder.1", "decoder.5"])
def test_without_its_kernel_a_channel_is_constant(name, image):
    model = build(MODEL1)
    found = activations(model, image)
    place = [n for n, _, _ in found].index(name)
    path = [layer for _, layer, _ in found[: place + 1]]
    kernel = last_kernel(path, 1)
    convolution = [m for m in path if hasattr(m, "weight")][-1]
    assert kernel.shape == (convolution.in_channels, *convolution.kernel_size)
    kernel.zero_()  # a view of the weights
    channel = dict((n, output) for n, _, output in activations(model, image))[name][1]
    assert (channel == channel[0, 0]).all()


def test_a_path_without_convolution_has_no_kernel():
    assert last_kernel([nn.ReLU(), nn.MaxPool2d(2)], 0) is None


def test_tiles():
    kernel = torch.arange(5 * 4.0).view(5, 2, 2)
    tiles = tiled(kernel)
    assert tiles.shape == (5, 8) and int(tiles.isnan().sum()) == 40 - 20
    torch.testing.assert_close(tiles[3:5, 3:5], kernel[4])
    assert tiled(torch.ones(3, 3, 3)).shape == (3, 11) and tiled(torch.ones(1, 3, 3)).shape == (3, 3)


PATHS = {
    "two convolutions": [nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), nn.Conv2d(1, 1, 5, stride=2)],
    "pools": [nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(1, 1, 3, padding=1), nn.AvgPool2d(3, 2, 1)],
    "up again": [nn.MaxPool2d(2), nn.ConvTranspose2d(1, 1, 2, stride=2), nn.Conv2d(1, 1, 3, padding=1)],
    "wide transposed": [nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1), nn.AvgPool2d(2)],
    "upsampled": [nn.AvgPool2d(2), nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 3, padding=1)],
    "not square": [nn.Conv2d(1, 1, (1, 5), padding=(0, 2), stride=(2, 1))],
}


@pytest.mark.parametrize("name", PATHS)
def test_a_receptive_field_is_all_that_moves_a_value(name):
    """With positive weights and a growing input, a value depends on a pixel exactly if more light there raises it."""
    path = nn.Sequential(*PATHS[name])
    for parameter in path.parameters():
        nn.init.constant_(parameter, 0.5)
    low = torch.zeros(1, 1, 12, 12)
    with torch.no_grad():
        height, width = path(low).shape[2:]
        lit = torch.eye(144).view(144, 1, 12, 12)
        moved = (path(lit) > path(low)).view(12, 12, height, width)
    for row in range(height):
        for column in range(width):
            rows, columns = moved[:, :, row, column].nonzero().unbind(1)
            expected = int(rows.min()), int(columns.min()), int(rows.max()), int(columns.max())
            top, left, high, wide = receptive_field(list(path), row, column, (12, 12))
            assert (top, left, top + high - 1, left + wide - 1) == expected
