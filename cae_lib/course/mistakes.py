"""Typical mistakes in the exercises that ask for numbers or words, each with the sentence that its check says."""

from math import log, log2, log10

REPORTED = 0.1421  # the validation loss of model1 in the report
NARROW = ((3, 32), (32, 12), (12, 3))  # input and output channels of model2's convolutions with a code of 12 channels

# name of an exercise: what to say about a typical mistake -> the answer that shows it
MISTAKES = {
    "00.1": {
        "That counts pixels; each has three colours.": 50_000 * 1024,
        "That is one image.": 3072,
        "That is the number of images.": 50_000,
        "Those are bits.": 8 * 50_000 * 3072,
        "The test images are not asked for.": 60_000 * 3072,
    },
    "00.2": {
        "Those are bits; a byte has 8 of them.": 3072 * 5,
        "That is the image with all 8 bits.": 3072,
        "Those are the bits of one pixel.": 15,
        "That is one of the three colours.": 640,
    },
    "00.3": {
        "Look again: what has been taken away from each value?": "brighter",
        "At 8 bits nothing changes, but look at 1 and 2 bits.": "same",
    },
    "01.1": {
        "That is the quotient; the formula adds one more.": 15,
        "That is the width without padding.": 14,
        "That is the width with stride 1.": 32,
        "Pixels are whole: round the quotient down.": 16.5,
    },
    "01.2": {
        "That is the number without the biases.": 12_800,
        "Each kernel reaches through all 16 input channels.": 5 * 5 * 32 + 32,
        "There is one bias for each output channel, not for each input channel.": 12_816,
        "That is the number for kernels of 3 x 3.": 4640,
    },
    "01.3": {
        "That is the kernel's own width.": 7,
        "That is what both sides need together.": 6,
        "The middle of the kernel lies on the pixel itself and needs no padding.": 3.5,
        "That is enough for a kernel of 5 x 5.": 2,
    },
    "01.4": {
        "That is what the first convolution sees.": 3,
        "That is what the first pool sees.": 4,
        "Walking back, that is before the first convolution is counted.": 8,
        "A convolution adds one pixel on each side, so two in all.": 7,
        "That adds one pixel for the second convolution, and leaves out the first.": 6,
    },
    "01.5": {
        "That is in bits: the loss uses the natural logarithm.": log2(10),
        "That is the probability; the loss is its negative logarithm.": 0.1,
        "That takes the logarithm to base 10.": 1,
    },
    "02.1": {
        "That is the code of a picture of 32 x 32.": 512,
        "That is one channel of the code.": 2048,
        "The pool halves the height and the width.": 2 * 128 * 64,
        "That is with three channels, as in the picture.": 3 * 64 * 32,
    },
    "02.2": {
        "That is how many times the picture is larger than today's code of two channels.": 6,
        "The picture has three colours.": 4,
        "The code's channels have fewer places than the picture's.": 3,
    },
    "02.3": {
        "That is for half the MSE.": 10 * log10(2),
        "The factor before the logarithm of an MSE is 10.": 20 * log10(4),
        "That takes the natural logarithm; decibels use base 10.": 10 * log(4),
        "That is the logarithm alone: decibels are ten times as many.": log10(4),
    },
    "02.4": {
        "Compare the last training losses of both optimisers, and how far each is above the floor.": "closer",
    },
    "03.1": {
        "That is the number without the biases.": 4608,
        "Each kernel reaches through all 16 input channels.": 3 * 3 * 32 + 32,
        "There is one bias for each output channel, not for each input channel.": 4624,
        "That is the number for kernels of 5 x 5.": 12_832,
    },
    "03.2": {
        "That is before the pool.": 5 * 32 * 32,
        "That is still the code with two channels.": 512,
        "That is one channel of the code.": 256,
    },
    "03.3": {
        "That is still on the scale [-1, 1].": -10 * log10(REPORTED),
        "The scale is half as long, but errors are squared.": -10 * log10(REPORTED / 2),
        "The factor before the logarithm of an MSE is 10.": -20 * log10(REPORTED / 4),
        "That takes the natural logarithm; decibels use base 10.": -10 * log(REPORTED / 4),
    },
    "03.4": {
        "That one reaches from 0 to 1, and would have to be stretched and moved.": "sigmoid",
        "That one is there now, and is never negative.": "relu",
        "That one is unbounded in both directions.": "leakyrelu",
        "That one makes probabilities: it is never negative.": "softmax",
        "That one reaches further, to half of pi on both sides.": "arctan",
    },
    "04.1": {
        "The last, smaller batch of an epoch is a step, too.": 23_430,
        "That is one epoch.": 782,
        "Round up in each epoch, not once at the end.": 23_438,
        "There is no part of a step: round up in each epoch.": 23_437.5,
        "Those are images.": 30 * 50_000,
    },
    "04.2": {
        "That is the mean over the batches, but the last one has fewer images.": 3,
        "That is the sum over all images.": 24,
        "That is the sum over the batches.": 9,
    },
    "04.3": {
        "A: where does the gap tell of overfitting? B: is a small gap enough?": ("good", "good", "good"),
        "A and B: a large gap means one of the words, high losses without a gap the other.": ("under", "over", "good"),
    },
    "04.4": {"What wakes up at the drop, and is it there with a single channel?": "yes"},
    "05.1": {
        "That is for each pixel; a pixel has three values.": 16,
        "A place stands for four pixels.": 64 / 3,
        "That is the whole place.": 64,
        "It is the other way round.": 3 / 16,
    },
    "05.2": {
        "The scale is half as long, but errors are squared.": REPORTED / 2,
        "On a shorter scale, errors are smaller.": REPORTED * 4,
        "That is how a pixel moves from one scale to the other, not an error.": (REPORTED + 1) / 2,
        "That is still on [-1, 1].": REPORTED,
    },
    "05.3": {
        "The code has fewer places than the image has pixels.": 3,
        "The image has three colours.": 4,
        "That is what model2 has.": 64,
    },
    "05.4": {
        "That is still model2 with 64 channels.": 21_123,
        "That is the number without the biases.": sum(9 * a * b for a, b in NARROW),
        "That is the encoder alone.": sum(9 * a * b + b for a, b in NARROW[:2]),
        "That is MODEL1.": 11_461,
    },
    "06.1": {
        "Those are the bits of one place of the code, and a place stands for four pixels.": 80,
        "Those are the bits of the whole code.": 16 * 16 * 16 * 5,
        "Those are bytes of the whole code.": 16 * 16 * 16 * 5 // 8,
        "That is for each value of a pixel, which has three.": 20 / 3,
        "Those are bytes.": 2.5,
    },
    "06.2": {
        "The steps are too short: eight levels have seven steps between them.": (7, 0.75),
        "The value that comes back is the level's, not the one that went in.": (6, 0.8),
        "Levels count from 0.": (7, 5 / 7),
        "The order is exchanged: the level comes first.": (5 / 7, 6),
    },
    "06.3": {
        "That is for a picture below 128 x 128.": 15,
        "Both the width and the height need two bytes.": 16,
        "Each of the two needs one byte more than before, not two.": 19,
        "Those are the width and the height alone.": 4,
    },
    "06.4": {
        "That is B alone; A still has to choose a part of it.": (0.5, 0.25),
        "That is AB: the first letter chooses first.": (0.25, 0.125),
        "Low is right; then comes the width, not the upper end.": (0.5, 0.625),
        "The order is exchanged: low comes first.": (0.125, 0.5),
    },
    "07.1": {
        "That is the distortion's part of the loss; the rate changes, too.": 0.15,
        "That is the rate's part of the loss; the distortion changes, too.": -0.2,
        "The distortion counts λ times.": 14.8,
        "The squared error rises: its part is positive.": -0.35,
    },
    "07.2": {
        "That is the entropy: the least, with the right tables.": 1.5,
        "That is only what is paid too much.": 0.25,
        "Frequent letters are paid for more often: weight with the true shares.": 5 / 3,
        "That is in nats: bits need the logarithm to base 2.": 1.75 * log(2),
    },
    "07.3": {
        "A chessboard has two colours, and each takes a pass in each group.": (4, 4096),
        "Place by place, all channels of a place come in one pass.": (8, 4 * 4096),
        "The code has fewer places than the picture has pixels.": (8, 256 * 256),
        "The order is exchanged: the chessboard comes first.": (4096, 8),
    },
    "08.1": {
        "That is the whole grid; what is finished is not made again.": 30,
        "Those are the ones that had finished.": 13,
        "That is the grid for one seed.": 6,
        "Each value meets each other: multiply, do not add.": 10,
    },
    "08.2": {
        "No run ends anywhere near it: the one bad run pulls it away from the other four.": "mean",
        "Each of the two is a number; only one of them is near a loss that a run had.": "both",
        "One of them is near the loss of most runs.": "neither",
    },
    "08.3": {
        "The standard deviation falls with the root of the number, not with the number.": 6,
        "That is the root of the root: square the quotient.": 6**0.5,
        "Those are the further seeds, besides the first.": 35,
        "The root of the number is the quotient: square it once.": 1296,
    },
}
