"""Guesses are kept and shown beside what comes, whatever happens to their file; the table is made from both."""

import pytest
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cae_lib.course import predictions
from cae_lib.course.predictions import predict, reveal


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(predictions, "FILE", tmp_path / "runs" / "predictions.json")
    return predictions.FILE


@pytest.mark.parametrize(
    ("guess", "shown"),
    [(0.3, "0.3"), ("the blur", "the blur"), ((1, 2), "(1, 2)"), (torch.tensor(7), "7"), (len, "len")],
)
def test_a_guess_stands_beside_what_comes(guess, shown, capsys):
    predict("99.a", guess)
    reveal("99.a", "it is 0.25")
    kept, yours, comes = capsys.readouterr().out.splitlines()
    assert kept.startswith("99.a  kept: ") and shown in kept
    assert yours.startswith("99.a  you predicted: ") and shown in yours
    assert comes == "99.a  what comes: it is 0.25"


def test_a_stub_asks_for_a_guess_and_takes_none_away(capsys):
    predict("99.a", ...)
    assert "no prediction yet" in capsys.readouterr().out
    reveal("99.a", "it is 1")
    assert "99.a  you predicted: nothing\n" in capsys.readouterr().out
    predict("99.a", 5)
    predict("99.b", 6)
    predict("99.a", ...)
    assert capsys.readouterr().out.endswith("99.a  kept from before: 5\n")
    assert predictions.kept() == {"99.a": "5", "99.b": "6"}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_damaged_file_is_an_empty_one(content, file, capsys):
    file.parent.mkdir()
    file.write_bytes(content)
    reveal("99.a", "it is 1")
    predict("99.a", 2)
    assert predictions.kept() == {"99.a": "2"}


def test_a_folder_that_cannot_be_written_stops_no_notebook(file, capsys):
    file.parent.write_text("a file where the folder should be")
    predict("99.a", 2)
    assert capsys.readouterr().out.startswith("99.a  not kept")


def test_a_long_result_fits_the_page_and_is_one_row(capsys):
    text = " ".join(f"network {k}: {-k / 7:.3f} dB," for k in range(12))
    reveal("99.a", text)
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 88 and len(lines) > 3
    cells = [
        new_markdown_cell("**Predict 99.a:** How much?"),
        new_code_cell(outputs=[new_output("stream", text=printed)]),
    ]
    assert predictions.rows(new_notebook(cells=cells)) == [("99.a", "How much?", text)]


def test_the_rows_of_a_notebook():
    printed = "99.a  you predicted: nothing\n99.a  what comes: half of it\nmore\n"
    notebook = new_notebook(
        cells=[
            new_markdown_cell("Some words.\n\n**Predict 99.a:** How\nmuch?\n\nMore words."),
            new_code_cell(
                "x", outputs=[new_output("stream", text=printed[:20]), new_output("stream", text=printed[20:])]
            ),
            new_markdown_cell("**Predict 99.b:** And then?"),
        ]
    )
    assert predictions.rows(notebook) == [("99.a", "How much?", "half of it"), ("99.b", "And then?", "")]
