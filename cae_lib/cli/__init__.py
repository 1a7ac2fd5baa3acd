"""The `cae` command.

- main: all commands; train, evaluate, run, figures
- codec: compress, decompress, inspect, the race
- batch: batch and report
- doctor: does this installation work?
"""
