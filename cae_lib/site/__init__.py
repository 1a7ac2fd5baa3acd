"""The course as a static site that needs no network: sphinx with myst-nb, from the notebooks as they are stored.

- build: gathers the sources and runs sphinx
- chapters: what a chapter and the front page show
- extension: what sphinx is told beyond its configuration
- index.md, style.css, offline.js: the front page, how pictures, views and hints look, search from the disk
"""
