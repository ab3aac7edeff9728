"""How each recording was made: mode, media, connections, and what happened around the server.

`fits.json` beside the recordings holds the timings that no command shows: the phase of the ticks
(in ms, for each start of the server), and how each clip started (`fit.py` finds them).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.casparcg.config import OutputSetup, Setup, read_config
from tests.casparcg.producers import State
from tests.casparcg.replay import Replay, Scene
from tests.casparcg.shelf import CLIPS
from tests.casparcg.transcript import FOLDER

FITS = FOLDER / "fits.json"
RUN = "/srv/playout/run/"
HLS = OutputSetup(kind="stream", path="/srv/playout/out/hls/cfg.m3u8", arguments="-format hls")
ANCHOR: State = {
    "output/port/700/consumer": "ffmpeg",
    "output/port/700/file/fps": 25.0,
    "output/port/700/file/frame": 1723,
    "output/port/700/file/path": "/srv/playout/out/anchor.mp4",
    "mixer/audio/volume": (190268288, 190268288, *[0] * 14),
}
CONFIG = """<?xml version="1.0" encoding="utf-8"?>
<configuration><log-level>info</log-level><paths>
<media-path>/srv/playout/media/</media-path><log-path disable="false">/srv/playout/log/</log-path>
<data-path>/srv/playout/data/</data-path><template-path>/srv/playout/template/</template-path>
</paths><lock-clear-phrase>secret</lock-clear-phrase>
<channels><channel><video-mode>720p2500</video-mode><consumers/></channel></channels>
<controllers><tcp><port>5250</port><protocol>AMCP</protocol></tcp></controllers>
<osc><default-port>6250</default-port>
<disable-send-to-amcp-clients>true</disable-send-to-amcp-clients>
<predefined-clients><predefined-client><address>127.0.0.1</address><port>6250</port>
</predefined-client></predefined-clients></osc></configuration>"""
Direction = Callable[[Replay], None]


def setup(*modes: str, outputs: tuple[OutputSetup, ...] = ()) -> Setup:
    base = read_config(CONFIG, working=RUN)
    return replace(
        base,
        modes=modes or base.modes,
        outputs=(outputs,),
        osc_targets=(),  # nobody listens while a recording is replayed
        osc_to_clients=False,
        paths=(*base.paths, ("initial-path", RUN)),
    )


HD, SMALL = setup(), setup("180p2500")


def boot(one: Setup, *, utf8: bool = True) -> Direction:
    return lambda replay: replay.boot(one, utf8=utf8)


def speak(who: str) -> Direction:
    return lambda replay: replay.speak_as(who)


def gone(who: str, next_one: str) -> Direction:
    def act(replay: Replay) -> None:
        replay.leave(who)
        replay.speak_as(next_one)

    return act


def crash(replay: Replay) -> None:
    replay.caspar.crash()
    replay.clients.clear()


def hang(replay: Replay) -> None:
    replay.speak_as("late")
    replay.open_client()
    replay.caspar.hang()


def wake(replay: Replay) -> None:
    replay.caspar.wake()


def take_away(path: str) -> Direction:
    return lambda replay: replay.shelf.remove(path)


def put(path: str) -> Direction:
    return lambda replay: replay.shelf.put(path, CLIPS["clip1.mp4"])


def lose(url: str, *, after: float = 0.0) -> Direction:
    return lambda replay: replay.caspar.far_ends.lose(url, after=after)


def absent(url: str) -> Direction:
    return lambda replay: replay.caspar.far_ends.set(url, "absent")


def refuses(url: str) -> Direction:
    return lambda replay: replay.caspar.far_ends.set(url, "refuses")


def mute(url: str) -> Direction:
    return lambda replay: replay.caspar.far_ends.set(url, "mute")


def left_over(replay: Replay) -> None:
    """An earlier session's consumer, gone, still in the tree."""
    replay.caspar.channel().leave_behind(ANCHOR)


def catalogue(replay: Replay) -> None:
    """Sizes and dates of the files, which are facts of that folder and no one's behaviour."""
    text = (FOLDER / "18-with-media-scanner.txt").read_text(encoding="utf-8")
    for name, size, stamp in re.findall(r'<< "([^"]+)"  \w+  (\d+) (\d{14}) ', text):
        for path, clip in CLIPS.items():
            stem = (path.rpartition(".")[0] or path).upper().replace("\\", "/")
            if stem == name:
                counted = clip.pictures or clip.frames
                known = replace(clip, size=int(size), stamp=stamp, frames=counted)
                replay.shelf.put(path, known)
    replay.shelf.remove("fresh.mp4")


DIRECTIONS: dict[str, dict[int, Direction]] = {
    "08": {258: take_away("added.mp4")},
    "10-": {
        99: lose("srt://127.0.0.1:9001"),
        111: absent("srt://127.0.0.1:9002"),
        129: lose("rtmp://127.0.0.1:1935/live/ch1"),
        141: refuses("rtmp://127.0.0.1:1999/live/ch1"),
    },
    "10b": {
        17: lose("rtmp://127.0.0.1:1935/live/ch1", after=0.45),
        46: lose("srt://127.0.0.1:9001", after=0.45),
        58: mute("rtmp://127.0.0.1:1936/live/ch1"),
    },
    "11": {5: left_over},
    "12": {
        136: speak("B"),
        141: speak("A"),
        144: speak("B"),
        153: speak("A"),
        160: gone("A", "B"),
        167: speak("A"),
        170: speak("B"),
        179: speak("A"),
        181: speak("half"),
        183: gone("half", "A"),
    },
    "13-": {391: gone("A", "B")},
    "14": {
        7: boot(SMALL),
        25: boot(SMALL),
        33: boot(SMALL),
        39: crash,
        44: boot(SMALL),
        54: crash,
        61: boot(SMALL),
        77: crash,
        80: boot(SMALL),
        86: hang,
        90: wake,
    },
    "15": {
        5: boot(setup("PAL")),
        36: boot(setup("720p5000")),
        49: boot(setup("180p2500", "PAL")),
        107: boot(SMALL),
        108: put(RUN + "clip1.mp4"),
        111: take_away(RUN + "clip1.mp4"),
        114: boot(HD, utf8=False),
        125: boot(HD, utf8=False),
        136: boot(HD, utf8=False),
        147: boot(HD),
        160: boot(setup("180p2500", outputs=(HLS,))),
    },
    "16": {
        5: boot(HD, utf8=False),
        18: take_away("Mañana \u2013 día ünïcode.mp4"),
        28: speak("B"),
    },
    "18": {6: catalogue, 104: put("fresh.mp4")},
    "20": {
        31: lose("srt://127.0.0.1:9011", after=5.15),
        48: lambda replay: replay.caspar.far_ends.set("srt://127.0.0.1:9011", "listens"),
        60: lose("rtmp://127.0.0.1:1945/live/x", after=0.1),
        77: lambda replay: replay.caspar.far_ends.set("rtmp://127.0.0.1:1945/live/x", "listens"),
    },
}
WIDE_FILES = ("01", "02", "03", "04-", "08", "13-", "16", "18", "11")
CLEARED_UNSEEN = ("08", "09-", "20")


def scene(name: str, fits: Mapping[str, Any] | None = None) -> Scene:
    """The scene of the recording with that file name."""
    every = json.loads(FITS.read_text(encoding="utf-8")) if fits is None else fits
    fit = every.get(name, {})
    directions: dict[int, Direction] = {}
    for start, some in DIRECTIONS.items():
        if name.startswith(start):
            directions = some
    return Scene(
        setup=HD if name.startswith(WIDE_FILES) else SMALL,
        phases_ms=tuple(fit.get("phases_ms", (0,))),
        luck={int(key): (value[0], value[1]) for key, value in fit.get("luck", {}).items()},
        directions=directions,
        clears_unseen=name.startswith(CLEARED_UNSEEN),
        scanner=name.startswith("18"),
    )
