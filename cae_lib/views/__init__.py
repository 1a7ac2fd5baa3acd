"""Sliders and playgrounds over everything else, and what stands in where no kernel runs.

- view: controls, one picture, and what is shown of them in every place, by view.js and controls.js
- controls: sliders, lists, numbers, fields
- sheet: all frames of a view as one picture
- layers: what is inside a network: outputs, kernels, receptive fields
- strip: pictures and maps with their titles, drawn in milliseconds
- curves: curves of which a point of each moves
- widgets: the epochs of a run, the channels of a layer
- rates: the bits of a file
- intervals: how a message narrows the interval of an arithmetic coder
- components: how many principal components a picture needs
- code_places: what a place of a code paints
- codec_diagram: how a codec is trained for rate and distortion
- computed: what the page computes itself, by plot.js, convolution.js, descent.js and water.js
- descent: a learning rate on the contours of a bowl
- water: the water level over Gaussian numbers, and their limit
- dying_relu: a bias that closes the last ReLU
- block_coding: step and dead zone of the codec of notebook 06
- playgrounds: small experiments to play with: a convolution, a bottleneck
- own_image: the user's own picture through the codecs
"""
