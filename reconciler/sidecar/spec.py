"""What a sidecar is started with: the start document, read into a frozen value.

The document holds secrets (the bearer token, addresses of outputs), so the file is 0600 and no
`repr` shows them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.model.ids import ChannelName
from reconciler.model.video import VideoFormat
from reconciler.sidecar.engine_port import WantedOutput
from reconciler.sidecar.fields import Fields

SPEC_FILE = "spec.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarSpec:
    """One sidecar's identity, format, outputs and places on disk."""

    channel: ChannelName
    epoch: int
    fingerprint: str
    commit: str
    title: str
    format: VideoFormat
    engine: str
    bitrate: int | None
    preview: bool
    slate: str | None  # a stored name under `media_root`
    outputs: tuple[WantedOutput, ...]
    fence_ms: int | None
    media_root: Path
    folder: Path
    preview_folder: Path
    host: str
    port: int  # 0: any free one
    token: str = field(repr=False)
    engine_command: tuple[str, ...] | None = None  # None: our own embedded engine
    again: tuple[
        str, ...
    ] = ()  # the command that starts it anew in its folder; empty: there is none
    previous_until: int | None = None  # the frame up to which others account for what went out


def read_spec(folder: Path) -> SidecarSpec:
    """Read `folder`'s start document; raise `UsageError` with what is wrong in it."""
    path = folder / SPEC_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{path}: expected JSON: {error}") from error
    return parse_spec(document, folder)


def parse_spec(document: object, folder: Path) -> SidecarSpec:
    """Read a start document; raise `UsageError` naming the member that is wrong."""
    fields = Fields(document, "spec")
    preview = fields.optional_text("preview_folder")
    return SidecarSpec(
        channel=ChannelName(fields.text("channel")),
        epoch=fields.integer("epoch"),
        fingerprint=fields.text("fingerprint", ""),
        commit=fields.text("commit", ""),
        title=fields.text("title", "") or fields.text("channel"),
        format=_format(fields),
        engine=fields.text("engine", "embedded"),
        bitrate=fields.optional_integer("bitrate"),
        preview=fields.flag("preview", default=False),
        slate=fields.optional_text("slate"),
        outputs=parse_outputs(fields.items("outputs")),
        fence_ms=fields.optional_integer("fence_ms"),
        media_root=Path(fields.text("media_root")),
        folder=folder,
        preview_folder=Path(preview) if preview else folder / "preview",
        host=fields.text("host", "127.0.0.1"),
        port=fields.integer("port", 0),
        token=fields.text("token"),
        engine_command=_command(fields),
        previous_until=fields.optional_integer("previous_until"),
    )


def parse_outputs(values: tuple[object, ...]) -> tuple[WantedOutput, ...]:
    """Read a list of output documents; raise `UsageError` for a wrong one or a name used twice."""
    outputs = tuple(_output(Fields(v, f"outputs[{i}]")) for i, v in enumerate(values))
    names = [output.name for output in outputs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"outputs: expected names that differ, found {twice[0]!r} twice")
    return outputs


def _format(fields: Fields) -> VideoFormat:
    try:
        return VideoFormat.parse(fields.text("format"))
    except ValueError as error:
        raise UsageError(f"spec.format: {error}") from error


def _output(fields: Fields) -> WantedOutput:
    options: Mapping[str, object] = fields.mapping("options")
    return WantedOutput(
        name=fields.text("name"),
        type=fields.text("type"),
        url=fields.text("url"),
        options=options,
        digest=fields.text("digest", ""),
    )


def _command(fields: Fields) -> tuple[str, ...] | None:
    parts = fields.items("engine_command")
    if not all(isinstance(part, str) for part in parts):
        raise fields.wrong("engine_command", "a list of texts")
    return tuple(str(part) for part in parts) or None
