"""What is rendered for an engine, by the file that keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg.config import (
    EngineConfig,
    Folders,
    Image,
    render_config,
    render_dockerfile,
)
from reconciler.sidecar.casparcg.consumers import consumers_for
from reconciler.sidecar.casparcg.shipped import engine_templates
from reconciler.sidecar.engine_port import WantedOutput

KEPT = Path(__file__).parent / "engine"

_FOLDERS = Folders(
    media="/srv/media",
    log="/var/lib/reconciler/engine/log",
    data="/var/lib/reconciler/engine/data",
    template="/var/lib/reconciler/engine/template",
)
_STREAMS = (
    WantedOutput(
        name="main",
        type="srt",
        url="srt://mux1.example:9001",
        options={"latency_ms": "200", "passphrase": "not-a-real-one", "streamid": "#!::r=<news>"},
    ),
    WantedOutput(name="social", type="rtmp", url="rtmp://live.example/app/key?a=1&b=2"),
    WantedOutput(name="wall", type="udp", url="udp://239.1.1.1:5004", options={"ttl": "4"}),
    WantedOutput(name="log", type="file", url="/srv/rec/news & more.ts"),
)
_BASEBAND = (
    WantedOutput(name="sdi", type="decklink", url="decklink://1", options={"latency": "low"}),
    WantedOutput(name="spare", type="decklink", url="decklink://2747401880"),
    WantedOutput(name="ndi", type="ndi", url="ndi://NEWS 24 <HD>"),
    WantedOutput(name="ndi-2", type="ndi", url="ndi://NEWS 24 B"),
)


def rendered() -> Mapping[str, str]:
    """Every case, freshly rendered."""
    return {
        "streams.config": _config("1080p5000", _STREAMS, preview="/var/lib/reconciler/preview"),
        "baseband.config": _config("1080i5000", _BASEBAND),
        "custom-mode.config": _config("360p2997", ()),
        "Dockerfile": render_dockerfile(
            Image(base="registry.example/casparcg:2.5.0"), engine_templates()
        ),
    }


def _config(format: str, outputs: tuple[WantedOutput, ...], preview: str | None = None) -> str:  # noqa: A002
    parsed = VideoFormat.parse(format)
    config = EngineConfig(
        format=parsed,
        folders=_FOLDERS,
        amcp_port=5250,
        lock_phrase="abcdef0123456789",
        consumers=consumers_for(outputs, parsed, preview_folder=preview).wanted,
    )
    return render_config(config, engine_templates())
