"""The engine's read-back of one layer in the channel's own frames. Pure."""

from __future__ import annotations

from fractions import Fraction

from reconciler.sidecar.casparcg.orders import HIDDEN, LAYER
from reconciler.sidecar.casparcg.seen import LayerSeen, ProducerSeen, ServerSeen
from reconciler.sidecar.casparcg.state import Hidden, Layer

_NEARLY = Fraction(1, 4)  # of a frame; between two fields it is still the first of them
_DECKLINK = "decklink"


def layer_of(seen: ServerSeen, tick: int, rate: Fraction, device: str = "") -> Layer:
    """What the layer shows at `tick`; `rate` is in frames, also where the engine counts fields.

    `device` is what a live input by DeckLink is called, which read-back does not say.
    """
    layer = seen.layers.get(LAYER)
    if layer is None:
        return Layer(tick=tick)
    front, back = layer.foreground, layer.background
    has_position = front.file_length > 0 or front.time > 0
    return Layer(
        tick=tick,
        name=_name(front, device),
        producer=front.producer,
        frame=_frames(front.time, rate) if has_position else None,
        in_frame=_frames(front.clip_in, rate),
        length=_frames(front.clip_length, rate) if _ends(layer) else 0,
        total=_frames(front.file_length, rate) if front.file_length > 0 else None,
        count=seen.time_tag or 0,
        loop=front.loop,
        paused=layer.paused,
        waiting=layer.frames_left,
        back=back.producer if _is_loaded(back) else "empty",
        back_name=_name(back, ""),
        under=_under(seen, rate),
    )


def _under(seen: ServerSeen, rate: Fraction) -> Hidden | None:
    layer = seen.layers.get(HIDDEN)
    if layer is None or layer.foreground.producer == "empty":
        return None
    front = layer.foreground
    return Hidden(
        name=_name(front, ""),
        frame=_frames(front.time, rate) if front.time > 0 else None,
        is_clip=front.producer == "ffmpeg",
    )


def _name(seen: ProducerSeen, device: str) -> str:
    if seen.producer == _DECKLINK:
        return device
    return seen.name or seen.path.rpartition("/")[2]


def _is_loaded(back: ProducerSeen) -> bool:
    """LOADBG EMPTY leaves a transition to a colour of that name, and no colour is ever loaded."""
    return back.producer != "empty" and bool(back.name or back.path or _into(back))


def _into(back: ProducerSeen) -> bool:
    into = back.transition.producer if back.transition is not None else ""
    return into not in {"", "empty", "color"}


def _ends(layer: LayerSeen) -> bool:
    """A failed clip, or a length that wrapped, has no end that could be counted on."""
    return 0 < layer.foreground.clip_length < 1e7  # noqa: PLR2004  # seconds; four months


def _frames(seconds: float, rate: Fraction) -> int:
    return int(Fraction(seconds) * rate + _NEARLY)
