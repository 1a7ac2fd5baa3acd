"""What stands between two marks of a text is replaced, and a mark that is missing is named."""

import pytest

from cae_lib.base.errors import UsageError
from cae_lib.base.sections import replace_section


def test_what_is_between_the_marks_is_replaced():
    assert replace_section("a<old>b", "<", ">", "new") == "a<new>b"


@pytest.mark.parametrize(("text", "mark"), [("a>b", "'<'"), ("a<b", "'>'"), (">a<", "'>'")])
def test_a_missing_mark_is_named(text, mark):
    with pytest.raises(UsageError, match=f"lacks the mark {mark}"):
        replace_section(text, "<", ">", "new")
