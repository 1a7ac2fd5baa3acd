"""Streams of earlier versions of the kit still decode to the same pixels: golden/ only ever grows."""

import hashlib
import json
from pathlib import Path

import pytest

from cae_lib.codec import streams

GOLDEN = Path(__file__).parent / "golden"
PIXELS = json.loads((GOLDEN / "pixels.json").read_text())


@pytest.mark.parametrize("name", PIXELS)
def test_an_old_stream_decodes_to_the_same_pixels(name):
    image = streams.decompress((GOLDEN / name).read_bytes())
    assert list(image.shape) == PIXELS[name]["shape"]
    assert hashlib.sha256(image.tobytes()).hexdigest() == PIXELS[name]["sha256"]


def test_every_stream_in_the_folder_is_checked():
    assert {path.name for path in GOLDEN.glob("*.cae")} == set(PIXELS)
