"""The `cae` command.

- main: all commands; train, evaluate, run, figures
- codec: compress, decompress, inspect, the race
- batch: batch and report
- classroom: class
- doctor: does this installation work?
"""
