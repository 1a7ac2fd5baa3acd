"""What all interactive views have in common: controls, one picture, and what stands in where no kernel runs.

A view draws its picture from the values of its controls, once for each combination, and keeps it. A saved notebook,
GitHub or a printed page shows the static picture; a page made by `cae run` shows the frames themselves, moved by a few
lines of script.
"""

import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from functools import lru_cache
from html import escape
from io import BytesIO
from itertools import product

import ipywidgets
from matplotlib.figure import Figure
from PIL import Image

from cae_lib.base.records import EMBED
from cae_lib.plots import to_png

KEPT = 80  # pictures that a view remembers, some 50 kB each
WRAP = ipywidgets.Layout(flex_flow="row wrap", width="100%", grid_gap="0 16px")


class View(ipywidgets.VBox):
    """A picture, drawn from the values of some controls.

    draw: takes the controls' values in their order and returns a Figure; controls: name -> widget with a `value`;
    static: the Figure shown where no widget runs; alt: what the picture shows, for screen readers; rows: how the
    controls are laid out, with widgets that do not choose the picture; embed: names of one or two controls whose
    pictures go into an exported page. What `draw` raises after a move is shown as a sentence under the controls.
    `png` is the picture in view.
    """

    def __init__(self, draw: Callable, controls: dict, static: Figure, alt: str, *, rows=None, embed=()):
        self.draw, self.controls, self.alt, self.embed, self.waiting = draw, controls, alt, embed, False
        self.frame = lru_cache(KEPT)(lambda *values: to_png(draw(*values)))
        self.static = compact(to_png(static))
        self.picture, self.message = ipywidgets.HTML(), ipywidgets.HTML()
        self.png = b""
        self.show()
        for control in controls.values():
            control.observe(lambda change: self.attempt(self.show), names="value")
        rows = [ipywidgets.Box(row, layout=WRAP) for row in rows or [list(controls.values())]]
        super().__init__([*rows, self.message, self.picture])
        self.add_class("cae-view")

    def show(self) -> None:
        """Draw what the controls say, unless several of them are being set."""
        if not self.waiting:
            self.png = self.frame(*(control.value for control in self.controls.values()))
            self.picture.value = image_tag(self.png, self.describe())

    def attempt(self, action: Callable[[], None]) -> None:
        """Do what a control asks for, and show what goes wrong: the kernel would only write it to its log."""
        self.message.value = ""
        try:
            action()
        except Exception as error:
            self.message.value = f'<p role="alert" style="color: #D55E00">{escape(str(error) or repr(error))}</p>'

    @contextmanager
    def hold(self):
        """Within this context, controls change and nothing is drawn; at its end, one picture is."""
        before, self.waiting = self.waiting, True
        try:
            yield
        finally:
            self.waiting = before
        self.attempt(self.show)

    def set(self, **values) -> None:
        """Set several controls, and draw once."""
        with self.hold():
            for name, value in values.items():
                self.controls[name].value = value

    def prepare(self, name: str) -> "View":
        """Draw the pictures of all values of one control, so that moving it takes no time."""
        for values in self.states((name,)):
            self.frame(*values)
        return self

    def states(self, names: Iterable[str]) -> list[tuple]:
        """The states that these controls can reach from the present one, the first control moving fastest."""
        now = {name: control.value for name, control in self.controls.items()}
        ranges = [[value for _, value in choices(self.controls[name])] for name in reversed(tuple(names))]
        moves = (dict(zip(reversed(tuple(names)), values, strict=True)) for values in product(*ranges))
        return [tuple((now | move).values()) for move in moves]

    def describe(self, values: tuple | None = None) -> str:
        """The text of the picture in some state: what it shows, and the controls' labels."""
        values = values or tuple(control.value for control in self.controls.values())
        labels = (
            f"{name} {next((label for label, v in choices(control) if v == value), value)}"
            for (name, control), value in zip(self.controls.items(), values, strict=True)
        )
        return f"{self.alt}: {', '.join(labels)}"

    def _repr_mimebundle_(self, **options) -> tuple[dict, dict]:
        bundle = super()._repr_mimebundle_(**options)
        bundle["text/plain"] = f"{self.alt}: run this cell to move through it."
        bundle["image/png"] = b64encode(self.static).decode()
        if os.environ.get(EMBED):
            bundle["text/html"] = self.page() if self.embed else image_tag(self.static, self.alt)
        return bundle, {"image/png": {"alt": self.alt}}

    def page(self) -> str:
        """The view for a page without a kernel: a slider, and a list of choices if two controls are embedded."""
        states = self.states(self.embed)
        frames = [[lossless_webp(self.frame(*values)), self.describe(values)] for values in states]
        now = states.index(tuple(control.value for control in self.controls.values()))
        first, *second = (choices(self.controls[name]) for name in self.embed)
        labels = [label for label, _ in first]
        options = "".join(
            f"<option{' selected' * (k == now // len(first))}>{escape(str(label))}</option>"
            for k, (label, _) in enumerate(second[0] if second else [])
        )
        select = f"<label>{escape(self.embed[1])} <select>{options}</select></label>" if second else ""
        data = json.dumps({"frames": frames, "labels": labels}).replace("</", "<\\/")
        return f"""<div class="cae-view">
<p><label>{escape(self.embed[0])} <input type="range" min="0" max="{len(first) - 1}" value="{now % len(first)}"></label>
<output></output> {select}</p>
{image_tag(self.png, self.describe())}
<script>
(() => {{
  const view = document.currentScript.parentElement, {{frames, labels}} = {data};
  const [range, select, output, image] = ["input", "select", "output", "img"].map(tag => view.querySelector(tag));
  const show = () => {{
    const place = Number(range.value), row = select ? select.selectedIndex : 0;
    [image.src, image.alt] = frames[row * labels.length + place];
    output.value = labels[place];
    range.setAttribute("aria-valuetext", labels[place]);
  }};
  for (const control of [range, select]) control?.addEventListener("input", show);
  show();
}})();
</script></div>"""


def compact(png: bytes) -> bytes:
    """The same picture in fewer bytes, for notebooks that keep it: without transparency, which no figure here has."""
    content = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").save(content, "PNG", optimize=True)
    return content.getvalue()


def image_tag(png: bytes, alt: str) -> str:
    """A picture for a page, with its size, so that nothing moves while the next one is read."""
    width, height = Image.open(BytesIO(png)).size
    return (
        f'<img src="data:image/png;base64,{b64encode(png).decode()}" alt="{escape(alt)}" width="{width}" '
        f'height="{height}" decoding="sync" style="max-width: 100%; height: auto; background: white">'
    )


def choices(control) -> list[tuple[str, object]]:
    """The labels and values that a control offers: its options, or the whole numbers of its range; else none."""
    if hasattr(control, "options"):
        return [option if isinstance(option, tuple) else (str(option), option) for option in control.options]
    if isinstance(control, ipywidgets.IntSlider):
        return [(str(value), value) for value in range(control.min, control.max + 1)]
    return []


def lossless_webp(png: bytes) -> str:
    """A picture as a data address, in half of the bytes of its PNG."""
    content = BytesIO()
    # Higher methods take twice as long for larger files.
    Image.open(BytesIO(png)).convert("RGB").save(content, "WEBP", lossless=True, method=1)
    return f"data:image/webp;base64,{b64encode(content.getvalue()).decode()}"


def look(description: str, width: str = "340px") -> dict:
    """What all controls have: a name, a hint, and room for the name."""
    return dict(
        description=description,
        tooltip=f"choose the {description}",
        style={"description_width": "initial"},
        layout=ipywidgets.Layout(width=width),
    )


def slider(description: str, options, value=None) -> ipywidgets.SelectionSlider:
    """A slider over given options: values, or pairs (label, value)."""
    return started(ipywidgets.SelectionSlider(options=list(options), **look(description, "440px")), value)


def counter(description: str, high: int, value: int = 0, low: int = 0) -> ipywidgets.IntSlider:
    """A slider over the whole numbers from low to high."""
    return ipywidgets.IntSlider(min=low, max=high, value=value, **look(description))


def chooser(description: str, options, value=None) -> ipywidgets.Dropdown:
    """A list to choose one of several options from: values, or pairs (label, value)."""
    return started(ipywidgets.Dropdown(options=list(options), **look(description)), value)


def started(control, value):
    if value is not None:
        control.value = value
    return control


def picture_slider(draw: Callable, options, description: str, static: Figure, alt: str, start=None) -> View:
    """A slider over pictures, draw(option) -> Figure, drawn at once for all options (values, or pairs (label, value)).

    description: what the slider moves; alt: what the pictures show.
    """
    controls = {description: slider(description, options, start)}
    return View(draw, controls, static, alt, embed=(description,)).prepare(description)
