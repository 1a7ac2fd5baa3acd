"""The exercises of notebook 10: what is right, known mistakes with what is said to them, three hints."""

from math import log10

import torch
import torch.nn.functional as F

from cae_lib.course.chance import noise
from cae_lib.course.judging import Exercise, array, essay, function, number

C1, C2 = 0.01**2, 0.03**2


def at_error(images, disturbance, error):
    factor = (error / disturbance.square().mean((1, 2, 3)).clamp(min=1e-12)).sqrt()
    return images + factor[:, None, None, None] * disturbance


def per_set(images, disturbance, error):
    return images + (error.mean() / disturbance.square().mean().clamp(min=1e-12)).sqrt() * disturbance


def without_root(images, disturbance, error):
    factor = error / disturbance.square().mean((1, 2, 3)).clamp(min=1e-12)
    return images + factor[:, None, None, None] * disturbance


def similarity(a, b, means, centred=True):
    mean_a, mean_b = means(a), means(b)
    lost = 1 if centred else 0
    variance_a, variance_b = means(a * a) - lost * mean_a**2, means(b * b) - lost * mean_b**2
    covariance = means(a * b) - lost * mean_a * mean_b
    likeness = (2 * mean_a * mean_b + C1) * (2 * covariance + C2)
    return likeness / ((mean_a**2 + mean_b**2 + C1) * (variance_a + variance_b + C2))


def windows(x):
    return F.avg_pool2d(x, 8, stride=1)


def ssim(a, b):
    return similarity(a, b, windows).mean((1, 2, 3))


def feature_distance(a, b):
    return (F.normalize(a, dim=1, eps=1e-6) - F.normalize(b, dim=1, eps=1e-6)).square().sum(1).mean((1, 2))


def over_all(a, b):
    flat = [F.normalize(x.flatten(1), dim=1, eps=1e-6).view_as(x) for x in (a, b)]
    return (flat[0] - flat[1]).square().sum(1).mean((1, 2))


def set_distance(a, b):
    means, spreads = a.mean(0) - b.mean(0), a.std(0) - b.std(0)
    return means.square().sum() + spreads.square().sum()


def maps(seed, *shape):
    return noise(seed, *shape).relu()


PICTURES = (0.5 + 0.2 * noise(5, 3, 3, 12, 12)).clamp(0, 1)
OTHERS = (PICTURES + 0.1 * noise(6, 3, 3, 12, 12)).clamp(0, 1)
WIDE = (0.4 + 0.3 * noise(7, 2, 3, 8, 11)).clamp(0, 1)
FLAT = torch.full((1, 3, 9, 9), 0.5).double()  # its variance, 0, is seen as such
PLAIN = PICTURES.double().mean((2, 3), keepdim=True).expand_as(PICTURES)
SILENT = maps(8, 2, 4, 3, 3) * (torch.arange(9).view(3, 3) > 2)  # no channel speaks in the first row
FEW, MANY = noise(9, 40, 3), 0.5 + 2 * noise(10, 60, 3)

EXERCISES = {
    "10.1": Exercise(
        function(
            (PICTURES, noise(1, 3, 3, 12, 12), torch.tensor([0.01, 0.02, 0.005])),
            (PICTURES, 5 * OTHERS, torch.tensor([0.01, 0.0, 0.04])),
            (WIDE, noise(2, 2, 3, 8, 11) * torch.tensor([1.0, 0.1])[:, None, None, None], torch.tensor([0.01, 0.01])),
            (WIDE, 0 * WIDE, torch.tensor([0.01, 0.01])),
            (FLAT, FLAT, torch.tensor([0.25]).double()),
            result=array,
        ),
        at_error,
        mistakes={
            "The error grows with the square of the factor: a root is missing.": without_root,
            "Each picture has an error of its own, and so a factor of its own.": per_set,
            "It returns the scaled disturbance; the picture has to be added.": lambda images, disturbance, error: (
                at_error(images, disturbance, error) - images
            ),
        },
        hints=(
            "If the disturbance is multiplied by a factor f, by what is its mean squared error multiplied?",
            "The factor of each picture is the root of `error` divided by the mean square of its disturbance: "
            "`disturbance.square().mean((1, 2, 3))`.",
            "Let that mean be at least 1e-12 (`clamp(min=1e-12)`), so that nothing is divided by zero; and give the "
            "factor its axes: `factor[:, None, None, None]`.",
        ),
        why="Twice the disturbance is four times the squared error, so the factor is a square root.",
    ),
    "10.2": Exercise(
        function(
            (PICTURES, OTHERS),
            (PICTURES, PICTURES),
            (PICTURES, 1 - PICTURES),
            (WIDE, WIDE.flip(3)),
            (FLAT, 0.8 * FLAT),
            (PICTURES.double(), PLAIN),
            result=array,
        ),
        ssim,
        mistakes={
            "The windows have to overlap: one at each pixel, so the stride is 1.": lambda a, b: similarity(
                a, b, lambda x: F.avg_pool2d(x, 8)
            ).mean((1, 2, 3)),
            "A variance is the mean of the squares less the square of the mean; so is a covariance.": lambda a, b: (
                similarity(a, b, windows, centred=False).mean((1, 2, 3))
            ),
            "It takes the whole picture for one window.": lambda a, b: similarity(
                a, b, lambda x: x.mean((2, 3), keepdim=True)
            ).mean((1, 2, 3)),
            "One number for each picture is wanted, not one for all.": lambda a, b: ssim(a, b).mean().expand(len(a)),
        },
        hints=(
            "`windows(x)`, which is `F.avg_pool2d(x, 8, stride=1)`, gives the mean of each window. Which five means "
            "are needed?",
            "The means of a, of b, of a * a, of b * b and of a * b; a variance is the mean of the squares less the "
            "square of the mean.",
            "Put them into the formula, with C1 and C2, and average over colours and places: `.mean((1, 2, 3))`.",
        ),
        why="Five poolings are enough, since variances and covariances are means of products less products of means.",
    ),
    "10.3": Exercise(
        function(
            (maps(1, 3, 5, 4, 4), maps(2, 3, 5, 4, 4)),
            (maps(3, 2, 4, 3, 3), 7 * maps(3, 2, 4, 3, 3)),
            (maps(4, 2, 4, 3, 3), SILENT),
            (SILENT, SILENT.flip(1)),
            (maps(5, 1, 2, 6, 3), maps(6, 1, 2, 6, 3)),
            result=array,
        ),
        feature_distance,
        mistakes={
            "At each place, the channels have to be brought to length 1 first.": lambda a, b: (
                (a - b).square().sum(1).mean((1, 2))
            ),
            "It brings a whole map to length 1; each place has a length of its own.": over_all,
            "Over the channels the squares are added; only over the places a mean is taken.": lambda a, b: (
                feature_distance(a, b) / a.shape[1]
            ),
            "The differences have to be squared.": lambda a, b: (
                (F.normalize(a, dim=1, eps=1e-6) - F.normalize(b, dim=1, eps=1e-6)).abs().sum(1).mean((1, 2))
            ),
        },
        hints=(
            "The length at each place is `a.norm(dim=1, keepdim=True)`. What if all channels are zero there?",
            "`a / a.norm(dim=1, keepdim=True).clamp(min=1e-6)` has length 1 at each place that is not silent.",
            "Do so with both, subtract, square, add over the channels (`.sum(1)`), and average over the places.",
        ),
        why="Only the direction counts: which channels answer at a place, and not how loudly.",
    ),
    "10.4": Exercise(
        function(
            (FEW, MANY),
            (FEW, FEW.flip(0)),
            (FEW, FEW + torch.tensor([1.0, 0.0, -2.0])),
            (FEW, 3 * FEW - 2 * FEW.mean(0)),
            (MANY[:, :1], FEW[:, :1]),
        ),
        set_distance,
        mistakes={
            "It compares means only; a blurred set may have the right mean and too little spread.": lambda a, b: (
                (a.mean(0) - b.mean(0)).square().sum()
            ),
            "It compares variances; standard deviations are wanted.": lambda a, b: (
                (a.mean(0) - b.mean(0)).square().sum() + (a.var(0) - b.var(0)).square().sum()
            ),
            "The features' shares are added, not averaged.": lambda a, b: set_distance(a, b) / a.shape[1],
            "Divide by n - 1 in the standard deviation, as torch's `.std(0)` does.": lambda a, b: (
                (a.mean(0) - b.mean(0)).square().sum()
                + (a.std(0, correction=0) - b.std(0, correction=0)).square().sum()
            ),
        },
        hints=(
            "The two sets need not have the same size: what can be compared without pairs?",
            "`a.mean(0)` and `a.std(0)` have one number for each feature.",
            "Add the squares of the differences of the means, and of the standard deviations.",
        ),
        why="It never compares a picture with its original, so the order in a set does not matter.",
    ),
    "10.5": Exercise(
        number(0.002),
        10 * log10(2),
        mistakes={
            "The factor before the logarithm of an MSE is 10.": 20 * log10(2),
            "That is the logarithm alone: decibels are ten times as many.": log10(2),
        },
        hints=(
            "Write the PSNR with the MSE in it, once before and once after.",
            "PSNR is -10 log10(MSE): multiplying the MSE by a number takes something away that depends on it only.",
            "What is taken away is 10 * log10(2).",
        ),
        why="So the theorem promises perfect perception, by its measure, at no more than this loss of PSNR.",
    ),
    "10.6": Exercise(
        essay(30),
        "At which bytes, with weights counted or not; beside which originals, and by whose eyes; how much is invented.",
        hints=(
            "What has to be equal before two pictures can be compared?",
            "A sharp picture may be sharp about the wrong thing. How would you find out?",
            "Think of who chose the pictures, and of a use where invented detail does harm.",
        ),
        why=(
            "Good answers ask for equal bytes of decodable files (1 point); for the original beside both, or a "
            "distortion as well (2); for pictures and judges that the company did not choose (1); and name a use in "
            "which invented detail is not allowed (1)."
        ),
    ),
}
