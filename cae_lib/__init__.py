"""Image compression with convolutional autoencoders: the library behind the notebooks.

The core, in reading order; what notebooks 00 to 05 explain:

- models: the report's two autoencoders, their variants, a classifier; what is asked of any other model
- training: the training loop, `fit`
- evaluation: the loss on a set, reconstructions, dead ReLUs
- metrics: MSE, PSNR and SSIM, one number an image
- pca: the best linear autoencoder
- trivial: codes that nobody had to learn
- checkpoints: runs on disk, the shipped ones and the student's own
- plots: arrays in, figures out
- anatomy: what a network is made of, layer by layer, and a diagram of it
- data/: where pictures come from

The rooms beyond it, each of which imports only from those before it:

- base/: files written whole or not at all, tensors with checksums, records out of notebooks
- cifar10/: CIFAR-10's files on this machine, fetched once and checked
- pictures/: the user's own picture files, read and written
- headless/: notebooks without a reader: executed, as pages, as slides
- codec/: a code becomes bytes, and bytes become a picture again
- race/: codecs side by side, their bytes counted alike
- results/: what is trained, measured and shipped
- views/: sliders and playgrounds over everything else
- course/: exercises and their checks, projects, the students' copies
- batch/: a notebook run for every point of a grid
- front/: the front page: the README's sections and its moving picture
- cli/: the `cae` command
- site/: the course as a static site
"""

__version__ = "0.1.0"
REPOSITORY = ""  # its public address for git; "": it has none yet, so Colab asks, and the README has no links there
