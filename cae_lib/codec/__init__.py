"""A code becomes bytes, and bytes become a picture again.

In reading order:

- quantisation: the code of a plain autoencoder as whole numbers
- entropy: probability tables and the range coder: symbols become bits
- payload: the symbols of an image as bytes, tile by tile
- container: what stands around the payload in a .cae file
- streams: images to .cae files and back with every model of the kit
- counted: tables counted over contexts, instead of a network that foresees symbols
- dct: a codec without a network
- channels: a network of one's own, with a table for each channel
- blocks: a simpler one, as a student writes it in notebook 06
- intervals: what its decoder may put in place of a symbol
- design: what has to be known to build an autoencoder for rate and distortion
- prior: its entropy model, which says how likely each symbol is
- model: the autoencoder itself
- growing: a larger one that begins where a smaller one ended
- training: how it is trained
- search: symbols that cost less than the nearest ones, found by the encoder
- integers: its entropy model in whole numbers, so that every machine decodes alike
"""
