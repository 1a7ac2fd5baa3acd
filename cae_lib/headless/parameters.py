"""The notebooks of users as they are read: whole ones only, and what their `parameters` cells say."""

import ast
import io
import json
import tokenize
from dataclasses import dataclass
from pathlib import Path

from cae_lib.base.errors import UsageError

PROFILES = ("quick", "full")
TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True)
class Parameter:
    """One assignment of a parameters cell: the types that its values may have, and its comment.

    types: names of int, float, bool, str, list, dict, tuple, None; empty for an annotation that says something else.
    """

    types: tuple[str, ...]
    help: str = ""


def read_notebook(path: Path):
    """A notebook of any version 3 or 4 as one of version 4 that runs with the kit's kernel; the file stays as it is.

    Raises UsageError, in one sentence, for what is no notebook.
    """
    import nbformat

    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(content, dict) or "nbformat" not in content:
            raise ValueError("it has no nbformat")
        notebook = nbformat.reads(json.dumps(content), as_version=4)
        nbformat.validate(notebook)
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"{path} is not a valid notebook ({reason}): save it again in JupyterLab, or bring it back from a copy."
        ) from None
    for cell in notebook.cells:  # nbval has two more words for it
        if "nbval-raises-exception" in cell.metadata.get("tags", []) or "# NBVAL_RAISES_EXCEPTION" in cell.source:
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "raises-exception"]
    notebook.metadata.setdefault("kernelspec", nbformat.from_dict(KERNEL))
    notebook.metadata.kernelspec.setdefault("language", KERNEL["language"])
    return notebook


def parameters_of(notebook) -> dict[str, Parameter]:
    """What the first cell tagged `parameters` assigns: name -> Parameter. Raises UsageError if it is no Python."""
    tagged = [c for c in notebook.cells if c.cell_type == "code" and "parameters" in c.metadata.get("tags", [])]
    if not tagged:
        return {}
    source = tagged[0].source
    try:
        statements = ast.parse(source).body
        comments = comments_of(source)
    except (SyntaxError, tokenize.TokenError) as error:
        raise UsageError(f"The cell tagged parameters is not plain Python ({error}): keep only assignments.") from None
    found = {}
    for node in statements:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = Parameter(types_of(node.annotation), comments.get(node.end_lineno, ""))
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = Parameter(type_of_default(node.value), comments.get(node.end_lineno, ""))
    return found


def comments_of(source: str) -> dict[int, str]:
    """The comments of a cell by line."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def types_of(annotation: ast.expr) -> tuple[str, ...]:
    """The names of types in an annotation such as int, int | None, Optional[float], list[int]."""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        left, right = types_of(annotation.left), types_of(annotation.right)
        return left + right if left and right else ()
    if isinstance(annotation, ast.Constant):
        if annotation.value is None:
            return ("None",)
        return types_of(ast.parse(annotation.value, mode="eval").body) if isinstance(annotation.value, str) else ()
    if isinstance(annotation, ast.Subscript):
        name = annotation.value.attr if isinstance(annotation.value, ast.Attribute) else annotation.value.id
        if name == "Optional":
            inner = types_of(annotation.slice)
            return (*inner, "None") if inner else ()
        return types_of(ast.Name(name.lower()))
    name = getattr(annotation, "id", "")
    return (name,) if name in ("int", "float", "bool", "str", "list", "dict", "tuple") else ()


def type_of_default(value: ast.expr) -> tuple[str, ...]:
    """The type of a default without an annotation; a text where it is no plain value."""
    try:
        default = ast.literal_eval(value)
    except ValueError:
        return ()
    return ("str", "None") if default is None else (type(default).__name__,)


def parameters_for(notebooks: list[Path], assignments: dict[str, str], *, every: bool) -> dict[Path, dict]:
    """Check parameters (name -> text) against each notebook's `parameters` cell and convert them.

    A name must be known to every notebook, or, if not `every`, to one of them; each notebook gets those it knows.
    PROFILE is passed only to notebooks that have it. Raises UsageError for an unknown name or a wrong value.
    """
    known = {notebook: parameters_of(read_notebook(notebook)) for notebook in notebooks}
    for name in assignments.keys() - {"PROFILE"}:
        lacking = [notebook for notebook in notebooks if name not in known[notebook]]
        if lacking and (every or lacking == notebooks):
            names = sorted({n for notebook in lacking for n in known[notebook]})
            where = ", ".join(notebook.stem for notebook in lacking)
            raise UsageError(f"No parameter {name} in {where}; known there: {', '.join(names) or 'none'}.")
    return {
        notebook: {name: convert(name, text, facts[name].types) for name, text in assignments.items() if name in facts}
        for notebook, facts in known.items()
    }


def convert(name: str, text: str, types: tuple[str, ...]):
    """The text of a `-p NAME=VALUE` as a value of the first type that it fits. Raises UsageError if it fits none."""
    if not types:
        raise UsageError(
            f"{name} cannot be set here: its annotation or default in the notebook is no plain type (int, float, bool, "
            "str, list, dict, tuple, or one of these or None)."
        )
    if name == "PROFILE" and text not in PROFILES:
        raise UsageError(f"PROFILE must be one of {', '.join(PROFILES)}, not {text!r}.")
    for kind in sorted(types, key="None".__ne__):  # the text None is None where it may be
        try:
            return converted(text, kind)
        except (ValueError, KeyError, SyntaxError, TypeError):
            continue
    raise UsageError(f"{name} must be of type {' or '.join(types)}, not {text!r}.")


def converted(text: str, kind: str):
    """A text as int, float, bool, str, None, or a list, dict or tuple written as in Python. Raises ValueError."""
    if kind in ("int", "float") and (not text.isascii() or "_" in text):
        raise ValueError
    plain = {"int": int, "float": float, "str": str, "bool": lambda text: TRUTH[text.lower()]}
    if kind in plain:
        return plain[kind](text)
    value = ast.literal_eval(text)
    if type(value).__name__.replace("NoneType", "None") != kind:
        raise ValueError
    return value
