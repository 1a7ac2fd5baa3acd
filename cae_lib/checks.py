"""Immediate answers to the exercises: check("01.1", answer) prints whether the answer is right, or a hint.

It never raises: a notebook with unanswered exercises runs to its end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log2

import torch
import torch.nn.functional as F

from cae_lib.models import MODEL2, build


@dataclass(frozen=True)
class Exercise:
    """right: answer -> True or False; hint: what to think about when it is wrong."""

    right: Callable
    hint: str


def close(expected: float, tolerance: float = 0.01) -> Callable:
    """Accept numbers within a relative tolerance of the expected one."""
    return lambda answer: abs(float(answer) - expected) <= tolerance * abs(expected)


def same(expected) -> Callable:
    """Accept an equal value: a tuple or list of numbers, a word (in any case), or a number."""

    def right(answer):
        if isinstance(expected, str):
            return str(answer).strip().lower() == expected
        if isinstance(expected, tuple):
            return tuple(answer) == expected
        return answer == expected

    return right


def tensor(expected: Callable[[], torch.Tensor], tolerance: float = 1e-4) -> Callable:
    """Accept a tensor or array of the right shape and values; `expected` makes the right one."""

    def right(answer):
        answer, wanted = torch.as_tensor(answer, dtype=torch.float32), expected().float()
        return answer.shape == wanted.shape and bool(torch.allclose(answer, wanted, atol=tolerance))

    return right


def right_floor(answer: Callable) -> bool:
    """Compare a student's floor function with a plain computation, on three scales."""
    images = torch.arange(252, dtype=torch.uint8).reshape(1, 3, 7, 12)
    for low, high in ((-1.0, 1.0), (0.0, 1.0), (-2.0, 3.0)):
        values = [low + (high - low) * v / 255 for v in range(252)]
        if abs(float(answer(images, low, high)) - sum(min(v, 0) ** 2 for v in values) / 252) > 1e-4:
            return False
    return True


def right_entropy(answer: Callable) -> bool:
    """Compare a student's entropy of counts with messages whose entropy is known in closed form."""
    known = {(1, 1): 1, (3, 0, 3, 0, 3, 3): 2, (7,): 0, (4, 2, 1, 1): 1.75, (1, 0, 2): log2(3) - 2 / 3}
    return all(abs(float(answer(list(counts))) - bits) < 1e-4 for counts, bits in known.items())


def right_straight_through(answer: Callable) -> bool:
    """A student's rounding to multiples of a step: right values, and the gradient of doing nothing."""
    for step in (1.0, 0.25, 3.0):
        y = torch.tensor([-1.7, -0.2, 0.4, 2.6], requires_grad=True)
        rounded = answer(y, step)
        (gradient,) = torch.autograd.grad(rounded.sum(), y)
        if not (torch.allclose(rounded, step * torch.round(y / step)) and torch.equal(gradient, torch.ones(4))):
            return False
    return True


def right_choice(answer: Callable) -> bool:
    """Compare a student's choice among points (bits per pixel, MSE) with the least loss, for several lambdas."""
    points = [(2.0, 0.0008), (0.5, 0.004), (1.9, 0.002), (1.0, 0.0018)]
    wanted = {0.0001: 1, 0.004: 3, 0.02: 0}
    return all(int(answer(points, worth)) == place for worth, place in wanted.items())


EXERCISES: dict[str, Exercise] = {
    # 00 start here
    "00.1": Exercise(same(153_600_000), "How many numbers has one image, and how many bytes does one number take?"),
    "00.2": Exercise(same(1920), "3,072 numbers of 5 bits each; a byte has 8 bits."),
    "00.3": Exercise(tensor(lambda: torch.tensor([0.2, -0.6])), "x / 255 lies in [0, 1]; stretch that to length 2."),
    # 01 CNNs
    "01.1": Exercise(same(16), "Put n = 32, k = 5, p = 2, s = 2 into the formula, and round down before adding 1."),
    "01.2": Exercise(same(12_832), "Each of the 32 output channels has a kernel of 5 x 5 x 16 weights, and one bias."),
    "01.3": Exercise(same(3), "The kernel reaches (k - 1) / 2 pixels to either side."),
    "01.4": Exercise(
        tensor(lambda: torch.tensor([[0, 0, 0], [1, 0, 0], [0, 0, 0]])),
        "Each output pixel has to copy one of its neighbours: the one on its left.",
    ),
    "01.5": Exercise(same(10), "Walk back: 2 wide before the last pool, then add 2 for the convolution."),
    # 02 autoencoders
    "02.1": Exercise(same(4096), "The pool halves height and width, and the code has two channels."),
    "02.2": Exercise(same(12), "Divide the picture's 3 x 32 x 32 numbers by the 16 x 16 places of one code channel."),
    "02.3": Exercise(close(6.0206, 0.001), "PSNR is -10 log10(MSE): what does an MSE of a quarter change?"),
    "02.4": Exercise(
        tensor(lambda: F.interpolate(F.avg_pool2d(torch.arange(48.0).reshape(1, 3, 4, 4) / 48, 2), scale_factor=2)),
        "avg_pool2d(picture, 2) makes the means; interpolate(means, scale_factor=2) repeats them.",
    ),
    "02.5": Exercise(
        lambda answer: answer[0] == int((answer[1].cumsum(0) < 0.9 * answer[1].sum()).sum()) + 1,
        "Add the variances up with cumsum(0), divide by their sum, and find the first k (from 1) that reaches 0.9.",
    ),
    "02.6": Exercise(same("further"), "Compare the last training loss with the floor."),
    # 03 model1 training
    "03.1": Exercise(same(4640), "Each of the 32 output channels has a kernel of 3 x 3 x 16 weights, and one bias."),
    "03.2": Exercise(same(1280), "The pool leaves 16 x 16 places, each with one number a channel."),
    "03.3": Exercise(close(14.494, 0.0005), "Divide by 4 first: the scale is twice as long, and errors are squared."),
    "03.4": Exercise(same("tanh"), "It looks like a sigmoid, stretched to twice the height and moved down by 1."),
    "03.5": Exercise(right_floor, "Scale the images, keep what is below 0 (clamp), square it, take the mean."),
    # 04 epochs and loss
    "04.1": Exercise(same(23_460), "An epoch has 781.25 batches, rounded up to 782."),
    "04.2": Exercise(close(2.4, 0.001), "Weight each batch's loss with its number of images, and divide by 10."),
    "04.3": Exercise(same(("over", "under", "good")), "Look at the gap, and at the height of the validation loss."),
    "04.4": Exercise(
        lambda answer: [answer(losses) for losses in ([3, 2, 1], [0.5, 0.2, 0.2, 0.4], [7])] == [3, 2, 1],
        "losses.index(min(losses)) counts from 0; epochs count from 1.",
    ),
    "04.5": Exercise(
        lambda answer: [answer([5, 4, 4.5, 4.2, 3], p) for p in (1, 2, 3)] == [3, 4, 5] and answer([1, 1, 1], 2) == 3,
        "Keep the lowest loss so far and count the epochs since; an equal loss is not a new lowest.",
    ),
    "04.6": Exercise(same("no"), "What had to happen for the loss to leave the first plateau?"),
    # 05 model2 comparison
    "05.1": Exercise(close(16 / 3), "A block of 2 x 2 pixels with 3 colours becomes one place of the code, 64 deep."),
    "05.2": Exercise(close(0.1421 / 4, 1e-3), "[-1, 1] is twice as long as [0, 1], and the errors are squared."),
    "05.3": Exercise(same(12), "The code has 16 x 16 places, the image 3,072 numbers."),
    "05.4": Exercise(
        lambda answer: int(answer) == sum(p.numel() for p in build(replace(MODEL2, code_channels=12)).parameters()),
        "Build the model with replace(MODEL2, code_channels=12) and sum p.numel() over its parameters.",
    ),
    "05.5": Exercise(
        tensor(lambda: torch.tensor([[2.5, 2.5, 4.5, 4.5]] * 2 + [[10.5, 10.5, 12.5, 12.5]] * 2)[None, None]),
        "Average each 2 x 2 block first; then every mean stands four times, in the block that it came from.",
    ),
    # 06 from codes to bytes
    "06.1": Exercise(
        lambda answer: int(answer[0]) == 6 and close(5 / 7, 0.005)(answer[1]),
        "Eight levels are seven steps apart, of 2/7 each; how many steps is 0.8 above -1?",
    ),
    "06.2": Exercise(same(20), "16 channels of 16 x 16 values, 5 bits each, for 32 x 32 pixels."),
    "06.3": Exercise(right_entropy, "Divide by the sum, drop the zeros, and add up -p log2(p)."),
    "06.4": Exercise(
        lambda answer: [float(number) for number in answer] == [0.5, 0.125],
        "B is the part from 1/2 to 3/4; A is the first half of whatever interval is left.",
    ),
    "06.5": Exercise(same(17), "Fifteen bytes for a small picture, and one more each for width and height."),
    # 07 rate against distortion
    "07.1": Exercise(close(-0.05), "The loss changes by the bits, and by lambda for each unit of squared error."),
    "07.2": Exercise(
        right_straight_through,
        "Round y / step, multiply by step, and let detach() hide from the gradient all that differs from y.",
    ),
    "07.3": Exercise(close(1.75), "A letter costs -log2 of what the tables say; weight it with its true share."),
    "07.4": Exercise(same((8, 4096)), "A chessboard takes two passes a group, whatever its size; a place alone, one."),
    "07.5": Exercise(right_choice, "Compute bpp + lambda * 255**2 * mse for each point; which place has the least?"),
}


def check(name: str, answer) -> None:
    """Print whether an answer is right; for None or ... it says that there is no answer yet."""
    if answer is None or answer is ...:
        print(f"Exercise {name}: not answered yet.")
        return
    exercise = EXERCISES[name]
    try:
        right = bool(exercise.right(answer))
    except Exception as error:  # a wrong answer may have any type or shape
        print(f"Exercise {name}: not yet. Your answer could not be read ({error}). Hint: {exercise.hint}")
        return
    print(f"Exercise {name}: right." if right else f"Exercise {name}: not yet. Hint: {exercise.hint}")
