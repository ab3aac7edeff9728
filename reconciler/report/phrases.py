"""Every action in words: a symbol and a sentence.

`+` create, `~` change in place, `±` replace, `-` retire, `·` hold, `!` attention.
"""

from __future__ import annotations

from typing import assert_never

from reconciler.model.copies import size_text
from reconciler.plan.actions import (
    Action,
    AddOutput,
    AdoptSidecar,
    Cause,
    ClaimDevice,
    ClearAlarm,
    CollectAsRun,
    EvictMedia,
    GrantLease,
    HandOver,
    LoadRundown,
    RaiseAlarm,
    ReleaseDevice,
    RemoveChannel,
    RemoveNode,
    RemoveOutput,
    RemuxMedia,
    RetireSidecar,
    SpawnSidecar,
    StageMedia,
    WriteChannel,
    WriteNode,
    WriteRecorder,
)
from reconciler.plan.outputs import output_type, shown_address

_FRESH = frozenset({Cause.NEW_CHANNEL, Cause.NEW_NODE, Cause.NEW_RECORDER})

Phrase = tuple[str, str]


def phrase(action: Action) -> Phrase:
    """Symbol and sentence, without the cause."""
    match action:
        case StageMedia() | RemuxMedia() | EvictMedia():
            return _of_media(action)
        case WriteNode() | RemoveNode() | WriteRecorder() | WriteChannel() | RemoveChannel():
            return _of_rows(action)
        case RaiseAlarm() | ClearAlarm():
            return _of_alarm(action)
        case AddOutput() | RemoveOutput() | ClaimDevice() | ReleaseDevice():
            return _of_output(action)
        case _:
            return _of_sidecar(action)


def _of_rows(
    action: WriteNode | RemoveNode | WriteRecorder | WriteChannel | RemoveChannel,
) -> Phrase:
    symbol = "+" if action.cause in _FRESH else "~"
    match action:
        case WriteNode():
            return symbol, f"write node {action.node}"
        case RemoveNode():
            return "-", f"remove node {action.node}"
        case WriteRecorder():
            return symbol, f"write recorder {action.recorder}"
        case WriteChannel():
            return symbol, "write rows"
        case RemoveChannel():
            return "-", "remove rows; the as-run stays"
        case _:
            assert_never(action)


def _of_media(action: StageMedia | RemuxMedia | EvictMedia) -> Phrase:
    match action:
        case StageMedia():
            when = "now" if action.due == 0 else f"in {span_text(action.due)}"
            what = f"{action.asset} on {action.node} ({size_text(action.size)})"
            if action.request:
                what += f" again, asked by {action.asked_by},"
            names = f" for {', '.join(action.channels)}, due {when}" if action.channels else ""
            return "~" if action.request else "+", f"stage {what}{names}".rstrip(",")
        case RemuxMedia():
            when = "now" if action.due == 0 else f"in {span_text(action.due)}"
            what = f"{action.asset} on {action.node} ({size_text(action.size)})"
            return "~", f"copy {what} into a MOV for {', '.join(action.channels)}, due {when}"
        case EvictMedia():
            return "-", f"evict {action.stored} from {action.node}"
        case _:
            assert_never(action)


def _of_alarm(action: RaiseAlarm | ClearAlarm) -> Phrase:
    match action:
        case RaiseAlarm():
            return "!", f"alarm {action.key}: {action.text}"
        case ClearAlarm():
            return "~", f"clear alarm {action.key}"
        case _:
            assert_never(action)


def _of_output(action: AddOutput | RemoveOutput | ClaimDevice | ReleaseDevice) -> Phrase:
    match action:
        case AddOutput():
            symbol = "~" if action.cause is Cause.LINEUP_CHANGED else "+"
            where = f"{output_type(action.output)} {shown_address(action.output)}"
            return symbol, f"set output {action.output.name}: {where}"
        case RemoveOutput():
            return "-", f"end output {action.output}"
        case ClaimDevice():
            return "+", f"claim device {action.device} of {action.node} for {action.output}"
        case ReleaseDevice():
            return "-", f"release device {action.device} of {action.node}"
        case _:
            assert_never(action)


def _of_sidecar(
    action: SpawnSidecar
    | RetireSidecar
    | AdoptSidecar
    | GrantLease
    | HandOver
    | LoadRundown
    | CollectAsRun,
) -> Phrase:
    match action:
        case SpawnSidecar():
            devices = ", ".join(f"{name} on device {device}" for name, device in action.devices)
            held = f" ({devices})" if devices else ""
            return "+", f"spawn sidecar on {action.node}, epoch {action.epoch}{held}"
        case RetireSidecar():
            return "-", f"retire sidecar on {action.node}, epoch {action.epoch}"
        case AdoptSidecar() | GrantLease() | HandOver():
            return _of_right(action)
        case LoadRundown():
            count = len(action.rundown.events)
            return "~", f"load rundown on {action.node}: {count} event{'' if count == 1 else 's'}"
        case CollectAsRun():
            return "~", f"collect as-run from {action.node}"
        case _:
            assert_never(action)


def _of_right(action: AdoptSidecar | GrantLease | HandOver) -> Phrase:
    match action:
        case AdoptSidecar():
            return "~", f"adopt sidecar on {action.node}, epoch {action.epoch}"
        case GrantLease():
            return "~", f"let epoch {action.epoch} on {action.node} send"
        case HandOver():
            old = f"epoch {action.old_epoch} on {action.old_node}"
            return "~", f"hand over from {old} to epoch {action.epoch} on {action.node}"
        case _:
            assert_never(action)


def span_text(seconds: int) -> str:
    """A time as people say it: `2 h 05 min`."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minute:02} min"
    return f"{minute} min" if minute else f"{second} s"
