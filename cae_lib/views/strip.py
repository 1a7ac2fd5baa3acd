"""Pictures and maps with their titles as one picture: drawn in milliseconds, where a figure takes a fifth of a second.

What a kernel draws while a slider moves is drawn here; a figure is better at everything else.
"""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cae_lib.base.picture import bundle, names, source_note
from cae_lib.plots import COLOURS, WIDEST, to_pixels
from cae_lib.views.curves import Curves

# All in pixels.
SIDES = range(224, 32, -16)  # of a picture: the largest that fits
BAR, GAP, LINE = 62, 14, 16  # a colour scale with its numbers, between two pictures, a line of text
LEAST = 40  # of a colour scale, for its numbers
LETTERS = (13, 11, 9, 7)  # the largest that fit


@dataclass(frozen=True)
class Tile:
    """A picture with its title.

    pixels: uint8 (H, W, 3); values: what a map shows (H, W), None for a picture; limits: the lowest and the highest
    value of its colours; box: row, column, height and width of an outline.
    """

    pixels: np.ndarray
    title: str
    values: np.ndarray | None = None
    limits: tuple[float, float] = (0.0, 1.0)
    colours: str = ""
    box: tuple[int, int, int, int] | None = None

    def width(self, side: int) -> int:
        """Of the whole, if the picture lies in a square of that side."""
        return side if self.values is None else side + BAR

    def frame(self, side: int) -> tuple[int, int, int]:
        """Left side, width and height of the picture in its square."""
        high, wide = self.pixels.shape[:2]
        wide, high = (max(round(n * side / max(high, wide)), 1) for n in (wide, high))
        return (side - wide) // 2, wide, high

    def drawn(self, side: int, above: int) -> Image.Image:
        """The whole: the title in the uppermost pixels, the picture below it, and beside that the scale of a map."""
        left, wide, high = self.frame(side)
        paper = Image.new("RGB", (self.width(side), above + max(high, LEAST)), "white")
        pencil = ImageDraw.Draw(paper)
        font = fitting(self.title, side - 4)
        pencil.multiline_text((side / 2, above - 4), self.title, "black", font, "md", spacing=2, align="center")
        shown = Image.fromarray(np.ascontiguousarray(self.pixels))
        times = -(-side // max(shown.size))
        large = shown.resize((shown.width * times, shown.height * times), Image.Resampling.NEAREST)
        paper.paste(large.resize((wide, high), Image.Resampling.BOX), (left, above))
        pencil.rectangle((left, above, left + wide - 1, above + high - 1), outline="#555555")
        if self.box:
            row, column, rows, columns = self.box
            step = wide / shown.width
            x, y = left + column * step, above + row * step
            around = (x - 2, y - 2, x + columns * step + 1, y + rows * step + 1)
            pencil.rectangle(around, outline=COLOURS[1], width=3)
        if self.values is not None:
            paper.paste(self.scale(max(high, LEAST)), (side + 6, above))
        return paper

    def scale(self, high: int) -> Image.Image:
        """The colours of a map, with its lowest and its highest value."""
        paper, limits = Image.new("RGB", (BAR - 6, high), "white"), self.limits
        shades = matplotlib.colormaps[self.colours](np.linspace(1, 0, high), bytes=True)[:, None, :3]
        paper.paste(Image.fromarray(np.repeat(shades, 10, 1)))
        marks = {limits[1]: (0, "lt"), limits[0]: (high, "lb")} | ({0: (high / 2, "lm")} if sum(limits) == 0 else {})
        for value, (y, anchor) in marks.items():
            ImageDraw.Draw(paper).text((13, y), f"{value:.3g}".replace("-", "−"), "black", letters(11), anchor)
        return paper


def image_tile(image, title: str, box: tuple | None = None) -> Tile:
    """An image (3, H, W), uint8 or float in [0, 1]."""
    pixels = to_pixels(image)
    return Tile(pixels if pixels.dtype == np.uint8 else (pixels * 255).round().astype(np.uint8), title, box=box)


def map_tile(
    values, title: str, *, low: float = 0, high: float | None = None, colours: str = "viridis", box: tuple | None = None
) -> Tile:
    """A map (H, W) with its colours from low to high (by default the largest value); what is no number is white."""
    values = np.asarray(values, dtype=np.float64)
    high = float(values.max()) or 1.0 if high is None else high
    shades = matplotlib.colormaps[colours].with_extremes(bad="white")
    return Tile(shades((values - low) / (high - low), bytes=True)[..., :3], title, values, (low, high), colours, box)


class Strip:
    """Rows of tiles as one picture, and curves beside them; source: the data set, written below."""

    def __init__(self, *rows: list[Tile], beside: Curves | None = None, source: str = ""):
        self.rows, self.beside, self.source = rows, beside, source
        room = 100 * WIDEST - (beside.pixels.width + GAP if beside else 0)
        self.side = next((side for side in SIDES if self.width(side) <= room), SIDES[-1])

    def width(self, side: int) -> int:
        """Of the widest row of tiles."""
        return max(sum(tile.width(side) for tile in row) + GAP * (len(row) - 1) for row in self.rows)

    def height(self, row: list[Tile]) -> int:
        """Of the pictures in a row."""
        return max(LEAST, *(tile.frame(self.side)[2] for tile in row))

    @property
    def tiles(self) -> list[Tile]:
        """Of all rows, one after the other."""
        return [tile for row in self.rows for tile in row]

    def size(self) -> tuple[int, int]:
        """Width and height."""
        beside = self.beside.pixels.size if self.beside else (-GAP, 0)
        high = sum(title_height(row) + self.height(row) for row in self.rows)
        return self.width(self.side) + GAP + beside[0], max(high, beside[1]) + (LINE if self.source else 0)

    def places(self) -> tuple:
        """Where the first tile's map of places lies; see view.Frame."""
        first, above, size = self.rows[0][0], title_height(self.rows[0]), self.size()
        left, wide, high = first.frame(self.side)
        right, bottom = (left + wide) / size[0], (above + high) / size[1]
        return left / size[0], above / size[1], right, bottom, *first.pixels.shape[:2]

    def png(self) -> bytes:
        """The bytes of a PNG file."""
        paper, y = Image.new("RGB", self.size(), "white"), 0
        for row in self.rows:
            above, x = title_height(row), 0
            for tile in row:
                paper.paste(tile.drawn(self.side, above), (x, y))
                x += tile.width(self.side) + GAP
            y += above + self.height(row)
        if self.beside:
            paper.paste(self.beside.pixels, (self.width(self.side) + GAP, 0))
        if self.source:
            corner = (paper.width - 4, paper.height - 3)
            ImageDraw.Draw(paper).text(corner, source_note(self.source), "#777777", letters(9), "rb")
        content = BytesIO()
        paper.save(content, "PNG", compress_level=1)  # made for each move of a slider
        return content.getvalue()

    def _repr_mimebundle_(self, **options) -> tuple[dict, dict]:
        """What a notebook shows: the picture, with its text for who cannot see it."""
        return bundle(self.png(), self.describe())

    def describe(self) -> str:
        """What it shows, in sentences made from its titles."""
        pictures = f"{len(self.tiles)} pictures: {names(tile.title for tile in self.tiles)}"
        return f"{pictures}. {self.beside.text}" if self.beside else pictures


def title_height(row: list[Tile]) -> int:
    """What the titles of a row need."""
    return 6 + LINE * max(tile.title.count("\n") + 1 for tile in row)


@cache
def letters(size: int) -> ImageFont.FreeTypeFont:
    """The letters of all figures, in pixels."""
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", size)


def fitting(text: str, width: int) -> ImageFont.FreeTypeFont:
    """The largest letters in which no line is wider."""
    fits = (letters(size) for size in LETTERS if max(map(letters(size).getlength, text.split("\n"))) <= width)
    return next(fits, letters(LETTERS[-1]))
