"""What a machine lacks: there the tests that need it are skipped; in CI they fail."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def unable(why: str) -> NoReturn:
    """Skip this test, and say why; fail under RECONCILE_TEST_STRICT=1, where nothing may lack."""
    if os.environ.get("RECONCILE_TEST_STRICT") == "1":
        pytest.fail(why)
    pytest.skip(why)


def missing(what: str) -> NoReturn:
    """As `unable`, for want of `what`."""
    unable(f"{what} is not installed")
