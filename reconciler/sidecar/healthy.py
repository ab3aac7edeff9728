"""Whether the sidecar of this folder answers: `python -m reconciler.sidecar.healthy [FOLDER]`.

For a container's health check: the exit code is 0 if it does, else 1. It asks at the port that the
sidecar wrote down, whichever that is; what is on air is not judged here.
"""

from __future__ import annotations

import http.client
import json
import sys
from pathlib import Path

ENDPOINT = "endpoint.json"  # as the sidecar leaves it while it listens
ANSWERS_WITHIN = 3.0  # seconds


def is_healthy(folder: Path) -> bool:
    """Ask once; False where there is no sidecar, or no answer in time."""
    try:
        port = int(json.loads((folder / ENDPOINT).read_bytes())["port"])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERS_WITHIN)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        finally:
            connection.close()
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        return False


if __name__ == "__main__":
    sys.exit(0 if is_healthy(Path(*sys.argv[1:2])) else 1)
