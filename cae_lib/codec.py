"""Images to bytes and back with the models of this kit.

An image becomes tiles, a tile becomes symbols, and all symbols go through one range coder; see container.py for the
bytes around its output. The same image gives the same bytes alone or in a batch, with any number of threads.
"""

from collections.abc import Iterator
from functools import cache
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from cae_lib import quantisation
from cae_lib.checkpoints import load_run
from cae_lib.container import CodecError, Header, pack, unpack
from cae_lib.data import ImageSet
from cae_lib.entropy import Decoder, Encoder
from cae_lib.quantisation import QuantisedAutoencoder
from cae_lib.weights import checksum, load_tensors

FOLDER = Path(__file__).parent / "codecs"

# A model's place here is its number in .cae files: new ones go to the end.
MODELS = ("model1", "model2", "model1_code2", "model1_code8", "model1_code16", "model1_code64")

FIT_IMAGES = 5_000  # on which ranges and tables are measured
TILE = 256  # pixels a side: what is worked on at once of a large image, to bound the memory it takes
PART = 2**12  # pixels worked on at once of a batch of small images: more would leave the processor's cache


@cache
def load_codec(name: str) -> QuantisedAutoencoder:
    """The codec of a shipped model, read once. Raises CodecError for an unknown name, CheckpointError for its file."""
    if name not in MODELS:
        raise CodecError(f"No codec is called {name!r}; choose one of {', '.join(MODELS)}.")
    return quantisation.load(FOLDER / f"{name}.safetensors")


def fit_codecs(train: ImageSet) -> None:
    """Make the files of all codecs again, from the shipped runs (seed 0, last epoch) and the first training images."""
    for name in MODELS:
        codec = quantisation.fit(load_run(name).model, train.take(FIT_IMAGES))
        quantisation.save(FOLDER / f"{name}.safetensors", codec)


@cache
def fingerprint(name: str) -> bytes:
    """Three bytes that tell a codec's weights and tables from any others."""
    load_codec(name)
    return bytes.fromhex(checksum(*load_tensors(FOLDER / f"{name}.safetensors")))[:3]


def compress(image: np.ndarray, *, model: str, quality: int, progress: bool = False) -> bytes:
    """An image as the bytes of a .cae file.

    image: uint8 (H, W, 3), sides from 1 pixel up; model: one of MODELS; quality: one of the codec's `qualities`
    (bits a value for a plain autoencoder); progress: draw a bar for a large image. Raises CodecError.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise CodecError(
            f"The image is {image.dtype} of shape {image.shape}; it must be uint8 (H, W, 3): convert it to RGB first."
        )
    images = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    return encode_batch(images, model=model, quality=quality, progress=progress)[0]


def decompress(data: bytes, progress: bool = False) -> np.ndarray:
    """The image in a .cae file: uint8 (H, W, 3). Raises CodecError rather than return a wrong picture."""
    return decode_batch([data], progress)[0].numpy().transpose(1, 2, 0)


def encode_batch(images: Tensor, *, model: str, quality: int, progress: bool = False) -> list[bytes]:
    """uint8 images (N, 3, H, W) -> N .cae files, each the same as compress gives. Raises CodecError."""
    codec = load_codec(model)
    check_quality(codec, model, quality)
    if images.dtype != torch.uint8 or images.dim() != 4 or images.shape[1] != 3:
        raise CodecError(f"Images must be uint8 (N, 3, H, W), not {images.dtype} {tuple(images.shape)}.")
    height, width = images.shape[2:]
    header = Header(MODELS.index(model), fingerprint(model), quality, width, height)
    pack(header, b"")  # refuses a size that cannot be stored before any work is done
    files = []
    with tile_bar("compress", len(images), height, width, progress) as bar:
        for part in images.split(part_size(height, width)):
            encoders = [Encoder() for _ in part]
            for symbols in symbols_of_tiles(part, codec, quality):
                write(symbols, codec, quality, encoders)
                bar.update()
            files += [pack(header, encoder.finish()) for encoder in encoders]
    return files


def decode_batch(files: list[bytes], progress: bool = False) -> Tensor:
    """.cae files of one model, quality and size -> uint8 images (N, 3, H, W). Raises CodecError."""
    if not files:
        raise CodecError("There is nothing to decode: give at least one .cae file.")
    headers, payloads = zip(*map(unpack, files), strict=True)
    if len(set(headers)) > 1:
        raise CodecError("Files decoded together must have one model, quality and size: decode them one by one.")
    codec, height, width = codec_of(headers[0]), headers[0].height, headers[0].width
    size = part_size(height, width)
    with tile_bar("decompress", len(files), height, width, progress) as bar:
        parts = [decode_part(payloads[i : i + size], codec, headers[0], bar) for i in range(0, len(files), size)]
    return torch.cat(parts)


def codec_of(header: Header) -> QuantisedAutoencoder:
    """The codec that made a file. Raises CodecError if this kit has it not, or with other weights."""
    if header.model >= len(MODELS):
        raise CodecError(f"This .cae file was made by model number {header.model}, unknown here: update the kit.")
    name = MODELS[header.model]
    codec = load_codec(name)
    if header.fingerprint != fingerprint(name):
        raise CodecError(
            f"This .cae file was made by {name} with other weights (fingerprint {header.fingerprint.hex()}, here "
            f"{fingerprint(name).hex()}): use the version of the kit that made it."
        )
    check_quality(codec, name, header.quality)
    return codec


def check_quality(codec: QuantisedAutoencoder, name: str, quality: int) -> None:
    if not isinstance(quality, int | np.integer) or quality not in codec.qualities:
        low, high = codec.qualities[0], codec.qualities[-1]
        raise CodecError(f"{name} has no quality {quality}: choose a whole number from {low} to {high}.")


def payload_size(data: bytes) -> int:
    """Bytes of a .cae file that are entropy-coded symbols, without the container's."""
    return len(unpack(data)[1])


@torch.no_grad()
def estimated_bits(images: Tensor, *, model: str, quality: int) -> Tensor:
    """What the symbols of each image (N, 3, H, W) cost by the model's own probabilities: bits (N,), float64.

    Raises CodecError for an unknown model or quality.
    """
    codec = load_codec(model)
    check_quality(codec, model, quality)
    tables, parts = codec.tables[quality], []
    for part in images.split(part_size(*images.shape[2:])):
        total = np.zeros(len(part))
        for symbols in symbols_of_tiles(part, codec, quality):
            for where, table, offset in codec.passes(symbols, quality):
                total += tables.estimate((symbols[:, where] - offset).numpy(), table.numpy())
        parts.append(torch.from_numpy(total))
    return torch.cat(parts)


def part_size(height: int, width: int) -> int:
    """How many images of this size are worked on at once."""
    return max(1, PART // (height * width))


def tile_bar(name: str, count: int, height: int, width: int, progress: bool) -> tqdm:
    """A progress bar over the tiles of `count` images, on standard error, for work that takes over a second."""
    total = -(-count // part_size(height, width)) * -(-height // TILE) * -(-width // TILE)
    return tqdm(total=total, desc=name, unit="tile", leave=False, delay=1, disable=None if progress else True)


@torch.no_grad()
def symbols_of_tiles(images: Tensor, codec: QuantisedAutoencoder, quality: int) -> Iterator[Tensor]:
    """Symbols (N, C, h, w) of each tile of the images, row by row.

    The borders are repeated up to a multiple of the stride. A tile is analysed with a margin of its surroundings, so
    that its symbols are those of the whole image.
    """
    height, width = images.shape[2:]
    stride, margin = codec.stride, codec.margin
    beyond = [(0, 0), (0, 0), (0, -height % stride), (0, -width % stride)]
    padded = torch.from_numpy(np.pad(images.numpy(), beyond, mode="edge"))
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            y, x = max(top - margin * stride, 0), max(left - margin * stride, 0)
            area = padded[..., y : top + TILE + margin * stride, x : left + TILE + margin * stride]
            symbols, y, x = codec.analyse(area, quality), (top - y) // stride, (left - x) // stride
            yield symbols[..., y : y + TILE // stride, x : x + TILE // stride].contiguous()


def write(symbols: Tensor, codec: QuantisedAutoencoder, quality: int, encoders: list[Encoder]) -> None:
    """Append a tile's symbols (N, C, h, w), pass by pass, to the encoders of their images."""
    for where, table, offset in codec.passes(symbols, quality):
        values = (symbols[:, where] - offset).numpy()
        for encoder, row, tables in zip(encoders, values, table.numpy(), strict=True):
            encoder.write(row, tables, codec.tables[quality])


def read(shape: tuple[int, ...], codec: QuantisedAutoencoder, quality: int, decoders: list[Decoder]) -> Tensor:
    """The next tile's symbols, of shape (C, h, w) an image: each pass sees what the passes before it have read."""
    symbols = torch.zeros(len(decoders), *shape, dtype=torch.int64)
    for where, table, offset in codec.passes(symbols, quality):
        rows = [d.read(tables, codec.tables[quality]) for d, tables in zip(decoders, table.numpy(), strict=True)]
        symbols[:, where] = torch.from_numpy(np.stack(rows)) + offset
    return symbols


@torch.no_grad()
def decode_part(payloads: tuple[bytes, ...], codec: QuantisedAutoencoder, header: Header, bar: tqdm) -> Tensor:
    """Images (N, 3, H, W) from their payloads, one row of tiles after the other."""
    decoders = [Decoder(payload) for payload in payloads]
    strips = read_strips(decoders, codec, header)
    nothing = torch.empty(len(payloads), codec.channels, 0, -(-header.width // codec.stride), dtype=torch.int16)
    above, pictures = nothing, []
    for strip, below in pairwise(chain(strips, [nothing])):
        pictures.append(draw(above, strip, below, codec, header.quality))
        above = strip
        bar.update(-(-header.width // TILE))
    for decoder in decoders:
        decoder.finish()
    return torch.cat(pictures, -2)[..., : header.height, : header.width]


def read_strips(decoders: list[Decoder], codec: QuantisedAutoencoder, header: Header) -> Iterator[Tensor]:
    """The symbols (N, C, h, W/stride) of each row of tiles."""
    rows, columns = (-(-n // codec.stride) for n in (header.height, header.width))
    side = TILE // codec.stride
    for top in range(0, rows, side):
        shapes = [(codec.channels, min(side, rows - top), min(side, columns - x)) for x in range(0, columns, side)]
        yield torch.cat([read(shape, codec, header.quality, decoders).to(torch.int16) for shape in shapes], -1)


def draw(above: Tensor, strip: Tensor, below: Tensor, codec: QuantisedAutoencoder, quality: int) -> Tensor:
    """The pixels (N, 3, h, w) of a strip of symbols, tile by tile, each with a margin of the symbols around it."""
    stride, margin, side = codec.stride, codec.margin, TILE // codec.stride
    above = above[..., -margin:, :]
    rows = torch.cat([above, strip, below[..., :margin, :]], -2)
    top, height, tiles = above.shape[-2] * stride, strip.shape[-2] * stride, []
    for left in range(0, strip.shape[-1], side):
        x = max(left - margin, 0)
        pixels = codec.synthesise(rows[..., x : left + side + margin], quality)
        start = (left - x) * stride
        tiles.append(pixels[..., top : top + height, start : start + TILE])
    return torch.cat(tiles, -1)
