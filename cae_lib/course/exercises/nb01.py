"""The exercises of notebook 01: what is right, known mistakes with what is said to them, three hints."""

import torch
import torch.nn.functional as F

from cae_lib.course.chance import noise
from cae_lib.course.judging import Exercise, array, essay, function, number


def conv2d(picture, kernel):
    return F.conv2d(picture[None, None], kernel[None, None])[0, 0]


def conv_layer(images, weight, bias, stride=1, padding=0):
    return F.conv2d(images, weight, bias, stride, padding)


def max_pool(maps, pool=F.max_pool2d):
    return pool(maps, 2)


STEPS = torch.arange(30.0).reshape(5, 6) ** 2
IMAGES, WEIGHT, BIAS = noise(0, 2, 3, 7, 9), noise(1, 4, 3, 3, 3) - 0.5, noise(2, 4)

EXERCISES = {
    "01.1": Exercise(
        function(
            (STEPS, torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])),
            (noise(0, 8, 5), noise(1, 3, 3)),
            (noise(2, 4, 9), noise(3, 2, 2)),
            (noise(4, 6, 6), noise(5, 5, 5)),
            (noise(6, 3, 3), noise(7, 1, 1)),
            result=array,
        ),
        conv2d,
        mistakes={
            "It turns the kernel round first; here the window is multiplied by the kernel as it stands.": (
                lambda picture, kernel: conv2d(picture, kernel.flip(0, 1))
            ),
            "Its kernel is transposed: i goes along the rows, j along the columns.": lambda picture, kernel: conv2d(
                picture, kernel.T
            ),
            "It takes the mean of the products; their sum is wanted.": lambda picture, kernel: (
                conv2d(picture, kernel) / kernel.numel()
            ),
            "Its output stops one row and one column too early.": lambda picture, kernel: conv2d(picture, kernel)[
                :-1, :-1
            ],
            "It is as large as the picture: no padding is asked for.": lambda picture, kernel: F.conv2d(
                picture[None, None], kernel[None, None], padding=len(kernel) // 2
            )[0, 0],
        },
        hints=(
            "Two loops: over the rows and over the columns of the output. What does one output number need?",
            "The window at row r and column c is `picture[r : r + k, c : c + k]`, with k = len(kernel).",
            "Multiply the window by the kernel, and put the `.sum()` of the products at output[r, c].",
        ),
        why="Each output number is one window's products, added up: every layer of this course is made of this.",
    ),
    "01.2": Exercise(
        number(),
        16,
        mistakes={
            "That is the quotient; the formula adds one more.": 15,
            "That is the width without padding.": 14,
            "That is the width with stride 1.": 32,
            "Pixels are whole: round the quotient down.": 16.5,
        },
        hints=(
            "Section 2 has a formula for the width.",
            "Put n = 32, k = 5, p = 2 and s = 2 into it.",
            "(32 + 2 * 2 - 5) / 2 is not whole: round it down, and only then add 1.",
        ),
        why="Padding 2 makes up for the kernel of 5, so that only the stride halves the width.",
    ),
    "01.3": Exercise(
        function(
            (IMAGES, WEIGHT, BIAS),
            (IMAGES, WEIGHT, BIAS, 1, 1),
            (IMAGES, WEIGHT, BIAS, 2, 1),
            (IMAGES[:1, :1], WEIGHT[:2, :1], torch.zeros(2), 3, 0),
            (noise(3, 3, 2, 6, 10), noise(4, 5, 2, 5, 5), noise(5, 5), 2, 2),
            (noise(6, 1, 1, 4, 4), noise(7, 1, 1, 1, 1), torch.ones(1)),
            result=array,
        ),
        conv_layer,
        mistakes={
            "The bias is missing.": lambda x, w, b, s=1, p=0: F.conv2d(x, w, None, s, p),
            "The stride is not used.": lambda x, w, b, s=1, p=0: F.conv2d(x, w, b, 1, p),
            "The padding is not used.": lambda x, w, b, s=1, p=0: F.conv2d(x, w, b, s),
            "Height and width of the output are exchanged.": lambda x, w, b, s=1, p=0: (
                F.conv2d(x, w, b, s, p).flatten(2).unflatten(2, F.conv2d(x, w, b, s, p).shape[:1:-1])
            ),
        },
        hints=(
            "Three steps: the windows as columns, one matrix product with the bias, and back into the shape of maps.",
            "`weight.flatten(1) @ F.unfold(...)` is (D, C k k) times (N, C k k, places) is (N, D, places).",
            "Add bias[:, None], and reshape to (N, D, height, width), each from the formula (n + 2 p - k) // s + 1.",
        ),
        why="All windows of all images are columns of one matrix, and processors multiply matrices fast.",
    ),
    "01.4": Exercise(
        function(
            (noise(0, 2, 3, 4, 6),),
            (noise(1, 1, 1, 8, 2),),
            (noise(2, 3, 2, 2, 2) - 1,),
            (torch.arange(32.0).reshape(1, 2, 4, 4).flip(3),),
            result=array,
        ),
        max_pool,
        mistakes={
            "Those are the means of the blocks; the largest numbers are wanted.": lambda maps: max_pool(
                maps, F.avg_pool2d
            ),
            "It keeps one fixed place of each block, not the largest number.": lambda maps: maps[..., ::2, ::2],
            "Its blocks overlap: the window moves two numbers at a time.": lambda maps: F.max_pool2d(maps, 2, 1),
            "The reshape has put other numbers together than those of a block.": lambda maps: maps.reshape(
                *maps.shape[:2], maps.shape[2] // 2, maps.shape[3] // 2, 4
            ).amax(4),
        },
        hints=(
            "Which four numbers belong to the output at row r and column c?",
            "`maps.reshape(n, c, height // 2, 2, width // 2, 2)` gives places in a block axes of their own, 3 and 5.",
            "Take `.amax((3, 5))` of it: the largest over both axes.",
        ),
        why="Of four numbers one is left, and nobody can tell from which place of the block it came.",
    ),
    "01.5": Exercise(
        essay(30),
        "The convolutional network, as neighbours are no longer alike; the fully connected one sees no difference.",
        hints=(
            "What does a fully connected layer know of the order of its inputs?",
            "Which two assumptions does a convolution make, and does either hold when pixels are shuffled?",
            "If one network gets worse and the other does not, what did the first one gain from the order?",
        ),
        why=(
            "Good answers say that the fully connected network gets no worse, as each input has a weight of its own (2 "
            "points); that the convolutional one does, as neighbours and places have lost their meaning (2); that the "
            "difference measures what the assumptions are worth on real images (1)."
        ),
    ),
}
