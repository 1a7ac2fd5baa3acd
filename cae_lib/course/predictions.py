"""Predict, run, explain: a student's guesses, kept and shown beside what comes.

In a notebook, `**Predict 01.a:**` asks, `predict("01.a", ...)` keeps what is typed in place of the dots, and
`reveal("01.a", text)` prints it beside the result. TEACHING.md's table is made from the executed notebooks.
"""

import json
import re
from pathlib import Path
from textwrap import fill

from cae_lib.base.atomic import write_json
from cae_lib.checkpoints import OWN
from cae_lib.course.reading import is_stub, show

FILE = OWN / "predictions.json"
BEGIN, END = "<!-- predictions: begin (written by `make notebooks`) -->", "<!-- predictions: end -->"
PROMPT = re.compile(r"\*\*Predict (\d\d\.[a-z]):\*\* (.+?)(?:\n\n|\Z)", re.DOTALL)
COMES = "what comes"
INDENT = " " * len(f"00.a  {COMES}: ")  # of the further lines of a long result


def kept() -> dict[str, str]:
    """All guesses so far, by name; none where the file is missing or damaged."""
    try:
        found = json.loads(FILE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def predict(name: str, guess) -> None:
    """Keep a guess of any kind. A stub (...) changes nothing: a guess made before stays."""
    if is_stub(guess):
        before = kept().get(name)
        print(f"{name}  {f'kept from before: {before}' if before else 'no prediction yet: type yours for the dots.'}")
        return
    text = guess if isinstance(guess, str) else show(guess)
    try:
        write_json(FILE, kept() | {name: text})
        print(f"{name}  kept: {text}")
    except OSError as error:
        print(f"{name}  not kept, and so not shown again: {error.strerror or error}")


def reveal(name: str, text: str) -> None:
    """Print what came, and what was predicted."""
    print(f"{name}  you predicted: {kept().get(name, 'nothing')}")
    print(fill(f"{name}  {COMES}: {text}", 88, subsequent_indent=INDENT, break_on_hyphens=False))


def rows(notebook: dict) -> list[tuple[str, str, str]]:
    """Name, prompt and result of each prediction of an executed notebook, in order; the result may be empty."""
    texts = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    printed = "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")
    prompts = [(name, " ".join(prompt.split())) for text in texts for name, prompt in PROMPT.findall(text)]
    found = re.findall(rf"^(\d\d\.[a-z])  {COMES}: (.+(?:\n{INDENT}\S.*)*)$", printed, re.MULTILINE)
    results = {name: text.replace(f"\n{INDENT}", " ") for name, text in found}
    return [(name, prompt, results.get(name, "")) for name, prompt in prompts]


def table(paths: list[Path]) -> str:
    """The predictions of some notebooks as a table in Markdown."""
    lines = ["| | prompt | what comes, and what to say |", "| :-- | :-- | :-- |"]
    for path in paths:
        for row in rows(json.loads(path.read_text(encoding="utf-8"))):
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines)
