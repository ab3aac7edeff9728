"""Coded clips for the tests that kill parts of a running installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stack_clips import make_clips


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    make_clips(folder)
    return folder
