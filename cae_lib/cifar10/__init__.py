"""CIFAR-10's files on this machine: fetched once into the user's cache, and checked.

- integrity: whether a folder holds CIFAR-10 as it is, and what to do if not
- download: CIFAR-10 into the user's cache, from one mirror after the other
"""
