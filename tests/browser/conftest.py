"""One browser for the tests of a file."""

import pytest
from helpers.browser import running_browser


@pytest.fixture(scope="module")
def browser():
    with running_browser() as chromium:
        yield chromium
