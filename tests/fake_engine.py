"""An engine child without video: the real protocol, the real clock, scripted misfortunes.

Run as `python tests/fake_engine.py`. A clip is any file; its content, if JSON, scripts it:
`{"frames": 250}` ends early, `{"damaged": true}` fails to open, `{"slow": 12}` takes 12 ticks.
While the gate is open, every udp output gets one datagram for each tick. A seam ends that before
its tick; what is shown from a seam on, the gate being shut, is sent at once when it opens.
While a file named `engine-uncalled` is in the working folder, its outputs wait for a caller.
A file named `engine-crash`, `engine-silent` or `engine-deaf` in the working folder makes it die,
fall silent, or ignore everything, once (the file is removed first).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import socket
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.model.video import VideoFormat

Json = dict[str, Any]


class Engine:
    def __init__(self) -> None:
        self.rate = Fraction(25)
        self.cues: list[Json] = []
        self.outputs: list[Json] = []
        self.sending = False
        self.shuts_at: float | None = None
        self.gate = 0
        self.ends_before: int | None = None
        self.sent_until: int | None = None
        self.since: int | None = None
        self.keeps_from: int | None = None
        self.serial = 0
        self.tick = 0
        self.configured = False
        self.shown: Json | None = None
        self.failed: dict[str, str] = {}
        self.opened: dict[str, int] = {}
        self.last_said = 0.0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def obey(self, said: Json) -> None:
        match said["do"]:
            case "configure":
                self.rate = VideoFormat.parse(said["format"]).rate
                self.outputs = said["outputs"]
                self.sending = said["sending"]
                self.configured = True
                self.tick = self.now()
                say({"seen": "ready", "machine": {"cores": 2, "score": 1.0}, "preset": "fake"})
            case "show":
                self.cues, self.serial = said["cues"], said["serial"]
                for key in set(self.failed) - {cue["key"] for cue in self.cues}:
                    del self.failed[key]
            case "outputs":
                self.outputs = said["outputs"]
            case "send":
                self.turn(said)
                self.shuts_at = shuts_at(said)
            case "quit":
                self.end("quit")
                sys.exit(0)
            case other:
                say({"seen": "refused", "why": f"unknown {other}", "line": ""})

    def turn(self, said: Json) -> None:
        seam, self.gate = said.get("seam"), said.get("number", 0)
        if said["on"] and seam is not None and seam == self.sent_until:
            return
        opens = said["on"] and not self.sending
        self.sending, self.ends_before = said["on"], seam if said["on"] else None
        if not opens:
            self.keeps_from = None if said["on"] else seam
            return
        self.since, self.sent_until = self.tick, None
        if self.keeps_from is not None:
            self.since, self.keeps_from = self.keeps_from, None
            for tick in range(self.since, self.tick + 1):
                self.emit(tick)

    def now(self) -> int:
        return int(Fraction(time.time_ns(), 1_000_000_000) * self.rate)

    def step(self) -> None:
        changed = False
        if self.shuts_at is not None and time.monotonic() >= self.shuts_at:
            self.sending, self.shuts_at = False, None
        while self.tick < self.now():
            self.tick += 1
            if self.sending and self.ends_before is not None and self.tick >= self.ends_before:
                self.sending, self.sent_until = False, self.ends_before
                self.status()
            changed = self.show() or changed
            if self.sending:
                self.emit(self.tick)
        if changed or time.monotonic() - self.last_said > 0.1:
            self.status()

    def emit(self, tick: int) -> None:
        for output in self.outputs:
            if output["type"] == "udp":
                to = urlsplit(output["url"])
                with contextlib.suppress(OSError):
                    self.socket.sendto(tick.to_bytes(8, "big"), (to.hostname, to.port))

    def show(self) -> bool:
        self.open_ahead()
        wanted = next((cue for cue in reversed(self.cues) if covers(cue, self.tick)), None)
        if wanted is not None and wanted["key"] in self.failed:
            wanted = None
        before = self.shown
        if wanted is not None and before is not None and same(wanted, before["cue"]):
            before["last"] = self.tick
            return False
        if wanted is None and before is None:
            return False
        self.end(self.why_ended())
        if wanted is not None:
            self.shown = {"cue": wanted, "first": self.tick, "last": self.tick}
            say(
                {
                    "seen": "began",
                    "key": wanted["key"],
                    "tick": self.tick,
                    "wall": "",
                    "source_frame": source_frame(wanted, self.tick),
                    "start_error_frames": self.tick - wanted["start"],
                }
            )
        return True

    def why_ended(self) -> str:
        if self.shown is None:
            return ""
        cue = next((c for c in self.cues if c["key"] == self.shown["cue"]["key"]), None)
        return "end" if cue is not None else "replaced"

    def end(self, why: str) -> None:
        if self.shown is None:
            return
        cue = self.shown["cue"]
        say(
            {
                "seen": "ended",
                "key": cue["key"],
                "first_tick": self.shown["first"],
                "last_tick": self.shown["last"],
                "first_source_frame": source_frame(cue, self.shown["first"]),
                "last_source_frame": source_frame(cue, self.shown["last"]),
                "held_frames": 0,
                "wall": "",
                "why": why,
                "error": None,
            }
        )
        self.shown = None

    def open_ahead(self) -> None:
        soon = [cue for cue in self.cues if cue["frames"] is None or ends(cue) > self.tick][:3]
        for cue in soon:
            if cue["key"] not in self.opened and cue["source"]["type"] in {"clip", "still"}:
                self.opened[cue["key"]] = self.tick
                problem = trouble(Path(cue["source"]["path"]))
                if problem:
                    self.failed[cue["key"]] = problem
                    say({"seen": "failed", "key": cue["key"], "error": problem})
        known = {cue["key"] for cue in self.cues}
        self.opened = {key: at for key, at in self.opened.items() if key in known}

    def state(self) -> str:
        if not self.sending:
            return "silent"
        return "waiting" if Path("engine-uncalled").exists() else "sending"

    def status(self) -> None:
        self.last_said = time.monotonic()
        on_air = None
        if self.shown is not None:
            cue = self.shown["cue"]
            on_air = {
                "key": cue["key"],
                "start": cue["start"],
                "source_frame": source_frame(cue, self.tick),
                "moving": cue["source"]["type"] in {"clip", "live"},
                "since": self.shown["first"],
            }
        say(
            {
                "seen": "status",
                "tick": self.tick,
                "wall": "",
                "offset_ms": 0.0,
                "serial": self.serial,
                "sending": self.sending,
                "sending_since": self.since if self.sending else None,
                "sent_until": self.sent_until,
                "keeps_from": self.keeps_from,
                "quiet": not self.sending,
                "gate": self.gate,
                "on_air": on_air,
                "cued": [
                    {
                        "key": key,
                        "state": "failed" if key in self.failed else "ready",
                        "error": self.failed.get(key),
                    }
                    for key in self.opened
                ],
                "outputs": [
                    {
                        "name": output["name"],
                        "state": self.state(),
                        "bytes": 0,
                        "since": "",
                        "error": None,
                        "restarts": 0,
                    }
                    for output in self.outputs
                ],
                "late": 0,
                "dropped": 0,
                "level_db": [-20.0, -20.0],
                "preset": "fake",
                "cpu": 0.01,
            }
        )


def say(value: Json) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def shuts_at(said: Json) -> float | None:
    if said.get("for_ms") is None:
        return None
    now = time.monotonic()
    return float(min(now, said.get("clock_ms", now * 1000) / 1000) + said["for_ms"] / 1000)


def ends(cue: Json) -> int:
    return int(cue["start"] + cue["frames"])


def covers(cue: Json, tick: int) -> bool:
    return bool(cue["start"] <= tick and (cue["frames"] is None or tick < ends(cue)))


def same(one: Json, other: Json) -> bool:
    return all(one[name] == other[name] for name in ("key", "start", "source"))


def source_frame(cue: Json, tick: int) -> int:
    return int(cue["source"].get("in", 0) + tick - cue["start"])


def script(path: Path) -> Json:
    try:
        value = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def trouble(path: Path) -> str:
    if not path.is_file():
        return f"{path.name} is missing"
    return f"{path.name} is damaged" if script(path).get("damaged") else ""


def misfortune() -> None:
    for name in ("crash", "silent", "deaf"):
        path = Path(f"engine-{name}")
        if path.exists():
            path.unlink()
            if name == "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            while name == "deaf":
                time.sleep(3600)
            time.sleep(3600)


def main() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: never outlive the sidecar
    engine = Engine()
    buffer = b""
    while True:
        wait = 0.2
        if engine.configured:
            now = Fraction(time.time_ns(), 1_000_000_000)
            wait = max(0.0, float((engine.tick + 1) / engine.rate - now))
        readable, _, _ = select.select([0], [], [], min(wait, 0.1))
        if readable:
            chunk = os.read(0, 1 << 16)
            if not chunk:
                return
            *lines, buffer = (buffer + chunk).split(b"\n")
            for raw in lines:
                engine.obey(json.loads(raw))
        misfortune()
        if engine.configured:
            engine.step()


if __name__ == "__main__":
    main()
