"""The playground of the block codec: real bytes, the picture that they decode to, and its PSNR."""

import numpy as np
import torch
from helpers.images import stand_in_set

from cae_lib.codec import blocks
from cae_lib.codec.entropy import Tables
from cae_lib.race.rate_distortion import decibels
from cae_lib.views.block_coding import block_playground


def test_what_it_shows_is_what_the_codec_does():
    train, data = stand_in_set(20), stand_in_set(40)
    view = block_playground(train, data, torch.tensor([3, 5]))
    for step, rounding, image in ((32, 0.4, 1), (90, 0.2, 0)):
        symbols = blocks.quantise(blocks.analyse(train.images).flatten(0, 2), step, rounding)
        tables = Tables(blocks.count_tables(symbols, blocks.largest_symbol(step)).numpy())
        original = data.images[[3, 5][image]]
        (own,) = blocks.quantise(blocks.analyse(original[None]), step, rounding)
        payload = blocks.encode(own, tables)
        (picture,) = blocks.synthesise(own[None] * float(step))
        strip = view.draw(step, rounding, image)
        shown, quality = strip.tiles[1], decibels(original, picture)
        np.testing.assert_array_equal(shown.pixels, picture.permute(1, 2, 0))
        assert shown.title == f"{len(payload) - 2:,} bytes, {quality:.1f} dB"
        assert f"Marked: all steps {quality:.4g} at {len(payload) - 2}" in strip.describe()
