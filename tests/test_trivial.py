"""The codes that nobody had to learn: what they keep, what they lose, and how much."""

import pytest
import torch

from cae_lib.trivial import TO_YCBCR, halved, halved_with_less_colour, through_means, turn

RNG = torch.Generator().manual_seed(0)
NOISE = torch.rand(2, 3, 16, 24, generator=RNG)
BOTH = pytest.mark.parametrize("code", [halved, halved_with_less_colour])


@BOTH
def test_flat_pictures_come_back(code):
    flat = torch.tensor([0.9, 0.1, 0.4]).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    assert torch.allclose(code(flat), flat, atol=1e-5)


@BOTH
def test_what_comes_back_is_a_picture_of_the_same_size(code):
    back = code(NOISE)
    assert back.shape == NOISE.shape and back.min() >= 0 and back.max() <= 1


@pytest.mark.parametrize(("code", "share"), [(halved, 1 / 4), (halved_with_less_colour, 1 / 8)])
def test_the_code_has_as_many_numbers_as_said(code, share):
    """The map is linear away from black and white; its rank is how many numbers pass."""
    units = torch.eye(3 * 8 * 8).reshape(-1, 3, 8, 8)
    changes = code(0.5 + 0.01 * units) - code(torch.full((1, 3, 8, 8), 0.5))
    assert torch.linalg.matrix_rank(changes.flatten(1), atol=1e-4) == share * 3 * 8 * 8


def test_an_average_is_kept_and_a_chessboard_is_lost():
    board = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(4, 4).expand(1, 3, 8, 8)
    assert torch.allclose(halved(board), torch.full_like(board, 0.5))


def test_grey_has_no_colour():
    luma, *colours = TO_YCBCR.sum(1)
    assert luma == pytest.approx(1) and colours == pytest.approx([0, 0], abs=1e-6)
    assert torch.allclose(turn(turn(NOISE, TO_YCBCR), TO_YCBCR.inverse()), NOISE, atol=1e-5)


def test_with_less_colour_grey_pictures_lose_no_more():
    grey = NOISE.mean(1, keepdim=True).expand_as(NOISE)
    assert torch.allclose(halved(grey), halved_with_less_colour(grey), atol=1e-5)


def test_sizes_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="multiples of 4, not 6 x 8"):
        through_means(torch.zeros(1, 1, 8, 6), 4)
