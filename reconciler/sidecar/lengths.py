"""How long the files of an older list are, in the channel's frames."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from reconciler.sidecar.acts import OlderItem
from reconciler.sidecar.probe import probe


def lengths_of(
    media: Path, items: Iterable[OlderItem], rate: Fraction
) -> tuple[dict[str, int | None], dict[str, str]]:
    """Lengths by file name (None: a still), and, by item, why it is left out."""
    lengths: dict[str, int | None] = {}
    why: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for item in items:
        name = item.media_path
        if name not in lengths and name not in why:
            _measure(media / name, rate, lengths, why)
        if name in why:
            left_out[item.id] = why[name]
    return lengths, left_out


def _measure(
    path: Path, rate: Fraction, lengths: dict[str, int | None], why: dict[str, str]
) -> None:
    try:
        probed = probe(path, path.stat().st_size)
    except OSError as error:
        why[path.name] = f"{path.name}: {error.strerror}"
        return
    if probed.problem:
        why[path.name] = f"{path.name}: {probed.problem}"
    else:
        lengths[path.name] = None if probed.duration is None else int(probed.duration * rate)
