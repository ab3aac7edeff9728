"""What is wrong with a channel, as conditions; and the alarms to raise or clear for it.

A pass has an opinion only on what it could see: an alarm about a sidecar that cannot be asked, or
about media of a rundown that was not compiled, stays as it is.
"""

from __future__ import annotations

import re
from datetime import timedelta

from reconciler.model.observed import SidecarAnswer, SidecarSeen
from reconciler.model.rundown import RemarkKind
from reconciler.plan.actions import Cause, ClearAlarm, RaiseAlarm
from reconciler.plan.draft import Draft

SETTLES_WITHIN = timedelta(seconds=15)  # a new sidecar starts an engine and opens its outputs
SILENT_AFTER = timedelta(seconds=10)  # a busy machine may miss a call or two; people need not know
_LIVE_KEYS = frozenset({"sidecar", "engine", "output", "faults"})
_UNPLAYABLE = frozenset({RemarkKind.UNKNOWN_ASSET.value, RemarkKind.DAMAGED_ASSET.value})
_LOOSE = frozenset({"faults"})  # its words may count things; the first ones stand
_CLOCK = re.compile(r"^\d\d:\d\d:\d\d(\+\d+)? \w+: ")  # when it will be, as a remark begins
_TOLD = 5  # remarks spelt out in one alarm


def watch_sidecar(draft: Draft, sidecar: SidecarSeen) -> None:
    """Judge the one sidecar that counts."""
    if sidecar.answer is not None and _is_new(draft, sidecar, sidecar.answer):
        return
    if sidecar.answer is not None:
        draft.judged |= _LIVE_KEYS
        _watch_answer(draft, sidecar.answer)
    elif sidecar.silent_for >= SILENT_AFTER:
        draft.alarm("sidecar", f"the sidecar on {sidecar.node} does not answer")


def _is_new(draft: Draft, sidecar: SidecarSeen, answer: SidecarAnswer) -> bool:
    """Whether it is still coming up: what it lacks now, it will have or be told of in a moment."""
    return not answer.ready and draft.scene.now - sidecar.started_at < SETTLES_WITHIN


def _watch_answer(draft: Draft, answer: SidecarAnswer) -> None:
    if answer.engine != "running":
        draft.alarm("engine", f"the engine is {answer.engine}")
    for output in answer.outputs:
        if output.state == "down":
            reason = f": {output.error}" if output.error else ""
            draft.alarm(f"output:{output.name}", f"output {output.name} is down{reason}")
    if answer.faults:
        draft.alarm("faults", "; ".join(answer.faults))


def watch_media(draft: Draft) -> None:
    """Judge the media of a rundown that was compiled in this pass."""
    compiled = draft.case.compiled
    if compiled is None:
        return
    draft.judged.add("assets")
    found = (_CLOCK.sub("", r.text) for r in compiled.remarks if r.kind_name in _UNPLAYABLE)
    texts = sorted(set(found))  # without times: an alarm that says the same is not raised again
    if texts:
        more = f"; and {len(texts) - _TOLD} more" if len(texts) > _TOLD else ""
        draft.alarm("assets", "; ".join(texts[:_TOLD]) + more)


def settle_alarms(draft: Draft) -> None:
    """Raise what is wrong and was not told, clear what was told and is over."""
    raised = {alarm.key: alarm for alarm in draft.case.alarms}
    for key, text in sorted(draft.conditions.items()):
        known = raised.get(key)
        if known is None or (known.text != text and key not in _LOOSE):
            draft.act(RaiseAlarm(channel=draft.name, key=key, text=text, cause=Cause.FAULTY))
    for key in sorted(raised):
        if key not in draft.conditions and key.partition(":")[0] in draft.judged:
            draft.act(ClearAlarm(channel=draft.name, key=key, cause=Cause.RECOVERED))
