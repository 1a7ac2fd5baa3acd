"""The codec: what comes back is what the model makes of its own rounded code, in the same bytes however it is asked."""

import subprocess
import sys

import numpy as np
import pytest
import safetensors
import torch
from helpers.pictures import batch, changed, picture
from hypothesis import given, settings
from hypothesis import strategies as st

from cae_lib.codec import payload, streams
from cae_lib.codec.container import CodecError, unpack
from cae_lib.codec.streams import (
    compress,
    decode_batch,
    decompress,
    encode_batch,
    estimated_bits,
    load_codec,
    payload_size,
)
from cae_lib.data.images import load_images

EVERY = [(model, quality) for model in streams.MODELS for quality in load_codec(model).qualities]
every_model = pytest.mark.parametrize("model", streams.MODELS)


def padded(image: np.ndarray, stride: int) -> torch.Tensor:
    """The borders repeated up to a multiple of the stride, by indexing: (1, 3, H, W)."""
    rows, columns = (np.minimum(np.arange(-(-n // stride) * stride), n - 1) for n in image.shape[:2])
    return batch(image[rows][:, columns])


@torch.no_grad()
def untiled(image: np.ndarray, model: str, quality: int) -> np.ndarray:
    """What a model makes of its own rounded code, without bytes or tiles in between."""
    ours = load_codec(model)
    made = ours.synthesise(ours.analyse(padded(image, ours.stride), quality), quality)
    return made[0].permute(1, 2, 0).numpy()[: image.shape[0], : image.shape[1]]


@every_model
@settings(max_examples=12)
@given(data=st.data(), height=st.integers(1, 70), width=st.integers(1, 70), seed=st.integers(0, 10**6))
def test_round_trip_of_any_size(model, data, height, width, seed):
    quality = data.draw(st.sampled_from(list(load_codec(model).qualities)))
    image = picture(height, width, seed)
    packed = compress(image, model=model, quality=quality)
    back = decompress(packed)
    assert back.dtype == np.uint8 and back.shape == image.shape
    np.testing.assert_array_equal(back, untiled(image, model, quality))
    header, inside = unpack(packed)
    assert (streams.MODELS[header.model], header.quality) == (model, quality)
    assert payload_size(packed) == len(inside)


@pytest.mark.parametrize(("model", "quality"), EVERY)
def test_round_trip_at_every_quality(model, quality):
    for image in (picture(1, 1), picture(2, 3, 1), picture(33, 18, 2)):
        back = decompress(compress(image, model=model, quality=quality))
        np.testing.assert_array_equal(back, untiled(image, model, quality))


@pytest.mark.parametrize("colour", [0, 255])
def test_pictures_of_one_colour(colour):
    image = np.full((40, 40, 3), colour, np.uint8)
    for model in streams.MODELS:
        np.testing.assert_array_equal(decompress(compress(image, model=model, quality=1)), untiled(image, model, 1))


def small_images(count: int) -> torch.Tensor:
    return batch(*(picture(32, 32, seed) for seed in range(count)))


@every_model
def test_bytes_do_not_depend_on_the_batch(model):
    count = payload.part_size(32, 32) + 2  # so that the batch is worked on in two parts
    images = small_images(count)
    files = encode_batch(images, model=model, quality=3)
    for i in (0, 1, count - 3, count - 1):
        assert compress(images[i].permute(1, 2, 0).numpy(), model=model, quality=3) == files[i]
    assert encode_batch(images[:3], model=model, quality=3) == files[:3]
    pictures = decode_batch(files)
    assert pictures.shape == images.shape and pictures.dtype == torch.uint8
    for i in (0, count - 1):
        np.testing.assert_array_equal(pictures[i].permute(1, 2, 0).numpy(), decompress(files[i]))


@every_model
def test_bytes_do_not_depend_on_threads_or_on_the_memory_format(model):
    images, threads = small_images(6), torch.get_num_threads()
    wide = torch.zeros(6, 3, 32, 64, dtype=torch.uint8)
    wide[..., ::2] = images
    files, pictures = [], []
    try:
        for count in (1, 2, 5):
            torch.set_num_threads(count)
            for layout in (images.contiguous(), images.to(memory_format=torch.channels_last), wide[..., ::2]):
                files.append(encode_batch(layout, model=model, quality=5))
            pictures.append(decode_batch(files[0]))
    finally:
        torch.set_num_threads(threads)
    assert all(other == files[0] for other in files)
    assert all(torch.equal(other, pictures[0]) for other in pictures)


def test_arrays_of_any_layout_give_the_same_bytes():
    image = picture(20, 30)
    same = [np.asfortranarray(image), image.repeat(2, 1)[:, ::2], image[::-1][::-1]]
    assert {compress(each, model="model1", quality=4) for each in same} == {compress(image, model="model1", quality=4)}


@every_model
def test_tiles_do_not_show(model, monkeypatch):
    """Many small tiles: the symbols and the picture of the whole, and never more than a tile and its margin at once."""
    ours = load_codec(model)
    side = 16 * ours.stride
    image = picture(2 * side + 11, 3 * side + 2, 4)
    whole, calls = padded(image, ours.stride), []
    with torch.no_grad():
        symbols = ours.analyse(whole, 4)
    monkeypatch.setattr(payload, "TILE", side)
    tiles = list(payload.symbols_of_tiles(batch(image), ours, 4))
    assert len(tiles) == 12
    rows = [torch.cat(tiles[i : i + 4], -1) for i in range(0, 12, 4)]
    assert torch.equal(torch.cat(rows, -2), symbols)

    analyse, synthesise = type(ours).analyse, type(ours).synthesise
    monkeypatch.setattr(type(ours), "analyse", lambda s, x, q: calls.append(x.shape[2:]) or analyse(s, x, q))
    monkeypatch.setattr(
        type(ours),
        "synthesise",
        lambda s, x, q: calls.append([ours.stride * n for n in x.shape[2:]]) or synthesise(s, x, q),
    )
    back = decompress(compress(image, model=model, quality=4))
    assert len(calls) == 24 and max(max(shape) for shape in calls) <= side + 2 * ours.margin * ours.stride
    monkeypatch.undo()
    np.testing.assert_array_equal(back, untiled(image, model, 4))


def test_tiles_of_the_real_size():
    image = picture(560, 600, 1)
    back = decompress(compress(image, model="model2", quality=2))
    np.testing.assert_array_equal(back, untiled(image, "model2", 2))


def test_a_large_picture():
    """1,000 x 750 pixels of one pattern of 40 x 50, which nine copies of it tell all about."""
    pattern = picture(50, 40, 2)
    back = decompress(compress(np.tile(pattern, (15, 25, 1)), model="model1_code2", quality=1))
    nine = untiled(np.tile(pattern, (3, 3, 1)), "model1_code2", 1)
    rows = np.r_[0:50, np.tile(np.r_[50:100], 13), 100:150]
    columns = np.r_[0:40, np.tile(np.r_[40:80], 23), 80:120]
    assert back.shape == (750, 1000, 3)
    np.testing.assert_array_equal(back, nine[rows][:, columns])


@every_model
def test_real_bytes_are_close_to_the_estimate(model):
    """Within 0.5 % and 40 bits an image, on the test images, above and below."""
    images = load_images("test").take(64).images
    for quality in list(load_codec(model).qualities)[::3]:
        promised = estimated_bits(images, model=model, quality=quality)
        real = torch.tensor([8 * payload_size(data) for data in encode_batch(images, model=model, quality=quality)])
        totals = f"{model}, quality {quality}: {real.sum()} bits, estimated {promised.sum():.0f}"
        assert ((real - promised).abs() <= 0.005 * promised + 40).all(), totals
        assert abs(real.sum() - promised.sum()) <= 0.005 * promised.sum() + 40 * len(images), totals


@every_model
def test_the_map_of_the_bits_adds_up_to_the_estimate(model):
    images, ours = small_images(3), load_codec(model)
    places = payload.bit_map(images, ours, 4)
    assert places.shape == (3, 32 // ours.stride, 32 // ours.stride) and (places >= 0).all()
    assert torch.allclose(places.sum((1, 2)), estimated_bits(images, model=model, quality=4))


def test_bits_go_where_something_is_to_be_seen():
    image = np.full((32, 32, 3), 128, np.uint8)
    image[:, 20:] = np.random.default_rng(0).integers(0, 256, (32, 12, 3))
    places = payload.bit_map(batch(image), load_codec("rd"), 5)[0]
    assert places[:, 6:].mean() > 5 * places[:, :4].mean()


def test_a_file_of_32_x_32_has_15_bytes_around_its_payload():
    data = compress(picture(32, 32), model="model2", quality=1)
    assert len(data) - payload_size(data) == 15


def test_more_bits_a_value_cost_more_and_give_more():
    images = load_images("test").take(20).images
    for model in ("model1_code8", "model2"):
        sizes, errors = [], []
        for quality in (1, 3, 5, 8):
            files = encode_batch(images, model=model, quality=quality)
            sizes.append(sum(map(len, files)))
            errors.append((decode_batch(files).double() - images).square().mean().item())
        assert sizes == sorted(sizes) and errors == sorted(errors, reverse=True)


IMAGE = picture(6, 8)


@pytest.mark.parametrize(
    "image",
    [
        IMAGE.astype(np.float32),
        IMAGE[:, :, 0],
        IMAGE[:, :, :2],
        IMAGE[None],
        np.dstack([IMAGE, IMAGE[:, :, :1]]),
        "IMAGE",
    ],
    ids=["float", "grey", "two channels", "batch", "alpha", "text"],
)
def test_an_image_of_another_kind_is_refused(image):
    with pytest.raises(CodecError, match=r"must be uint8 \(H, W, 3\)"):
        compress(image, model="model1", quality=4)


@pytest.mark.parametrize(
    "images", [batch(IMAGE).float(), batch(IMAGE)[0], batch(IMAGE)[:, :2]], ids=["float", "one image", "two channels"]
)
def test_a_batch_of_another_kind_is_refused(images):
    with pytest.raises(CodecError, match=r"must be uint8 \(N, 3, H, W\)"):
        encode_batch(images, model="model1", quality=4)


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (0, 0, 3)])
def test_an_image_without_pixels_is_refused(shape):
    with pytest.raises(CodecError, match="cannot be coded"):
        compress(np.zeros(shape, np.uint8), model="model1", quality=4)


def test_an_image_with_too_many_pixels_is_refused_before_any_work():
    huge = torch.zeros(1, dtype=torch.uint8).expand(1, 3, 10_001, 10_000)
    with pytest.raises(CodecError, match="10000 x 10001 pixels cannot be coded"):
        encode_batch(huge, model="model1", quality=4)


@every_model
def test_a_quality_that_is_not_there_is_refused(model):
    last = load_codec(model).qualities[-1]
    for quality in (0, last + 1, -1, "4", None, 2.5):
        with pytest.raises(CodecError, match=f"{model} has no quality {quality}: .* from 1 to {last}"):
            compress(IMAGE, model=model, quality=quality)


def test_a_model_that_is_not_there_is_refused():
    for act in (lambda: compress(IMAGE, model="modell", quality=4), lambda: load_codec("modell")):
        with pytest.raises(CodecError, match="No codec is called 'modell'; choose one of model1, model2"):
            act()


def test_empty_batches():
    assert encode_batch(torch.zeros(0, 3, 4, 4, dtype=torch.uint8), model="model1", quality=4) == []


def test_files_of_other_weights_models_and_qualities_are_refused():
    data = compress(IMAGE, model="model2", quality=4)
    with pytest.raises(CodecError, match="made by model2 with other weights"):
        decompress(changed(data, fingerprint=b"\0\0\0"))
    with pytest.raises(CodecError, match="made by model1 with other weights"):
        decompress(changed(data, model=0))
    with pytest.raises(CodecError, match="model number 200, unknown here"):
        decompress(changed(data, model=200))
    for quality in (0, 200):
        with pytest.raises(CodecError, match=f"no quality {quality}"):
            decompress(changed(data, quality=quality))


def test_the_fingerprint_is_that_of_the_tensors():
    for model in streams.MODELS:
        with safetensors.safe_open(streams.FOLDER / f"{model}.safetensors", "pt") as f:
            stored = f.metadata()["sha256"]
        assert unpack(compress(IMAGE, model=model, quality=1))[0].fingerprint.hex() == stored[:6]
    assert len({streams.fingerprint(model) for model in streams.MODELS}) == len(streams.MODELS)


@pytest.mark.parametrize(("model", "quality", "height"), [("model1", 3, 6), ("model2", 4, 6), ("model1", 4, 5)])
def test_a_mixed_batch_is_refused(model, quality, height):
    other = compress(IMAGE[:height], model=model, quality=quality)
    with pytest.raises(CodecError, match="decode them one by one"):
        decode_batch([compress(IMAGE, model="model1", quality=4), other])


def test_codecs_are_made_from_the_shipped_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "FOLDER", tmp_path)
    monkeypatch.setattr(streams, "CALIBRATED_ON", 30)
    train = load_images("train", "stand-in").take(100)
    streams.calibrate_all(train)
    for name in streams.MODELS[: streams.MODELS.index(streams.RD)]:
        made = streams.quantisation.load(tmp_path / f"{name}.safetensors")
        weights = streams.load_run(name).model.state_dict()
        assert all(torch.equal(value.float(), weights[key]) for key, value in made.model.state_dict().items())
        code = made.to_code(train.images[:30])
        assert torch.allclose(made.low, code.amin((0, 2, 3)), atol=1e-4)
        assert int(made.counts[8][0].sum()) == 30 * 256 + 256
    assert int(streams.dct.load(tmp_path / "dct.safetensors").counts[1][0].sum()) == len(train.images) * 16


WIDE = """
import resource
import subprocess
import sys

import numpy as np
from cae_lib.codec.streams import compress, decompress

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def through(width):
    image = (np.arange(3 * width) % 251).astype(np.uint8).reshape(1, width, 3)
    assert decompress(compress(image, model="rd", quality=3)).shape == image.shape

through(2_000)
before = peak()
through(400_000)
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_memory_does_not_grow_with_the_width():
    """Beside the picture itself (2.4 MB in and out), it holds a tile and a few rows of symbols."""
    done = subprocess.run([sys.executable, "-c", WIDE], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 35  # MB
