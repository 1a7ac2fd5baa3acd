"""A codec without a network: 192 fixed kernels, one step size a quality, and tables counted on training images.

The encoder is a convolution of stride 8 that nobody trained. Each kernel is a cosine along the rows times one along the
columns of an 8 x 8 block (the DCT, as in JPEG), in one of three colours: the principal axes of the training images'
pixels (the KLT). The decoder is the transposed convolution. All that is learnt are the axes of the colours and, for
each kernel and quality, how often each symbol occurs and where in its interval the values lie on average.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from cae_lib.base.weights import damaged, load_tensors
from cae_lib.codec.codec import TransformCodec
from cae_lib.codec.entropy import Tables
from cae_lib.data.images import ImageSet

BLOCK = 8
CHANNELS = 3 * BLOCK**2
PART = 50  # images whose symbols are counted at once: more would leave the processor's cache
STEPS = (150, 120, 96, 76, 60, 48, 38, 30, 24, 19, 15, 12, 9.5)  # of the quantiser, on a scale of 0 to 255
LEANING = 20  # symbols' worth of trust in a kernel's own table before any is counted in a context
ROUNDING = 0.3  # chosen on training images: see dct_steps.dead_zones


def cosines() -> Tensor:
    """The orthonormal DCT as a matrix (8, 8), float64: row u is the cosine that runs u/2 times along a block."""
    u, x = torch.arange(BLOCK, dtype=torch.float64)[:, None], torch.arange(BLOCK, dtype=torch.float64)
    matrix = math.sqrt(2 / BLOCK) * torch.cos(math.pi / BLOCK * (x + 0.5) * u)
    matrix[0] /= math.sqrt(2)
    return matrix


def colour_axes(images: Tensor) -> tuple[Tensor, Tensor]:
    """The mean colour (3,) of uint8 images (N, 3, H, W) and the principal axes of their pixels: rows of (3, 3)."""
    total, products, count = torch.zeros(3).double(), torch.zeros(3, 3).double(), 0
    for part in images.split(PART):  # sums of whole numbers below 2^53: exact, and so the same in any order
        pixels = part.transpose(0, 1).flatten(1).double()
        total, products, count = total + pixels.sum(1), products + pixels @ pixels.T, count + pixels.shape[1]
    mean = total / count
    _, vectors = torch.linalg.eigh(products / count - mean[:, None] * mean)
    axes = vectors.flip(1).T  # the one of largest variance first
    return mean, torch.where(axes.sum(1, keepdim=True) < 0, -axes, axes)  # eigh leaves the sign open


class DctCodec(TransformCodec):
    """Fixed kernels, a quantiser and tables; quality 1 is the coarsest.

    mean (3,), colours (3, 3): a pixel p becomes colours @ (p - mean); steps (Q, 192): the quantiser's step for each
    quality and kernel; counts: quality -> (192, S), how often each symbol occurred, the middle one standing for 0;
    shift (Q, 192): where in its interval, in steps from the symbol, the decoder puts a value.

    rounding: what is added before rounding down. 0.5 rounds to the nearest symbol; less makes the interval of 0, the
    cheapest symbol, wider: the dead zone. Numbers are rounded to float32, which files hold.
    """

    stride = BLOCK
    margin = 0  # no kernel reaches beyond its block
    channels = CHANNELS

    def __init__(self, mean: Tensor, colours: Tensor, steps: Tensor, rounding: float, counts=None, shift=None):
        self.mean, self.colours, self.steps = (x.float().double() for x in (mean, colours, steps))
        self.rounding = torch.tensor(float(rounding)).double()
        self.qualities = range(1, len(steps) + 1)
        matrix = cosines()
        kernels = torch.einsum("kc,uy,vx->kuvcyx", self.colours, matrix, matrix)
        inverse = torch.einsum("ck,uy,vx->kuvcyx", torch.linalg.inv(self.colours), matrix, matrix)
        self.kernels, self.inverse = (x.reshape(CHANNELS, 3, BLOCK, BLOCK).contiguous() for x in (kernels, inverse))
        # No image has larger symbols than these, so that none is ever cut off.
        reach = self.kernels.abs().sum((2, 3)) @ torch.maximum(self.mean, 255 - self.mean)
        self.largest = {q: int((reach / step).max()) + 1 for q, step in zip(self.qualities, self.steps, strict=True)}
        self.counts = counts or {q: torch.zeros(CHANNELS, 2 * self.largest[q] + 1).long() for q in self.qualities}
        self.shift = torch.zeros_like(self.steps) if shift is None else shift.float().double()
        # Every count starts at one, so that a symbol never seen can still be coded.
        self.tables = {q: Tables((count + 1).double().numpy()) for q, count in self.counts.items()}

    def coefficients(self, images: Tensor) -> Tensor:
        """uint8 images (N, 3, H, W), sides multiples of 8 -> what the kernels say, (N, 192, H/8, W/8), float64."""
        return F.conv2d(images.double() - self.mean[:, None, None], self.kernels, stride=BLOCK)

    def quantise(self, coefficients: Tensor, quality: int) -> Tensor:
        """Coefficients (N, 192, h, w) -> symbols of the same shape, int64."""
        size = coefficients / self.steps[quality - 1, :, None, None]
        return torch.trunc(size + size.sign() * self.rounding).long()

    def analyse(self, images: Tensor, quality: int) -> Tensor:
        """As Transform.analyse."""
        return self.quantise(self.coefficients(images), quality)

    def synthesise(self, symbols: Tensor, quality: int) -> Tensor:
        """As Transform.synthesise."""
        step, shift = self.steps[quality - 1, :, None, None], self.shift[quality - 1, :, None, None]
        values = (symbols + symbols.sign() * shift) * step
        images = F.conv_transpose2d(values, self.inverse, stride=BLOCK) + self.mean[:, None, None]
        return images.round().clamp(0, 255).to(torch.uint8)

    def passes(self, symbols: Tensor, quality: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """One pass over all symbols, every kernel's under its own table."""
        count, channels, height, width = symbols.shape
        where = torch.ones(channels, height, width, dtype=torch.bool)
        table = torch.arange(channels).repeat_interleave(height * width).expand(count, -1)
        yield where, table, torch.full_like(table, -self.largest[quality])

    def tensors(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        """All numbers. Of each table only the part from the first to the last symbol seen is kept."""
        numbers = {name: getattr(self, name) for name in ("mean", "colours", "steps", "rounding", "shift")}
        begins, sizes, seen = [], [], []
        for count in (row for quality in self.qualities for row in self.counts[quality]):
            places = count.nonzero()
            begins.append(int(places.min()))
            sizes.append(int(places.max()) + 1 - begins[-1])
            seen.append(count[begins[-1] :][: sizes[-1]])
        numbers |= {"begins": torch.tensor(begins), "sizes": torch.tensor(sizes), "seen": torch.cat(seen)}
        return {name: number.float() for name, number in numbers.items()}, {"kind": "dct"}


@torch.no_grad()
def calibrate(
    train: ImageSet,
    steps: Tensor | tuple[float, ...] = STEPS,
    rounding: float = ROUNDING,
    colours: tuple[Tensor, Tensor] | None = None,
    kind: type[DctCodec] = DctCodec,
) -> DctCodec:
    """Count symbols, and find where in their intervals the values lie, on training images.

    steps (Q,) or (Q, 192); colours: mean and matrix, by default `colour_axes` of the images; kind: a class derived from
    DctCodec, with another transform or quantiser.
    """
    steps = torch.as_tensor(steps, dtype=torch.float64)
    steps = steps[:, None].expand(-1, CHANNELS) if steps.dim() == 1 else steps
    codec = kind(*(colours or colour_axes(train.images)), steps, rounding)
    beyond, coded = torch.zeros_like(codec.steps), torch.zeros_like(codec.steps)
    for part in train.images.split(PART):
        values = codec.coefficients(part)
        for row, quality in enumerate(codec.qualities):
            symbols, count = codec.quantise(values, quality), codec.counts[quality]
            place = symbols + codec.largest[quality] + count.shape[1] * torch.arange(CHANNELS)[:, None, None]
            count += torch.bincount(place.flatten(), minlength=count.numel()).view_as(count)
            size = values / codec.steps[row, :, None, None]
            beyond[row] += ((size - symbols) * symbols.sign()).sum((0, 2, 3))
            coded[row] += (symbols != 0).sum((0, 2, 3))
    shift = beyond / coded.clamp(min=1)
    return kind(codec.mean, codec.colours, codec.steps, rounding, codec.counts, shift)


def count_contexts(codec: DctCodec, train: ImageSet, contexts: int) -> DctCodec:
    """The codec with tables counted as its own `passes` choose them on training images: `contexts` for each kernel.

    The tables of a kernel follow each other. A context seldom seen leans on what its kernel does in all of them.
    """
    for quality in codec.qualities:
        counts = (codec.counts[quality] + 1.0).repeat_interleave(contexts, 0)
        counts *= LEANING / counts.sum(1, keepdim=True)
        for part in train.images.split(PART):
            symbols = codec.analyse(part, quality)
            for where, table, offset in codec.passes(symbols, quality):
                place = table * counts.shape[1] + symbols[:, where] - offset
                counts += torch.bincount(place.flatten(), minlength=counts.numel()).view_as(counts)
        codec.tables[quality] = Tables(counts.numpy())
    return codec


def load(path: Path) -> DctCodec:
    """Read the file of such a codec. Raises CheckpointError for a missing or damaged file."""
    tensors, metadata = load_tensors(path)
    if metadata.get("kind") != "dct":
        raise damaged(path, "it holds another kind of codec")
    codec = DctCodec(*(tensors[name] for name in ("mean", "colours", "steps", "rounding")))
    rows = [row for quality in codec.qualities for row in codec.counts[quality]]
    begins, sizes = tensors["begins"].long().tolist(), tensors["sizes"].long().tolist()
    for row, begin, seen in zip(rows, begins, tensors["seen"].long().split(sizes), strict=True):
        row[begin : begin + len(seen)] = seen
    return DctCodec(codec.mean, codec.colours, codec.steps, codec.rounding, codec.counts, tensors["shift"])
