"""The exercises of notebook 06: what is right, known mistakes with what is said to them, three hints."""

import math

import torch

from cae_lib.codec.blocks import blocks, count_tables, dct_matrix, decode, quantise, water_filling
from cae_lib.course.block_coding import (
    by_repeat,
    in_strips,
    one_by_one,
    read,
    scattered,
    sides_mixed,
    signed,
    through_bytes,
    unscaled,
    whole,
    without_half,
)
from cae_lib.course.chance import noise
from cae_lib.course.judging import Exercise, array, essay, function, number, parts

IMAGES = noise(3, 2, 3, 16, 24)
VARIANCES = torch.tensor([100.0, 40.0, 9.0, 4.0, 1.0, 0.25])

EXERCISES = {
    "06.1": Exercise(
        function((8,), (2,), (3,), (1,), (16,), result=array),
        dct_matrix,
        mistakes={
            "The first row is too long: divide it by the square root of 2.": unscaled,
            "The cosine is taken in the middle of each pixel, at x + 0.5.": without_half,
            "It is transposed: a row is one cosine.": lambda n: dct_matrix(n).T,
            "The rows are not of length 1: the factor before the cosine is missing.": lambda n: (
                dct_matrix(n) / math.sqrt(2 / n)
            ),
        },
        hints=(
            "Two vectors, one standing (u) and one lying (x), make a whole table of cosines at once.",
            "`u = torch.arange(n)[:, None]` and `x = torch.arange(n)`; the cosine is that of pi / n * (x + 0.5) * u.",
            "Multiply by math.sqrt(2 / n), and then divide row 0 by math.sqrt(2).",
        ),
        why="All rows have length 1 and are at right angles, so the transpose is the way back.",
    ),
    "06.2": Exercise(
        function((IMAGES,), (noise(4, 1, 1, 8, 8),), (noise(5, 3, 2, 32, 8),), (noise(6, 1, 3, 8, 40),), result=array),
        blocks,
        mistakes={
            "The pixels are in another order: cut height and width first, and then permute the axes.": in_strips,
            "Rows and columns are mixed: in the reshape, each side is followed by its own 8.": sides_mixed,
            "The pixels of a block are no neighbours: the 8 comes after the number of blocks.": scattered,
            "Rows and columns of blocks are exchanged.": lambda images: blocks(images).transpose(1, 2),
            "Rows and columns within the blocks are exchanged.": lambda images: blocks(images).transpose(-1, -2),
            "The colours come too early: the axes are image, row, column, colour, 8, 8.": lambda images: blocks(
                images
            ).permute(0, 3, 1, 2, 4, 5),
        },
        hints=(
            "One reshape cuts height and width into (number of blocks, 8) each; then the axes want another order.",
            "After `images.reshape(n, c, h // 8, 8, w // 8, 8)` the axes are image, colour, row, y, column, x.",
            "Image, row, column, colour, y, x: `.permute(0, 2, 4, 1, 3, 5)`.",
        ),
        why="Nothing is computed: each pixel only gets another address, and so the way back is exact.",
    ),
    "06.3": Exercise(
        function(
            (torch.tensor([0.0, 4, 6, -6, 9.9, -14.0]), 10, 0.5),
            (signed(1, 5, 4), 3, 0.4),
            (signed(2, 2, 3, 4), 0.7, 0.2),
            (signed(3, 30), 8.0, 0.0),
            (10 * signed(4, 12), 16, 0.3),
            result=array,
        ),
        quantise,
        mistakes={
            "It rounds to the nearest, whatever `rounding` says.": lambda c, step, r: quantise(c, step, 0.5),
            "Negative numbers are rounded differently: take the size first, and the sign at the end.": (
                lambda c, step, r: (c / step + r).floor()
            ),
            "It returns values; whole numbers of steps are wanted.": lambda c, step, r: quantise(c, step, r) * step,
            "It rounds down without `rounding`, which is added first.": lambda c, step, r: quantise(c, step, 0.0),
            "The sign is lost.": lambda c, step, r: quantise(c, step, r).abs(),
            "The rounding is added before the division; it is a part of a step.": lambda c, step, r: (
                c.sign() * ((c.abs() + r) / step).floor()
            ),
        },
        hints=(
            "Work with the size of a number, and give its sign back at the end. How many steps is it long?",
            "`(coefficients.abs() / step + rounding).floor()` is the size of the symbol.",
            "Multiply that by `coefficients.sign()`.",
        ),
        why="Whatever is shorter than 1 - rounding steps becomes 0, on both sides alike.",
    ),
    "06.4": Exercise(
        function(
            (torch.tensor([[0, 1], [0, -1], [1, 0]]), 1),
            (whole(1, 40, 3), 3),
            (whole(2, 25, 5), 6),
            (torch.zeros(7, 2).long(), 2),
            (whole(3, 1, 4), 3),
            result=array,
        ),
        count_tables,
        mistakes={
            "A symbol that was never seen would get no bits: begin each count at 1.": lambda s, largest: (
                count_tables(s, largest) - 1
            ),
            "All coefficients share one table; each wants its own.": lambda s, largest: (
                1 + (count_tables(s, largest) - 1).sum(0, keepdim=True).expand(s.shape[1], -1)
            ),
            "It is transposed: a row for each coefficient.": lambda s, largest: count_tables(s, largest).T,
            "Negative symbols are counted as positive ones.": lambda s, largest: count_tables(s.abs(), largest),
            "The symbol 0 is not in the middle: add `largest`, as the places count from 0.": lambda s, largest: (
                count_tables(s, largest).roll(-largest, 1)
            ),
            "Those are shares; counts are wanted.": lambda s, largest: (
                count_tables(s, largest) / count_tables(s, largest).sum(1, keepdim=True)
            ),
        },
        hints=(
            "One coefficient first: how often does each value occur in one column? Values below 0 need to be moved.",
            "`torch.bincount(symbols[:, k] + largest, minlength=2 * largest + 1)` counts column k.",
            "Stack these counts of all columns, and add 1 to everything.",
        ),
        why="A share of these counts is a probability p, and a symbol costs -log2 p bits.",
    ),
    "06.5": Exercise(
        function(
            (whole(5, 2, 3, 4), 3),
            (whole(6, 1, 1, 2), 3),
            (whole(7, 3, 2, 5), 4),
            (torch.zeros(2, 2, 3).long(), 1),
            result=array,
            run=through_bytes,
            given="data, tables",
        ),
        decode,
        mistakes={
            "The tables count from 0: take `tables.symbols // 2` off again.": lambda data, tables: read(
                data, tables, data[0], data[1], len(tables.bits), less=0
            ).reshape(data[0], data[1], -1),
            "Read all symbols in one call: the coder has sorted them by their tables.": one_by_one,
            "`index` is not the encoder's, which has all tables of a block, then all of the next.": by_repeat,
            "Height and width are exchanged.": lambda data, tables: decode(data, tables).reshape(data[1], data[0], -1),
            "The symbols are right; give them the shape (height, width, numbers of a block).": lambda data, tables: (
                decode(data, tables).flatten()
            ),
        },
        hints=(
            "Go through `encode` from its last line to its first, and undo each.",
            "The first two bytes are height and width; `Decoder(data[2:])` reads the rest, by the encoder's `index`.",
            "`symbols = coder.read(index, tables) - tables.symbols // 2`, then a tensor, then `.reshape(h, w, -1)`.",
        ),
        why="It has seen the bytes and the tables and nothing else, and gives every symbol back.",
    ),
    "06.6": Exercise(
        function(
            (VARIANCES, 1.5),
            (VARIANCES, 0.1),
            (VARIANCES, 200.0),
            (VARIANCES.flip(0), 8.0),
            (torch.tensor([5.0]), 2.5),
            (10 * noise(8, 20) + 0.1, 3.0),
            result=parts(rates=array, distortions=array),
        ),
        water_filling,
        mistakes={
            "Below the water nothing is sent: no rate is negative, no distortion above the variance.": (
                lambda v, level: (0.5 * torch.log2(v / level), torch.full_like(v, level))
            ),
            "What is below the level costs no bits, and not fewer than none.": lambda v, level: (
                0.5 * torch.log2(v / level),
                v.clamp(max=level),
            ),
            "What is not sent has an error, too: its whole variance.": lambda v, level: (
                water_filling(v, level)[0],
                torch.where(v < level, 0.0, level),
            ),
            "The logarithm is that of base 2: rates are in bits.": lambda v, level: (
                0.5 * torch.log(v / v.clamp(max=level)),
                v.clamp(max=level),
            ),
            "The factor before the logarithm is missing: a quarter of the error costs one bit.": lambda v, level: (
                torch.log2(v / v.clamp(max=level)),
                v.clamp(max=level),
            ),
            "That is water-filling for channels; here the error of a strong number is the level itself.": (
                lambda v, level: (water_filling(v, level)[0], (v - level).clamp(min=0))
            ),
        },
        hints=(
            "What is the error of a number that is not sent at all? And of one that is?",
            "The distortion is the smaller one of level and variance: `variances.clamp(max=level)`.",
            "Put that into the formula of the rate, 0.5 * torch.log2(variance / distortion): it is 0 where both agree.",
        ),
        why="Each bit that is spent anywhere buys equally much, so no exchange of bits can help.",
    ),
    "06.7": Exercise(
        number(0.001),
        0.5,
        mistakes={
            "That is the whole interval of 0, from -0.75 steps to 0.75.": 1.5,
            "That is the largest size that becomes 0, in steps.": 0.75,
            "That is the width of every other interval, in steps.": 1,
            "That is the rounding itself.": 0.25,
        },
        hints=(
            "Which sizes become 0? Which become 1? Both in steps.",
            "A size becomes 0 below 1 - rounding. How wide is that on both sides together?",
            "The interval of 0 is 2 * (1 - rounding) steps wide, that of any other symbol 1: subtract.",
        ),
        why="A quarter of a step on each side.",
    ),
    "06.8": Exercise(
        essay(30),
        "That JPEG's tables travel in each file and serve any picture; ours were counted on pictures of this kind.",
        hints=(
            "What must both sides know before the first byte arrives, and who has counted it, on which pictures?",
            "Think of a photograph from a camera, of a scanned text, and of what JPEG's header holds.",
            "A payload compares methods; a file compares what is sent. For which use is which the fair one?",
        ),
        why=(
            "Good answers say that our tables are agreed in advance and JPEG's are in the file (1 point); that ours "
            "were counted on pictures like these, and would cost more on others (2); that JPEG's default tables were "
            "not made for 32 x 32 pixels (1); and name a use where either comparison is fair (1)."
        ),
    ),
}
