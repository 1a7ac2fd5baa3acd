"""Views that the page computes itself, each by a script of its own: no kernel is asked, and no frame is stored."""

from pathlib import Path

from matplotlib.figure import Figure

from cae_lib.views.controls import Control
from cae_lib.views.view import SCRIPT, Panel

SCRIPTS = ("plot.js", "convolution.js", "descent.js", "water.js")


class Computed(Panel):
    """Controls, a canvas, and what a painter of its name (in one of SCRIPTS) makes of them.

    data: what the painter is given; size: width and height of the canvas, until it says otherwise; click: the controls
    that pointing at its map sets, those of the row and of the column.
    """

    _esm = SCRIPT + "\n".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in SCRIPTS)

    def __init__(
        self, painter: str, data: dict, controls: dict[str, Control], static: Figure, alt: str,
        size: tuple[int, int], click: tuple = (),
    ):  # fmt: skip
        super().__init__(controls, static, alt)
        self.painter, self.data, self.size, self.click = painter, data, size, click

    def facts(self) -> dict:
        width, height = self.size
        return super().facts() | {"painter": self.painter, "data": self.data, "embed": list(self.controls),
                                  "click": self.click, "places": (), "width": width, "height": height}  # fmt: skip
