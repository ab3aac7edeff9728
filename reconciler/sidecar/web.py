"""The sidecar's web server: waitress, in a thread of its own that can be ended."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from reconciler.sidecar.conductor import Conductor
from reconciler.sidecar.server import BODY_MOST, make_app
from reconciler.sidecar.spec import SidecarSpec

THREADS = 8  # answers under way; each lasts half a second at most
_TURN = 0.25  # seconds after which an end is noticed


class Web:
    """Listens from the start; answers from `start` on."""

    def __init__(self, conductor: Conductor, spec: SidecarSpec) -> None:
        self._sockets: dict[int, Any] = {}
        self._ending = threading.Event()
        self._server = create_server(
            make_app(conductor),
            map=self._sockets,
            host=spec.host,
            port=spec.port,
            threads=THREADS,
            max_request_body_size=BODY_MOST,
            ident=None,
        )
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._answer, name="http")

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Finish what is under way, then answer nobody."""
        self._ending.set()
        self._server.pull_trigger()
        self._thread.join()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)
        for each in list(self._sockets.values()):
            with contextlib.suppress(OSError):
                each.close()

    def _answer(self) -> None:
        while not self._ending.is_set():
            wasyncore.loop(timeout=_TURN, use_poll=True, map=self._sockets, count=1)
