"""10,000 damaged and forged .cae files: each is refused with the kit's own error, soon, and without much memory."""

import random
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
from helpers.pictures import changed, picture, with_checksum

from cae_lib.codec import streams
from cae_lib.codec.container import CodecError, Header, pack, unpack
from cae_lib.codec.streams import compress, decompress, load_codec

COUNT = 10_000
MEMORY = 512 * 2**20  # bytes that may be taken beyond what the process has
SECONDS = 2  # of the processor, a file
SIZES = [(1, 1), (1, 5), (8, 8), (32, 32), (20, 33)]


@pytest.fixture(scope="module")
def files() -> list[bytes]:
    """Sound files of every model and several sizes and qualities; each decodes."""
    made = []
    for number, model in enumerate(streams.MODELS):
        qualities = list(load_codec(model).qualities)
        for k, (height, width) in enumerate(SIZES):
            quality = qualities[(3 * number + 2 * k) % len(qualities)]
            made.append(compress(picture(height, width, k), model=model, quality=quality))
    for data in made:
        decompress(data)
    return made


@pytest.fixture
def little_memory(files, one_cpu_core):
    """A limit on the address space: what this process has, and MEMORY more, of which new threads would take some."""
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as f:
        pages = int(f.read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def refused(data: bytes) -> None:
    """Assert that a file is refused, soon and in a sentence."""
    start = time.process_time()
    try:
        back = decompress(data)
    except CodecError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
    else:
        pytest.fail(f"a picture of shape {back.shape} came out of {data.hex()}")
    assert time.process_time() - start < SECONDS, data.hex()


def flips(rng: random.Random, files: list[bytes]) -> bytes:
    data = bytearray(rng.choice(files))
    for bit in rng.sample(range(8 * len(data)), rng.choice([1, 1, 1, 2, 3, 10, 40])):
        data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def cut(rng: random.Random, files: list[bytes]) -> bytes:
    data = rng.choice(files)
    start, end = sorted(rng.sample(range(len(data) + 1), 2))
    return rng.choice([data[:end], data[start + 1 :], data[:start] + data[end:]])


def splice(rng: random.Random, files: list[bytes]) -> bytes:
    one, other = rng.sample(files, 2)
    return one[: rng.randrange(1, len(one))] + other[rng.randrange(1, len(other)) :]


def noise(rng: random.Random, files: list[bytes]) -> bytes:
    return rng.choice([b"", b"CAE", b"CAE\x01", rng.choice(files)[:9]]) + rng.randbytes(rng.randrange(60))


def random_header(rng: random.Random, files: list[bytes]) -> bytes:
    """Any header, and a checksum that fits: sizes are often absurd, the weights never ours."""
    return with_checksum(b"CAE" + rng.choice([b"\x01", rng.randbytes(1)]) + rng.randbytes(rng.randrange(12, 60)))


def unknown(rng: random.Random, files: list[bytes]) -> bytes:
    """A sound file but for its model, weights or quality, which are none of ours, and a checksum that fits."""
    others = {
        "model": range(len(streams.MODELS), 256),
        "fingerprint": [bytes(3), rng.randbytes(3)],
        "quality": [0, *range(100, 256)],
    }
    field = rng.choice(list(others))
    return changed(rng.choice(files), **{field: rng.choice(others[field])})


def misfit(rng: random.Random, files: list[bytes]) -> bytes:
    """Our weights, a checksum that fits, and a size and a payload that cannot belong together."""
    while True:
        model = rng.choice(streams.MODELS)
        ours = load_codec(model)
        quality = rng.choice(list(ours.qualities))
        side = rng.choice([1, 2, 3, 9, 50, 300, 5_000])
        width, height = rng.randint(1, side), rng.randint(1, side)
        if rng.random() < 0.05:
            width, height = rng.choice([(10_000, 10_000), (100_000_000, 1), (1, 100_000_000)])
        payload = rng.choice([b"", rng.randbytes(rng.randrange(100)), unpack(rng.choice(files))[1], bytes(500)])
        header = Header(streams.MODELS.index(model), streams.fingerprint(model), quality, width, height)
        if cannot_fit(header, payload):
            return pack(header, payload)


def cannot_fit(header: Header, payload: bytes) -> bool:
    """Whether a payload has too few or too many bits for any symbols of so large a picture."""
    ours = load_codec(streams.MODELS[header.model])
    places = -(-header.height // ours.stride) * -(-header.width // ours.stride)
    least = ours.tables[header.quality].bits.min(1)
    a_place = least.sum() if len(least) == ours.channels else ours.channels * least.min()
    bits = 8 * len(payload)
    return bits + 100 < 0.99 * a_place * places or bits > 25 * ours.channels * places + 100


def altered(rng: random.Random, files: list[bytes]) -> bytes:
    """A sound file of ours with bytes added to its payload, and a checksum that fits."""
    header, payload = unpack(rng.choice(files))
    more = rng.choice([bytes(rng.randint(1, 9)), payload + bytes(range(1, 13)), rng.randbytes(12) + b"\x01"])
    return pack(header, payload + more)


def damaged(files: list[bytes], count: int) -> Iterator[bytes]:
    """`count` files of all kinds, none of them sound."""
    rng = random.Random(0)
    shares = {flips: 30, cut: 20, splice: 20, noise: 10, random_header: 8, unknown: 4, misfit: 4, altered: 4}
    kinds = [kind for kind, share in shares.items() for _ in range(share)]
    sound = set(files)
    while count:
        data = rng.choice(kinds)(rng, files)
        if data not in sound:
            count -= 1
            yield data


def test_damaged_files_are_refused(files, little_memory):
    for data in damaged(files, COUNT):
        refused(data)


@pytest.mark.parametrize(("width", "height"), [(10_000, 10_000), (100_000_000, 1), (1, 100_000_000), (3_000, 3_000)])
def test_a_few_bytes_that_claim_a_large_picture(width, height, little_memory):
    for model in streams.MODELS:
        for payload in (b"", bytes(100)):
            header = Header(streams.MODELS.index(model), streams.fingerprint(model), 1, width, height)
            refused(pack(header, payload))


def test_every_flipped_bit_and_every_cut_of_a_whole_file():
    data = compress(picture(16, 16), model="model1_code2", quality=4)
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        refused(bytes(flipped))
    for length in range(len(data)):
        refused(data[:length])


def test_a_payload_of_another_picture_under_its_own_header_is_that_picture():
    """Where a splice is a sound file again, it is the other picture, not a mixture."""
    one, other = (compress(picture(9, 9, seed), model="model2", quality=2) for seed in (0, 1))
    spliced = pack(unpack(one)[0], unpack(other)[1])
    assert spliced == other
    np.testing.assert_array_equal(decompress(spliced), decompress(other))
