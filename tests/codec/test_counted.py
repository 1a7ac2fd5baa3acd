"""Counted tables: what was sent comes back, and the estimate is what the bytes are."""

import pytest
import torch

from cae_lib.codec import counted
from cae_lib.codec.container import CodecError
from cae_lib.course.foreseeing import chessboard, contexts

torch.manual_seed(0)
SYMBOLS = (0.8 * torch.randn(20, 3, 8, 8)).round().long()
INDEX = counted.by_channel(counted.per_channel(chessboard, SYMBOLS), 6)
TABLES = counted.tables_of(counted.count(INDEX, SYMBOLS, 18))


def test_symbols_come_back_from_about_as_many_bytes_as_estimated():
    sent = [counted.to_bytes(one[None], chessboard, 6, TABLES) for one in SYMBOLS]
    back = [counted.from_bytes(one, (1, 3, 8, 8), chessboard, 6, TABLES) for one in sent]
    assert torch.equal(torch.cat(back), SYMBOLS)
    estimate = counted.bytes_each([INDEX, INDEX], [SYMBOLS, SYMBOLS])
    assert 0 <= sum(map(len, sent)) / len(sent) - estimate < 1.5


def test_a_context_that_the_decoder_does_not_have_does_not_decode():
    sent = counted.to_bytes(SYMBOLS[:1], contexts, 6, TABLES)
    try:
        back = counted.from_bytes(sent, (1, 3, 8, 8), contexts, 6, TABLES)
    except CodecError:
        return
    assert not torch.equal(back, SYMBOLS[:1])


def test_longer_bytes_are_refused():
    sent = counted.to_bytes(SYMBOLS[:1], chessboard, 6, TABLES)
    with pytest.raises(CodecError):
        counted.from_bytes(sent + b"\1", (1, 3, 8, 8), chessboard, 6, TABLES)


def test_side_information_has_classes_of_equal_size_and_fills_its_blocks():
    z, ends = counted.busyness(SYMBOLS, 2)
    assert z.shape == (20, 1, 4, 4) and set(z.flatten().tolist()) <= {0, 1, 2, 3}
    assert torch.equal(counted.busyness(SYMBOLS, 2, ends)[0], z)
    wide = counted.all_over(z, 2, 3)
    assert wide.shape == SYMBOLS.shape and torch.equal(wide[:, 2, ::2, ::2], z[:, 0])
