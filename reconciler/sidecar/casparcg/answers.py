"""What the engine's answer to an order teaches: a background that opened, or never will. Pure.

A 202 proves nothing, so nothing is learned from it but that the order arrived.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.sidecar.casparcg import names
from reconciler.sidecar.casparcg.orders import UNOPENED, Answer, Load, Order, Over, Probe
from reconciler.sidecar.casparcg.state import BAD_KNOWN, Back, Bad, Memory
from reconciler.sidecar.engine_port import Evidence, Failed

NOT_THERE = 404


def learn(
    order: Order, answer: Answer, memory: Memory, tick: int
) -> tuple[Memory, tuple[Evidence, ...]]:
    """Bring the memory up to one answer; tell a cue that is now known to be broken."""
    back = memory.back
    match order:
        case Load() if back is not None and not answer.ok:
            return _refused(back, answer, memory, tick)
        case Probe() if back is not None:
            return _probed(back, answer, memory, tick)
        case Over(what=what) if not answer.ok:
            known = {name: cue for name, cue in memory.known.items() if name != what.name}
            return replace(memory, known=known), ()
        case _:
            return memory, ()


def _refused(
    back: Back, answer: Answer, memory: Memory, tick: int
) -> tuple[Memory, tuple[Evidence, ...]]:
    """Nothing was loaded: the background is empty, as it was emptied before."""
    memory = replace(memory, back=None)
    if answer.code != NOT_THERE:
        return memory, ()  # busy, or not ours to command just now: it is loaded again
    return _broken(back, "the engine finds no such file", memory, tick)


def _probed(
    back: Back, answer: Answer, memory: Memory, tick: int
) -> tuple[Memory, tuple[Evidence, ...]]:
    if answer.value is None or answer.value == UNOPENED:
        return memory, ()
    if answer.value <= 0:
        return _broken(back, "it begins behind the end of its file", memory, tick)
    return replace(memory, back=replace(back, ready=True, left=answer.value)), ()


def _broken(back: Back, why: str, memory: Memory, tick: int) -> tuple[Memory, tuple[Evidence, ...]]:
    if back.cue is None:
        return memory, ()
    mark = names.cue_mark(back.cue)
    if mark in memory.bad:
        return memory, ()
    memory = replace(memory, bad={**memory.bad, mark: Bad(why, tick)})
    if mark in memory.failed:
        return memory, ()
    failed = (*memory.failed, mark)[-BAD_KNOWN:]
    return replace(memory, failed=failed), (Failed(key=back.cue.key, error=why),)
