"""The arithmetic coder that notebook 07 builds: exact, and within 1 % of constriction on symbols of real codes."""

import random
import re
from itertools import pairwise

import pytest
import torch
from helpers.answers.nb07 import decode_by_search, encode_by_fractions_of_256
from helpers.notebooks import read
from hypothesis import given
from hypothesis import strategies as st

from cae_lib.codec import streams
from cae_lib.course.exercises.nb07 import decode, encode, to_table
from cae_lib.course.release import SOLUTIONS
from cae_lib.data.images import load_images

CODES = [("model1", 8), ("model1_code8", 2), ("model1_code8", 4), ("model1_code8", 8), ("model2", 4), ("model2", 8)]


def in_the_solution() -> dict:
    """The functions as the solutions' notebook has them."""
    from bisect import bisect_right

    names = {"bisect_right": bisect_right}
    for cell in read(next(SOLUTIONS.glob("07_*.ipynb"))).cells:
        if cell.cell_type == "code" and re.match(r"def (to_table|encode|decode)\(", cell.source):
            exec(cell.source, names)
    return names


@pytest.mark.parametrize("whose", ["the kit's", "the notebook's"])
@pytest.mark.parametrize("name, bits", [*CODES, ("dct", 5), ("dct", 9)])
def test_symbols_of_a_code_come_back_in_no_more_than_one_per_cent_above_constriction(name, bits, whose):
    make, write, read_back = to_table, encode, decode
    if whose != "the kit's":
        found = in_the_solution()
        make, write, read_back = found["to_table"], found["encode"], found["decode"]
    images, codec = load_images("test").images[:20], streams.load_codec(name)
    with torch.no_grad():
        symbols = codec.analyse(images, bits)
    ((where, index, offset),) = codec.passes(symbols, bits)
    tables = [make(row) for row in (codec.counts[bits].long() + (name == "dct")).tolist()]
    mine = 0
    for row, each in zip((symbols[:, where] - offset).tolist(), index.tolist(), strict=True):
        picked = [tables[k] for k in each]
        data = write(row, picked)
        assert read_back(data, picked) == row
        mine += len(data)
    kits = sum(map(streams.payload_size, streams.encode_batch(images, model=name, quality=bits)))
    assert mine <= 1.01 * kits


@given(st.integers(0, 2**32 - 1))
def test_any_message_comes_back(seed):
    """Tables of any skewness, symbols of any kind, other writers and readers."""
    draw = random.Random(seed)
    kinds = [to_table([draw.choice([0, 1, 3, 10**6]) for _ in range(draw.randint(1, 9))] + [1]) for _ in range(3)]
    tables = [draw.choice(kinds) for _ in range(draw.randint(0, 80))]
    symbols = [draw.randrange(len(table) - 1) for table in tables]
    data = encode(symbols, tables)
    assert decode(data, tables) == decode_by_search(data, tables) == symbols
    assert encode_by_fractions_of_256(symbols, tables) == data


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=300).filter(any))
def test_a_table_fits_and_leaves_nobody_out(counts):
    table = to_table(counts)
    assert table[0] == 0 and table[-1] <= 2**16 and all(a < b for a, b in pairwise(table))
