from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from reconciler.sidecar.healthy import is_healthy


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        pass


def test_one_that_answers_at_the_port_it_wrote_down_is_healthy(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            port = server.server_address[1]
            (tmp_path / "endpoint.json").write_text(json.dumps({"port": port}))
            assert is_healthy(tmp_path)
            said = [sys.executable, "-m", "reconciler.sidecar.healthy", str(tmp_path)]
            assert subprocess.run(said, check=False).returncode == 0
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"port": "x"}', '{"port": 1}'])
def test_what_cannot_be_asked_is_not_healthy(tmp_path: Path, text: str) -> None:
    (tmp_path / "endpoint.json").write_text(text)
    assert not is_healthy(tmp_path)


def test_a_folder_without_a_sidecar_is_not_healthy(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "reconciler.sidecar.healthy"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        check=False,
    )
    assert said.returncode == 1
