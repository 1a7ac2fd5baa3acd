"""All views together: a thousand random moves, names for screen readers, a picture wherever no kernel runs."""

import gc
import os
import random
from base64 import b64decode
from math import prod
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from helpers.images import stand_in_set
from matplotlib.figure import Figure

from cae_lib import plots
from cae_lib.checkpoints import load_run
from cae_lib.data.images import DataError
from cae_lib.pca import principal_components
from cae_lib.views import view
from cae_lib.views.block_coding import block_playground
from cae_lib.views.code_places import code_places
from cae_lib.views.components import components_slider
from cae_lib.views.dying_relu import dying_relu
from cae_lib.views.own_image import own_image
from cae_lib.views.playgrounds import bottleneck_explorer
from cae_lib.views.rates import bits_slider, rate_slider
from cae_lib.views.widgets import channel_slider, epoch_slider

OFTEN = (6, 4, 1, 1, 6, 6, 2, 3, 1, 3, 1)  # how often each of the views below is moved
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def views():
    """One of each, with small and plain pictures, for what they show is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "Picture", lambda figsize, layout, dpi: Figure(figsize=figsize, dpi=30))
        patch.setattr(view.View, "prepare", lambda self, name: self)
        data = stand_in_set(30)
        model1 = load_run("model1_code2")
        yield [
            epoch_slider(model1, data, [0, 1]),
            epoch_slider(model1, data, [0], load_run("model1_code8")),
            channel_slider(model1.model, data, [3, 4], "encoder.6"),
            bottleneck_explorer(data, [0, 1]),
            bits_slider("model1_code2", data.images[1]),
            rate_slider(data.images[1]),
            own_image(data.images[2]),
            components_slider(*principal_components(data), data, [0, 1]),
            code_places(model1.model, data, [0, 1]),
            dying_relu(load_run("model1").model, data, 0),
            block_playground(data.take(20), data, [0, 1]),
        ]


def other(control, rng: random.Random):
    """Another value for a control, as a reader may give it."""
    if control.choosing:
        return rng.choice([control.values[0], control.values[len(control.values) // 2], control.values[-1]])
    given = {
        "number": [-1.0, 0.0, 2.5],
        "text": ["", "missing.png", ".", __file__],
        "file": [("notes.png", b"no picture")],
    }
    return rng.choice(given[control.kind])


def memory() -> int:
    """Bytes that this process holds, where the system tells."""
    gc.collect()
    file = Path("/proc/self/statm")
    return int(file.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if file.exists() else 0


def test_a_thousand_random_moves(views):
    """Most of them in stored views, as in a lesson; the first 300 fill the memories for pictures."""
    rng = random.Random(0)
    for step in range(1000):
        if step == 300:
            held = memory()
        (moved,) = rng.choices(views, OFTEN)
        name, control = rng.choice(list(moved.controls.items()))
        before = moved.png
        try:
            moved.set(**{name: other(control, rng)})
            assert moved.png == moved.frame(*moved.values()).png
        except DataError as error:
            assert moved.png == before
            assert "check the path" in str(error) or "no image in a format that Pillow knows" in str(error)
        assert moved.png.startswith(PNG)
    assert memory() - held < 20e6
    assert sum(type(thing) is Figure for thing in gc.get_objects()) == 0
    assert plt.get_fignums() == []


def test_every_control_has_a_name(views):
    for shown in views:
        for name, control in shown.controls.items():
            assert control.label if control.kind == "number" else len(name) >= 3, name
        text = shown.frame(*shown.values()).text
        assert text.startswith(f"{shown.alt}. ") and text.count(". ") >= 2


def test_every_view_has_its_static_picture_and_its_page(views):
    for shown in views:
        data, metadata = shown._repr_mimebundle_()
        assert b64decode(data["image/png"]) == shown.static and shown.static.startswith(PNG)
        assert shown.static != shown.png and metadata["image/png"]["alt"] == shown.alt
        assert shown.alt in data["text/plain"]
        facts = shown.facts()
        assert len(facts["texts"]) == prod(len(shown.controls[name].values) for name in shown.embed)
        assert len(set(facts["texts"])) == len(facts["texts"])
