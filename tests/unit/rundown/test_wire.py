from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.model.desired import StartType, TransitionType
from reconciler.model.ids import AssetId, EventId
from reconciler.model.rundown import (
    Act,
    Clip,
    EventKind,
    Frozen,
    Hold,
    Live,
    Pause,
    PlayList,
    ResumeAct,
    Rundown,
    Skip,
    SlatePicture,
    Stop,
    Transition,
)
from reconciler.rundown import act_from_wire, act_to_wire, digest, from_wire, to_wire
from tests.unit.rundown.test_retime import DAY, event

LIVE = Live(name="st", shown="udp://***", url="udp://secret")
MIX = Transition(type=TransitionType.MIX, frames=10)
FULL: Rundown = replace(
    DAY,
    events=(
        replace(
            DAY.events[0],
            start_type=StartType.SOFT,
            window=(990, 1010),
            due=1000,
            lap=10,
            title="A",
            material=Clip(asset=AssetId("a"), stored="a.mxf", in_frame=0, loop=True),
        ),
        replace(DAY.events[1], material=LIVE, transition=MIX),
        replace(DAY.events[2], material=Frozen(3)),
        replace(DAY.events[3], material=SlatePicture(), kind=EventKind.SLATE),
        DAY.events[4],
    ),
    filler=(Clip(asset=AssetId("i"), stored="i.mxf", in_frame=0, material=50),),
    slate=Clip(asset=AssetId("s"), stored="s.png", in_frame=0),
    max_repeat=500,
    commit="c0ffee",
    acts_seq=3,
    open_from=1010,
    history=(event("h", 900, 100),),
)  # fmt: skip
ACTS: tuple[Act, ...] = (
    Skip(seq=1, at=5, event=EventId("a")),
    Pause(seq=2, at=6),
    Hold(seq=3, at=7, event=EventId("a")),
    ResumeAct(seq=4, at=8),
    Stop(seq=5, at=9),
    PlayList(seq=6, at=10, events=FULL.events, loop=True),
)


def changed(path: str, value: object, *, start: object = None) -> object:
    """The wire of `FULL` (or `start`), with the value at a dotted path set, or (`...`) removed."""
    wire = json.loads(json.dumps(to_wire(FULL, reveal=True) if start is None else start))
    *way, last = (int(step) if step.isdecimal() else step for step in path.split("."))
    place = wire
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return wire


def test_revealed_rundown_comes_back_as_it_was() -> None:
    assert from_wire(json.loads(json.dumps(to_wire(FULL, reveal=True)))) == FULL
    assert from_wire(to_wire(DAY)) == DAY


def test_every_act_comes_back_as_it_was() -> None:
    for act in ACTS:
        assert act_from_wire(json.loads(json.dumps(act_to_wire(act, reveal=True)))) == act


def test_secret_address_is_in_no_wire_form_digest_or_repr_unless_revealed() -> None:
    other = replace(
        FULL,
        events=tuple(
            replace(e, material=replace(LIVE, url="x")) if e.material == LIVE else e
            for e in FULL.events
        ),
    )

    assert "secret" not in json.dumps(to_wire(FULL))
    assert "secret" not in json.dumps(act_to_wire(ACTS[-1]))
    assert "secret" not in repr(FULL)
    assert digest(other) == digest(FULL)
    assert "secret" in json.dumps(to_wire(FULL, reveal=True))


def test_rundown_read_without_its_secrets_has_an_empty_address() -> None:
    material = from_wire(to_wire(FULL)).events[1].material
    assert material == replace(LIVE, url="")


def test_digest_tells_rundowns_apart() -> None:
    assert digest(FULL) != digest(replace(FULL, commit="other"))
    assert digest(FULL) == digest(replace(FULL))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("rate", "0", "rundown.rate: expected a rate such as 25 or 30000/1001, found '0'"),
        ("rate", "1/0", "rundown.rate: expected a rate such as 25 or 30000/1001, found '1/0'"),
        ("start", True, "rundown.start: expected a whole number, found True"),
        ("commit", 7, "rundown.commit: expected text, found 7"),
        ("commit", ..., "rundown: expected the key 'commit'"),
        ("more", 7, "rundown: unknown key 'more'"),
        ("events", {}, "rundown.events: expected a list, found {}"),
        ("events.0", 7, "rundown.events[0]: expected an object, found 7"),
        (
            "events.0.kind",
            "x",
            "rundown.events[0].kind: expected one of programme, filler, slate, found 'x'",
        ),
        (
            "events.0.start_type",
            "x",
            "rundown.events[0].start_type: expected one of hard, soft, follow, found 'x'",
        ),
        ("events.0.window", [1], "rundown.events[0].window: expected two frames, found [1]"),
        (
            "events.0.material.loop",
            1,
            "rundown.events[0].material.loop: expected true or false, found 1",
        ),
        ("events.0.material.more", 1, "rundown.events[0].material: unknown key 'more'"),
        (
            "events.0.material.type",
            "x",
            "rundown.events[0].material.type: expected one of clip, live, slate, frozen, found 'x'",
        ),
        ("events.1.material.more", 1, "rundown.events[1].material: unknown key 'more'"),
        (
            "events.1.transition",
            ["x", 1],
            (
                "rundown.events[1].transition: expected a transition such as ['mix', 12], "
                "found ['x', 1]"
            ),
        ),
        (
            "events.1.transition",
            7,
            "rundown.events[1].transition: expected a transition such as ['mix', 12], found 7",
        ),
        (
            "events.1.start",
            1101,
            "rundown.events[1]: expected one or more frames from 1100, found 100 from 1101",
        ),
        (
            "events.1.frames",
            0,
            "rundown.events[1]: expected one or more frames from 1100, found 0 from 1100",
        ),
        ("filler.0.type", "live", "rundown.filler[0].type: expected clip, found 'live'"),
        ("end", 2001, "rundown.end: expected 2000, where its events end, found 2001"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: str, value: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        from_wire(changed(path, value))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "act",
            "dance",
            "act.act: expected one of skip, hold, pause, resume, stop, list, found 'dance'",
        ),
        ("more", 7, "act: unknown key 'more'"),
        ("event", ..., "act: expected the key 'event'"),
    ],
)
def test_what_is_wrong_in_an_act_is_named(path: str, value: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        act_from_wire(changed(path, value, start=act_to_wire(ACTS[0])))
    assert str(caught.value) == message


def test_no_rundown_at_all_is_named() -> None:
    with pytest.raises(ValueError, match="rundown: expected an object, found None"):
        from_wire(None)


def test_files_are_all_clips_with_filler_and_slate() -> None:
    assert FULL.files == {"a.mxf", "z.mxf", "i.mxf", "s.png"}


def test_repr_of_an_event_shows_what_anyone_may_read() -> None:
    assert "udp://***" in repr(FULL.events[1])
