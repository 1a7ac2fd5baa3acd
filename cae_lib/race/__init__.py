"""Codecs side by side, their bytes counted alike.

- baselines: JPEG, WebP, JPEG 2000, AVIF and PNG, with every byte of their files accounted for
- layouts: what is header and what is payload in a file of theirs
- codecs: every codec by its name, ours and those
- rates: bits per pixel, PSNR of a whole set, BD-rate
- rate_distortion: rate against distortion, BD-rate, the race, what others published
- rate_plots: plots of it
- budget: one picture in several codecs at equal bytes
- context_plots: a drawing of the ways to foresee a symbol
- equal_bytes: codecs at equal bytes by any measure, and what each picture gets wrong
"""
