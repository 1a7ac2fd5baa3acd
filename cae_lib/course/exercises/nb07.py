"""The exercises of notebook 07: what is right, known mistakes with what is said to them, three hints."""

from bisect import bisect_right
from functools import partial
from itertools import accumulate
from math import ceil, log, log2

from cae_lib.course.judging import Exercise, array, essay, function, number
from cae_lib.course.reading import Unreadable, is_stub, show

TOTAL, LEAST, WIDEST = 2**16, 2**24, 2**32  # of a table; of an interval's width


def entropy_of(counts, unit=log2):
    return sum(-k / sum(counts) * unit(k / sum(counts)) for k in counts if k)


def to_table(counts):
    rest, total = TOTAL - len(counts), sum(counts)
    return [0, *accumulate(1 + count * rest // total for count in counts)]


def encode(symbols, tables):
    low, width, settled = 0, WIDEST, 0
    for symbol, table in zip(symbols, tables, strict=True):
        unit = width // table[-1]
        low += unit * table[symbol]
        width = unit * (table[symbol + 1] - table[symbol])
        while width < LEAST:
            low, width, settled = 256 * low, 256 * width, settled + 1
    return (-(-low // LEAST)).to_bytes(settled + 1, "big")


def decode(data, tables):
    value, width, symbols = int.from_bytes(data[:4].ljust(4, b"\0"), "big"), WIDEST, []
    more = iter(data[4:])
    for table in tables:
        unit = width // table[-1]
        symbol = bisect_right(table, min(value // unit, table[-1] - 1)) - 1
        value -= unit * table[symbol]
        width = unit * (table[symbol + 1] - table[symbol])
        while width < LEAST:
            value, width = 256 * value + next(more, 0), 256 * width
        symbols.append(symbol)
    return symbols


def encode_badly(symbols, tables, end=0, grow=256, up=True, go_on=True, in_units=True, whole=True) -> bytes:
    """With a mistake: low moves to another end of the part, does not grow with the width, or is rounded down; a symbol
    settles one byte at most; the unit is forgotten; the end is divided as a float."""
    low, width, settled = 0, WIDEST, 0
    for symbol, table in zip(symbols, tables, strict=True):
        unit = width // table[-1] if in_units else 1
        low += unit * table[symbol + end]
        width = unit * (table[symbol + 1] - table[symbol])
        while width < LEAST:
            low, width, settled = grow * low, 256 * width, settled + 1
            if not go_on:
                break
    first = -(-low // LEAST) if up else low // LEAST
    first = first if whole else ceil(low / LEAST)
    return (first % 256 ** (settled + 1)).to_bytes(settled + 1, "big")


low_left_behind, end_of_the_part = partial(encode_badly, grow=1), partial(encode_badly, end=1)
rounded_down, one_byte = partial(encode_badly, up=False), partial(encode_badly, go_on=False)
without_unit, as_float = partial(encode_badly, in_units=False), partial(encode_badly, whole=False)


def decode_badly(
    data, tables, subtract: bool = True, whole_part: bool = True, go_on: bool = True, fill: int = 4
) -> list[int]:
    """The decoder without one of its steps."""
    value, width, symbols, at = int.from_bytes(data[:4].ljust(fill, b"\0"), "big"), WIDEST, [], 4
    for table in tables:
        unit = width // table[-1]
        symbol = bisect_right(table, min(value // unit, table[-1] - 1)) - 1
        value -= unit * table[symbol] * subtract
        width = unit * (table[symbol + 1] - table[symbol] if whole_part else 1)
        while width < LEAST:
            value, width = 256 * value + (data[at] if at < len(data) else 0), 256 * width
            at += go_on
        symbols.append(symbol)
    return symbols


def written(f, symbols, tables):
    """What an encoder is judged by: what the kit's decoder reads of its bytes, and how many they are."""
    data = f(symbols, tables)
    if is_stub(data):
        return None
    if not isinstance(data, bytes | bytearray):
        raise Unreadable(f"Bytes are wanted, as `.to_bytes` makes them, and {show(data)} is none.")
    return decode(bytes(data), tables), len(data)


def same_message(answer, right) -> str:
    """The message comes back, in no more than one byte above the kit's."""
    (symbols, length), (wanted, least) = answer, right
    wrong = [k for k, pair in enumerate(zip(symbols, wanted, strict=True)) if pair[0] != pair[1]]
    if wrong:
        return f"The kit's decoder reads another symbol {symbols[wrong[0]]} at place {wrong[0]} of {len(wanted)}."
    return f"It makes {length} bytes of a message of {len(wanted)} symbols: too many." if length > least + 1 else ""


LETTERS = [0, 6, 8, 9, 10]  # A to D, of the notebook's message
PAIR, SKEWED, RARE = to_table([1, 1]), to_table([97, 0, 2, 1]), to_table([0, 50_000, 3, 7, 0, 0])
LONG = [(7 * k * k + k // 3) % 4 for k in range(60)]
MESSAGES = [
    ([0, 1, 0, 3, 0, 2, 0, 1, 0, 0], [LETTERS] * 10),
    (LONG, [SKEWED] * 60),
    ([1] * 40, [RARE] * 40),
    ([1, 1, 5, 0, 1, 1, 2, 0, 5, 1], [RARE, PAIR] * 5),
    ([1] * 30, [PAIR] * 30),
    ([3, 3, 3], [SKEWED] * 3),
]

EXERCISES = {
    "07.1": Exercise(
        function(*((counts,) for counts in ([1, 1], [7], [4, 2, 1, 1], [3, 0, 3, 0, 3, 3], [1, 0, 2], [0, 5, 1, 94]))),
        entropy_of,
        mistakes={
            "It makes all symbols equally likely.": lambda counts: log2(len(counts)),
            "It is in nats: bits need the logarithm to base 2.": lambda counts: entropy_of(counts, log),
            "It is the whole message; divide by its length.": lambda counts: entropy_of(counts) * sum(counts),
            "The sign is wrong: the logarithm of a share is negative.": lambda counts: -entropy_of(counts),
        },
        hints=(
            "Turn the counts into shares first.",
            "A symbol with the share p costs -log2(p) bits, and comes with the share p.",
            "Leave the zeros out, and add up -p * log2(p), with p = count / sum(counts).",
        ),
        why="Each symbol costs minus the logarithm of its share, and the mean weights it by how often it comes.",
    ),
    "07.2": Exercise(
        function(
            ([6, 2, 1, 1],), ([1, 1],), ([5],), ([0, 0, 9],), ([10**9, 1, 0, 1],), (list(range(256)),), result=array
        ),
        to_table,
        mistakes={
            "A symbol that was never seen gets no part, and cannot be coded: each needs 1 at least.": lambda counts: [
                0,
                *accumulate(count * TOTAL // sum(counts) for count in counts),
            ],
            "The list begins with 0, where the first part begins.": lambda counts: to_table(counts)[1:],
            "The bracket rounds down, not to the nearest.": lambda counts: [
                0,
                *accumulate(1 + round(count * (TOTAL - len(counts)) / sum(counts)) for count in counts),
            ],
            "Those are the parts; their running sums are wanted.": lambda counts: [
                1 + count * (TOTAL - len(counts)) // sum(counts) for count in counts
            ],
            "The ones for each symbol come on top: the table ends above 65,536.": lambda counts: [
                0,
                *accumulate(1 + count * TOTAL // sum(counts) for count in counts),
            ],
        },
        hints=(
            "First the part of each symbol, a whole number; then their running sums, from 0 on.",
            "A part is `1 + count * (2**16 - len(counts)) // sum(counts)`.",
            "Begin with `table = [0]`, and append `table[-1] + part` for each symbol.",
        ),
        why="Whole numbers are the same on every machine, and no symbol is left without a part.",
        whole=True,
    ),
    "07.3": Exercise(
        function(*MESSAGES, ([], []), result=same_message, run=written),
        encode,
        mistakes={
            "When the width grows by 256, low has to grow with it.": low_left_behind,
            "Low has to move to where the symbol's part begins, and this is its end.": end_of_the_part,
            "At the end it rounds down, and so to a number below the interval.": rounded_down,
            "A rare symbol settles several bytes: repeat step 3 as long as the width is too small.": one_byte,
            "The table counts units: how far low moves, and the new width, are so many times `unit`.": without_unit,
            "At the end a float has lost digits: divide whole numbers with `//`.": as_float,
        },
        hints=(
            "How wide is a unit, if the table's last number says how many there are? Move low, then the width.",
            "`low += unit * table[symbol]`, and the width becomes unit times the symbol's part. Then, as long as the "
            "width is below 2**24, multiply both by 256 and count one byte more.",
            "The end is `(-(-low // 2**24)).to_bytes(settled + 1, 'big')`: minus twice rounds up.",
        ),
        why="Each symbol leaves its share of the interval, so the bytes grow by minus the logarithm of that share.",
    ),
    "07.4": Exercise(
        function(*((encode(*message), message[1]) for message in MESSAGES), (b"", [SKEWED] * 3), result=array),
        decode,
        mistakes={
            "What lies before the symbol's part has to be taken off the value.": lambda data, tables: decode_badly(
                data, tables, subtract=False
            ),
            "This message has fewer than four bytes: the value begins with zeros behind them.": partial(
                decode_badly, fill=0
            ),
            "The width becomes that of the symbol's part, and not one unit.": lambda data, tables: decode_badly(
                data, tables, whole_part=False
            ),
            "Each time it is the next byte that comes in, and not the same again.": lambda data, tables: decode_badly(
                data, tables, go_on=False
            ),
        },
        hints=(
            "The decoder does what the encoder did, with the value in place of low: how many units is it, and in which "
            "symbol's part do they lie?",
            "`symbol = bisect_right(table, value // unit) - 1`; then take `unit * table[symbol]` off the value, and "
            "make the width that of the part.",
            "As long as the width is below 2**24: multiply both by 256, and add the next byte to the value, or 0 where "
            "there is none.",
        ),
        why="It repeats the encoder's whole numbers one by one, so it can never lose its way.",
        whole=True,
    ),
    "07.5": Exercise(
        number(1e-6),
        118,
        mistakes={
            "That is the payload alone: the container comes on top.": 103,
            "A file has whole bytes, and rounding down leaves too few.": 117,
            "A file has whole bytes.": 117.4,
            "Those are bits.": 819.2,
            "That is without entropy coding.": 271,
        },
        hints=(
            "How many numbers has the code, and how many bits do they cost together?",
            "4 * 8 * 8 numbers of 3.2 bits; eight bits are a byte, and a file has whole bytes.",
            "Round the bytes of the payload up, and add the 15 of the container.",
        ),
        why="256 numbers of 3.2 bits are 102.4 bytes, so 103, and the container's 15.",
    ),
    "07.6": Exercise(
        essay(30),
        "Whether both are counted as files or both as payload, at equal PSNR, in bytes that were decoded.",
        hints=(
            "Are both numbers counted in the same way?",
            "What does the small one leave out that a receiver needs, and what does the large one hold besides?",
            "Is an estimate a file? And are the two pictures equally good?",
        ),
        why=(
            "Good answers ask for both as payload or both as files (2 points); for bytes that somebody decoded, not an "
            "estimate (1); for equal PSNR (1); and for what the decoder holds already: weights and tables (1)."
        ),
    ),
}
