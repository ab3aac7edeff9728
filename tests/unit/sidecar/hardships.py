"""Stories that are told with the scripted engine and with the one that makes pictures."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta

from tests.unit.sidecar.receiver import Receiver
from tests.unit.sidecar.rig import Rig, from_now
from tests.unit.sidecar.situations import rundown


def a_frozen_sidecar_is_silent_by_its_leases_end(rig: Rig, ttl: float) -> None:
    """SIGSTOP takes the sidecar's voice; its engine shuts the gate by itself, and in time."""
    receiver = Receiver()
    seen = rig.start(outputs=[receiver.output()])
    rig.load(seen, rundown(from_now("a b", frames=1500)))
    rig.until(seen, lambda a: a.ready, within=40)
    pid = rig.folder(seen).pid()
    assert pid is not None
    rig.client.grant(seen, timedelta(seconds=ttl))
    granted_at = time.monotonic()
    assert receiver.arrivals(granted_at + 0.4 * ttl)

    os.kill(pid, signal.SIGSTOP)
    try:
        stopped_at = time.monotonic()
        came = receiver.arrivals(granted_at + ttl + 1)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert came[-1] > stopped_at
    assert came[-1] <= granted_at + ttl
    rig.until(seen, lambda a: not a.sending)
    rig.client.grant(seen, timedelta(seconds=30))
    rig.until(seen, lambda a: a.sending)
    assert receiver.arrivals(time.monotonic() + 1)
    receiver.close()
