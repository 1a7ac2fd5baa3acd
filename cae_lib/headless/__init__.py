"""Notebooks without a reader: executed, as pages, as slides.

- parameters: notebooks as they are read, and what their parameters cells say
- runner: find and execute notebooks with papermill
- pages: an executed notebook as one HTML page
- slides: a notebook as a slide deck
"""
