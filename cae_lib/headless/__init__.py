"""Notebooks without a reader: executed, as pages, as slides.

- runner: find, check and execute notebooks with papermill
- pages: an executed notebook as one HTML page
- slides: a notebook as a slide deck
"""
