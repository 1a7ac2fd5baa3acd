"""The exercises' checks: right, wrong, unanswered or unreadable, they say so and never raise."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from cae_lib.checks import EXERCISES, Exercise, check, close, same, tensor
from cae_lib.container import Header, pack


def floor(images, low, high):
    return (low + (high - low) * images.float() / 255).clamp(max=0).square().mean()


def best_epoch(losses):
    return losses.index(min(losses)) + 1


def stopping_epoch(losses, patience):
    lowest, since = float("inf"), 0
    for epoch, loss in enumerate(losses, 1):
        lowest, since = (loss, 0) if loss < lowest else (lowest, since + 1)
        if since == patience:
            return epoch
    return len(losses)


def repeated_means(picture):
    blocks = picture.reshape(*picture.shape[:2], picture.shape[2] // 2, 2, picture.shape[3] // 2, 2)
    return blocks.mean((3, 5)).repeat_interleave(2, 2).repeat_interleave(2, 3)


def entropy(counts):
    shares = torch.tensor(counts, dtype=torch.float64) / sum(counts)
    return torch.special.entr(shares).sum() / np.log(2)


def straight_through(y, step):
    return y - (y - torch.round(y / step) * step).detach()


def choice(points, worth):
    return np.argmin(np.array(points) @ [1, worth * 255**2])


VARIANCES = torch.tensor([5.0, 3.0, 1.5, 0.5])
# name of an exercise -> a right answer, reached another way than the check's where there is one; a wrong answer
ANSWERS = {
    "00.1": (50_000 * 3 * 32 * 32, 50_000),
    "00.2": (3072 * 5 // 8, 3072),
    "00.3": (torch.tensor([153.0, 51.0]) / 127.5 - 1, [0.6, 0.2]),
    "01.1": ((32 + 2 * 2 - 5) // 2 + 1, 15),
    "01.2": (sum(p.numel() for p in torch.nn.Conv2d(16, 32, 5).parameters()), 12_800),
    "01.3": ((7 - 1) // 2, 7),
    "01.4": (torch.eye(3)[[2, 0, 2]] * torch.tensor([[0], [1], [0]]), torch.eye(3)),
    "01.5": (((1 * 2 + 2) * 2) + 2, 8),
    "02.1": (2 * 32 * 32 * 8 // 4, 512),
    "02.2": (3072 // 256, 6),
    "02.3": (10 * np.log10(4), 3.01),
    "02.4": (repeated_means(torch.arange(48.0).reshape(1, 3, 4, 4) / 48), torch.zeros(1, 3, 4, 4)),
    "02.5": ((3, VARIANCES), (2, VARIANCES)),
    "02.6": ("Further", "nearer"),
    "03.1": (sum(p.numel() for p in torch.nn.Conv2d(16, 32, 3).parameters()), 4_608),
    "03.2": (5 * 16 * 16, 5 * 32 * 32),
    "03.3": (-10 * np.log10(0.1421 / 4), 8.47),
    "03.4": ("tanh", "sigmoid"),
    "03.5": (floor, lambda images, low, high: floor(images, -1, 1)),
    "04.1": (-(-50_000 // 64) * 30, 781 * 30),
    "04.2": ((8 * 2 + 2 * 4) / 10, 3),
    "04.3": (("over", "under", "good"), ("under", "over", "good")),
    "04.4": (best_epoch, lambda losses: best_epoch(losses) - 1),
    "04.5": (stopping_epoch, lambda losses, patience: best_epoch(losses)),
    "04.6": ("no", "yes"),
    "05.1": (64 / 12, 3),
    "05.2": (0.035525, 0.07105),
    "05.3": (12, 64),
    "05.4": (896 + (32 * 9 * 12 + 12) + (12 * 9 * 3 + 3), 21_123),
    "05.5": (repeated_means(torch.arange(16.0).reshape(1, 1, 4, 4)), torch.arange(16.0).reshape(1, 1, 4, 4)),
    "06.1": ((round(1.8 * 7 / 2), 6 * 2 / 7 - 1), (6, 0.8)),
    "06.2": (16 * 16 * 16 * 5 / 32**2, 16 * 5),
    "06.3": (entropy, lambda counts: np.log2(len(counts))),
    "06.4": ((Fraction(1, 2), Fraction(1, 4) * Fraction(1, 2)), (0.5, 0.625)),
    "06.5": (len(pack(Header(0, b"abc", 8, 2000, 1500), b"")), 15),
    "07.1": (0.01 * (55 - 40) - 0.2, 0.05),
    "07.2": (straight_through, lambda y, step: step * torch.round(y / step)),
    "07.3": (-np.dot([0.5, 0.25, 0.25], np.log2([0.25, 0.25, 0.5])), 1.5),
    "07.4": ((2 * 4, 64 * 64), (4, 4096)),
    "07.5": (choice, lambda points, worth: int(np.argmin([bpp for bpp, _ in points]))),
}


def said(capsys, name, answer) -> str:
    check(name, answer)
    return capsys.readouterr().out


@pytest.mark.parametrize("name", EXERCISES)
def test_right_and_wrong_answers(name, capsys):
    right, wrong = ANSWERS[name]
    assert said(capsys, name, right) == f"Exercise {name}: right.\n"
    assert said(capsys, name, wrong) == f"Exercise {name}: not yet. Hint: {EXERCISES[name].hint}\n"


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_survives_any_answer(name, capsys):
    for answer in (None, ...):
        assert said(capsys, name, answer) == f"Exercise {name}: not answered yet.\n"
    for answer in ("three", "", [], {}, object(), float("nan"), -1.5, torch.full((2, 3), 99.0), np.array(["a"]), len):
        text = said(capsys, name, answer)
        assert text.startswith(f"Exercise {name}: not yet.") and text.endswith(f"Hint: {EXERCISES[name].hint}\n")


def test_an_answer_that_cannot_be_read_says_why(capsys, monkeypatch):
    def fault(answer):
        raise TypeError("no such thing")

    monkeypatch.setitem(EXERCISES, "99.1", Exercise(fault, "think"))
    text = said(capsys, "99.1", 1)
    assert text == "Exercise 99.1: not yet. Your answer could not be read (no such thing). Hint: think\n"


def test_close_means_within_the_relative_tolerance():
    right = close(-200, 0.01)
    assert [right(a) for a in (-200, -198.1, "-202", -197.9, 200)] == [True, True, True, False, False]


def test_same_compares_words_tuples_and_numbers():
    assert same("no")(" No ") and not same("no")("yes")
    assert same((3, 32))([3, 32]) and same((3, 32))(torch.Size([3, 32])) and not same((3, 32))((32, 3))
    assert same(12)(12.0) and not same(12)(13)


def test_tensor_compares_shape_and_values():
    right = tensor(lambda: torch.tensor([[1, 2]]))
    assert right([[1, 2]]) and right(np.array([[1.00005, 2.0]]))
    assert not right([1, 2]) and not right([[1, 2.1]])
