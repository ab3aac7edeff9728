"""Tell several stories at once: each is a second of work and many of waiting for real time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, cast

import pytest

from tests.conformance import busy

Media = TypeVar("Media")
TRIES = 3


@contextlib.contextmanager
def together(
    request: pytest.FixtureRequest, media: Media, *, at_once: int, parameter: str = "story"
) -> Iterator[Mapping[Callable[[Path, Media], None], Future[None]]]:
    """Begin the stories among the tests that were asked for, in their order.

    A story is a test's parameter of that name: a function of a folder of its own and the media.
    """
    folders = request.getfixturevalue("tmp_path_factory")
    chosen = [
        cast("Callable[[Path, Media], None]", item.callspec.params[parameter])
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and parameter in item.callspec.params
    ]
    with ThreadPoolExecutor(at_once) as pool:
        yield {story: pool.submit(tell, story, folders, media) for story in chosen}
        pool.shutdown(cancel_futures=True)


def tell(
    story: Callable[[Path, Media], None], folders: pytest.TempPathFactory, media: Media
) -> None:
    """Tell a story, and again if the engine itself said that the machine was too busy for it.

    That an engine counts what it must leave out is right; it proves nothing about the rest.
    """
    for left in reversed(range(TRIES)):
        folder = folders.mktemp("told")
        busy.forget()
        try:
            story(folder, media)
        except (AssertionError, LookupError, StopIteration, ValueError):
            if not left or not busy.too_busy():
                raise
        else:
            return
