"""One running installation for every end-to-end test: each has a channel of its own on it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.stack import Stack, running_stack, until
from tests.stack_clips import make_clips
from tests.stack_lineup import LONG, small


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    make_clips(folder)
    return folder


@pytest.fixture(scope="session")
def stack(clips: Path) -> Iterator[Stack]:
    def files(stack: Stack) -> Mapping[str, str]:
        shutil.copytree(clips, stack.media, dirs_exist_ok=True)
        return {**small(stack, "news", "desk"), "playlists/desk.yaml": LONG}

    with running_stack(files, programs=("serve", "watch")) as stack:
        for name in ("news", "desk"):
            until(f"{name} on air", lambda name=name: stack.sending(name))  # type: ignore[misc]
        yield stack
