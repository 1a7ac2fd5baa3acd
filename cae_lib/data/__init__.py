"""Where pictures come from: CIFAR-10 as one tensor a split, or its offline stand-in.

- images: a split as uint8 tensor with labels, from wherever it can be had; pixel ranges
- standin: images made by code, for when there is no network
"""
