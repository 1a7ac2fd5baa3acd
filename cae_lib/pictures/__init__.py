"""The user's own picture files: read as uint8 RGB whatever they hold, and written back without loss.

- files: a picture out of a file's bytes, and into them
- metadata: what a file holds beside its pixels, taken out before it can refuse them
- modes: pixels of any mode, depth and polarity as uint8 RGB, with notes
"""
