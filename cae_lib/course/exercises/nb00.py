"""The exercises of notebook 00: what is right, known mistakes with what is said to them, three hints."""

from cae_lib.course.judging import Exercise, function, number, word

EXERCISES = {
    "00.1": Exercise(
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
    ),
    "00.2": Exercise(
        number(),
        3072 * 5 // 8,
        mistakes={
            "Those are bits; a byte has 8 of them.": 3072 * 5,
            "That is the image with all 8 bits.": 3072,
            "Those are the bits of one pixel.": 15,
            "That is one of the three colours.": 640,
        },
        hints=(
            "Count the bits first.",
            "An image has 3,072 numbers, and each of them now takes 5 bits.",
            "Multiply 3,072 by 5, and divide by the 8 bits of a byte.",
        ),
    ),
    "00.3": Exercise(
        word("brighter lighter", "darker dark", "same"),
        "darker",
        mistakes={
            "Look again: what has been taken away from each value?": "brighter",
            "At 8 bits nothing changes, but look at 1 and 2 bits.": "same",
        },
        hints=(
            "Make the change, run the cell, and move the slider to 1 bit.",
            "Without the added half, each value is put to the lower end of its interval.",
            "With 1 bit the values are 0 and 128 instead of 64 and 192. Which way do all of them move?",
        ),
    ),
    "00.4": Exercise(
        function((51, 0, 1), (0, -1, 1), (255, -1, 1), (51, -1, 1), (102, 2, 7), (17, -3, -1), (1, 0, 1)),
        lambda value, low, high: low + (high - low) * value / 255,
        mistakes={
            "255 has to become the upper end: divide by 255, not 256.": lambda v, low, high: (
                low + (high - low) * v / 256
            ),
            "It reaches from 0 to high: the lower end is not used.": lambda v, low, high: high * v / 255,
            "It begins at low, but is stretched too far.": lambda v, low, high: low + high * v / 255,
            "It is exchanged: 0 becomes the upper end.": lambda v, low, high: high - (high - low) * v / 255,
        },
        hints=(
            "Make the pixel value a fraction between 0 and 1 first.",
            "value / 255 lies in [0, 1]. Stretch it to the length high - low, then move it.",
            "The stretched fraction begins at 0 and shall begin at low: what do you have to add?",
        ),
    ),
}
