"""The range coder: what goes in comes out, in as many bits as the tables promise, and no other bytes are read."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cae_lib.codec.container import CodecError
from cae_lib.codec.entropy import Decoder, Encoder, Tables, by_table

seeds = st.integers(0, 2**32 - 1)


def message(seed: int, count: int, likely: bool) -> tuple[np.ndarray, np.ndarray, Tables]:
    """Random tables, a random choice of them, and symbols: drawn from the tables if `likely`, else evenly."""
    rng = np.random.default_rng(seed)
    tables = Tables(np.exp(rng.uniform(0, 7, (rng.integers(1, 6), rng.integers(2, 65)))))
    index = rng.integers(0, len(tables.probabilities), count)
    chances = tables.probabilities / tables.probabilities.sum(1, keepdims=True)
    symbols = [rng.choice(tables.symbols, p=chances[t] if likely else None) for t in index]
    return np.array(symbols, dtype=np.int64), index, tables


def encode(symbols, index, tables) -> bytes:
    encoder = Encoder()
    encoder.write(symbols, index, tables)
    return encoder.finish()


def decode(payload, index, tables) -> np.ndarray:
    decoder = Decoder(payload)
    symbols = decoder.read(index, tables)
    decoder.finish()
    return symbols


@given(seeds, st.integers(0, 200), st.booleans())
def test_round_trip_at_the_promised_length(seed, count, likely):
    symbols, index, tables = message(seed, count, likely)
    payload = encode(symbols, index, tables)
    np.testing.assert_array_equal(decode(payload, index, tables), symbols)
    bits, promised = 8 * len(payload), tables.estimate(symbols, index)
    assert promised - 40 <= bits <= 1.002 * promised + 8
    own = Encoder()
    own.write(symbols, index, tables)
    assert len(payload) <= 4 * len(own.coder.get_compressed())


@given(seeds, st.lists(st.integers(0, 30), max_size=5))
def test_several_passes_one_after_the_other(seed, counts):
    encoder, messages = Encoder(), [message(seed + k, count, True) for k, count in enumerate(counts)]
    for each in messages:
        encoder.write(*each)
    decoder = Decoder(encoder.finish())
    for symbols, index, tables in messages:
        np.testing.assert_array_equal(decoder.read(index, tables), symbols)
    decoder.finish()


@pytest.mark.parametrize("count", [0, 1])
def test_the_shortest_messages(count):
    tables = Tables(np.array([[1.0, 3.0]]))
    for symbol in (0, 1):
        symbols, index = np.full(count, symbol), np.zeros(count, dtype=np.int64)
        payload = encode(symbols, index, tables)
        assert len(payload) <= count
        np.testing.assert_array_equal(decode(payload, index, tables), symbols)


def test_the_estimate_is_minus_log2_of_the_probability():
    tables = Tables(np.array([[1, 3], [2, 2]]))
    expected = [2 - np.log2(3) + 2 + 1, 1 + 1 + 1]
    bits = tables.estimate(np.array([[1, 0, 1], [0, 1, 0]]), np.array([[0, 0, 1], [1, 1, 1]]))
    np.testing.assert_allclose(bits, expected)


@given(seeds, st.integers(1, 60), st.binary(max_size=30), st.integers(0, 99))
def test_no_two_payloads_mean_the_same(seed, count, noise, cut):
    """Whatever is done to a payload, what still decodes are other symbols, and their encoder makes those bytes."""
    symbols, index, tables = message(seed, count, True)
    payload = encode(symbols, index, tables)
    for other in (payload + b"\0", payload + noise, payload[:-1], payload[: cut % (len(payload) + 1)] + noise):
        if other != payload:
            try:
                read = decode(other, index, tables)
            except CodecError:
                continue
            assert not np.array_equal(read, symbols) and encode(read, index, tables) == other


def test_trailing_zeros_are_refused():
    symbols, index, tables = message(0, 50, True)
    payload = encode(symbols, index, tables)
    for zeros in (1, 4, 100):
        with pytest.raises(CodecError, match="not one that this model's encoder makes"):
            decode(payload + bytes(zeros), index, tables)


@pytest.mark.parametrize("symbol", [0, 1])
def test_few_bytes_do_not_stand_for_many_symbols(symbol):
    """A file of a few bytes must not keep the decoder busy with a picture of any size."""
    tables, many = Tables(np.array([[3.0, 1.0]])), np.zeros(100_000, dtype=np.int64)
    bits = 8 * len(encode(many + symbol, many, tables))
    assert bits == pytest.approx(tables.estimate(many + symbol, many), abs=40)
    for payload in (b"", b"\xff", bytes(1000)):
        with pytest.raises(CodecError):
            Decoder(payload).read(many, tables)


def test_by_table_finds_each_place_once():
    index = np.random.default_rng(0).integers(0, 7, 100) * 2
    order, parts = by_table(index)
    places = {table: order[start:end] for table, start, end in parts}
    assert list(places) == sorted(set(index))
    assert sorted(np.concatenate(list(places.values()))) == list(range(100))
    for table, found in places.items():
        assert (index[found] == table).all() and (np.diff(found) > 0).all()
    assert list(by_table(index[:0])[1]) == []


def test_a_machine_without_the_coder_is_told_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "constriction", None)
    with pytest.raises(CodecError, match="pip install constriction"):
        Encoder()
