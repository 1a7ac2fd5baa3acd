"""Images to .cae files and back, with the codecs of this kit by name; and what a file says about who made it."""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from cae_lib.base import places
from cae_lib.base.weights import checksum, load_tensors
from cae_lib.checkpoints import load_run
from cae_lib.codec import dct, integers, payload, quantisation
from cae_lib.codec.codec import TransformCodec
from cae_lib.codec.container import CodecError, Header, unpack
from cae_lib.data.images import ImageSet

FOLDER = places.CODECS

RD = "rd"  # the rate-distortion autoencoder; the plain ones before it were trained without a thought of bits
RD2 = "rd2"  # grown from it: stronger, and slower
DCT = "dct"  # no network
# A model's place here is its number in .cae files: new ones go to the end.
MODELS = ("model1", "model2", "model1_code2", "model1_code8", "model1_code16", "model1_code64", RD, DCT, RD2)

# Name -> codec: a notebook may add its own, which then goes by its name everywhere, as the shipped ones do.
OWN: dict[str, TransformCodec] = {}

CALIBRATED_ON = 5_000  # training images on which ranges and tables of the plain autoencoders are measured


def load_codec(name: str) -> TransformCodec:
    """The codec of a shipped model, read once, or one in OWN.

    Raises CodecError for an unknown name, CheckpointError for its file.
    """
    if name in OWN:
        codec = OWN[name]
        codec.name, codec.fingerprint = name, bytes.fromhex(checksum(*codec.tensors()))[:3]
        return codec
    if name not in MODELS:
        raise CodecError(
            f"No codec is called {name!r}; choose one of {', '.join([*MODELS, *OWN])}. For a codec of your own: "
            f"cae_lib.codec.streams.OWN[{name!r}] = codec."
        )
    return shipped_codec(name)


@cache
def shipped_codec(name: str) -> TransformCodec:
    """One of MODELS, from its file."""
    codec = {RD: integers, RD2: integers, DCT: dct}.get(name, quantisation).load(FOLDER / f"{name}.safetensors")
    codec.name, codec.number, codec.fingerprint = name, MODELS.index(name), fingerprint(name)
    return codec


def calibrate_all(train: ImageSet) -> None:
    """Make the files of all codecs but rd and rd2 again: what is measured on training images.

    The plain autoencoders come from the shipped runs (seed 0, last epoch); their ranges and tables are measured on the
    first images, the tables of the DCT codec on all of them.
    """
    for name in MODELS[: MODELS.index(RD)]:
        codec = quantisation.calibrate(load_run(name).model, train.take(CALIBRATED_ON))
        codec.save(FOLDER / f"{name}.safetensors")
    dct.calibrate(train).save(FOLDER / f"{DCT}.safetensors")


def fingerprint(name: str) -> bytes:
    """Three bytes that tell a shipped codec's weights and tables from any others."""
    return bytes.fromhex(checksum(*load_tensors(FOLDER / f"{name}.safetensors")))[:3]


def compress(image: np.ndarray, *, model: str, quality: int, effort: int = 0, progress: bool = False) -> bytes:
    """An image as the bytes of a .cae file.

    image: uint8 (H, W, 3), sides from 1 pixel up; model: one of MODELS; quality: one of the codec's `qualities`
    (bits a value for a plain autoencoder, 1 for the lowest rate of the others); effort: one of its `efforts`, how long
    the encoder searches (0, 1 or 2 for rd and rd2); progress: draw a bar for a large image. Raises CodecError.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise CodecError(
            f"The image is {image.dtype} of shape {image.shape}; it must be uint8 (H, W, 3): convert it to RGB first."
        )
    images = torch.from_numpy(image.transpose(2, 0, 1).copy())[None]
    return encode_batch(images, model=model, quality=quality, effort=effort, progress=progress)[0]


def decompress(data: bytes, progress: bool = False) -> np.ndarray:
    """The image in a .cae file: uint8 (H, W, 3). Raises CodecError rather than return a wrong picture."""
    return decode_batch([data], progress)[0].numpy().transpose(1, 2, 0)


def encode_batch(images: Tensor, *, model: str, quality: int, effort: int = 0, progress: bool = False) -> list[bytes]:
    """uint8 images (N, 3, H, W) -> N .cae files, with effort 0 each the same as compress gives. Raises CodecError."""
    return load_codec(model).encode(images, quality, effort, progress)


def decode_batch(files: list[bytes], progress: bool = False) -> Tensor:
    """.cae files of one model, quality and size -> uint8 images (N, 3, H, W). Raises CodecError."""
    if not files:
        raise CodecError("There is nothing to decode: give at least one .cae file.")
    return codec_of(unpack(files[0])[0]).decode(files, progress)


def codec_of(header: Header) -> TransformCodec:
    """The codec that made a file. Raises CodecError if this kit has it not, or with other weights."""
    for name in OWN:
        codec = load_codec(name)
        if (codec.number, codec.fingerprint) == (header.model, header.fingerprint):
            codec.check_quality(header.quality)
            return codec
    if header.model >= len(MODELS):
        raise CodecError(
            f"This .cae file was made by model number {header.model}, unknown here: update the kit, or add the codec "
            "that made it to cae_lib.codec.streams.OWN."
        )
    codec = load_codec(MODELS[header.model])
    if header.fingerprint != codec.fingerprint:
        raise CodecError(
            f"This .cae file was made by {codec.name} with other weights (fingerprint {header.fingerprint.hex()}, here "
            f"{codec.fingerprint.hex()}): use the version of the kit that made it."
        )
    codec.check_quality(header.quality)
    return codec


def payload_size(data: bytes) -> int:
    """Bytes of a .cae file that are entropy-coded symbols, without the container's."""
    return len(unpack(data)[1])


def estimated_bits(images: Tensor, *, model: str, quality: int) -> Tensor:
    """What the symbols of each uint8 image (N, 3, H, W) cost by the model's own probabilities: bits (N,), float64.

    Raises CodecError for an unknown model or quality.
    """
    codec = load_codec(model)
    codec.check_quality(quality)
    return payload.estimated_bits(images, codec, quality)
