"""What a network is made of: the drawn architecture, and what its layers put out, against the network itself."""

from dataclasses import replace

import matplotlib.pyplot as plt
import pytest

from cae_lib.anatomy import architecture, summarise
from cae_lib.models import MODEL1, MODEL1_REPAIRED, MODEL2, Classifier, build

CONFIGS = [MODEL1, MODEL1_REPAIRED, MODEL2, replace(MODEL1, code_channels=16), replace(MODEL2, code_channels=12)]


def labels(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("config", [*CONFIGS, Classifier])
def test_every_shape_of_the_model_is_written(config):
    model = build(config)
    figure = architecture(model, "a title")
    boxes = [label.split("\n")[0] for label in labels(figure)]
    for row in summarise(model):
        if not row.layer.startswith("Flatten"):
            assert " × ".join(map(str, row.output_shape)) in boxes
    assert "3 × 32 × 32" in boxes
    assert figure.axes[0].get_title() == "a title" and plt.get_fignums() == []


@pytest.mark.parametrize("config", CONFIGS)
def test_the_code_is_named_once_with_its_size(config):
    written = labels(architecture(build(config)))
    assert [written.count(name) for name in ("image", "code", "reconstruction")] == [1, 1, 1]
    c = config.code_channels
    assert f"{c} × 16 × 16\n= {c * 256:,}" in written


def test_arrows_name_the_layers_in_their_order():
    def operations(config):
        texts = [t.replace("\n", " ") for t in labels(architecture(build(config)))]
        return [t for t in texts if t and t[0].islower() and " " in t]

    conv = "conv 3×3 ReLU"
    model1 = [conv, conv, conv, "max-pool 2×2", "transposed conv 2×2 ReLU", conv, conv]
    assert operations(MODEL1) == model1
    assert operations(MODEL1_REPAIRED) == [*model1[:-1], "conv 3×3 sigmoid"]
    assert operations(MODEL2) == [conv, "max-pool 2×2", conv, "unpool 2×2", "conv 3×3 sigmoid"]


def test_a_classifier_ends_in_scores():
    written = labels(architecture(build(Classifier)))
    assert "scores" in written and "10" in written and "code" not in written


def test_one_box_for_every_layer_that_is_drawn_and_no_two_overlap():
    boxes = [patch.get_bbox() for patch in architecture(build(MODEL1)).axes[0].patches if hasattr(patch, "get_x")]
    assert len(boxes) == 8
    assert all(left.x1 < right.x0 for left, right in zip(boxes, boxes[1:], strict=False))
