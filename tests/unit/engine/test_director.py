from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.director import (
    Began,
    Ended,
    Hold,
    Missed,
    Moment,
    Note,
    Play,
    Readiness,
    Reading,
    ShowSlate,
    State,
    Why,
    close,
    judge,
)
from reconciler.engine.protocol import Blend, Clip, Cue, Freeze, Live, Source, Transition
from reconciler.engine.timeline import Timeline

READY, WAITING = Reading(Readiness.READY), Reading(Readiness.WAITING)
ENDED = Reading(Readiness.ENDED)
MIX = Transition(blend=Blend.MIX, frames=4)


def cue(key: str, start: int, frames: int | None = None, **rest: object) -> Cue:
    source = rest.get("source", Clip(path=f"/{key}", start=10))
    transition = rest.get("transition", Transition())
    assert isinstance(source, Source)
    assert isinstance(transition, Transition)
    return Cue(key=key, start=start, frames=frames, source=source, transition=transition)


@dataclass
class Stage:
    """A director with its state, and sources that are as ready as the test says."""

    state: State = field(default_factory=State)
    notes: list[Note] = field(default_factory=list)

    def shows(self, tick: int, *cues: Cue, sources: Mapping[str, Reading] | None = None) -> str:
        ready = sources or {}
        verdict = judge(
            self.state,
            Moment(
                tick=tick,
                timeline=Timeline(cues),
                patience=3,
                read=lambda asked, _: ready.get(asked.key, READY),
            ),
        )
        self.state = verdict.state
        self.notes = list(verdict.notes)
        match verdict.look:
            case Play(cue=shown, position=position, under=under):
                beneath = "" if under is None else f" over {under.cue.key if under.cue else '-'}"
                return f"{shown.key}@{position}{beneath}"
            case Hold():
                return "hold"
            case ShowSlate():
                return "slate"

    def ended(self) -> list[tuple[str, Why]]:
        return [(n.running.cue.key, n.why) for n in self.notes if isinstance(n, Ended)]


def test_nothing_covers_the_tick_is_slate() -> None:
    assert Stage().shows(5, cue("a", 6)) == "slate"


def test_cues_follow_one_another_without_a_tick_between() -> None:
    stage, cues = Stage(), (cue("a", 0, 2), cue("b", 2, 2))
    assert [stage.shows(t, *cues) for t in range(5)] == ["a@10", "a@11", "b@10", "b@11", "slate"]
    assert stage.ended() == [("b", Why.END)]


def test_cue_in_the_past_is_joined_where_it_should_be() -> None:
    stage = Stage()
    assert stage.shows(7, cue("a", 0, 20)) == "a@17"
    (began,) = stage.notes
    assert isinstance(began, Began)
    assert (began.running.first_tick, began.running.first_source) == (7, 17)


def test_absent_cue_is_left_at_once() -> None:
    stage = Stage()
    stage.shows(0, cue("a", 0))
    assert stage.shows(1, cue("b", 1)) == "b@10"
    assert stage.ended() == [("a", Why.REPLACED)]


def test_same_cue_with_other_length_goes_on_untouched() -> None:
    stage = Stage()
    stage.shows(0, cue("a", 0, 10))
    assert stage.shows(1, cue("a", 0, 2)) == "a@11"
    assert stage.notes == []
    assert stage.shows(2, cue("a", 0, 2)) == "slate"
    assert stage.ended() == [("a", Why.END)]


def test_successor_that_is_not_ready_holds_the_picture_then_slate_then_joins() -> None:
    stage, cues, late = Stage(), (cue("a", 0, 1), cue("b", 1)), {"b": WAITING}
    stage.shows(0, *cues)
    looks = [stage.shows(t, *cues, sources=late) for t in range(1, 6)]
    assert looks == ["hold", "hold", "hold", "slate", "slate"]
    assert stage.shows(6, *cues) == "b@15"


def test_picture_that_is_held_for_a_late_successor_is_part_of_what_went_out() -> None:
    stage, cues, late = Stage(), (cue("a", 0, 1), cue("b", 1)), {"b": WAITING}
    for tick, sources in enumerate(({}, late, late)):
        stage.shows(tick, *cues, sources=sources)
        assert stage.ended() == []
    assert stage.shows(3, *cues) == "b@12"
    ended, began = stage.notes
    assert isinstance(ended, Ended)
    assert isinstance(began, Began)
    assert (ended.why, ended.running.last_tick, ended.running.held) == (Why.END, 2, 2)
    assert (ended.running.last_source, began.running.first_tick) == (10, 3)


def test_cue_that_comes_back_while_another_was_awaited_goes_on() -> None:
    stage, a = Stage(), cue("a", 0)
    stage.shows(0, a)
    assert stage.shows(1, cue("b", 1), sources={"b": WAITING}) == "hold"
    assert stage.shows(2, a) == "a@12"
    assert stage.notes == []
    assert stage.state.leaving is None


def test_awaited_successor_that_fails_ends_the_picture_at_once() -> None:
    stage, cues = Stage(), (cue("a", 0, 1), cue("b", 1))
    stage.shows(0, *cues)
    stage.shows(1, *cues, sources={"b": WAITING})
    broken = {"b": Reading(Readiness.FAILED, "no such file")}
    assert stage.shows(2, *cues, sources=broken) == "slate"
    assert stage.ended() == [("a", Why.END)]


def test_first_cue_that_is_not_ready_is_slate_not_black() -> None:
    assert Stage().shows(0, cue("a", 0), sources={"a": WAITING}) == "slate"


def test_clip_that_ends_early_is_held_then_slate_and_short() -> None:
    stage, a = Stage(), cue("a", 0, 20)
    stage.shows(0, a)
    looks = [stage.shows(t, a, sources={"a": ENDED}) for t in range(1, 5)]
    assert looks == ["hold", "hold", "hold", "slate"]
    (ended,) = stage.notes
    assert isinstance(ended, Ended)
    assert (ended.why, ended.running.held, ended.running.last_tick) == (Why.SHORT, 3, 3)
    assert stage.shows(5, a) == "slate", "what has ended does not begin again"


def test_clip_that_is_a_little_short_is_short_at_its_end() -> None:
    stage, cues = Stage(), (cue("a", 0, 3), cue("b", 3))
    stage.shows(0, *cues)
    stage.shows(1, *cues)
    stage.shows(2, *cues, sources={"a": ENDED})
    assert stage.shows(3, *cues) == "b@10"
    assert stage.ended() == [("a", Why.SHORT)]


def test_decoder_that_gives_up_is_failed_with_its_error() -> None:
    stage, a, broken = Stage(), cue("a", 0), {"a": Reading(Readiness.ENDED, "disk on fire")}
    stage.shows(0, a)
    for tick in range(1, 5):
        stage.shows(tick, a, sources=broken)
    (ended,) = stage.notes
    assert isinstance(ended, Ended)
    assert (ended.why, ended.error) == (Why.FAILED, "disk on fire")


def test_hiccup_is_held_and_forgotten() -> None:
    stage, cues = Stage(), (cue("a", 0, 4),)
    looks = [stage.shows(t, *cues, sources={"a": WAITING} if t == 1 else None) for t in range(4)]
    assert looks == ["a@10", "hold", "a@12", "a@13"]
    stage.shows(4, *cues)
    assert stage.ended() == [("a", Why.END)]


def test_source_that_starves_for_long_gives_way_to_slate_and_comes_back() -> None:
    stage, a = Stage(), cue("a", 0)
    stage.shows(0, a)
    for tick in range(1, 5):
        look = stage.shows(tick, a, sources={"a": WAITING})
    assert look == "slate"
    assert stage.ended() == [("a", Why.FAILED)]
    assert stage.shows(9, a) == "a@19"


def test_live_that_is_lost_stays_on_air_behind_the_slate() -> None:
    stage, live = Stage(), cue("l", 0, source=Live(url="udp://x:1"))
    stage.shows(0, live)
    looks = [stage.shows(t, live, sources={"l": WAITING}) for t in range(1, 6)]
    assert looks == ["hold"] * 3 + ["slate"] * 2
    assert stage.state.on_air is not None
    assert not stage.state.on_air.moving
    assert stage.shows(6, live) == "l@6"
    assert stage.notes == []


def test_broken_cue_is_slate_for_its_time_only() -> None:
    stage, cues = Stage(), (cue("a", 0, 1), cue("b", 1, 2), cue("c", 3))
    broken = {"b": Reading(Readiness.FAILED, "no such file")}
    assert [stage.shows(t, *cues, sources=broken) for t in range(4)] == [
        "a@10",
        "slate",
        "slate",
        "c@10",
    ]


def test_join_past_the_end_of_a_clip_is_slate_and_told_once() -> None:
    stage, a = Stage(), cue("a", 0)
    assert stage.shows(50, a, sources={"a": ENDED}) == "slate"
    assert stage.notes == [Missed(a, "the clip ends before this position")]
    stage.shows(51, a, sources={"a": ENDED})
    assert stage.notes == []


def test_transition_goes_over_what_was_on_air_for_its_frames() -> None:
    stage, cues = Stage(), (cue("a", 0, 2), cue("b", 2, transition=MIX))
    looks = [stage.shows(t, *cues) for t in range(8)]
    assert looks[2:7] == ["b@10 over a", "b@11 over a", "b@12 over a", "b@13 over a", "b@14"]


def test_transition_from_nothing_goes_over_the_slate() -> None:
    assert Stage().shows(0, cue("a", 0, transition=MIX)) == "a@10 over -"


def test_join_after_the_transition_is_a_cut() -> None:
    assert Stage().shows(4, cue("a", 0, transition=MIX)) == "a@14"


def test_freeze_is_never_moving() -> None:
    stage = Stage()
    stage.shows(0, cue("a", 0))
    stage.shows(1, cue("f", 1, source=Freeze()))
    assert stage.state.on_air is not None
    assert not stage.state.on_air.moving


def test_closing_ends_what_is_on_air() -> None:
    stage = Stage()
    assert close(stage.state) == ()
    stage.shows(0, cue("a", 0))
    (ended,) = close(stage.state)
    assert isinstance(ended, Ended)
    assert ended.why is Why.QUIT


readings = st.sampled_from([READY, WAITING, ENDED, Reading(Readiness.FAILED, "x")])
shapes = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=5)


@given(shapes, st.lists(st.dictionaries(st.integers(0, 4), readings), min_size=30, max_size=30))
def test_every_beginning_has_one_end_whatever_the_sources_do(
    shape: list[tuple[int, int]], moods: list[dict[int, Reading]]
) -> None:
    stage, cues, at = Stage(), [], 0
    for number, (gap, frames) in enumerate(shape):
        cues.append(cue(str(number), at + gap, frames))
        at += gap + frames
    open_now: str | None = None
    for tick, mood in enumerate(moods):
        stage.shows(tick, *cues, sources={str(k): v for k, v in mood.items()})
        for note in stage.notes:
            if isinstance(note, Began):
                assert open_now is None
                open_now = note.running.cue.key
            elif isinstance(note, Ended):
                assert open_now == note.running.cue.key
                assert note.running.first_tick <= note.running.last_tick < tick + 1
                open_now = None
    assert open_now == (stage.state.on_air.cue.key if stage.state.on_air else None)
