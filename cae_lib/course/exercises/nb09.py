"""The exercises of notebook 09: what is right, known mistakes with what is said to them, three hints."""

import numpy as np
import torch

from cae_lib.course.chance import noise
from cae_lib.course.foreseeing import (
    always,
    by_columns,
    cheapest,
    chessboard,
    conditional_entropy,
    contexts,
    decode,
    everywhere,
    joint,
    neighbours,
    outside_is_not_zero,
    pick,
    received,
    rolled,
    round_about,
    rounded,
    swapped,
    weighted,
    white,
)
from cae_lib.course.judging import Exercise, array, essay, function, number


def symbols_of(seed: int, *shape: int):
    """Whole numbers, many of them zero."""
    return (1.2 * noise(seed, *shape) - 0.4).round().long()


FEW, TALL, ONE = symbols_of(0, 3, 4, 5), symbols_of(1, 1, 6, 3), torch.zeros(1, 1, 1, dtype=torch.long)
FULL = torch.ones(2, 3, 3, dtype=torch.long)
COUNTS = torch.tensor([[8.0, 1, 1], [2, 4, 14]])
BITS = torch.tensor([9.0, 6.0, 3.5, 0.4, 3.0, 5.5, 8.5])
VALUES = torch.tensor([0.1, 0.6, 0.9, -0.55, -0.7, 1.45, 1.62, -2.3, 2.5, 2.9])

EXERCISES = {
    "09.1": Exercise(
        function((FEW,), (TALL,), (ONE,), (FULL,), (symbols_of(2, 2, 1, 7),), result=array),
        contexts,
        mistakes={
            "It looks at the right neighbour, a symbol that the decoder does not have yet.": lambda s: neighbours(
                s, 1, (0, 1), (-1, 0)
            ),
            "It looks at the neighbour below, a symbol that the decoder does not have yet.": lambda s: neighbours(
                s, 1, (0, -1), (1, 0)
            ),
            "It looks at the symbol itself, which the decoder does not have yet.": lambda s: neighbours(
                s, 1, (0, 0), (-1, 0)
            ),
            "What lies outside of the array counts as zero.": lambda s: neighbours(s, 0, (0, -1), (-1, 0)),
            "At the edge it wraps round to the other side; outside, zeros are wanted.": rolled,
            "The two neighbours are swapped: 1 for the left one, 2 for the one above.": lambda s: neighbours(
                s, 1, (0, -1), (-1, 0), (2, 1)
            ),
            "It adds where a neighbour is *not* zero.": lambda s: 3 - contexts(s),
        },
        hints=(
            "`zero = symbols == 0` says it of each place. Whose place does the left neighbour's answer belong to?",
            "Make an array of ones with one row and one column more, and write `zero` into `[:, 1:, 1:]`.",
            "With `known` so filled, the left ones are `known[:, 1:, :-1]`, those above `known[:, :-1, 1:]`.",
        ),
        why="Row by row, the left and the upper neighbour are decoded before: both sides know the same.",
    ),
    "09.2": Exercise(
        function(
            (COUNTS,),
            (torch.tensor([[3.0, 0], [1, 1]]),),
            (torch.tensor([[5.0, 5, 0], [0, 0, 0], [0, 0, 90]]),),
            (torch.tensor([[1.0, 2, 3, 4]]),),
            (torch.tensor([[4.0, 0], [0, 7]]),),
        ),
        conditional_entropy,
        mistakes={
            "Each context has the weight of its share; this takes the plain mean of the rows.": lambda n: weighted(
                n, torch.full((len(n),), 1 / len(n))
            ),
            "That is the entropy of symbol and context together; the context costs nothing here.": joint,
            "That is the entropy of all symbols, with no regard to the context.": lambda n: joint(n.sum(0)),
            "That takes natural logarithms; bits need base 2.": lambda n: conditional_entropy(n) * np.log(2),
            "That is the sum of all bits; bits a symbol are wanted.": lambda n: conditional_entropy(n) * n.sum(),
            "The rows' entropies are added without weights.": lambda n: weighted(n, torch.ones(len(n))),
        },
        hints=(
            "A row of counts, divided by its sum, is one distribution. What does a symbol cost under it on average?",
            "A symbol counted n times in a row with the sum N costs n * log2(N / n) bits in all; none if n is 0.",
            "Add those bits over the whole table, without the zeros, and divide by `counts.sum()`.",
        ),
        why="Each symbol pays -log2 of its share within its own context; the mean over all symbols is wanted.",
    ),
    "09.3": Exercise(
        function(
            *((s[0],) for s in (FEW, TALL, ONE, FULL, symbols_of(3, 1, 4, 4))),
            result=array,
            run=received,
            given="read, height, width",
        ),
        decode,
        mistakes={
            "The order is not the encoder's: row by row, from left to right.": by_columns,
            "What lies outside of the array counts as zero, as it did for the encoder.": outside_is_not_zero,
            "The two neighbours are swapped: 1 for the left one, 2 for the one above.": swapped,
            "It asks with one context, 3, everywhere.": always(3),
        },
        hints=(
            "Two loops. Before you may call `read`, which two places do you look at, and are they filled?",
            "Keep an array of zeros with one row and one column more: its edge then stands for what is outside.",
            "`known[y + 1, x + 1] = read(int(known[y + 1, x] == 0) + 2 * int(known[y, x + 1] == 0))` in the loops.",
        ),
        why="It asks with what it has decoded itself, in the encoder's order, so both use the same table each time.",
    ),
    "09.4": Exercise(
        function((FEW,), (TALL,), (ONE,), (FULL,), (symbols_of(4, 2, 4, 4),), result=array),
        chessboard,
        mistakes={
            "On a black field it looks at white ones, symbols that the decoder does not have yet.": everywhere,
            "Black and white are swapped: the first field of the first row is black.": lambda s: torch.where(
                white(s), 0, everywhere(s)
            ),
            "At the edge it wraps round to the other side; outside, nothing counts.": round_about,
            "Neighbours that are *not* zero are to be counted.": lambda s: torch.where(
                white(s), 1 + neighbours(s, 0, (0, -1), (0, 1), (1, 1)) + neighbours(s, 0, (-1, 0), (1, 0), (1, 1)), 0
            ),
            "A white field has 1 and the number of its neighbours; the 1 is missing.": lambda s: torch.where(
                white(s), everywhere(s) - 1, 0
            ),
        },
        hints=(
            "Two questions: which fields are white, and how many of the four neighbours are not zero?",
            "White is where row and column add up to an odd number. A frame of zeros makes the edge harmless.",
            "With `known` in such a frame, add `known[:, :-2, 1:-1]` and its three like, plus 1; keep that on white.",
        ),
        why="All four neighbours of a white field are black, so that they are there before the second pass.",
    ),
    "09.5": Exercise(
        function(
            (VALUES, BITS, 4.0),
            (VALUES, BITS, 0.5),
            (VALUES, BITS, 100.0),
            (3 * noise(5, 20) - 1.5, BITS.flip(0), 2.0),
            (VALUES, torch.full((7,), 2.8), 1.0),
            result=array,
        ),
        pick,
        mistakes={
            "That rounds: it looks at the error alone. The bits count as well.": rounded,
            "That looks at the bits alone. The squared error counts as well, times `worth`.": cheapest,
            "That takes the larger loss.": lambda v, b, worth: pick(v, -b, -worth),
            "The price of symbol k stands at place k + len(bits) // 2.": lambda v, b, worth: pick(
                v, b.roll(-(len(b) // 2)), worth
            ),
        },
        hints=(
            "There are two candidates for each value. Compute the loss of both; `torch.where` then takes one.",
            "`down = values.floor().long()`; its price is `bits[down + len(bits) // 2]`; `up` is one more.",
            "The loss of each is its price + worth * (values - symbol) ** 2; take `up` where its loss is smaller.",
        ),
        why="It is the loss of notebook 08 for one symbol: the format stays, and any decoder reads the result.",
    ),
    "09.6": Exercise(
        number(),
        36,
        mistakes={
            "The side information has to be paid, too.": 48,
            "That is the price of the side information alone.": 12,
            "That is what is left to pay; how much is saved?": 108,
        },
        hints=(
            "Make a bill: what is sent without side information, and what with it?",
            "Without: 64 symbols at 2.25 bits. With: 64 symbols at 1.5 bits, and the side information.",
            "64 * (2.25 - 1.5) less what the four numbers cost, 3 bits each.",
        ),
        why="Side information pays as long as it costs less than it saves: here 12 bits for 48.",
    ),
    "09.7": Exercise(
        essay(30),
        "Symbols that both sides have; real bytes with the same count; other seeds and data; time of the decoder.",
        hints=(
            "Could a decoder compute what the table is chosen by? In which order do its symbols come?",
            "Is 12 % an estimate, or bytes of a stream that was decoded again? On which images, with which counts?",
            "What else has changed: the time of decoding, the number of seeds, the quality of the picture?",
        ),
        why=(
            "Good answers ask whether the context is causal (2 points), whether the bytes were decoded again (1), "
            "whether tables and test images are separate (1), and what it costs in time (1)."
        ),
    ),
}
