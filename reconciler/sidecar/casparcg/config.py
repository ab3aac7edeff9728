"""Renders what an engine is started with: its config, and the recipe of its image. Pure.

The templates are handed in. A config may hold secrets (addresses, passphrases), so it belongs in a
file that only its owner reads, and no digest of it is shown: `rendered_digest` is made of a config
without outputs, which may change while the engine runs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from jinja2 import BaseLoader, Environment, StrictUndefined, select_autoescape

from reconciler.errors import UsageError
from reconciler.model.video import VideoFormat
from reconciler.sidecar.casparcg.consumers import Consumer
from reconciler.sidecar.casparcg.modes import mode_of

CONFIG, DOCKERFILE = "casparcg.config.j2", "Dockerfile.j2"
LOG_LEVELS = ("trace", "debug", "info", "warning", "error", "fatal")
SIDECAR_PORT = 3002
_UNUSED_OSC = 6250  # the engine wants a number; nothing is sent there
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}")
_PLACE = re.compile(r"/[A-Za-z0-9._/+-]*")
_PHRASE = re.compile(r"[A-Za-z0-9]{8,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the engine finds media and leaves the rest, as absolute paths; it writes to the rest.

    Its working directory is searched before `media`, so start it in an empty one.
    """

    media: str
    log: str
    data: str
    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """All that one engine is started with.

    At the level `info` the engine logs every command, and with it what addresses hold.
    """

    format: VideoFormat
    folders: Folders
    amcp_port: int
    lock_phrase: str = field(repr=False)  # with it anyone may take the channel from the sidecar
    consumers: tuple[Consumer, ...] = ()
    log_level: str = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The image to build: whose CasparCG it is, and where in it the engine lies."""

    base: str
    engine: str = "/opt/casparcg/bin/casparcg"
    libraries: str = "/opt/casparcg/lib"
    uid: int = 10001


def render_config(config: EngineConfig, templates: BaseLoader) -> str:
    """Render the engine's config, with those consumers that it may start."""
    _check(config)
    mode = mode_of(config.format)
    return _render(
        CONFIG,
        templates,
        {
            "log_level": config.log_level,
            "media_folder": config.folders.media,
            "log_folder": config.folders.log,
            "data_folder": config.folders.data,
            "template_folder": config.folders.template,
            "lock_phrase": config.lock_phrase,
            "custom_mode": mode.custom,
            "mode": mode.name,
            "consumers": _elements(config.consumers),
            "amcp_port": config.amcp_port,
            "osc_port": _UNUSED_OSC,
        },
    )


def render_dockerfile(image: Image, templates: BaseLoader) -> str:
    """Render the recipe of an image with the engine and the sidecar."""
    if _REFERENCE.fullmatch(image.base) is None:
        raise UsageError(f"image: expected a name such as casparcg:2.5.0, found {image.base!r}")
    for place in (image.engine, image.libraries):
        if _PLACE.fullmatch(place) is None:
            raise UsageError(f"image: expected an absolute path, found {place!r}")
    return _render(
        DOCKERFILE,
        templates,
        {
            "base": image.base,
            "engine": image.engine,
            "libraries": image.libraries,
            "uid": image.uid,
            "port": SIDECAR_PORT,
        },
    )


def rendered_digest(format: VideoFormat, image: Image | None, templates: BaseLoader) -> str:  # noqa: A002
    """Digest of what a running engine cannot take up: format, templates, image.

    Made of the rendered bytes with fixed folders, and without outputs or secrets. `image` is None
    where the engine does not run in an image of ours.
    """
    folders = Folders(media="/media", log="/log", data="/data", template="/template")
    config = EngineConfig(format=format, folders=folders, amcp_port=5250, lock_phrase="0" * 8)
    rendered = [render_config(config, templates)]
    if image is not None:
        rendered.append(render_dockerfile(image, templates))
    return hashlib.sha256("\0".join(rendered).encode()).hexdigest()


def _check(config: EngineConfig) -> None:
    if config.log_level not in LOG_LEVELS:
        raise UsageError(
            f"log level: expected one of {', '.join(LOG_LEVELS)}, found {config.log_level!r}"
        )
    if _PHRASE.fullmatch(config.lock_phrase) is None:
        raise UsageError("lock phrase: expected 8 to 128 letters and digits")
    folders = config.folders
    for folder in (folders.media, folders.log, folders.data, folders.template):
        if not folder.startswith("/") or not folder.isprintable():
            raise UsageError(f"folders: expected an absolute path, found {folder!r}")


def _elements(consumers: Iterable[Consumer]) -> tuple[object, ...]:
    return tuple(each.element for each in consumers if each.in_config)


def _render(name: str, templates: BaseLoader, values: dict[str, object]) -> str:
    environment = Environment(
        loader=templates,
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("config.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name).render(values)
