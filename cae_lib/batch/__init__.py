"""A notebook run for every point of a grid, surviving whatever happens.

- grid: all points of a batch, here or on a Dask cluster
- run: one point: execute, read its records, keep the result
- store: the batch's folder, here or remote
- lease: who works at a point right now
- report: all results in one table, and plots of it
"""
