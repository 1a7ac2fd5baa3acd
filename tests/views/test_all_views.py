"""All views together: a thousand random moves, names for screen readers, a picture wherever no kernel runs."""

import gc
import os
import random
from base64 import b64decode
from pathlib import Path

import ipywidgets
import matplotlib.pyplot as plt
import pytest
from helpers.images import stand_in_set
from matplotlib.figure import Figure

from cae_lib import plots
from cae_lib.checkpoints import load_run
from cae_lib.pca import principal_components
from cae_lib.views import view
from cae_lib.views.block_coding import block_playground
from cae_lib.views.code_places import code_places
from cae_lib.views.components import components_slider
from cae_lib.views.descent import descent
from cae_lib.views.dying_relu import dying_relu
from cae_lib.views.own_image import own_image
from cae_lib.views.playgrounds import bottleneck_explorer, convolution_playground
from cae_lib.views.rates import bits_slider, rate_slider
from cae_lib.views.widgets import channel_slider, epoch_slider

OFTEN = (6, 4, 1, 1, 1, 6, 6, 2, 3, 1, 3, 3, 1)  # how often each of the views below is moved
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
            convolution_playground(data.images[5]),
            bottleneck_explorer(data, [0, 1]),
            bits_slider("model1_code2", data.images[1]),
            rate_slider(data.images[1]),
            own_image(data.images[2]),
            components_slider(*principal_components(data), data, [0, 1]),
            code_places(model1.model, data, [0, 1]),
            dying_relu(load_run("model1").model, data, 0),
            descent(),
            block_playground(data.take(20), data, [0, 1]),
        ]


def widgets_of(box):
    """Every control in a view, also those that do not choose the picture."""
    for child in box.children:
        if isinstance(child, ipywidgets.Box):
            yield from widgets_of(child)
        elif not isinstance(child, ipywidgets.HTML):
            yield child


def move(control, rng: random.Random) -> None:
    """Another value for a control, as a reader may give it."""
    options = view.choices(control)
    if options:
        control.value = options[rng.choice([0, len(options) // 2, -1])][1]
    elif isinstance(control, ipywidgets.Play):
        control.value = rng.randint(control.min, control.max)
    elif isinstance(control, ipywidgets.FloatText):
        control.value = rng.choice([-1.0, 0.0, 2.5])
    elif isinstance(control, ipywidgets.Text):
        control.value = rng.choice(["", "missing.png", ".", __file__])


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
        move(rng.choice(list(widgets_of(moved))), rng)
        said = moved.message.value
        assert said == "" or "check the path" in said or "no image in a format that Pillow knows" in said
        assert moved.png == moved.frame(*(c.value for c in moved.controls.values()))
        assert moved.png.startswith(PNG)
    assert memory() - held < 20e6
    assert sum(type(thing) is Figure for thing in gc.get_objects()) == 0
    assert plt.get_fignums() == []


def test_every_control_has_a_name_and_a_hint(views):
    for shown in views:
        for control in widgets_of(shown):
            assert control.tooltip, control
            in_grid = isinstance(control, ipywidgets.FloatText | ipywidgets.Play)
            in_grid = in_grid or type(control) is ipywidgets.Button  # of a map: its hint is its name
            assert in_grid or control.description, control
        assert f'alt="{shown.alt}: ' in shown.picture.value
        assert len({control.tooltip for control in widgets_of(shown)}) == len(list(widgets_of(shown)))


def test_every_view_has_its_static_picture_and_its_page(views, monkeypatch):
    monkeypatch.setenv(view.EMBED, "1")
    for shown in views:
        data, metadata = shown._repr_mimebundle_()
        assert b64decode(data["image/png"]) == shown.static and shown.static.startswith(PNG)
        assert shown.static != shown.png and metadata["image/png"]["alt"] == shown.alt
        assert shown.alt in data["text/plain"] and "Box(" not in data["text/plain"]
        assert ("<script>" in data["text/html"]) == bool(shown.embed)


def test_controls_wrap_on_a_narrow_page(views):
    for shown in views:
        rows = [child for child in shown.children if isinstance(child, ipywidgets.Box)]
        assert rows and all(row.layout.flex_flow == "row wrap" for row in rows)
        for control in widgets_of(shown):
            assert int((control.layout.width or "0px").removesuffix("px")) <= 440  # in a cell of a page of 700
