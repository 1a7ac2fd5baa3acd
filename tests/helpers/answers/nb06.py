"""Answers to the exercises of notebook 06: right ones in several forms, wrong ones, sneaky functions."""

import math
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F

from cae_lib.codec import blocks as kit
from cae_lib.codec.entropy import Decoder
from helpers.answers.common import no_essay, no_function, no_number

TEXT = (
    "Their tables travel in every file and serve any picture, ours are agreed in advance and were counted on "
    "pictures of this very kind; on others our payload would grow, so it depends on the use which comparison is fair."
)


def dct_with_loops(n):
    rows = []
    for u in range(n):
        scale = math.sqrt((1 if u == 0 else 2) / n)
        rows.append([scale * math.cos(math.pi * (2 * x + 1) * u / (2 * n)) for x in range(n)])
    return rows


def dct_by_norm(n):
    x = np.arange(n)
    matrix = np.cos(np.pi / n * np.outer(x, x + 0.5))
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def blocks_by_unfold(images):
    return images.unfold(2, 8, 8).unfold(3, 8, 8).permute(0, 2, 3, 1, 4, 5)


def blocks_with_loops(images):
    count, channels, height, width = images.shape
    result = torch.zeros(count, height // 8, width // 8, channels, 8, 8)
    for r in range(height // 8):
        for c in range(width // 8):
            result[:, r, c] = images[:, :, 8 * r : 8 * r + 8, 8 * c : 8 * c + 8]
    return result


def quantise_by_trunc(coefficients, step, rounding):
    size = coefficients / step
    return torch.trunc(size + torch.sign(size) * rounding)


def quantise_by_cases(coefficients, step, rounding):
    up = torch.floor(coefficients / step + rounding).long()
    down = -torch.floor(-coefficients / step + rounding).long()
    return torch.where(coefficients >= 0, up, down)


def counts_by_column(symbols, largest):
    columns = [torch.bincount(column + largest, minlength=2 * largest + 1) for column in symbols.T]
    return torch.stack(columns) + 1


def counts_by_comparison(symbols, largest):
    values = torch.arange(-largest, largest + 1)
    return ((symbols[:, :, None] == values).sum(0) + 1).float().tolist()


def decode_in_lines(data, tables):
    h, w = data[0], data[1]
    kinds = tables.probabilities.shape[0]
    index = np.tile(np.arange(kinds), h * w)
    symbols = Decoder(data[2:]).read(index, tables) - tables.symbols // 2
    return torch.from_numpy(symbols).reshape(h, w, kinds)


def decode_to_lists(data, tables):
    return kit.decode(data, tables).tolist()


def blocks_cut_wrongly(images):
    n, c, h, w = images.shape
    return images.reshape(n, c, h // 8, w // 8, 8, 8).permute(0, 2, 3, 1, 4, 5)


def blocks_of_strangers(images):
    n, c, h, w = images.shape
    return images.reshape(n, c, 8, h // 8, 8, w // 8).permute(0, 3, 5, 1, 2, 4)


def counts_unmoved(symbols, largest):
    counts = torch.ones(symbols.shape[1], 2 * largest + 1)
    for k, column in enumerate(symbols.T):
        for symbol in column:
            counts[k, symbol] += 1
    return counts


def decode_by_blocks(data, tables):
    h, w, kinds = data[0], data[1], len(tables.probabilities)
    decoder = Decoder(data[2:])
    found = np.array([decoder.read(np.arange(kinds), tables) for _ in range(h * w)])
    return torch.from_numpy(found - tables.symbols // 2).reshape(h, w, kinds)


def decode_with_repeat(data, tables):
    h, w, kinds = data[0], data[1], len(tables.probabilities)
    index = np.repeat(np.arange(kinds), h * w)
    return (Decoder(data[2:]).read(index, tables) - tables.symbols // 2).reshape(h, w, kinds)


def water_by_minimum(variances, level):
    distortions = torch.minimum(variances, torch.tensor(float(level)))
    return torch.log2(variances / distortions) / 2, distortions


def water_by_lists(variances, level):
    distortions = [min(float(v), level) for v in variances]
    return [max(0.0, 0.5 * math.log2(float(v) / level)) for v in variances], distortions


RIGHT = {
    "06.1": [dct_with_loops, dct_by_norm],
    "06.2": [blocks_by_unfold, blocks_with_loops],
    "06.3": [quantise_by_trunc, quantise_by_cases],
    "06.4": [counts_by_column, counts_by_comparison],
    "06.5": [decode_in_lines, decode_to_lists],
    "06.6": [water_by_minimum, water_by_lists],
    "06.7": [0.5, Fraction(1, 2), torch.tensor(0.5), 2 * 0.75 - 1],
    "06.8": [TEXT, TEXT.upper(), f"\n{TEXT}"],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "06.1": [
        (lambda n: np.array(dct_with_loops(n)).T, "transposed"),
        (lambda n: dct_by_norm(n) * math.sqrt(n / 2), "not of length 1|is wrong"),
        (lambda n: torch.eye(n), "is wrong"),
        (lambda n: dct_by_norm(8), "Its shape is"),
    ],
    "06.2": [
        (lambda images: images.reshape(len(images), images.shape[2] // 8, -1, images.shape[1], 8, 8), "another order"),
        (lambda images: blocks_by_unfold(images).transpose(4, 5), "within the blocks"),
        (lambda images: images.unfold(2, 8, 8).unfold(3, 8, 8), "colours come too early"),
        (lambda images: F.unfold(images, 8, stride=8), "Its shape is|is wrong"),
        (blocks_cut_wrongly, "Rows and columns are mixed"),
        (blocks_of_strangers, "no neighbours"),
    ],
    "06.3": [
        (lambda c, step, rounding: (c / step).round(), "to the nearest|is wrong"),
        (lambda c, step, rounding: torch.floor(c / step + rounding), "differently"),
        (lambda c, step, rounding: quantise_by_trunc(c, step, rounding) * step, "whole numbers of steps"),
        (lambda c, step, rounding: (c.abs() / step + rounding).floor(), "sign is lost"),
        (lambda c, step, rounding: (c.abs() // step + rounding).floor() * c.sign(), "rounds down without"),
        (lambda c, step, rounding: c, r"quantise|your function\(\[0.0, 4.0, 6.0, -6.0, 9.9, -14.0\]"),
    ],
    "06.4": [
        (lambda symbols, largest: counts_by_column(symbols, largest) - 1, "begin each count at 1"),
        (lambda symbols, largest: counts_by_column(symbols, largest).T, "transposed"),
        (lambda symbols, largest: torch.bincount(symbols.flatten() + largest), "Its shape is"),
        (lambda symbols, largest: counts_by_column(symbols.abs(), largest), "counted as positive"),
        (counts_unmoved, "not in the middle"),
    ],
    "06.5": [
        (lambda data, tables: decode_in_lines(data, tables) + tables.symbols // 2, "count from 0"),
        (lambda data, tables: decode_in_lines(data, tables).flatten(), "give them the shape"),
        (lambda data, tables: decode_in_lines(data[2:], tables), "raises|is wrong"),
        (lambda data, tables: list(data), r"\(data, tables\) is wrong. Its shape is"),
        (decode_by_blocks, "in one call"),
        (decode_with_repeat, "`index` is not the encoder's"),
    ],
    "06.6": [
        (lambda v, level: (0.5 * torch.log2(v / level), torch.full_like(v, level)), "no rate is negative"),
        (lambda v, level: (0.5 * torch.log(v / v.clamp(max=level)), v.clamp(max=level)), "base 2"),
        (lambda v, level: (torch.log2(v / v.clamp(max=level)), v.clamp(max=level)), "factor"),
        (lambda v, level: (0.5 * torch.log2(v / level), v.clamp(max=level)), "not fewer than none"),
        (lambda v, level: (water_by_minimum(v, level)[0], (v > level) * level), "whole variance"),
        (lambda v, level: water_by_minimum(v, level)[0], "A tuple is wanted|is wrong"),
    ],
    "06.7": [(1.5, "whole interval"), (0.75, "largest size"), (1, "every other"), (0.25, "rounding itself")],
    "06.8": [("It depends.", "2 words are few"), (623, "A text is wanted"), ([TEXT], "A text is wanted")],
}

KINDS = {f"06.{k}": no_function for k in range(1, 7)} | {"06.7": no_number, "06.8": no_essay}

EVEN = torch.tensor([0.0, 10, -20, 30])

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "06.1": ([(1,), (2,)], [lambda n: torch.tensor([[1.0, 1], [1, -1]])[:n, :n] / math.sqrt(n)] * 2),
    "06.2": (
        [(torch.ones(1, 1, 8, 8),), (torch.arange(64.0).reshape(1, 1, 8, 8),)],
        [
            lambda images: images.reshape(len(images), images.shape[2] // 8, -1, images.shape[1], 8, 8),
            lambda images: blocks_by_unfold(images).transpose(1, 2),
        ],
    ),
    "06.3": (
        [(EVEN, 10, 0.5), (EVEN, 5, 0.4)],
        [lambda c, step, rounding: (c / step).round(), lambda c, step, rounding: torch.floor(c / step + rounding)],
    ),
    "06.4": (
        [(torch.zeros(4, 1).long(), 1), (torch.tensor([[0], [1]]), 1)],
        [
            lambda s, largest: counts_by_column(s.abs(), largest),
            lambda s, largest: torch.bincount(s.flatten() + largest, minlength=2 * largest + 1)[None] + 1,
        ],
    ),
    "06.5": ([], []),
    "06.6": (
        [(torch.tensor([4.0, 16]), 1.0), (torch.tensor([2.0, 8]), 2.0)],
        [
            lambda v, level: (0.5 * torch.log2(v / level), torch.full_like(v, level)),
            lambda v, level: ((v / level).log2() / 2, v * 0 + level),
        ],
    ),
}
