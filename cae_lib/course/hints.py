"""Three hints for each exercise, from a push in the right direction to nearly the way."""

HINTS: dict[str, tuple[str, str, str]] = {
    # 00 start here
    "00.1": (
        "Begin with one image: how many numbers is it, and how many bytes does each of them take?",
        "An image has three colours of 32 x 32 pixels, and a uint8 is one byte.",
        "Multiply the bytes of one image, 3 * 32 * 32, by the number of training images.",
    ),
    "00.2": (
        "Count the bits first.",
        "An image has 3,072 numbers, and each of them now takes 5 bits.",
        "Multiply 3,072 by 5, and divide by the 8 bits of a byte.",
    ),
    "00.3": (
        "Make the change, run the cell, and move the slider to 1 bit.",
        "Without the added half, each value is put to the lower end of its interval.",
        "With 1 bit the values are 0 and 128 instead of 64 and 192. Which way do all of them move?",
    ),
    "00.4": (
        "Make the pixel value a fraction between 0 and 1 first.",
        "value / 255 lies in [0, 1]. Stretch it to the length high - low, then move it.",
        "The stretched fraction begins at 0 and shall begin at low: what do you have to add?",
    ),
    # 01 CNNs
    "01.1": (
        "Section 2 has a formula for the width.",
        "Put n = 32, k = 5, p = 2 and s = 2 into it.",
        "(32 + 2 * 2 - 5) / 2 is not whole: round it down, and only then add 1.",
    ),
    "01.2": (
        "Count the weights of one kernel, then the kernels, then the biases.",
        "A kernel of this layer is 5 x 5 wide and reaches through all input channels.",
        "5 * 5 * 16 weights for each of the 32 output channels, and one bias for each of them.",
    ),
    "01.3": (
        "How far does the kernel reach beyond the edge when its middle lies on the first pixel?",
        "A 5 x 5 kernel reaches two pixels to either side, and needs a padding of 2.",
        "In the formula of section 2 with s = 1, the width stays n if 2 p = k - 1.",
    ),
    "01.4": (
        "Start from one number behind the second pool: how wide is the part of the map that it looks at?",
        "Go back layer by layer: a pool doubles the width, a 3 x 3 convolution adds one pixel on each side.",
        "1 wide behind the second pool, 2 before it, 4 before the second convolution: two layers are left.",
    ),
    "01.5": (
        "With such a small step nothing is learned: the network keeps guessing. Look at the printed loss.",
        "Section 5 says what the loss is of a network that takes all classes to be equally likely.",
        "Each of the ten classes has a probability of one in ten; the loss is minus its natural logarithm.",
    ),
    "01.6": (
        "Each output pixel shall be the copy of one of its neighbours. Of which one?",
        "When the picture moves to the right, each pixel gets the value of the one on its left.",
        "All weights are zero but a single 1. It stands where, seen from the kernel's middle, that neighbour is.",
    ),
    # 02 autoencoders
    "02.1": (
        "How large is each channel of the code, and how many channels are there?",
        "The pool halves the height and the width, whatever they are.",
        "The code has two channels, each of 128 / 2 times 64 / 2 numbers.",
    ),
    "02.2": (
        "How many numbers has the picture, and how many does one channel of the code hold?",
        "The picture has 3 * 32 * 32 numbers, and a channel of the code 16 * 16.",
        "Divide the one by the other: four pixels share a place, and each of them has three colours.",
    ),
    "02.3": (
        "Write the PSNR with the MSE in it, once before and once after.",
        "PSNR is -10 log10(MSE): dividing the MSE by a number adds something that depends on this number only.",
        "What is added is 10 * log10(4).",
    ),
    "02.4": (
        "Make the change, run section 4 again, and look at the last line that `fit` prints.",
        "Compare its training loss with the one before, and both with the floor in the figure.",
        "Adam gives every weight a step of its own; plain gradient descent is slow wherever the gradient is small.",
    ),
    "02.5": (
        "Two steps: make a small picture of the means, then make it large again.",
        "`F.avg_pool2d(picture, 2)` makes the means; each of them has to stand four times.",
        "`F.interpolate(means, scale_factor=2)` repeats each mean in its block.",
    ),
    "02.6": (
        "How much do the first k directions hold together? Ask this for every k at once.",
        "`variances.cumsum(0)` has the sum of the first k at place k - 1; the last one is the whole.",
        "Count the sums that are still smaller than share times the whole: k is one more than that.",
    ),
    # 03 model1 training
    "03.1": (
        "Count the weights of one kernel, then the kernels, then the biases.",
        "A kernel of this layer is 3 x 3 wide and reaches through all input channels.",
        "3 * 3 * 16 weights for each of the 32 output channels, and one bias for each of them.",
    ),
    "03.2": (
        "The pool comes after the third convolution. What does it leave of each channel?",
        "A channel of the code has 16 x 16 places.",
        "Five channels of 16 * 16 numbers.",
    ),
    "03.3": (
        "Two steps: first the other scale, then decibels.",
        "[-1, 1] is twice as long as [0, 1], and errors are squared: divide the loss by 4.",
        "-10 * log10 of a quarter of 0.1421.",
    ),
    "03.4": (
        "It is not new: you have certainly seen its curve beside those of the ReLU and the sigmoid.",
        "Its curve is that of a sigmoid, stretched to twice the height and moved down by 1.",
        "It is the quotient of the hyperbolic sine and cosine.",
    ),
    "03.5": (
        "Which part of the target can an output that is never negative not reach? What is best there?",
        "Scale the images to [low, high], and keep only what is below 0: the best output there is 0.",
        "Three steps: `low + (high - low) * images / 255`, then `clamp(max=0)`, then the mean of the squares.",
    ),
    # 04 epochs and loss
    "04.1": (
        "How many steps has one epoch?",
        "50,000 / 64 is not whole: the images that are left make one more, smaller batch.",
        "Round 781.25 up, and multiply by the 30 epochs.",
    ),
    "04.2": (
        "An image of the last batch should count as much as any other.",
        "Weight each batch loss with the number of its images.",
        "(4 * 1 + 4 * 2 + 2 * 6), divided by all images together.",
    ),
    "04.3": (
        "Look at two things in each run: the gap between the losses, and how high the validation loss is.",
        "A validation loss far above the training loss: it has learned its training images by heart.",
        "Losses that are close together but far above the best run's: it has not learned enough.",
    ),
    "04.4": (
        "Look again at the figure of the channels in this notebook. What happens at the drop?",
        "During the first plateau one code channel works and the other one sleeps.",
        "The drop is the second channel waking up. How many channels would there be to wake up?",
    ),
    "04.5": (
        "Find the lowest loss, then its place in the list.",
        "`losses.index(value)` is the first place of a value in a list.",
        "`losses.index(min(losses))` counts from 0, and epochs count from 1.",
    ),
    "04.6": (
        "Go through the losses one by one. What do you have to remember?",
        "Remember the lowest loss so far, and how many epochs have passed since.",
        "A loss below the lowest sets the count back to 0, any other adds 1; at patience, return the epoch.",
    ),
    # 05 model2 comparison
    "05.1": (
        "Count on both sides: the numbers at one place of the code, and the pixel values that it stands for.",
        "A place of the code is 64 numbers deep.",
        "It stands for 2 * 2 pixels with 3 values each: divide.",
    ),
    "05.2": (
        "How much longer is one scale than the other?",
        "[-1, 1] is twice as long, so every error is twice as large there, and its square is more than twice.",
        "Errors twice as large have squares four times as large.",
    ),
    "05.3": (
        "How many numbers has the image, and how many does one channel of the code hold?",
        "The code has 16 x 16 places; the image has 3,072 numbers.",
        "Divide 3,072 by 16 * 16.",
    ),
    "05.4": (
        "In section 1, a cell prints the parameters of MODEL1 and MODEL2. Let it count `narrow`, too.",
        "`summarise(build(narrow))` lists the layers; each row has its `parameters`.",
        "Add them up: sum(row.parameters for row in summarise(build(narrow))).",
    ),
    "05.5": (
        "Give each block axes of its own: then its mean is a mean over axes.",
        "`tiny.reshape(1, 1, 2, 2, 2, 2)` has the axes (block row, row in it, block column, column in it) at the end.",
        "Take the mean over axes 3 and 5, then `repeat_interleave(2, 2)` and `repeat_interleave(2, 3)`.",
    ),
    # 06 from codes to bytes
    "06.1": (
        "How many values has the code, and how many pixels has the image?",
        "16 channels of 16 x 16 values, each with 5 bits.",
        "Divide all the bits, 16 * 16 * 16 * 5, by the 32 * 32 pixels.",
    ),
    "06.2": (
        "How many levels are there, and how far apart are they?",
        "Three bits make eight levels, with seven steps between -1 and 1.",
        "0.8 lies 1.8 above -1. Divide that by the step of 2 / 7 and round: that many steps above -1 it comes back.",
    ),
    "06.3": (
        "What does the container take for a small picture, and what is different here?",
        "It takes 15 bytes when the width and the height need one each.",
        "Both 2,000 and 1,500 are at least 128: each of them needs one byte more.",
    ),
    "06.4": (
        "The first letter chooses a part of [0, 1]; the second one a part of that part.",
        "B comes after A, so its interval begins where A's half ends; it is as wide as B's share.",
        "A is the first half of any interval: low stays where B begins, and the width of B is halved.",
    ),
    "06.5": (
        "Turn the counts into shares first.",
        "A symbol with the share p costs -log2(p) bits, and comes with the share p.",
        "Leave the zeros out, and add up -p * log2(p), with p = count / sum(counts).",
    ),
    # 07 rate against distortion
    "07.1": (
        "The loss has two parts. How does each of them change?",
        "The loss is R + λ D: the rate falls by 0.2, and the distortion rises.",
        "D rises by 55 - 40, and counts λ = 0.01 times. Subtract what is saved.",
    ),
    "07.2": (
        "What does each letter cost, according to the table?",
        "A letter costs -log2 of what the table says: two bits, two bits, one bit.",
        "Weight these costs with the shares with which the letters really come.",
    ),
    "07.3": (
        "What has to be known before a symbol can be decoded, and which symbols can be decoded together?",
        "With a chessboard, each group takes a pass for either colour, whatever the size of the picture.",
        "Place by place, there are as many passes as places: 64 in a row, and 64 rows.",
    ),
    "07.4": (
        "Begin with the value alone: what is y, rounded to a multiple of step?",
        "`step * torch.round(y / step)` is that value. Write it as y plus something.",
        "The something is the rounded value minus y: `detach()` hides it from the gradient, and that of y is left.",
    ),
    "07.5": (
        "Compute the loss of each point first.",
        "The MSE is of pixels in [0, 1]; D is of pixels from 0 to 255, so it is 255**2 times as large.",
        "Make a list of bpp + worth * 255**2 * mse, and return the place of its minimum.",
    ),
    # 08 batch results
    "08.1": (
        "How large is the whole grid, and what does the same command do with runs that are finished?",
        "Each number of epochs meets each batch size, and each pair of them meets each seed.",
        "Multiply 2 by 3 by 5, and take away what had finished.",
    ),
    "08.2": (
        "Work both out: four times 0.010 and once 0.065.",
        "One of the two divides the sum by five; the other takes the middle one when all stand in order.",
        "One of the two lies at a loss that four of five runs had; the other at one that no run had.",
    ),
    "08.3": (
        "Section 5 has the rule for the mean of n runs.",
        "The deviation of the mean is std divided by the root of n: which root makes 0.0005 of 0.003?",
        "The root of n is 0.003 / 0.0005. Then square it.",
    ),
    "08.4": (
        "Begin with the seeds that both have; first.keys() & second.keys() gives them.",
        "For each of them, compare the two losses: how often is the first lower?",
        "Divide this number by the number of common seeds.",
    ),
}
