"""What every other room stands on: files written whole or not at all, tensors with checksums, records of notebooks.

- errors: what a user can mend
- places: what the package brings, and what only a checkout has
- atomic: write a file, or JSON, so that a kill leaves the old one or the new one
- weights: tensors on disk with a checksum, and what a damaged file is answered with
- resume: what an interrupted training goes on from
- sections: what a program writes between two marks of a text
- picture: a figure as a PNG, and a text for who cannot see it
- device: on what a training computes, and how precisely
- epochs: what every training loop shares: its chance, and its losses
- replay: steps of a training that a GPU repeats by itself
- processes: one training in several processes
- records: numbers that a notebook notes down, for batches and tests
"""
