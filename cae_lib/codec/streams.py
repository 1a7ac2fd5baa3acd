"""Images to .cae files and back with the models of this kit: a header (container.py) and a payload (payload.py)."""

from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cae_lib.base.weights import checksum, load_tensors
from cae_lib.checkpoints import load_run
from cae_lib.codec import dct, integers, payload, quantisation
from cae_lib.codec.container import CodecError, Header, pack, unpack
from cae_lib.codec.dct import DctCodec
from cae_lib.codec.integers import RateDistortionCodec
from cae_lib.codec.quantisation import QuantisedAutoencoder
from cae_lib.data.images import ImageSet

FOLDER = Path(__file__).parents[1] / "codecs"

RD = "rd"  # the rate-distortion autoencoder; the plain ones before it were trained without a thought of bits
DCT = "dct"  # no network
# A model's place here is its number in .cae files: new ones go to the end.
MODELS = ("model1", "model2", "model1_code2", "model1_code8", "model1_code16", "model1_code64", RD, DCT)

FIT_IMAGES = 5_000  # on which ranges and tables of the plain autoencoders are measured

Codec = QuantisedAutoencoder | RateDistortionCodec | DctCodec


@cache
def load_codec(name: str) -> Codec:
    """The codec of a shipped model, read once. Raises CodecError for an unknown name, CheckpointError for its file."""
    if name not in MODELS:
        raise CodecError(f"No codec is called {name!r}; choose one of {', '.join(MODELS)}.")
    return {RD: integers, DCT: dct}.get(name, quantisation).load(FOLDER / f"{name}.safetensors")


def fit_codecs(train: ImageSet) -> None:
    """Make the files of all codecs but rd again: what is measured on training images.

    The plain autoencoders come from the shipped runs (seed 0, last epoch); their ranges and tables are measured on the
    first images, the tables of the DCT codec on all of them.
    """
    for name in MODELS[: MODELS.index(RD)]:
        codec = quantisation.fit(load_run(name).model, train.take(FIT_IMAGES))
        quantisation.save(FOLDER / f"{name}.safetensors", codec)
    dct.save(FOLDER / f"{DCT}.safetensors", dct.fit(train))


@cache
def fingerprint(name: str) -> bytes:
    """Three bytes that tell a codec's weights and tables from any others. Raises what load_codec raises."""
    load_codec(name)
    return bytes.fromhex(checksum(*load_tensors(FOLDER / f"{name}.safetensors")))[:3]


def compress(image: np.ndarray, *, model: str, quality: int, progress: bool = False) -> bytes:
    """An image as the bytes of a .cae file.

    image: uint8 (H, W, 3), sides from 1 pixel up; model: one of MODELS; quality: one of the codec's `qualities`
    (bits a value for a plain autoencoder, 1 for the lowest rate of rd and dct); progress: draw a bar for a large image.
    Raises CodecError.
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
    return [pack(header, inside) for inside in payload.encode(images, codec, quality, progress)]


def decode_batch(files: list[bytes], progress: bool = False) -> Tensor:
    """.cae files of one model, quality and size -> uint8 images (N, 3, H, W). Raises CodecError."""
    if not files:
        raise CodecError("There is nothing to decode: give at least one .cae file.")
    headers, payloads = zip(*map(unpack, files), strict=True)
    if len(set(headers)) > 1:
        raise CodecError("Files decoded together must have one model, quality and size: decode them one by one.")
    header = headers[0]
    return payload.decode(payloads, codec_of(header), header.quality, header.height, header.width, progress)


def codec_of(header: Header) -> Codec:
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


def check_quality(codec: Codec, name: str, quality: int) -> None:
    """Raise CodecError unless the codec has this quality."""
    if not isinstance(quality, int | np.integer) or quality not in codec.qualities:
        low, high = codec.qualities[0], codec.qualities[-1]
        raise CodecError(f"{name} has no quality {quality}: choose a whole number from {low} to {high}.")


def payload_size(data: bytes) -> int:
    """Bytes of a .cae file that are entropy-coded symbols, without the container's."""
    return len(unpack(data)[1])


def estimated_bits(images: Tensor, *, model: str, quality: int) -> Tensor:
    """What the symbols of each uint8 image (N, 3, H, W) cost by the model's own probabilities: bits (N,), float64.

    Raises CodecError for an unknown model or quality.
    """
    codec = load_codec(model)
    check_quality(codec, model, quality)
    return payload.estimated_bits(images, codec, quality)
