"""Headless Chromium, driven over its debugging pipe: no driver program, no client library.

Source: Chrome DevTools Protocol, domains Target, Page, Runtime, Log, Emulation and Input; with
`--remote-debugging-pipe` the browser reads NUL-ended JSON from descriptor 3 and writes it to 4.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.strict import missing

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required", "--mute-audio",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip

PATIENCE = 30.0  # seconds that anything may take on a busy machine

Answer = dict[str, Any]


def _chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    return found or missing("Chromium")


class Page:
    """One tab. `errors` collects what its console complained of."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._number = 0
        self._rest = b""
        self._session = ""
        self.errors: list[str] = []

    def begin(self) -> None:
        """Open the tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: object) -> Answer:
        """Call one method of the protocol and wait for its answer."""
        self._number += 1
        message: Answer = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            said = self._next(deadline)
            if said.get("id") == self._number:
                if "error" in said:
                    raise AssertionError(f"{method}: {said['error']}")
                result: Answer = said["result"]
                return result
            self._note(said)
        raise AssertionError(f"{method}: no answer")

    def _next(self, deadline: float) -> Answer:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], max(0, deadline - time.monotonic()))
            piece = os.read(self._read, 1 << 20) if ready else b""
            if not piece:
                raise AssertionError("the browser went away or fell silent")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\0")
        said: Answer = json.loads(line)
        return said

    def _note(self, said: Mapping[str, Any]) -> None:
        method, params = said.get("method"), said.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.errors.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in {"error", "assert"}:
            self.errors.append(str(params["args"]))

    def size(self, width: int, height: int, *, touch: bool = False) -> None:
        """Make the window so many CSS pixels large."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=touch,
        )  # fmt: skip

    def go(self, address: str) -> None:
        """Open an address; `wait` for what should be there."""
        self.call("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """Evaluate an expression (awaiting a promise) and return its value."""
        got = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True,
            userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in got, f"{script}: {got['exceptionDetails']}"
        return got["result"].get("value")

    def wait(self, script: str, within: float = PATIENCE) -> Any:
        """Wait until an expression is true; returns its value."""
        deadline = time.monotonic() + within
        while True:
            try:
                value = self.run(script)
            except AssertionError:  # the page is being replaced
                value = None
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"not so within {within} s: {script}; console: {self.errors}")
            time.sleep(0.05)

    def press(self, key: str, code: int) -> None:
        """Press one key, such as `Tab` (9) or `Enter` (13)."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key,
                windowsVirtualKeyCode=code, **(text if kind == "keyDown" else {}),
            )  # fmt: skip

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """Save what is seen as a PNG."""
        got = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(got["data"]))


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start a browser with a profile of its own in `folder`; ends it and its children."""
    program = _chromium()
    down_read, down_write = _high_pipe()
    up_read, up_write = _high_pipe()
    nowhere = os.open(os.devnull, os.O_RDWR)
    pid = os.posix_spawn(
        program,
        [program, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"],
        os.environ,
        setpgroup=0,
        file_actions=[
            (os.POSIX_SPAWN_DUP2, old, new)
            for new, old in enumerate((nowhere, nowhere, nowhere, down_read, up_write))
        ],
    )
    os.close(nowhere)
    os.close(down_read)
    os.close(up_write)
    try:
        page = Page(down_write, up_read)
        page.begin()
        yield page
    finally:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(down_write)
        os.close(up_read)


def _high_pipe() -> tuple[int, int]:
    """Make a pipe whose descriptors cannot be the ones that the browser wants."""
    pair = os.pipe()
    high = tuple(fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 64) for one in pair)
    for one in pair:
        os.close(one)
    return high[0], high[1]
