"""Where things lie: what the package brings, and what only a checkout of the repository has."""

import os
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
RUNS, CODECS = PACKAGE / "runs", PACKAGE / "codecs"
CURE = "set CAE_KIT to the folder of a checkout of the kit, or work in one"


def checkout() -> Path | None:
    """The checkout that the package lies in, or that CAE_KIT names, or that the current directory lies in."""
    here = Path.cwd()
    for folder in (PACKAGE.parent, os.environ.get("CAE_KIT"), here, *here.parents):
        if folder and (Path(folder) / "notebooks" / "00_start_here.ipynb").is_file():
            return Path(folder)
    return None


def outside(name: str) -> Path:
    """A folder of the checkout; of the current directory where there is no checkout, so it may not be there."""
    return (checkout() or Path.cwd()) / name
