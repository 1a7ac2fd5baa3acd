"""The first code cell of every notebook, which must do without the kit: it looks for it, and on Colab it fetches it.

`python -m cae_lib.course.release` writes it into all notebooks, with the address of cae_lib.REPOSITORY.
"""

import nbformat

from cae_lib import REPOSITORY

MARK = "# On Google Colab"
ADDRESS = "ADDRESS"  # stands for the address below
SOURCE = f"""\
{MARK}, fetch and install the kit; elsewhere, only see that it is here.
import sys
from importlib.util import find_spec
from pathlib import Path
from subprocess import getstatusoutput
from time import sleep

address = {ADDRESS}  # of the kit's git repository
say = "No cae_lib here: get the kit's whole folder, and start it as its README says."
fetch = "google.colab" in sys.modules and not find_spec("cae_lib")
while fetch and not Path("kit/pyproject.toml").exists():
    address, tried = "", address or input("Address of the kit's git repository: ")
    failed, said = getstatusoutput(f"git clone -q '{{tried}}' kit")
    print(f"Cannot fetch {{tried}}: {{said}}" if failed else "Fetched the kit.")
if fetch:
    failed, said = getstatusoutput("pip install -q -e kit")
    say = f"Cannot install the kit: {{said}}" if failed else "Now restart the runtime."
if fetch or not find_spec("cae_lib"):  # an error that shows as its sentence alone
    sleep(2)  # "Run all" has sent its cells by then: they are given up, too
    raise type("Stop", (Exception,), {{"_render_traceback_": lambda e: [str(e)]}})(say)"""


def first_cell(address: str = REPOSITORY) -> str:
    """The cell's text; without an address, it asks for one."""
    return SOURCE.replace(ADDRESS, f'"{address}"')


def set_first_cell(notebook: nbformat.NotebookNode) -> bool:
    """Give a notebook the cell's text of today; whether it had another."""
    (cell,) = [cell for cell in notebook.cells if cell.source.startswith(MARK)]
    changed = cell.source != first_cell()
    cell.source = first_cell()
    return changed
