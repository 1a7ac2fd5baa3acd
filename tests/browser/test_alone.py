"""A notebook that was downloaded alone, run from top to bottom in JupyterLab: one sentence, and not an error a cell."""

import nbformat
import pytest
from helpers.browser import running_lab, watched_page
from helpers.notebooks import WITHOUT_KIT, read

from cae_lib.headless.runner import NOTEBOOKS

pytestmark = pytest.mark.slow


def test_all_cells_run_end_with_the_first(browser, tmp_path):
    notebook = read(NOTEBOOKS / "03_model1_training.ipynb")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.insert(0, nbformat.v4.new_code_cell(WITHOUT_KIT))
    folder = tmp_path / "alone"
    folder.mkdir()
    nbformat.write(notebook, folder / "alone.ipynb")
    with running_lab(folder, tmp_path / "lab") as lab, watched_page(browser) as (page, _):
        lab.open(page, "alone")
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        error = page.locator(".jp-OutputArea-output[data-mime-type$='stderr'], .jp-RenderedError")
        error.first.wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.wait_for_timeout(2_000)  # a cell that still ran would have shown it by then
        assert error.all_inner_texts() == [
            "No cae_lib here: get the kit's whole folder, and start it as its README says."
        ]
        lab.stop_kernels()
