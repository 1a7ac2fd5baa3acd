"""Codecs side by side, their bytes counted alike.

- baselines: JPEG, WebP, JPEG 2000, AVIF and PNG, with every byte of their files accounted for
- coders: the kit's codecs and the baselines as one thing to a race
- rate_distortion: rate against distortion, BD-rate, the race, what others published
- rate_plots: plots of it
"""
