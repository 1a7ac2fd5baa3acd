"""The exercises of notebook 00: what is right, known mistakes with what is said to them, three hints."""

import torch
import torch.nn.functional as F

from cae_lib import metrics
from cae_lib.course.chance import noise
from cae_lib.course.judging import Exercise, array, essay, function, number


def bits_per_pixel(size, height, width):
    return 8 * size / (height * width)


def fewer_bits(images, bits):
    width = 256 // 2**bits
    return images // width * width + width // 2


def two_by_two(images, pool=F.avg_pool2d, mode="nearest"):
    return F.interpolate(pool(images, 2), scale_factor=2, mode=mode)


VALUES = torch.arange(256, dtype=torch.uint8)
A, B = noise(0, 3, 3, 4, 6), noise(1, 3, 3, 4, 6) ** 2 * torch.tensor([1.0, 0.5, 0.1])[:, None, None, None]

EXERCISES = {
    "00.1": Exercise(
        function((3072, 32, 32), (1500, 40, 25), (3, 1, 1), (768, 16, 48), (863, 32, 32)),
        bits_per_pixel,
        mistakes={
            "Those are bytes per pixel; a byte has 8 bits.": lambda size, h, w: size / (h * w),
            "That is for each value; a pixel has three of them, and counts once.": lambda s, h, w: 8 * s / (3 * h * w),
            "It is upside down: pixels per bit.": lambda size, h, w: h * w / (8 * size),
        },
        hints=(
            "Two steps: bytes to bits, and then for each pixel.",
            "A byte has 8 bits, and the picture has height * width pixels, whatever their colours.",
            "Multiply the size by 8, and divide by height * width.",
        ),
        why="Dividing by the pixels makes sizes of large and small pictures comparable.",
    ),
    "00.2": Exercise(
        number(),
        50_000 * 3072,
        mistakes={
            "That counts pixels; each has three colours.": 50_000 * 1024,
            "That is one image.": 3072,
            "That is the number of images.": 50_000,
            "Those are bits.": 8 * 50_000 * 3072,
            "The test images are not asked for.": 60_000 * 3072,
        },
        hints=(
            "Begin with one image: how many numbers is it, and how many bytes does each of them take?",
            "An image has three colours of 32 x 32 pixels, and a uint8 is one byte.",
            "Multiply the bytes of one image, 3 * 32 * 32, by the number of training images.",
        ),
        why="Some 154 MB; with the test images it is 184 MB, and the download has 170 MB.",
    ),
    "00.3": Exercise(
        function(
            (VALUES, 1),
            (VALUES, 2),
            (VALUES, 5),
            (VALUES, 8),
            ((255 * noise(2, 2, 3, 4, 4)).to(torch.uint8), 3),
            (VALUES.flip(0), 4),
            result=array,
        ),
        fewer_bits,
        mistakes={
            "It puts each value at the lower end of its interval, so that all get darker.": lambda images, bits: (
                images // (256 // 2**bits) * (256 // 2**bits)
            ),
            "It puts each value at the upper end of its interval, so that all get brighter.": lambda images, bits: (
                images // (256 // 2**bits) * (256 // 2**bits) + 256 // 2**bits - 1
            ),
            "Its levels begin at 0 and end at 255: a fair way, too, but here each is the middle of its interval.": (
                lambda images, bits: ((images / 255 * (2**bits - 1)).round() / (2**bits - 1) * 255).to(torch.uint8)
            ),
            "It returns the number of the interval; the value in its middle is wanted.": lambda images, bits: (
                images // (256 // 2**bits)
            ),
        },
        hints=(
            "How wide is an interval, if there are 2 ** bits of them?",
            "With width = 256 // 2 ** bits, `images // width` is the number of each value's interval.",
            "The interval begins at its number times the width; its middle is width // 2 further.",
        ),
        why="The middle of an interval is at most half a width from each of its values; other levels are further.",
    ),
    "00.4": Exercise(
        function((A, B), (B, A), (A[:1], B[:1]), (A[:, :, :2], B[:, :, :2]), (B, 0.5 * B), result=array),
        metrics.psnr,
        mistakes={
            "The sign is not right: smaller errors are more decibels.": lambda a, b: -metrics.psnr(a, b),
            "The factor before the logarithm of a squared error is 10; 20 belongs to its root.": lambda a, b: (
                2 * metrics.psnr(a, b)
            ),
            "It takes the natural logarithm; decibels use base 10.": lambda a, b: -10 * metrics.mse(a, b).log(),
            "The differences are not squared.": lambda a, b: -10 * (a - b).abs().flatten(1).mean(1).log10(),
            "The values reach to 1 here, not to 255.": lambda a, b: metrics.psnr(a, b) + 20 * torch.tensor(255).log10(),
        },
        hints=(
            "First the MSE of each image: over which axes is the mean taken?",
            "`(a - b).square().mean((1, 2, 3))` keeps the axis of the images.",
            "Take torch.log10 of it, and multiply by -10.",
        ),
        why="A mean over images is taken afterwards: the mean of the PSNRs is not the PSNR of the mean error.",
    ),
    "00.5": Exercise(
        function((A,), (noise(3, 1, 3, 2, 8),), (noise(4, 2, 3, 8, 2),), (noise(5, 1, 3, 6, 6),), result=array),
        two_by_two,
        mistakes={
            "Those are the largest values of the blocks, not their means.": lambda x: two_by_two(x, F.max_pool2d),
            "The means are blended into one another; each one has to fill its block evenly.": lambda x: two_by_two(
                x, mode="bilinear"
            ),
            "The means are right, but they lie side by side; each belongs in its own block.": lambda x: F.avg_pool2d(
                x, 2
            ).repeat(1, 1, 2, 2),
            "It keeps one pixel of each block, not the mean of the four.": lambda x: (
                x[..., ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3)
            ),
        },
        hints=(
            "Two steps: make a small picture of the means, then make it large again.",
            "`F.avg_pool2d(images, 2)` makes the means; each of them has to stand four times.",
            "`repeat_interleave(2, 2)` repeats along the height, `repeat_interleave(2, 3)` along the width.",
        ),
        why="Of all single values for a block, its mean has the smallest squared error.",
    ),
    "00.6": Exercise(
        essay(30),
        "How many bits does each number take in a file that can be decoded, and how good is the picture beside rivals?",
        hints=(
            "A number is no byte: what has to be known before one can tell the size?",
            "A size says nothing alone: which second number belongs to it?",
            "Think of your own 2 x 2 means: they are a quarter of the numbers, and nobody would be proud of them.",
        ),
        why=(
            "Good answers ask how many bits each number takes in a file that somebody can decode (2 points), how good "
            "the picture is that comes back (1), what simple rivals reach at that size (1), and on which images (1)."
        ),
    ),
}
