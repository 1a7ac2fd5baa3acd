"""The models: layers, counts, weights at the start, and forward passes against NumPy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cae_lib.anatomy import summarise, summary_table
from cae_lib.models import MODEL1, MODEL1_REPAIRED, MODEL2, Classifier, build, code_shape

# name, kind, output shape, parameters, multiply-adds; counted by hand
MODEL1_LAYERS = [
    ("encoder.0", "Conv2d", (32, 32, 32), 32 * 27 + 32, 1024 * 32 * 27),
    ("encoder.1", "ReLU", (32, 32, 32), 0, 0),
    ("encoder.2", "Conv2d", (16, 32, 32), 16 * 288 + 16, 1024 * 16 * 288),
    ("encoder.3", "ReLU", (16, 32, 32), 0, 0),
    ("encoder.4", "Conv2d", (2, 32, 32), 2 * 144 + 2, 1024 * 2 * 144),
    ("encoder.5", "ReLU", (2, 32, 32), 0, 0),
    ("encoder.6", "MaxPool2d", (2, 16, 16), 0, 0),
    ("decoder.0", "ConvTranspose2d", (16, 32, 32), 2 * 16 * 4 + 16, 256 * 2 * 16 * 4),
    ("decoder.1", "ReLU", (16, 32, 32), 0, 0),
    ("decoder.2", "Conv2d", (32, 32, 32), 32 * 144 + 32, 1024 * 32 * 144),
    ("decoder.3", "ReLU", (32, 32, 32), 0, 0),
    ("decoder.4", "Conv2d", (3, 32, 32), 3 * 288 + 3, 1024 * 3 * 288),
    ("decoder.5", "ReLU", (3, 32, 32), 0, 0),
]
MODEL2_LAYERS = [
    ("encoder.0", "Conv2d", (32, 32, 32), 32 * 27 + 32, 1024 * 32 * 27),
    ("encoder.1", "ReLU", (32, 32, 32), 0, 0),
    ("encoder.2", "MaxPool2d", (32, 16, 16), 0, 0),
    ("encoder.3", "Conv2d", (64, 16, 16), 64 * 288 + 64, 256 * 64 * 288),
    ("encoder.4", "ReLU", (64, 16, 16), 0, 0),
    ("decoder.0", "Upsample", (64, 32, 32), 0, 0),
    ("decoder.1", "Conv2d", (3, 32, 32), 3 * 576 + 3, 1024 * 3 * 576),
    ("decoder.2", "Sigmoid", (3, 32, 32), 0, 0),
]


@pytest.mark.parametrize(
    "config, layers, parameters, multiply_adds",
    [(MODEL1, MODEL1_LAYERS, 11_461, 11_534_336), (MODEL2, MODEL2_LAYERS, 21_123, 7_372_800)],
    ids=["model1", "model2"],
)
def test_layers_shapes_and_counts_are_the_reports(config, layers, parameters, multiply_adds):
    model = build(config)
    rows = summarise(model)
    assert [(r.name, r.layer.split("(")[0], r.output_shape, r.parameters, r.multiply_adds) for r in rows] == layers
    assert sum(r.parameters for r in rows) == sum(p.numel() for p in model.parameters()) == parameters
    assert sum(r.multiply_adds for r in rows) == multiply_adds


def test_kernels_strides_and_paddings():
    def sizes(model):
        kinds = (nn.Conv2d, nn.ConvTranspose2d)
        return [(m.kernel_size[0], m.stride[0], m.padding[0]) for m in model.modules() if isinstance(m, kinds)]

    assert sizes(build(MODEL1)) == [(3, 1, 1), (3, 1, 1), (3, 1, 1), (2, 2, 0), (3, 1, 1), (3, 1, 1)]
    assert sizes(build(MODEL2)) == [(3, 1, 1)] * 3


def test_summarise_leaves_the_model_as_it_was():
    model = build(MODEL1)
    summarise(model)
    assert not any(m._forward_hooks for m in model.modules())
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(
    "config, facts",
    [
        (MODEL1, ["11,461", "11,534,336", "2 x 16 x 16 = 512 numbers", "ConvTranspose2d"]),
        (MODEL2, ["21,123", "7,372,800", "64 x 16 x 16 = 16,384 numbers", "Upsample"]),
    ],
    ids=["model1", "model2"],
)
def test_summary_table_states_the_facts(config, facts):
    table = summary_table(build(config))
    assert [fact for fact in facts if fact not in table] == []
    rows = table.splitlines()
    assert len(rows) == len(summarise(build(config))) + 3
    assert len({len(row) for row in rows[:-1]}) == 1, "the columns are not in line"


def test_summary_of_the_classifier():
    rows = summarise(build(Classifier))
    assert rows[-1].output_shape == (10,)
    assert [r.parameters for r in rows if r.parameters] == [448, 4640, 2048 * 64 + 64, 650]
    assert [r.multiply_adds for r in rows if r.parameters] == [1024 * 16 * 27, 256 * 32 * 144, 2048 * 64, 640]
    assert "code" not in summary_table(build(Classifier))


# The forward passes again, in float64 NumPy and without any neural-network library.


def conv3(x, layer):
    weight, bias = layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = np.zeros((x.shape[0], weight.shape[0], *x.shape[2:]))
    for dy in range(3):
        for dx in range(3):
            patch = padded[:, :, dy : dy + x.shape[2], dx : dx + x.shape[3]]
            out += np.einsum("nchw,oc->nohw", patch, weight[:, :, dy, dx])
    return out + bias[None, :, None, None]


def transposed2(x, layer):
    weight, bias = layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()
    out = np.einsum("nchw,coyx->nohywx", x, weight)
    return out.reshape(x.shape[0], weight.shape[1], 2 * x.shape[2], 2 * x.shape[3]) + bias[None, :, None, None]


def pool2(x):
    return np.maximum.reduce([x[:, :, i::2, j::2] for i in (0, 1) for j in (0, 1)])


def relu(x):
    return np.maximum(x, 0)


def numpy_model1(model, x):
    e, d = model.encoder, model.decoder
    code = pool2(relu(conv3(relu(conv3(relu(conv3(x, e[0])), e[2])), e[4])))
    return code, relu(conv3(relu(conv3(relu(transposed2(code, d[0])), d[2])), d[4]))


def numpy_model2(model, x):
    code = relu(conv3(pool2(relu(conv3(x, model.encoder[0]))), model.encoder[3]))
    repeated = code.repeat(2, axis=2).repeat(2, axis=3)
    return code, 1 / (1 + np.exp(-conv3(repeated, model.decoder[1])))


@pytest.mark.parametrize("config, forward", [(MODEL1, numpy_model1), (MODEL2, numpy_model2)], ids=["model1", "model2"])
def test_forward_pass_against_numpy(config, forward):
    model = build(config, seed=3)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("bias"):
                p.uniform_(-0.1, 0.3, generator=torch.Generator().manual_seed(1))  # biases of zero would hide faults
        images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(2))
        code, output = model.encode(images), model(images)
    expected_code, expected_output = forward(model, images.double().numpy())
    assert expected_output.std() > 0.01
    np.testing.assert_allclose(code.numpy(), expected_code, atol=1e-5)
    np.testing.assert_allclose(output.numpy(), expected_output, atol=1e-5)


@pytest.mark.parametrize("config", [MODEL1, MODEL1_REPAIRED, MODEL2, replace(MODEL1_REPAIRED, code_channels=8)])
def test_encode_then_decode_is_forward(config):
    model = build(config)
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        code = model.encode(images)
        assert code.shape == (2, *code_shape(model)) == (2, config.code_channels, 16, 16)
        assert torch.equal(model.decode(code), model(images))


@pytest.mark.parametrize("config", [MODEL1, MODEL2], ids=["model1", "model2"])
def test_any_even_size_comes_back(config):
    with torch.no_grad():
        assert build(config)(torch.rand(1, 3, 48, 20)).shape == (1, 3, 48, 20)


def test_the_reports_output_cannot_be_negative_and_the_repaired_one_fits_its_pixel_range():
    images = torch.rand(8, 3, 32, 32) * 2 - 1
    report, repaired = build(MODEL1), build(MODEL1_REPAIRED)
    with torch.no_grad():
        for model in (report, repaired):
            # large weights push the outputs far to both sides
            model.decoder[4].weight.normal_(std=30, generator=torch.Generator().manual_seed(1))
        plain, fixed = report(images), repaired(images)
    assert plain.min() == 0 and plain.max() > 1
    assert MODEL1_REPAIRED.pixel_range == (0.0, 1.0)
    assert 0 <= fixed.min() < 0.1 and 0.9 < fixed.max() <= 1


def test_repaired_model1_has_the_layers_of_the_report_but_for_the_last():
    report, repaired = summarise(build(MODEL1)), summarise(build(MODEL1_REPAIRED))
    assert repaired[:-1] == report[:-1]
    assert (report[-1].layer, repaired[-1].layer) == ("ReLU()", "Sigmoid()")


def test_without_activations_code_and_output_take_both_signs():
    model = build(replace(MODEL1, code_activation="none", output_activation="none"))
    with torch.no_grad():
        code, output = model.encode(torch.randn(4, 3, 32, 32)), model(torch.randn(4, 3, 32, 32))
    assert code.min() < 0 < code.max()
    assert output.min() < 0


def test_model2_starts_from_lecun_normal():
    models = [[m for m in build(MODEL2, seed).modules() if isinstance(m, nn.Conv2d)] for seed in range(20)]
    for k, fan_in in enumerate((27, 288, 576)):
        weights = torch.cat([convs[k].weight.detach().flatten() for convs in models]) * fan_in**0.5
        assert weights.mean().abs() < 0.03
        assert weights.std().item() == pytest.approx(1, abs=0.02)
        # a normal distribution, neither uniform nor cut off at two standard deviations
        assert (weights.abs() < 1).float().mean().item() == pytest.approx(0.6827, abs=0.02)
        assert weights.abs().max() > 3
        assert all((convs[k].bias == 0).all() for convs in models)


@pytest.mark.parametrize("config", [MODEL1, MODEL2, Classifier], ids=["model1", "model2", "classifier"])
def test_seeds_repeat_and_differ(config):
    first, again, other = build(config, 5).state_dict(), build(config, 5).state_dict(), build(config, 6).state_dict()
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert not torch.equal(next(iter(first.values())), next(iter(other.values())))


def test_build_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    build(MODEL1, 9)
    assert torch.equal(torch.rand(3), expected)


def test_an_unknown_model_is_refused_with_the_known_names():
    with pytest.raises(ValueError, match="model3.*model1, model2, classifier"):
        build(replace(MODEL1, name="model3"))


def test_an_unknown_activation_is_refused_with_the_known_names():
    with pytest.raises(ValueError, match="tanh.*relu, sigmoid, none"):
        build(replace(MODEL1, output_activation="tanh"))
