"""A part of a text that a program writes, between two marks."""

from cae_lib.base.errors import UsageError


def replace_section(text: str, begin: str, end: str, new: str) -> str:
    """The text with something new between two marks, which stay. Raises UsageError if they are not there in order."""
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise UsageError(f"The text lacks the mark {(end if found else begin)!r}: write it where the section belongs.")
    return f"{before}{begin}{new}{end}{after}"
