"""Views of networks: the epochs of a run, the channels of a layer."""

from functools import cache

import torch
from torch import Tensor, nn

from cae_lib import plots
from cae_lib.base.errors import UsageError
from cae_lib.checkpoints import Run
from cae_lib.data.images import ImageSet, scale, unscale
from cae_lib.evaluation import reconstruct
from cae_lib.metrics import psnr
from cae_lib.models import range_of
from cae_lib.views.controls import chooser, counter, slider
from cae_lib.views.curves import Curves, curves
from cae_lib.views.layers import activations, last_kernel, receptive_field, tiled
from cae_lib.views.strip import Strip, image_tile, map_tile
from cae_lib.views.view import View


def epoch_slider(
    run: Run, data: ImageSet, indices, other: Run | None = None, floors: tuple[float, float] | None = None
) -> View:
    """Reconstructions of images at every kept epoch of a run, with the point moving on its loss curves.

    indices: the images to begin with; as many of any class can be chosen instead. With another run, both are shown at
    the epochs that both have kept, with their validation losses on one scale. floors: what the training and the
    validation loss of a single run cannot go below; the curves then show what is above. Raises UsageError
    if there is no such epoch.
    """
    runs = {run_name(run): run, run_name(other): other} if other else {"reconstruction": run}
    if other and len(runs) == 1:
        runs = {run_name(run): run, f"{run_name(other)} (second)": other}
    epochs = [e for e in run.epochs_kept if all(e in r.epochs_kept for r in runs.values())]
    if not epochs:
        raise UsageError(f"{' and '.join(runs)} have kept no epoch in common: choose runs that kept all of theirs.")
    sets = {"the first ones": [int(i) for i in indices]}
    for c, name in enumerate(data.classes):
        sets[name] = (data.labels == c).nonzero().flatten()[: len(indices)].tolist()
    sets = {name: chosen for name, chosen in sets.items() if len(chosen) == len(indices)}

    @cache
    def model(name: str, epoch: int) -> nn.Module:
        return runs[name].at(epoch)

    def rebuilt(name: str, epoch: int, chosen: list[int]) -> Tensor:
        low_high = range_of(model(name, epoch))
        return unscale(reconstruct(model(name, epoch), data.images[chosen]), low_high)

    losses = loss_curves(runs, floors)

    def draw(epoch: int, images: str) -> Strip:
        originals, titles = scale(data.images[sets[images]], (0.0, 1.0)), data.titles(sets[images])
        rows = [[image_tile(image, title) for image, title in zip(originals, titles, strict=True)]]
        for name in runs:
            after = rebuilt(name, epoch, sets[images])
            said = f"{name}\n" if other else ""
            found = psnr(originals, after).tolist()
            rows.append([image_tile(image, f"{said}{db:.1f} dB") for image, db in zip(after, found, strict=True)])
        return Strip(*rows, beside=losses.marked(epoch - 1), source=data.source)

    first = sets["the first ones"]
    shown = epochs[-1:] if other else sorted({epochs[0], *(e for e in (2, 3, 5, 10, 20) if e in epochs), epochs[-1]})
    label = "{name}\nepoch {epoch}" if other else "epoch {epoch}"
    columns = {"original": scale(data.images[first], (0.0, 1.0))}
    columns |= {label.format(name=n, epoch=e): rebuilt(n, e, first) for n in runs for e in shown}
    rows = dict(zip(data.names(first), torch.stack(list(columns.values()), dim=1), strict=True))
    static = plots.image_rows(rows, list(columns), source=data.source)
    controls = {"epoch": slider(epochs, epochs[-1], play=True), "images": chooser(sets)}
    alt = f"Images, their reconstructions{' by ' + ' and '.join(runs) if other else ''}, and loss curves"
    return View(draw, controls, static, alt, embed=("epoch",)).prepare("epoch")


def run_name(run: Run) -> str:
    """A short name of a run: that of its folder, with the one above for another seed than 0 of a shipped run."""
    folder = run.folder
    if not folder.name.startswith("seed"):
        return folder.name
    return folder.parent.name if folder.name == "seed0" else f"{folder.parent.name} {folder.name}"


def loss_curves(runs: dict[str, Run], floors: tuple[float, float] | None = None) -> Curves:
    """Both losses of a run, above their floors if there are any, or the validation losses of two in [0, 1]."""
    if len(runs) > 1:
        low, high = 0, 1
        losses = {name: in_unit_range(run) for name, run in runs.items()}
    else:
        (run,) = runs.values()
        low, high = range_of(run.model)
        losses = {"training": run.history.train_loss, "validation": run.history.validation_loss}
    if floors:
        losses = {name: [v - f for v in y] for (name, y), f in zip(losses.items(), floors, strict=True)}
    kind = "validation MSE" if len(runs) > 1 else "MSE"
    told = "above its floor (log)" if floors else f"in [{low:g}, {high:g}]"
    series = {name: (range(1, len(y) + 1), y) for name, y in losses.items()}
    return curves(
        series, 2.8, 0.4 + 0.9 * (1 + len(runs)), "epoch", f"{kind} {told}", yscale="log" if floors else "linear"
    )


def in_unit_range(run: Run) -> list[float]:
    """The validation losses of a run as if its pixels were in [0, 1]."""
    low, high = range_of(run.model)
    return [loss / (high - low) ** 2 for loss in run.history.validation_loss]


def channel_slider(model: nn.Module, data: ImageSet, indices, layer: str | None = None) -> View:
    """What each channel of each layer makes of an image: its map, its kernel, and what its largest value sees.

    layer: name of the layer to begin with, for example "encoder.4"; by default the first. It opens on the channel with
    the largest value. Raises UsageError for a layer that the model does not have.
    """
    images = dict(zip(data.names(indices), data.images[indices], strict=True))
    found = cache(lambda image: activations(model, images[image]))
    start = next(iter(images))
    layers = {name: values for name, _, values in found(start)}
    if not layers:
        raise UsageError(f"No layer of {type(model).__name__} makes maps: there are no channels to look at.")
    layer = layer or next(iter(layers))
    if layer not in layers:
        raise UsageError(f"No layer with maps is called {layer!r}; choose one of {', '.join(layers)}.")

    def draw(channel: int, image: str, layer: str) -> Strip:
        place = [name for name, _, _ in found(image)].index(layer)
        path, values = [module for _, module, _ in found(image)[: place + 1]], found(image)[place][2]
        row, column = divmod(int(values[channel].argmax()), values.shape[-1])
        kernel = last_kernel(path, channel)
        largest = 1.0 if kernel is None else float(kernel.abs().max()) or 1.0
        slices = "none" if kernel is None else "red, green, blue" if len(kernel) == 3 else f"{len(kernel)} slices"
        drawing = torch.zeros(1, 1) if kernel is None else tiled(kernel)
        zeros = float((values[channel] == 0).float().mean())
        title = f"channel {channel}, {zeros:.0%} zeros{': dead here' if zeros == 1 else ''}"
        low, high = min(float(values.min()), 0.0), float(values.max()) or 1.0
        seen = receptive_field(path, row, column, images[image].shape[1:]) if zeros < 1 else None
        tiles = [
            image_tile(images[image], "input: the mark sees this", box=seen),
            map_tile(drawing, f"its kernel: {slices}", low=-largest, high=largest, colours="RdBu_r"),
            map_tile(values[channel], title, low=low, high=high, box=(row, column, 1, 1) if zeros < 1 else None),
        ]
        return Strip(tiles, source=data.source)

    names = [(f"{name} {type(m).__name__} {' × '.join(map(str, v.shape))}", name) for name, m, v in found(start)]
    controls = {
        "channel": counter(len(layers[layer]) - 1, int(layers[layer].amax((1, 2)).argmax())),
        "image": chooser(images),
        "layer": chooser(names, layer),
    }

    def fit_channels() -> None:
        controls["channel"].fit(range(len(layers[controls["layer"].value])))

    static = plots.maps(layers[layer], source=data.source)
    alt = "What a channel of a layer makes of an image, and its kernel"
    # More frames would make a page too large, and the static picture shows all channels anyway.
    embed = ("channel",) if len(layers[layer]) <= 16 else ()
    return View(draw, controls, static, alt, embed=embed, adapt={"layer": fit_channels})
