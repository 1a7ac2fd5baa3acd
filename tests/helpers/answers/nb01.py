"""Answers to the exercises of notebook 01: right ones in several forms, wrong ones, sneaky functions."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from helpers.answers.common import forms, no_essay, no_function, no_number

SQUARE, EYE = torch.arange(16.0).reshape(4, 4), torch.eye(3)
BATCH = torch.arange(32.0).reshape(1, 2, 4, 4)
TEXT = (
    "The fully connected network does not care, since it has one weight for each pixel wherever it stands; the "
    "convolution loses, since neighbours are no neighbours any more, and so the order was worth something."
)


def by_four_loops(picture, kernel):
    k = kernel.shape[0]
    rows, columns = picture.shape[0] - k + 1, picture.shape[1] - k + 1
    output = [[0.0] * columns for _ in range(rows)]
    for r in range(rows):
        for c in range(columns):
            for i in range(k):
                for j in range(k):
                    output[r][c] += float(picture[r + i, c + j] * kernel[i, j])
    return output


def by_shifts(picture, kernel):
    k = len(kernel)
    rows, columns = picture.shape[0] - k + 1, picture.shape[1] - k + 1
    return sum(kernel[i, j] * picture[i : i + rows, j : j + columns] for i in range(k) for j in range(k))


def by_unfold(images, weight, bias, stride=1, padding=0):
    k = weight.shape[-1]
    columns = F.unfold(images, k, padding=padding, stride=stride)
    height, width = ((n + 2 * padding - k) // stride + 1 for n in images.shape[2:])
    sums = torch.einsum("dk,nkp->ndp", weight.flatten(1), columns)
    return (sums + bias[None, :, None]).unflatten(2, (height, width))


def by_layer(images, weight, bias, stride=1, padding=0):
    layer = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[-1], stride, padding)
    layer.weight.data, layer.bias.data = weight, bias
    return layer(images)


def by_parts(maps):
    corners = (maps[..., r::2, c::2] for r in (0, 1) for c in (0, 1))
    return torch.stack(list(corners)).max(0).values


def by_numpy(maps):
    x = maps.numpy()
    return x.reshape(*x.shape[:2], x.shape[2] // 2, 2, x.shape[3] // 2, 2).max(axis=(3, 5))


RIGHT = {
    "01.1": [by_four_loops, by_shifts],
    "01.2": forms(nn.Conv2d(1, 1, 5, 2, 2)(torch.zeros(1, 32, 32)).shape[-1]),
    "01.3": [by_unfold, by_layer],
    "01.4": [by_parts, by_numpy],
    "01.5": [TEXT, TEXT.lower(), TEXT + "\n"],
}

# exercise: (a typical wrong answer, pattern of what the check says about it)
WRONG = {
    "01.1": [
        (lambda picture, kernel: by_shifts(picture, kernel.flip(0, 1)), "turns the kernel round"),
        (lambda picture, kernel: by_shifts(picture, kernel)[:-1, :-1], "too early"),
        (lambda picture, kernel: by_shifts(picture, kernel) / 9, "is wrong. At"),
        (lambda picture, kernel: picture[:3, :3] * kernel, "is wrong|raises"),
        (lambda picture, kernel: picture[r : r + 3], "raises NameError"),  # noqa: F821
    ],
    "01.2": [(15, "adds one more"), (32, "stride 1"), (14, "without padding"), (16.5, "round the quotient down")],
    "01.3": [
        (lambda x, w, b, s=1, p=0: F.conv2d(x, w, None, s, p), "bias is missing"),
        (lambda x, w, b, s=1, p=0: F.conv2d(x, w, b), "is wrong. Its shape"),
        (lambda x, w, b: F.conv2d(x, w, b), "TypeError"),
        (lambda x, w, b, s=1, p=0: w.flatten(1) @ F.unfold(x, 3, padding=p, stride=s), "Its shape|raises"),
    ],
    "01.4": [
        (lambda maps: F.avg_pool2d(maps, 2), "means of the blocks"),
        (lambda maps: maps[..., ::2, ::2], "fixed place"),
        (lambda maps: F.max_pool2d(maps, 2, 1), "overlap"),
        (lambda maps: maps.max(), "Its shape is"),
    ],
    "01.5": [("Both.", "1 words are few"), (2, "A text is wanted"), (nn.ReLU, "A text is wanted")],
}

KINDS = {
    "01.1": no_function,
    "01.2": no_number,
    "01.3": no_function,
    "01.4": no_function,
    "01.5": no_essay,
}

# exercise: (cases that anybody would try, functions that are right there and nowhere else)
SNEAKY = {
    "01.1": (
        [(SQUARE, EYE), (torch.ones(4, 4), torch.ones(3, 3))],
        [
            lambda picture, kernel: by_shifts(picture, kernel.T),
            lambda picture, kernel: by_shifts(picture[:4, :4], kernel[:3, :3]),
            lambda picture, kernel: by_shifts(picture, kernel)[:2],
        ],
    ),
    "01.3": (
        [(BATCH, torch.ones(3, 2, 3, 3), torch.zeros(3))],
        [
            lambda x, w, b, s=1, p=0: F.conv2d(x, w, None, s, p),
            lambda x, w, b, s=1, p=0: F.conv2d(x, w, b, 1, p),
            lambda x, w, b, s=1, p=0: F.conv2d(x[:1], w, b, s, p),
        ],
    ),
    "01.4": (
        [(BATCH,), (BATCH[:, :1],)],
        [
            lambda maps: maps[..., 1::2, 1::2],
            lambda maps: F.relu(F.max_pool2d(maps, 2)),
            lambda maps: torch.from_numpy(np.sort(maps.numpy(), axis=3)[..., 1::2, 1::2]),
        ],
    ),
}
