"""What answers of several notebooks share: forms of a right one, and answers of another kind than what is asked.

A kind is a function right -> rows (answer, pattern of what the check says about it).
"""

from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F


def parameters(layer) -> int:
    return sum(p.numel() for p in layer.parameters())


def forms(value) -> list:
    """One number, written in several ways."""
    return [
        value,
        float(value),
        np.int64(value),
        np.array([value]),
        torch.tensor(value, dtype=torch.float64),
        Fraction(value),
    ]


def images(picture) -> list:
    """One picture, with and without its first axis, with its channels first and last."""
    return [by_axes(picture), by_hand(picture)[0].numpy(), by_convolution(picture).permute(0, 2, 3, 1).tolist()]


def by_axes(picture):
    means = picture.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).mean((3, 5))
    return means.repeat_interleave(2, 2).repeat_interleave(2, 3)


def by_hand(picture):
    result = torch.zeros_like(picture)
    for y in range(picture.shape[2]):
        for x in range(picture.shape[3]):
            result[..., y, x] = picture[..., y // 2 * 2 : y // 2 * 2 + 2, x // 2 * 2 : x // 2 * 2 + 2].mean((-1, -2))
    return result


def by_convolution(picture):
    channels = picture.shape[1]
    means = F.conv2d(picture, torch.full((channels, 1, 2, 2), 0.25), stride=2, groups=channels)
    return F.conv_transpose2d(means, torch.ones(channels, 1, 2, 2), stride=2, groups=channels)


def no_number(right) -> list:
    return [
        (f"{right}", "is text: a number is wanted, without quotation marks"),
        ("a few", "is text"),
        ((right, right), "The comma makes|numbers: one is wanted"),
        ([right, right], "One number is wanted, and"),
        (torch.full((3, 3), 7.0), "a float32 tensor of shape"),
        ({"answer": right}, "One number is wanted"),
        ({right}, "One number is wanted"),
        (right == right, "One number is wanted, and True is none"),
        (complex(right), "One number is wanted"),
        (lambda: right, "One number is wanted, and a function is none"),
        (10**400, "too large"),
        (float("nan"), "and nan is none"),
    ]


def no_parts(right) -> list:
    words = "A tuple is wanted: "
    texts = [
        (tuple(map(str, right)), "is text" if not isinstance(right[0], str) else ""),
        (str(right), words),
        (right[0], words),
        ((*right, right[0]), words),
        (dict(zip("abc", right, strict=False)), words),
        (set(right), words),
        ([[right]], words),
        (torch.zeros(5), words),
        ((*right[:-1], object()), "is wanted"),
        ((*right[:-1], [1, 2]), "is wanted"),
    ]
    return [(answer, words) for answer, words in texts if words]


def no_array(right) -> list:
    tensor = torch.as_tensor(right)
    return [
        (str(tensor.tolist()), "is text: a tensor or nested lists"),
        (np.array(tensor.tolist()).astype(str), "is text: numbers are wanted"),
        (tensor.flatten()[1:], r"Its shape is \(\d+,\)"),
        (tensor.flatten(), r"Its shape is \(\d+,\)"),
        (torch.stack([tensor, tensor]), "Its shape is"),
        (1, r"Its shape is \(\)"),
        ([[1, 2], [3]], "is neither"),
        ({1: tensor}, "is neither"),
        (lambda: tensor, "a function is neither"),
        (tensor * float("nan"), "it is nan"),
        ([[0, None], [1, 2]], "still a None"),
    ]


OTHER = "is wanted|comma makes|is wrong|returns|raises"  # what is said to results of another kind


def no_function(right) -> list:
    def endless(*arguments):
        while True:
            pass

    def leaving(*arguments):
        raise SystemExit

    return [
        ("f", "'f' is text: the function itself is wanted"),
        (3, "The function itself is wanted .its name without brackets."),
        ([right], "The function itself is wanted"),
        (lambda: 1, "raises TypeError"),
        (lambda *arguments: "1", f"{OTHER}|is text"),
        (lambda *arguments: [1, 2, 3], OTHER),
        (lambda *arguments: float("nan"), OTHER),
        (lambda *arguments: arguments, OTHER),
        (lambda *arguments: print, OTHER),
        (leaving, "raises SystemExit"),
        (endless, "has not ended after .* seconds"),
        (str, f"{OTHER}|is text"),
    ]


def no_essay(right) -> list:
    words = "A text is wanted, in quotation marks"
    return [
        (3, words),
        ([right], words),
        ({right}, words),
        (len, words),
        (torch.zeros(2), words),
        (b"bytes", words),
        (True, words),
        ("too short", "2 words are few"),
        ("", "0 words are few"),
    ]
