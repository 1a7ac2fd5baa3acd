"""A view of a code as a map of places to click on: what each place paints."""

import torch
from torch import nn

from cae_lib.base.errors import UsageError
from cae_lib.data.images import ImageSet, scale, unscale
from cae_lib.models import range_of
from cae_lib.views.controls import chooser, counter
from cae_lib.views.strip import Strip, image_tile, map_tile
from cae_lib.views.view import View


def code_places(model: nn.Module, data: ImageSet, indices) -> View:
    """The channel of a code as a map; a place that is clicked on (or set by row and column) is put to zero.

    The picture shows what is decoded without it, and which pixels that changes. model: its code of an image is
    (C, h, w). Raises UsageError for a code without places.
    """
    model = model.cpu().eval()
    names = data.names(indices)
    images = dict(zip(names, scale(data.images[indices], range_of(model)), strict=True))
    with torch.no_grad():
        codes = {name: model.encode(image[None]) for name, image in images.items()}
        plain = {name: unscale(model.decode(code), range_of(model))[0] for name, code in codes.items()}
    if codes[names[0]].dim() != 4:
        raise UsageError("The code of this model has no places: look at one whose code is (channels, height, width).")
    channels, height, width = codes[names[0]].shape[1:]
    high = max(float(code.max()) for code in codes.values()) or 1.0

    @torch.no_grad()
    def draw(row: int, column: int, channel: int, image: str) -> Strip:
        code = codes[image].clone()
        value = float(code[0, channel, row, column])
        code[0, channel, row, column] = 0
        without = unscale(model.decode(code), range_of(model))[0]
        change = (without - plain[image]).abs().mean(0)
        changed = int((change > 1 / 255).sum())  # by a grey level or more
        title, box = f"channel {channel}: {value:.2f} at ({row}, {column})", (row, column, 1, 1)
        tiles = [
            map_tile(codes[image][0, channel], title, high=high, box=box),
            image_tile(without, "decoded without this number"),
            map_tile(change, f"{changed} pixels change", colours="magma"),
        ]
        return Strip(tiles, source=data.source)

    controls = {
        "row": counter(height - 1, height // 2),
        "column": counter(width - 1, width // 2),
        "channel": counter(channels - 1),
        "image": chooser(names),
    }
    static = draw(height // 2, width // 2, 0, names[0])
    alt = "One number of a code set to zero, the decoded picture, and the pixels that this changes"
    return View(draw, controls, static, alt, places=("row", "column"))
