"""What all interactive views have in common: controls, one picture, and one front end for every place, view.js.

A view draws its picture from the values of its controls. The frames of some controls go into the cell's output, as
one sheet beside view.js, so that they move in a saved notebook or a page without a kernel. For all other states
view.js asks the kernel, through a widget (of ipywidgets, by anywidget) that is never displayed. Where no script runs,
such as on GitHub, the static picture is shown.
"""

import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from html import escape
from io import BytesIO
from itertools import product
from pathlib import Path

import anywidget
import traitlets
from matplotlib.figure import Figure
from PIL import Image

from cae_lib.base import picture
from cae_lib.views.controls import Control, slider
from cae_lib.views.sheet import sheet, webp
from cae_lib.views.strip import Strip

KEPT = 80  # pictures that a view remembers, some 50 kB each
SCRIPT = "\n".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("controls.js", "view.js"))


@dataclass(frozen=True)
class Frame:
    """The picture of one state: bytes of a PNG, what it shows in sentences, and where its map of places lies.

    places: left, top, right, bottom as shares of the picture, then rows and columns; empty without such a map.
    """

    png: bytes
    text: str
    places: tuple = ()


def png_of(shown: Figure | Strip) -> bytes:
    """The bytes of a PNG file."""
    return shown.png() if isinstance(shown, Strip) else picture.to_png(shown)


class Panel(anywidget.AnyWidget):
    """Controls and what view.js shows of them: in a notebook, in a page, in Colab.

    static: what is shown where no script runs; alt: what the picture shows, for screen readers.
    """

    _esm = SCRIPT
    key = traitlets.Unicode().tag(sync=True)  # by which view.js finds the widget of an output
    spec = traitlets.Dict().tag(sync=True)

    def __init__(self, controls: dict[str, Control], static: Figure | Strip, alt: str):
        super().__init__()
        self.controls, self.alt = controls, alt
        self.static = picture.compact(png_of(static))

    def facts(self) -> dict:
        """What view.js needs to know."""
        return {"controls": {name: control.spec() for name, control in self.controls.items()}}

    def html(self, facts: dict) -> str:
        """The view for every page that runs scripts; where they are taken out, the static picture remains."""
        static = Image.open(BytesIO(self.static))
        image = (
            f'<img src="{webp(static)}" alt="{escape(self.alt)}" width="{static.width}" '
            f'height="{static.height}" style="max-width: 100%; height: auto; background: white">'
        )
        data = json.dumps(facts, ensure_ascii=False).replace("</", "<\\/")
        return f"""<div class="cae-view">
{image}
<script type="application/json">{data}</script>
<script type="module">
{self._esm}
start();
</script></div>"""

    def _repr_mimebundle_(self, **options) -> tuple[dict, dict]:
        facts = self.facts()
        # The same view has the same key whenever the notebook is run, so that its file stays the same.
        self.key = facts["key"] = sha256(json.dumps(facts).encode()).hexdigest()[:16]
        if "google.colab" in sys.modules:  # an output is a page of its own there, and finds no widget of another
            self.spec = facts
            return super()._repr_mimebundle_(**options)
        data = {
            "text/plain": f"{self.alt}: run this cell to move through it.",
            "text/html": self.html(facts),
            "image/png": b64encode(self.static).decode(),
        }
        return data, {"image/png": {"alt": self.alt}}


class View(Panel):
    """A picture, drawn from the values of some controls.

    draw: takes the controls' values in their order and returns a Strip, or a Figure where all are drawn before they
    are shown; embed: names of the controls whose pictures need no kernel; adapt: what is to be called when a control of
    that name has been set, to fit others to it; places: the controls of row and column that a click on the first
    picture sets. `png` is the picture in view.
    """

    def __init__(
        self, draw: Callable, controls: dict[str, Control], static: Figure | Strip, alt: str, *,
        embed: tuple = (), adapt: dict[str, Callable[[], None]] | None = None, places: tuple = (),
    ):  # fmt: skip
        super().__init__(controls, static, alt)
        self.draw, self.embed, self.places = draw, embed, places
        self.adapt = adapt or {}
        self.frame = lru_cache(KEPT)(self.drawn)
        self.show()
        self.on_msg(self.answer)

    def values(self) -> tuple:
        """The values that the picture is drawn from."""
        return tuple(control.value for control in self.controls.values() if control.draws)

    def drawn(self, *values) -> Frame:
        shown = self.draw(*values)
        text = shown.describe() if isinstance(shown, Strip) else picture.describe(shown)
        return Frame(png_of(shown), f"{self.alt}. {self.state(values)}. {text}.", shown.places() if self.places else ())

    def state(self, values: tuple) -> str:
        """The controls' labels as a sentence, such as "Epoch: 5; images: the first ones"."""
        drawing = ((name, control) for name, control in self.controls.items() if control.draws)
        said = "; ".join(f"{name}: {control.name(v)}" for (name, control), v in zip(drawing, values, strict=True))
        return said[:1].upper() + said[1:]

    def set(self, **values) -> None:
        """Set controls, one after the other, and draw once. Raises UsageError, and what drawing raises."""
        for name, value in values.items():
            self.controls[name].set(value)
            self.fit_others(name)
        self.show()

    def fit_others(self, name: str) -> None:
        """Fit other controls to one that has been set."""
        if name in self.adapt:
            self.adapt[name]()

    def show(self) -> Frame:
        """Draw what the controls say."""
        frame = self.frame(*self.values())
        self.png = frame.png
        return frame

    def prepare(self, name: str) -> "View":
        """Draw the pictures of all values of one control, so that moving it takes no time."""
        for values in self.states((name,)):
            self.frame(*values)
        return self

    def states(self, names: Iterable[str]) -> list[tuple]:
        """The states that these controls can reach from the present one, the first control moving fastest."""
        now = {name: control.value for name, control in self.controls.items() if control.draws}
        ranges = [self.controls[name].values for name in reversed(tuple(names))]
        moves = (dict(zip(reversed(tuple(names)), values, strict=True)) for values in product(*ranges))
        return [tuple((now | move).values()) for move in moves]

    def answer(self, _, asked: dict, buffers: list) -> None:
        """Set what view.js has been asked to show, and send the picture; what goes wrong is said in a sentence."""
        if not asked:  # sent so that the answer to the question before it arrives at once
            return
        reply, pictures = {"number": asked["number"], "problem": ""}, []
        try:
            moved = {name: sent for name, sent in asked["values"].items() if sent != self.controls[name].sent()}
            for name, sent in moved.items():  # each after the one before it, to which its options may be fitted
                file = (bytes(buffers[0]),) if self.controls[name].kind == "file" else ()
                self.controls[name].value = self.controls[name].taken(sent, *file)
                self.fit_others(name)
            frame = self.show()
            reply |= {"text": frame.text, "places": frame.places}
            pictures = [frame.png]
        except Exception as error:  # the kernel would only write it to its log
            reply["problem"] = str(error) or repr(error)
        reply["controls"] = {name: control.spec() for name, control in self.controls.items()}
        self.send(reply, pictures)

    def facts(self) -> dict:
        """What view.js shows without a kernel: the controls, and the frames with their texts."""
        frames = [self.frame(*values) for values in self.states(self.embed)]
        address, width, height = sheet([frame.png for frame in frames])
        return super().facts() | {
            "embed": self.embed,
            "adapt": list(self.adapt),
            "click": self.places,
            "places": self.frame(*self.values()).places,
            "sheet": address,
            "width": width,
            "height": height,
            "texts": [frame.text for frame in frames],
        }


def picture_slider(draw: Callable, options, description: str, static: Figure, alt: str, start=None) -> View:
    """A slider over pictures, draw(option), drawn at once for all options (values, or pairs (label, value)).

    description: what the slider moves; alt: what the pictures show.
    """
    return View(draw, {description: slider(options, start)}, static, alt, embed=(description,)).prepare(description)
