"""A code becomes bytes, and bytes become a picture again.

In reading order:

- quantisation: the code of a plain autoencoder as whole numbers
- entropy: probability tables and the range coder: symbols become bits
- payload: the symbols of an image as bytes, tile by tile
- container: what stands around the payload in a .cae file
- streams: images to .cae files and back with every model of the kit
- dct: a codec without a network
- model: the autoencoder trained for rate and distortion
- training: how it is trained
- integers: its entropy model in whole numbers, so that every machine decodes alike
"""
