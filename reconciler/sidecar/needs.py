"""What a sidecar needs beside Python; an image holds this and no more.

Versions are those of `constraints.txt`. What only the reconciler needs (databases, object stores,
its page) is left out: it is two thirds of the whole.
"""

from __future__ import annotations

# `zoneinfo` reads `tzdata` where the system has no time zones.
SIDECAR = ("av", "flask", "jinja2", "tzdata", "waitress")
EMBEDDED = ("imageio-ffmpeg", "numpy")  # for our own engine, beside these
