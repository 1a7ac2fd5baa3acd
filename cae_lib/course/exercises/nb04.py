"""The exercises of notebook 04: what is right, known mistakes with what is said to them, three hints."""

from random import Random

from cae_lib.course.judging import Exercise, function, number, parts, word


def local_best(losses):
    """The epoch before the first one that is no better than its predecessor."""
    rises = [epoch for epoch in range(1, len(losses)) if losses[epoch] >= losses[epoch - 1]]
    return rises[0] if rises else len(losses)


def stop_epoch(losses, patience, better=lambda loss, before: loss < min(before)):
    since = 0
    for epoch in range(1, len(losses) + 1):
        since = 0 if epoch == 1 or better(losses[epoch - 1], losses[: epoch - 1]) else since + 1
        if since == patience:
            return epoch
    return len(losses)


def never_reset(losses, patience):
    """Early stopping that counts all epochs without a new lowest loss, in a row or not."""
    bad = [epoch for epoch in range(2, len(losses) + 1) if losses[epoch - 1] >= min(losses[: epoch - 1])]
    return bad[patience - 1] if len(bad) >= patience else len(losses)


def from_the_best(losses, patience):
    """Stops `patience` epochs after the lowest loss of the whole list, which is known only afterwards."""
    return min(losses.index(min(losses)) + 1 + patience, len(losses))


random = Random(0)

LOSSES = [([random.randint(1, 6) for _ in range(random.randint(1, 12))], random.randint(1, 4)) for _ in range(60)]

RUN = word(
    "over overfit overfits overfitting overfitted",
    "under underfit underfits underfitting underfitted",
    "good fine fits",
)


EXERCISES = {
    "04.1": Exercise(
        number(),
        23_460,
        mistakes={
            "The last, smaller batch of an epoch is a step, too.": 23_430,
            "That is one epoch.": 782,
            "Round up in each epoch, not once at the end.": 23_438,
            "There is no part of a step: round up in each epoch.": 23_437.5,
            "Those are images.": 30 * 50_000,
        },
        hints=(
            "How many steps has one epoch?",
            "50,000 / 64 is not whole: the images that are left make one more, smaller batch.",
            "Round 781.25 up, and multiply by the 30 epochs.",
        ),
    ),
    "04.2": Exercise(
        number(1e-6),
        2.4,
        mistakes={
            "That is the mean over the batches, but the last one has fewer images.": 3,
            "That is the sum over all images.": 24,
            "That is the sum over the batches.": 9,
        },
        hints=(
            "An image of the last batch should count as much as any other.",
            "Weight each batch loss with the number of its images.",
            "(4 * 1 + 4 * 2 + 2 * 6), divided by all images together.",
        ),
    ),
    "04.3": Exercise(
        parts(a=RUN, b=RUN, c=RUN),
        ("over", "under", "good"),
        mistakes={
            "A: where does the gap tell of overfitting? B: is a small gap enough?": ("good", "good", "good"),
            "A and B: a large gap means one of the words, high losses without a gap the other.": (
                "under",
                "over",
                "good",
            ),
        },
        hints=(
            "Look at two things in each run: the gap between the losses, and how high the validation loss is.",
            "A validation loss far above the training loss: it has learned its training images by heart.",
            "Losses that are close together but far above the best run's: it has not learned enough.",
        ),
    ),
    "04.4": Exercise(
        word("yes", "no"),
        "no",
        mistakes={"What wakes up at the drop, and is it there with a single channel?": "yes"},
        hints=(
            "Look again at the figure of the channels in this notebook. What happens at the drop?",
            "During the first plateau one code channel works and the other one sleeps.",
            "The drop is the second channel waking up. How many channels would there be to wake up?",
        ),
    ),
    "04.5": Exercise(
        function(*((losses,) for losses in ([3, 2, 1], [0.5, 0.2, 0.2, 0.4], [7], [3, 1, 2, 0.5, 4], [1, 2, 2]))),
        lambda losses: losses.index(min(losses)) + 1,
        mistakes={
            "It counts from 0; epochs count from 1.": lambda losses: losses.index(min(losses)),
            "Of equal losses it takes the last; the first is asked for.": lambda losses: (
                len(losses) - losses[::-1].index(min(losses))
            ),
            "It returns the loss, not the epoch.": min,
            "It takes the first epoch after which the loss rises; it may fall again, and lower.": local_best,
            "It finds the highest loss.": lambda losses: losses.index(max(losses)) + 1,
        },
        hints=(
            "Find the lowest loss, then its place in the list.",
            "`losses.index(value)` is the first place of a value in a list.",
            "`losses.index(min(losses))` counts from 0, and epochs count from 1.",
        ),
    ),
    "04.6": Exercise(
        function(
            *(([5, 4, 4.5, 4.2, 3], patience) for patience in (2, 1, 3)),
            *((losses, 2) for losses in ([2, 2, 2, 1], [3, 2, 1], [5, 6, 4, 5, 3], [1, 3, 2], [1, 2, 3, 4])),
            *LOSSES,
        ),
        stop_epoch,
        mistakes={
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
        hints=(
            "Go through the losses one by one. What do you have to remember?",
            "Remember the lowest loss so far, and how many epochs have passed since.",
            "A loss below the lowest sets the count back to 0, any other adds 1; at patience, return the epoch.",
        ),
    ),
}
