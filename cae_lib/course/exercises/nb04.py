"""The exercises of notebook 04: what is right, known mistakes with what is said to them, three hints."""

from random import Random

from cae_lib.course.judging import Exercise, essay, function, number, parts, word


def local_best(losses):
    """The epoch before the first one that is no better than its predecessor."""
    rises = [epoch for epoch in range(1, len(losses)) if losses[epoch] >= losses[epoch - 1]]
    return rises[0] if rises else len(losses)


def best_epoch(losses):
    return losses.index(min(losses)) + 1


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

NAME = word("few", "narrow", "rate", "asleep sleeping")


def double(w):
    return 2 * w


def gentle(w):
    return w / (1 + w * w)


double.__name__, gentle.__name__ = "w -> 2 w", "w -> w / (1 + w²)"  # as the sentences of the check show them


def from_zero(losses, patience):
    """Early stopping that counts epochs from 0."""
    epoch = stop_epoch(losses, patience)
    return epoch - 1 if epoch < len(losses) or stop_epoch([*losses, 0], patience) == epoch else epoch


def descend(gradient, start, rate, steps):
    w = start
    for _ in range(steps):
        w = w - rate * gradient(w)
    return w


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
        why="The last batch of each epoch is smaller, and is a step all the same.",
    ),
    "04.2": Exercise(
        function(
            (double, 1.0, 0.1, 10),
            (double, 1.0, 1.1, 3),
            (double, -2.0, 0.25, 1),
            (gentle, 0.5, 0.2, 7),
            (gentle, -1.5, 0.6, 20),
        ),
        descend,
        mistakes={
            "It goes uphill: the step is against the gradient.": lambda g, w, rate, steps: descend(g, w, -rate, steps),
            "The gradient is taken at the start only; take it anew at each step.": lambda g, w, rate, steps: (
                w - steps * rate * g(w)
            ),
            "It makes one step too many.": lambda g, w, rate, steps: descend(g, w, rate, steps + 1),
            "It does not use `gradient`: another one is handed over in other cases.": lambda g, w, rate, steps: descend(
                double, w, rate, steps
            ),
            "It makes one step only; `return` inside the loop would do that.": lambda g, w, rate, steps: descend(
                g, w, rate, 1
            ),
            "It makes one step too few.": lambda g, w, rate, steps: descend(g, w, rate, max(0, steps - 1)),
        },
        hints=(
            "One number is changed again and again. How often, and by how much each time?",
            "A loop over range(steps): in it, w gets a new value from the old one.",
            "The new value is w minus the rate times gradient(w), the gradient at the old value.",
        ),
        why=(
            "That is all of gradient descent; for a network, w is all its weights, and `backward` computes the "
            "gradient."
        ),
    ),
    "04.3": Exercise(
        function(*((losses,) for losses in ([3, 2, 1], [0.5, 0.2, 0.2, 0.4], [7], [3, 1, 2, 0.5, 4], [1, 2, 2]))),
        best_epoch,
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
        why="The first of equal losses is the cheapest: later epochs have won nothing.",
    ),
    "04.4": Exercise(
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
            "It stops one epoch late: the p-th epoch in a row is the last.": lambda losses, patience: stop_epoch(
                losses, patience + 1
            ),
            "It counts from 0; epochs count from 1.": from_zero,
        },
        hints=(
            "Go through the losses one by one. What do you have to remember?",
            "Remember the lowest loss so far, and how many epochs have passed since.",
            "A loss below the lowest sets the count back to 0, any other adds 1; at patience, return the epoch.",
        ),
        why="It needs no knowledge of what comes later: that is what makes it useful while a training runs.",
    ),
    "04.5": Exercise(
        parts(A=NAME, B=NAME, C=NAME, D=NAME),
        ("narrow", "asleep", "rate", "few"),
        mistakes={
            "B and C: both are flat for a while. Which of them falls in the end?": ("narrow", "rate", "asleep", "few"),
            "A and D: which one has hundreds of epochs, and which training needs them?": (
                "few",
                "asleep",
                "rate",
                "narrow",
            ),
        },
        hints=(
            "One run is flat and then falls. One hardly falls at all. Which are they?",
            "Of the other two, one has hundreds of epochs, and ends lower. Look at the axes.",
            "32 images are a few steps an epoch, and so many epochs; a code of one channel cannot come so low.",
        ),
        why=(
            "B falls late, C hardly at all; D needs its 400 epochs, as 32 images make few steps each. None has a "
            "gap to speak of: few images alone do not make one."
        ),
    ),
    "04.6": Exercise(
        essay(30),
        "The budget, a learning rate that was tried for each batch size, and several seeds with their spread.",
        hints=(
            "How many steps do both make in ten epochs?",
            "Does one learning rate suit both batch sizes? Who has tried?",
            "Is the difference larger than that between two seeds?",
        ),
        why=(
            "Good answers name the budget, as ten epochs are sixteen times fewer steps (2 points), the learning "
            "rate, which has to be tried for each batch size (2), and seeds (1)."
        ),
    ),
}
