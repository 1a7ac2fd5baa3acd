"""Symbols to bytes and back: probability tables and constriction's range coder.

A range coder keeps an interval of numbers. Each symbol narrows it to a part as wide as the symbol is likely, so that
a message of probability p ends with an interval of width p, and a number inside needs about -log2(p) bits.
"""

from collections.abc import Iterable

import numpy as np

from cae_lib.codec.container import CodecError

WORD, STATE = 32, 64  # bits of constriction's words and of its interval


def load_constriction():
    """The module constriction. Raises CodecError with the cure where it is not installed."""
    try:
        import constriction
    except ImportError as error:
        raise CodecError(
            "The entropy coder is missing: `pip install constriction` (it has wheels for Linux on x86-64, macOS and "
            "Windows; on other machines the notebooks 00 to 05 work without it)."
        ) from error
    return constriction


class Tables:
    """Probability tables (T, S): row t holds the probabilities of the symbols 0 ... S-1 under distribution t.

    Rows are scaled to the sum 1. The coder works with whole multiples of 2^-24: it decodes what it encoded on any
    machine, because the stored numbers are the same there.
    """

    def __init__(self, probabilities: np.ndarray):
        self.probabilities = np.asarray(probabilities, dtype=np.float64)
        self.bits = -np.log2(self.probabilities / self.probabilities.sum(1, keepdims=True))
        categorical = load_constriction().stream.model.Categorical
        self.models = [categorical(row, perfect=False) for row in self.probabilities]

    def __reduce__(self):  # constriction's models cannot be pickled or copied; they are made again
        return Tables, (self.probabilities,)

    @property
    def symbols(self) -> int:
        """How many symbols each distribution knows."""
        return self.probabilities.shape[1]

    def estimate(self, symbols: np.ndarray, index: np.ndarray) -> np.ndarray:
        """Bits that symbols (..., n) cost under the tables index (..., n): the sum of -log2(p) over the last axis."""
        return self.bits[index, symbols].sum(-1)


def by_table(index: np.ndarray) -> tuple[np.ndarray, Iterable[tuple[int, int, int]]]:
    """The places of index (n,) in the order of their tables, and for each table (table, start, end) in that order.

    One call of the coder then codes all symbols of a table.
    """
    order = np.argsort(index, kind="stable")
    used, starts = np.unique(index[order], return_index=True)
    return order, zip(used.tolist(), starts.tolist(), [*starts.tolist(), len(order)][1:], strict=True)


class Encoder:
    """Writes symbols one after the other."""

    def __init__(self):
        self.coder = load_constriction().stream.queue.RangeEncoder()

    def write(self, symbols: np.ndarray, index: np.ndarray, tables: Tables) -> None:
        """Append symbols (n,), each under the table index (n,) says."""
        order, parts = by_table(index)
        symbols = symbols[order].astype(np.int32)
        for table, start, end in parts:
            self.coder.encode(symbols[start:end], tables.models[table])

    def finish(self) -> bytes:
        """The shortest bytes that name a number inside the final interval; the decoder reads zeros after them.

        constriction itself ends with whole words of 32 bits, on average some 14 bits more: much for a small picture.
        """
        words = self.coder.get_compressed()
        position, (low, width) = self.coder.pos()
        number = int.from_bytes(words.astype(">u4").tobytes(), "big") << WORD * (position + STATE // WORD - len(words))
        first = number - (number - low) % 2**STATE
        for bits in range(STATE, -1, -8):
            shortest = -(-first >> bits)
            if shortest << bits < first + width:
                break
        return shortest.to_bytes((WORD * position + STATE - bits) // 8, "big")


class Decoder:
    """Reads what an Encoder wrote, and encodes it once more: bytes that no encoder makes are refused."""

    def __init__(self, payload: bytes):
        self.payload, self.again = payload, Encoder()
        whole = payload.ljust(-(-len(payload) // 4) * 4 + STATE // 8, b"\0")
        self.coder = load_constriction().stream.queue.RangeDecoder(np.frombuffer(whole, ">u4").astype(np.uint32))

    def read(self, index: np.ndarray, tables: Tables) -> np.ndarray:
        """The next symbols (n,), each under the table index (n,) says. Raises CodecError."""
        order, parts = by_table(index)
        decoded = [np.empty(0, dtype=np.int32)]
        try:
            for table, start, end in parts:
                decoded.append(self.coder.decode(tables.models[table], end - start))
                self.again.coder.encode(decoded[-1], tables.models[table])
        except AssertionError as error:  # so constriction says that no symbol has this code
            raise foreign() from error
        if self.again.coder.pos()[0] * WORD > 8 * len(self.payload):  # or a short file could ask for endless work
            raise foreign()
        symbols = np.empty(len(index), dtype=np.int64)
        symbols[order] = np.concatenate(decoded)
        return symbols

    def finish(self) -> None:
        """Raise CodecError unless the payload is exactly what an encoder makes of the symbols read."""
        if self.again.finish() != self.payload:
            raise foreign()


def foreign() -> CodecError:
    return CodecError("The payload is not one that this model's encoder makes: the file was altered or forged.")
