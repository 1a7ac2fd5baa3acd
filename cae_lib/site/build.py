"""Builds the site: `python -m cae_lib.site.build build/site`, or with a folder of executed notebooks behind it."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sphinx.application import Sphinx

from cae_lib import REPOSITORY, __version__
from cae_lib.base import places
from cae_lib.base.errors import UsageError
from cae_lib.headless import slides

HERE = Path(__file__).parent
# What pages are made from, and what they link to.
SOURCES = ("*.md", "notebooks/*.*", "notebooks/projects/*.ipynb", "figures/**/*", "cae_lib/**/*.py")
CHAPTERS = "notebooks/[0-9]*.ipynb"
PAGES = ["index.md", "TEACHING.md", "RESULTS.md", CHAPTERS, "notebooks/*.md", "notebooks/projects/project_*.ipynb"]


def configuration() -> dict:
    """What conf.py would hold."""
    theme = {
        "show_navbar_depth": 1,
        "show_toc_level": 2,
        "use_fullscreen_button": False,
        "search_bar_text": "Search",
        "navbar_persistent": [],
    }
    if REPOSITORY:
        theme |= {
            "repository_url": REPOSITORY.removesuffix(".git"),
            "repository_branch": "main",
            "use_repository_button": True,
        }
    if REPOSITORY.startswith("https://github.com/"):  # Colab knows no other host
        theme["launch_buttons"] = {"colab_url": "https://colab.research.google.com"}
    return {
        "project": "Image compression with convolutional autoencoders",
        "html_title": "Image compression with autoencoders",
        "html_short_title": "Image compression",
        "version": __version__,
        "release": __version__,
        "extensions": ["myst_nb", "cae_lib.site.extension"],
        "include_patterns": PAGES,
        "nb_execution_mode": "off",
        "nb_merge_streams": True,
        "nb_code_prompt_show": "Show code",
        "nb_code_prompt_hide": "Hide code",
        "myst_enable_extensions": ["dollarmath", "html_image"],
        "myst_heading_anchors": 3,
        "html_theme": "sphinx_book_theme",
        "html_theme_options": theme,
        "html_math_renderer": "mathml",
        "html_static_path": [str(HERE / "style.css"), str(HERE / "offline.js")],
        "html_css_files": ["style.css"],
        "html_js_files": ["offline.js"],
        "html_context": {"default_mode": "auto"},
        "html_use_index": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
    }


def gather(checkout: Path, executed: Path | None, folder: Path) -> None:
    """Copy all sources into a folder, so that sphinx neither walks through the rest nor leaves anything behind.

    executed: a folder whose notebooks take the places of the stored ones with the same names. Raises UsageError where
    it has none.
    """
    for pattern in SOURCES:
        for path in filter(Path.is_file, checkout.glob(pattern)):
            target = folder / path.relative_to(checkout)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    instead = sorted(executed.glob("[0-9]*.ipynb")) if executed else []
    if executed and not instead:
        raise UsageError(f"There are no notebooks in {executed}: `cae run --out {executed}` makes them.")
    for path in instead:
        shutil.copyfile(path, folder / "notebooks" / path.name)
    shutil.copyfile(HERE / "index.md", folder / "index.md")


def build(checkout: Path, out: Path, executed: Path | None = None) -> None:
    """Build the site of a checkout of the kit into `out`, with its slides; a site that was there goes.

    executed: a folder of executed notebooks, such as `cae run` makes, to show in place of the stored ones. Raises
    UsageError for a folder that holds something else, and for a page with a fault, such as a broken link.
    """
    if out.exists() and any(out.iterdir()) and not (out / "searchindex.js").exists():
        raise UsageError(f"{out} holds something other than a site, which would be lost: choose another folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".site-", dir=out.parent) as work:
        sources, made = Path(work, "sources"), Path(work, "site")
        gather(checkout, executed, sources)
        app = Sphinx(
            sources, None, made, Path(work, "doctrees"), "html", configuration(),
            status=None, exception_on_warning=False, warningiserror=True,
        )  # fmt: skip
        app.build()
        if app.statuscode:
            raise UsageError("The site was not built: mend what is said above and build it again.")
        slides.export(sorted(sources.glob(CHAPTERS)), made / "slides")
        if out.exists():
            shutil.rmtree(out)
        made.rename(out)
    print(f"the site: open {out / 'index.html'}")


if __name__ == "__main__":
    try:
        if places.checkout() is None:
            raise UsageError(f"There are no notebooks to build a site from: {places.CURE}.")
        build(places.checkout(), *map(Path, sys.argv[1:]))
    except UsageError as error:
        sys.exit(str(error))
