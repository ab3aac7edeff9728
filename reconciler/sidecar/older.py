"""The older system's environment as a start document: its node agents can start us. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from reconciler.errors import UsageError
from reconciler.sidecar.fields import Fields

ENVIRONMENT = """\
Without a start document these variables of the environment are one, as older node agents set them:

  CHANNEL_ID      required; the channel's name
  OUTPUT_TYPE     srt (the default), rtmp, udp, file or hls: what the engine can send
  OUTPUT_CONFIG   JSON: {"url": ...} or {"host": ..., "port": ...}; other members are options
  VIDEO_FORMAT    1080p5994 by default
  PORT            3002 by default
  HOST            the address to listen at; 0.0.0.0 by default, as in a container
  TOKEN           what callers must bear; without it one is made and kept in spec.json
  EPOCH, TITLE, COMMIT, FINGERPRINT, ENGINE       as in a start document
  MEDIA_ROOT      /media by default; the preview is in MEDIA_ROOT/live/CHANNEL_ID, where it may be

It begins silent, and sends once it is given a lease (POST /lease).
"""
OLDER_PORT = "3002"
_FORMAT = "1080p5994"
_NAMED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")  # it becomes part of a path


def is_older(env: Mapping[str, str]) -> bool:
    """Whether the environment names a channel."""
    return bool(env.get("CHANNEL_ID"))


def older_document(env: Mapping[str, str], *, token: str) -> Mapping[str, object]:
    """Write the start document; `token` is for when the environment has none."""
    channel = env.get("CHANNEL_ID", "")
    if not _NAMED.fullmatch(channel):
        raise UsageError(f"CHANNEL_ID: expected a name of letters and digits, found {channel!r}")
    media = env.get("MEDIA_ROOT") or "/media"
    return {
        "channel": channel,
        "epoch": _number(env, "EPOCH", "1"),
        "fingerprint": env.get("FINGERPRINT", ""),
        "commit": env.get("COMMIT", ""),
        "title": env.get("TITLE") or channel,
        "format": env.get("VIDEO_FORMAT") or _FORMAT,
        "engine": env.get("ENGINE") or "embedded",
        "preview": True,
        "preview_folder": f"{media.rstrip('/')}/live/{channel}",
        "outputs": [_output(env)],
        "media_root": media,
        "host": env.get("HOST") or "0.0.0.0",  # noqa: S104  # as the older one in its container
        "port": _number(env, "PORT", OLDER_PORT),
        "token": env.get("TOKEN") or token,
    }


def _output(env: Mapping[str, str]) -> Mapping[str, object]:
    kind = env.get("OUTPUT_TYPE") or "srt"
    said = _config(env.get("OUTPUT_CONFIG") or "{}")
    options = {
        name: value
        for name, value in said.items()
        if name not in {"url", "host", "port"} and isinstance(value, str | int)
    }
    return {"name": "main", "type": kind, "url": _address(kind, said), "options": options}


def _config(text: str) -> Mapping[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError("OUTPUT_CONFIG: expected a JSON object") from error  # it holds secrets
    return Fields({"OUTPUT_CONFIG": value}, "env").mapping("OUTPUT_CONFIG")


def _address(kind: str, said: Mapping[str, object]) -> str:
    config = Fields(dict(said), "OUTPUT_CONFIG")
    if config.has("url"):
        return config.text("url")
    if config.has("host") and config.has("port"):
        return f"{kind}://{config.text('host')}:{said['port']}"
    for name in ("device_index", "ndi_name"):
        if config.has(name):
            return f"{kind}://{said[name]}"
    raise UsageError(
        f"OUTPUT_CONFIG: expected url, or host with port, for an output of type {kind}"
    )


def _number(env: Mapping[str, str], name: str, default: str) -> int:
    text = env.get(name) or default
    if not (text.isascii() and text.isdecimal()):
        raise UsageError(f"{name}: expected a whole number from 0 up, found {text!r}")
    return int(text)
