"""The exercises that ask for a function or a tensor: what is right, and the mistakes that their checks know by name.

Where the answer is a function, so are the right one and the mistakes; they are told apart by what they return. So
there have to be cases at which a wrong function is wrong: the notebook's example first, and many that it does not show.
"""

from math import log, log2
from random import Random

import torch
import torch.nn.functional as F

from cae_lib.course.build_functions import (
    below_zero,
    choose,
    enough,
    entropy_of,
    from_the_best,
    local_best,
    never_reset,
    pooled,
    stop_epoch,
    straight_through,
    value_and_slope,
    wins,
)
from cae_lib.course.judging import Exercise, array, function, parts

STEPS = torch.arange(252, dtype=torch.uint8).reshape(2, 3, 7, 6)
PICTURE = torch.arange(48.0).reshape(1, 3, 4, 4) / 48  # of exercise 02.5
TINY = torch.arange(16.0).reshape(1, 1, 4, 4)  # of exercise 05.5
POINTS = [(2.0, 0.0008), (0.5, 0.004), (1.9, 0.002), (1.0, 0.0018)]
CLOSE = [(2.0, 0.001), (1.0, 0.001 + 1 / (0.01 * 255.5**2)), (3.0, 0.0009)]  # 255 and 256 choose differently
random = Random(0)
LOSSES = [([random.randint(1, 6) for _ in range(random.randint(1, 12))], random.randint(1, 4)) for _ in range(60)]

BUILDS: dict[str, Exercise] = {
    "00.4": Exercise(
        function((51, 0, 1), (0, -1, 1), (255, -1, 1), (51, -1, 1), (102, 2, 7), (17, -3, -1), (1, 0, 1)),
        lambda value, low, high: low + (high - low) * value / 255,
        {
            "255 has to become the upper end: divide by 255, not 256.": lambda v, low, high: (
                low + (high - low) * v / 256
            ),
            "It reaches from 0 to high: the lower end is not used.": lambda v, low, high: high * v / 255,
            "It begins at low, but is stretched too far.": lambda v, low, high: low + high * v / 255,
            "It is exchanged: 0 becomes the upper end.": lambda v, low, high: high - (high - low) * v / 255,
        },
    ),
    "01.6": Exercise(
        array,
        [[0, 0, 0], [1, 0, 0], [0, 0, 0]],
        {
            "That kernel moves the picture to the left.": [[0, 0, 0], [0, 0, 1], [0, 0, 0]],
            "That kernel moves the picture down.": [[0, 1, 0], [0, 0, 0], [0, 0, 0]],
            "That kernel moves the picture up.": [[0, 0, 0], [0, 0, 0], [0, 1, 0]],
            "That kernel leaves the picture where it is.": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
        },
    ),
    "02.5": Exercise(
        array,
        pooled(PICTURE),
        {
            "Those are the largest values of the blocks, not their means.": pooled(PICTURE, F.max_pool2d),
            "The means are blended into one another; each one has to fill its block evenly.": pooled(
                PICTURE, mode="bilinear"
            ),
            "The means are right, but they lie side by side; each belongs in its own block.": F.avg_pool2d(
                PICTURE, 2
            ).repeat(1, 1, 2, 2),
            "That is the picture itself.": PICTURE,
        },
    ),
    "02.6": Exercise(
        function(
            (torch.tensor([5.0, 3.0, 1.5, 0.5]), 0.9),
            (torch.tensor([2.0, 2.0, 4.0]), 0.5),
            (torch.ones(4), 0.6),
            (torch.tensor([4.0]), 0.9),
            (torch.tensor([9.0, 4, 2, 1, 0.5, 0.5]), 0.5),
            (torch.tensor([5.0, 2.5, 0.5]), 0.9),
            (torch.ones(8), 1.0),
            (torch.tensor([16.0, 2, 1, 0.5, 0.5]), 0.96),
        ),
        enough,
        {
            "It counts from 0; the number of directions counts from 1.": lambda v, share: enough(v, share) - 1,
            "It wants more than the share; just the share is enough.": lambda v, share: enough(v, share + 1e-6),
            "It adds up square roots; variances add up as they are.": lambda v, share: enough(v.sqrt(), share),
            "Count from the first direction, not from the last.": lambda v, share: enough(v.flip(0), share),
        },
    ),
    "03.5": Exercise(
        function(
            *((images, *scale) for images in (STEPS, STEPS // 5 * 2) for scale in ((-1, 1), (0, 1), (-2, 3), (-4, -1)))
        ),
        lambda *scale: below_zero(*scale).square().mean(),
        {
            "It is right on [-1, 1] only: low and high are not used.": lambda images, *_: (
                below_zero(images, -1, 1).square().mean()
            ),
            "The negative values are found, but not squared.": lambda *scale: below_zero(*scale).abs().mean(),
            "It is the sum; the mean is asked for.": lambda *scale: below_zero(*scale).square().sum(),
            "It counts the bright pixels as lost, too.": lambda images, low, high: (
                (low + (high - low) * images.double() / 255).square().mean()
            ),
        },
    ),
    "04.5": Exercise(
        function(*((losses,) for losses in ([3, 2, 1], [0.5, 0.2, 0.2, 0.4], [7], [3, 1, 2, 0.5, 4], [1, 2, 2]))),
        lambda losses: losses.index(min(losses)) + 1,
        {
            "It counts from 0; epochs count from 1.": lambda losses: losses.index(min(losses)),
            "Of equal losses it takes the last; the first is asked for.": lambda losses: (
                len(losses) - losses[::-1].index(min(losses))
            ),
            "It returns the loss, not the epoch.": min,
            "It takes the first epoch after which the loss rises; it may fall again, and lower.": local_best,
            "It finds the highest loss.": lambda losses: losses.index(max(losses)) + 1,
        },
    ),
    "04.6": Exercise(
        function(
            *(([5, 4, 4.5, 4.2, 3], patience) for patience in (2, 1, 3)),
            *((losses, 2) for losses in ([2, 2, 2, 1], [3, 2, 1], [5, 6, 4, 5, 3], [1, 3, 2], [1, 2, 3, 4])),
            *LOSSES,
        ),
        stop_epoch,
        {
            "It takes an equal loss for a new lowest one.": lambda losses, patience: stop_epoch(
                losses, patience, lambda loss, before: loss <= min(before)
            ),
            "It compares with the loss before, not with the lowest so far.": lambda losses, patience: stop_epoch(
                losses, patience, lambda loss, before: loss < before[-1]
            ),
            "It returns the best epoch, not the last one trained.": lambda losses, _: losses.index(min(losses)) + 1,
            "It never sets its count back: only epochs in a row count.": never_reset,
            "It counts from the lowest loss of all; in training, the later ones are not known yet.": from_the_best,
            "It stops at the first epoch without a new lowest loss.": lambda losses, _: stop_epoch(losses, 1),
        },
    ),
    "05.5": Exercise(
        array,
        pooled(TINY),
        {
            "Those are the largest values of the blocks, not their means.": pooled(TINY, F.max_pool2d),
            "The means are right, but they lie side by side; each belongs in its own block.": F.avg_pool2d(
                TINY, 2
            ).repeat(1, 1, 2, 2),
            "The reshape has put other pixels together than those of a block.": TINY.reshape(4, 4)
            .mean(1)
            .reshape(1, 1, 2, 2)
            .repeat_interleave(2, 2)
            .repeat_interleave(2, 3),
            "That is the picture itself.": TINY,
        },
    ),
    "06.5": Exercise(
        function(*((counts,) for counts in ([1, 1], [7], [4, 2, 1, 1], [3, 0, 3, 0, 3, 3], [1, 0, 2], [0, 5, 1, 94]))),
        entropy_of,
        {
            "It makes all symbols equally likely.": lambda counts: log2(len(counts)),
            "It is in nats: bits need the logarithm to base 2.": lambda counts: entropy_of(counts, log),
            "It is the whole message; divide by its length.": lambda counts: entropy_of(counts) * sum(counts),
            "The sign is wrong: the logarithm of a share is negative.": lambda counts: -entropy_of(counts),
        },
    ),
    "07.4": Exercise(
        function(
            *(([-1.7, -0.2, 0.4, 2.6], step) for step in (1.0, 0.25, 3.0)),
            result=parts(value=array, gradient=array),
            run=value_and_slope,
        ),
        straight_through,
        {
            "The value is right, but no gradient comes through: round has slope 0.": lambda y, step: (
                step * torch.round(y / step)
            ),
            "The gradient is right, but the value is not rounded.": lambda y, step: y * 1,
            "It rounds to whole numbers, whatever the step.": lambda y, step: straight_through(y, 1.0),
        },
    ),
    "07.5": Exercise(
        function(*((POINTS, worth) for worth in (0.0001, 0.004, 0.02)), (POINTS[:0:-1], 0.004), (CLOSE, 0.01)),
        choose,
        {
            "It takes the lowest rate: D is of pixels up to 255, so multiply the MSE by 255².": lambda points, worth: (
                choose(points, worth, lambda rate, mse, worth: rate + worth * mse)
            ),
            "It looks at the distortion alone.": lambda points, _: choose(points, 1e9),
            "It counts from 1.": lambda points, worth: choose(points, worth) + 1,
            "D is of pixels up to 255, not 256.": lambda points, worth: choose(points, worth * (256 / 255) ** 2),
        },
    ),
    "08.4": Exercise(
        function(
            ({0: 1.0, 1: 3.0, 2: 2.0}, {1: 2.0, 2: 4.0, 3: 1.0}),
            ({0: 1.0, 1: 2.0, 2: 3.0, 4: 1.0}, {4: 2.0, 2: 3.0, 1: 1.0, 0: 5.0}),
            ({5: 0.1, 6: 0.2, 7: 0.3}, {6: 0.3, 7: 0.4}),
            ({3: 0.9, 1: 0.8}, {1: 0.7, 3: 0.5, 2: 1.0}),
            ({7: 0.4, 2: 0.1, 3: 0.2, 5: 0.3}, {2: 0.2, 3: 0.1, 5: 0.2, 8: 0.1}),
        ),
        wins,
        {
            "It counts a tie as won; lower means lower.": lambda first, second: wins(
                first, second, lambda a, b: a <= b
            ),
            "It is a percentage; a share lies between 0 and 1.": lambda first, second: 100 * wins(first, second),
            "It is the number of seeds, not their share.": lambda first, second: (
                wins(first, second) * len(first.keys() & second.keys())
            ),
            "It counts the seeds at which the second is lower.": lambda first, second: wins(second, first),
            "It divides by all seeds of the first; only the common ones count.": lambda first, second: (
                wins(first, second) * len(first.keys() & second.keys()) / len(first)
            ),
            "It compares losses in the order in which they stand, not of the same seed.": lambda first, second: wins(
                dict(enumerate(first.values())), dict(enumerate(second.values()))
            ),
        },
    ),
}
