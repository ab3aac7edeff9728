"""The media folder in front of which the recordings were made (files 05, 08, 09, 09b, 18)."""

from __future__ import annotations

from fractions import Fraction

from tests.casparcg.media import Clip, Table

MEDIA = "/srv/playout/media/"
PLAIN = Clip()
BAD = Clip(damage="unreadable")
NTSC = Fraction(30000, 1001)

CLIPS: dict[str, Clip] = {
    **dict.fromkeys(
        (
            "clip1.mp4",
            "clip2.mp4",
            "clip3.mp4",
            "CLIP4.MP4",
            "v1.2.final.mp4",
            "mix 25.mp4",
            "Mañana \u2013 día ünïcode.mp4",
            "AUTO.mp4",
            "LOOP.mp4",
            "it's.mp4",
            "paren(1).mp4",
            "quo\x22te.mp4",
            "back\\slash.mp4",
            "noext",
            "dup.mp4",
            "dup.mov",
            "promos/Spot One.mp4",
            "bframes.mp4",
            "g25_44k.mp4",
            "mono44k.mp4",
            "link.mp4",
            "added.mp4",
            "fresh.mp4",
        ),
        PLAIN,
    ),
    **dict.fromkeys(("empty.mp4", "text.mp4", "noise.mp4", "trunc_moovend.mp4"), BAD),
    "long.mp4": Clip(frames=1500),
    "dup.mkv": Clip(frames=126, pictures=125),
    "full.ts": Clip(frames=126, pictures=125),
    "trunc.ts": Clip(frames=65, holds=64, pictures=64),
    "trunc_faststart.mp4": Clip(holds=62),
    "clip50.mp4": Clip(frames=250, rate=Fraction(50)),
    "clip2997.mp4": Clip(frames=150, rate=NTSC),
    "clip24.mov": Clip(frames=120, rate=Fraction(24)),
    "g250_48k.mp4": Clip(decode_ticks=3),
    "g250_44k.mp4": Clip(decode_ticks=3),
    "g250_48k_b.mp4": Clip(decode_ticks=5),
    "small44k.mp4": Clip(decode_ticks=5),
    "videoonly.mp4": Clip(kind="silent"),
    "audioonly.m4a": Clip(kind="audio"),
    "audioonly.wav": Clip(kind="audio"),
    "still.png": Clip(kind="still"),
    "/srv/playout/out/A.mp4": Clip(frames=434),
}


def recorded_shelf() -> Table:
    return Table(CLIPS, root=MEDIA)
