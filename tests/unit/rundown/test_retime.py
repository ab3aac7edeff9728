from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from reconciler.model.desired import StartType, TransitionType
from reconciler.model.ids import AssetId, ChannelName, EventId
from reconciler.model.rundown import (
    Act,
    Clip,
    Event,
    EventKind,
    Frozen,
    Hold,
    Live,
    Material,
    Pause,
    PlayList,
    ResumeAct,
    Rundown,
    Skip,
    SlatePicture,
    Stop,
    Transition,
)
from reconciler.rundown import Effective, Mode, retime
from tests.unit.rundown.builders import check


def clip(name: str, frames: int | None, *, loop: bool = False) -> Clip:
    return Clip(asset=AssetId(name), stored=f"{name}.mxf", in_frame=0, material=frames, loop=loop)


def event(name: str, start: int, frames: int, **more: object) -> Event:
    made = Event(
        id=EventId(name),
        start=start,
        frames=frames,
        kind=EventKind.PROGRAMME,
        material=clip(name, frames),
        playlist="p",
        item=name,
        nominal=frames,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


def rundown(*events: Event, filler: tuple[Clip, ...] = (), **more: object) -> Rundown:
    made = Rundown(
        channel=ChannelName("news"),
        rate=Fraction(25),
        start=events[0].start,
        end=events[-1].end,
        events=events,
        filler=filler,
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


DAY = rundown(
    event("a", 1000, 100),
    event("b", 1100, 100),
    event("c", 1200, 100),
    event("h", 1300, 100, start_type=StartType.HARD),
    event("z", 1400, 600),
)


def picture(effective: Effective) -> str:
    """`a 1000+100, a frozen 1100+20 …`."""
    check(effective.rundown)
    return ", ".join(_name(e) for e in effective.rundown.events)


def _name(e: Event) -> str:
    what = "!" if isinstance(e.material, Frozen) else ""
    return f"{e.id.partition('~')[0].partition('@')[0]}{what} {e.start}+{e.frames}"


def bent(*acts: Act, on: Rundown = DAY, now: int = 1990) -> str:
    return picture(retime(on, acts, now))


def skip(name: str, at: int, seq: int = 1) -> Skip:
    return Skip(seq=seq, at=at, event=EventId(name))


def hold(name: str, at: int, seq: int = 1) -> Hold:
    return Hold(seq=seq, at=at, event=EventId(name))


def pause(at: int, seq: int = 1) -> Pause:
    return Pause(seq=seq, at=at)


def resume(at: int, seq: int = 2) -> ResumeAct:
    return ResumeAct(seq=seq, at=at)


def list_of(*events: Event, at: int, seq: int = 1, loop: bool = False) -> PlayList:
    return PlayList(seq=seq, at=at, events=events, loop=loop)


# ── skip ─────────────────────────────────────────────────────────────────────────────────────────


def test_skip_brings_what_follows_forward_up_to_the_hard_start() -> None:
    assert bent(skip("a", 1050)) == (
        "a 1000+50, b 1050+100, c 1150+100, slate 1250+50, h 1300+100, z 1400+600"
    )


def test_skip_closes_what_it_leaves_open_with_filler() -> None:
    on = replace(DAY, filler=(clip("i", 25),))
    assert bent(skip("a", 1050), on=on) == (
        "a 1000+50, b 1050+100, c 1150+100, filler/i 1250+25, filler/i 1275+25, "
        "h 1300+100, z 1400+600"
    )


def test_skip_twice_on_one_event_skips_once() -> None:
    once = bent(skip("a", 1050))
    assert bent(skip("a", 1050), skip("a", 1060, 2)) == once


def test_skip_of_an_event_that_is_not_on_does_nothing() -> None:
    assert bent(skip("b", 1050)) == bent()
    assert bent(skip("b", 2500)) == bent()


def test_skip_in_the_last_event_fills_to_the_end_of_the_window() -> None:
    assert bent(skip("z", 1500)).endswith("z 1400+100, slate 1500+500")


def test_skip_at_an_events_first_frame_leaves_nothing_of_it() -> None:
    assert bent(skip("b", 1100)).startswith("a 1000+100, c 1100+100, slate 1200+100, h")


def test_skip_during_a_pause_leaves_the_frozen_event() -> None:
    assert bent(pause(1050), skip("a", 1070, 2)) == (
        "a 1000+50, a! 1050+20, b 1070+100, c 1170+100, slate 1270+30, h 1300+100, z 1400+600"
    )
    assert bent(pause(1050), skip("b", 1070, 2)) == bent(pause(1050))


def test_skip_during_a_hold_over_the_end_goes_on_to_the_next() -> None:
    assert bent(hold("a", 1050), skip("a", 1120, 2)) == (
        "a 1000+100, a! 1100+20, b 1120+100, c 1220+80, h 1300+100, z 1400+600"
    )


def test_skip_during_a_hold_before_the_end_leaves_the_event() -> None:
    assert bent(hold("a", 1050), skip("a", 1060, 2)) == bent(skip("a", 1060))


def test_two_acts_in_one_frame_are_taken_in_order() -> None:
    assert bent(skip("a", 1050), skip("b", 1050, 2)).startswith("a 1000+50, c 1050+100")
    assert bent(pause(1050), resume(1050)) == bent()


def test_skip_into_a_transition_cuts() -> None:
    b = replace(DAY.events[1], transition=Transition(type=TransitionType.MIX, frames=10))
    a = replace(DAY.events[0], nominal=110, lap=10)
    on = rundown(a, b, *DAY.events[2:])
    after = retime(on, [skip("a", 1050)], 1990).rundown.events

    assert after[1].transition == Transition()
    assert after[0].lap == 0
    assert after[0].is_cut


# ── pause ────────────────────────────────────────────────────────────────────────────────────────


def test_pause_goes_on_from_the_frozen_frame_and_shifts_what_follows() -> None:
    effective = retime(DAY, [pause(1050), resume(1070)], 1990)
    assert picture(effective) == (
        "a 1000+50, a! 1050+20, a 1070+50, b 1120+100, c 1220+80, h 1300+100, z 1400+600"
    )
    part = effective.rundown.events[2]
    assert part.material == replace(clip("a", 50), in_frame=50)
    assert effective.rundown.events[1].material == Frozen(50)
    assert (part.nominal, part.is_cut) == (50, False)
    assert effective.rundown.events[4].is_cut


def test_open_pause_lasts_to_the_hard_start_which_ends_it() -> None:
    before = retime(DAY, [pause(1050)], 1200)
    assert picture(before) == "a 1000+50, a! 1050+250, h 1300+100, z 1400+600"
    assert (before.mode, before.since, before.until) == (Mode.PAUSED, 1050, 1300)
    assert before.rundown.open_from == 1050
    assert before.held.events == DAY.events

    after = retime(DAY, [pause(1050)], 1300)
    assert picture(after) == picture(before)
    assert (after.mode, after.until, after.rundown.acts_seq) == (Mode.PLAYING, None, 1)
    assert after.held == after.rundown


def test_pause_in_a_frozen_picture_outside_the_window_or_twice_does_nothing() -> None:
    assert bent(pause(1050), pause(1060, 2)) == bent(pause(1050))
    assert bent(pause(2500)) == bent()


def test_pause_before_the_window_counts_from_its_start() -> None:
    assert bent(pause(10), now=1100).startswith("a! 1000+300, h")


def test_pause_in_mid_hold_takes_its_place_but_not_past_the_end() -> None:
    assert retime(DAY, [hold("a", 1050), pause(1060, 2)], 1100).mode is Mode.PAUSED
    assert retime(DAY, [hold("a", 1050), pause(1150, 2)], 1160).mode is Mode.HOLDING


def test_pause_of_a_frozen_part_keeps_its_picture() -> None:
    text = retime(DAY, [pause(1050), resume(1070), pause(1080, 3)], 1100).rundown.events
    assert text[3].material == Frozen(60)
    held = replace(DAY, events=(replace(DAY.events[0], material=Frozen(7)), *DAY.events[1:]))
    again = retime(held, [pause(1050)], 1100).rundown.events
    assert again[1].material == Frozen(7)


# ── hold ─────────────────────────────────────────────────────────────────────────────────────────


def test_hold_shows_the_last_picture_until_resumed() -> None:
    effective = retime(DAY, [hold("a", 1050), resume(1130)], 1990)
    assert picture(effective) == (
        "a 1000+100, a! 1100+30, b 1130+100, c 1230+70, h 1300+100, z 1400+600"
    )
    assert effective.rundown.events[1].material == Frozen(99)


def test_hold_that_is_resumed_before_the_end_changes_nothing() -> None:
    assert bent(hold("a", 1050), resume(1060)) == bent()
    open_ = retime(DAY, [hold("h", 1310)], 1320)
    assert picture(open_) == "a 1000+100, b 1100+100, c 1200+100, h 1300+100, h! 1400+600"
    assert retime(DAY, [hold("c", 1250)], 1260).until == 1300


def test_hold_up_to_the_hard_start_at_its_end_holds_nothing() -> None:
    assert bent(hold("c", 1250)) == bent()


def test_hold_lets_live_stills_and_slate_run_on() -> None:
    materials: list[Material] = [
        Live(name="st", shown="x"), SlatePicture(), clip("s", None), clip("l", 10, loop=True)
    ]  # fmt: skip
    for material in materials:
        on = rundown(replace(DAY.events[0], material=material), *DAY.events[1:])
        text = bent(hold("a", 1050), resume(1130), on=on)
        assert text.startswith("a 1000+130, b 1130+100")


def test_hold_shows_first_what_the_join_would_have_covered() -> None:
    b = replace(DAY.events[1], transition=Transition(type=TransitionType.MIX, frames=10))
    a = replace(DAY.events[0], nominal=110, lap=10)
    on = rundown(a, b, *DAY.events[2:])

    assert bent(hold("a", 1050), resume(1130), on=on).startswith("a 1000+110, a! 1110+20, b")
    assert bent(hold("a", 1050), resume(1105), on=on).startswith("a 1000+105, b 1105+100")


def test_hold_on_another_event_or_while_paused_does_nothing() -> None:
    assert bent(hold("b", 1050)) == bent()
    assert bent(hold("z", 2500)) == bent()
    assert retime(DAY, [pause(1050), hold("a", 1060, 2)], 1100).mode is Mode.PAUSED


# ── stop and resume ──────────────────────────────────────────────────────────────────────────────


def test_stop_shows_the_slate_over_a_hard_start_until_the_rundown_is_joined() -> None:
    stopped = retime(DAY, [Stop(seq=1, at=1050)], 1320)
    assert picture(stopped) == "a 1000+50, slate 1050+950"
    assert (stopped.mode, stopped.until) == (Mode.STOPPED, None)

    joined = retime(DAY, [Stop(seq=1, at=1050), resume(1320)], 1330)
    assert picture(joined) == "a 1000+50, slate 1050+270, h 1320+80, z 1400+600"
    assert joined.rundown.events[2].material == replace(clip("h", 80), in_frame=20)


def test_stop_twice_is_one_and_acts_meanwhile_do_nothing() -> None:
    stop = Stop(seq=1, at=1050)
    acts: list[Act] = [
        stop,
        Stop(seq=2, at=1060),
        pause(1070, 3),
        hold("a", 1080, 4),
        resume(1100, 5),
    ]
    assert bent(*acts) == "a 1000+50, slate 1050+50, b 1100+100, c 1200+100, h 1300+100, z 1400+600"
    assert bent(stop, resume(1050)) == bent()


def test_stop_ends_a_pause() -> None:
    text = bent(pause(1050), Stop(seq=2, at=1070), resume(1080, 3))
    assert text.startswith("a 1000+50, a! 1050+20, slate 1070+10, a 1080+40, b 1120+100")


def test_resume_of_nothing_does_nothing() -> None:
    assert bent(resume(1050)) == bent()


# ── lists ────────────────────────────────────────────────────────────────────────────────────────

LIST = (event("L1", 0, 30), event("L2", 30, 30, start_type=StartType.HARD))


def test_list_plays_at_once_and_the_rundown_is_joined_behind_it() -> None:
    effective = retime(DAY, [list_of(*LIST, at=1050)], 1060)
    assert picture(effective) == (
        "a 1000+50, L1 1050+30, L2 1080+30, b 1110+90, c 1200+100, h 1300+100, z 1400+600"
    )
    assert (effective.mode, effective.since, effective.until) == (Mode.LIST, 1050, 1110)
    assert effective.rundown.open_from == 1050
    assert retime(DAY, [list_of(*LIST, at=1050)], 1110).mode is Mode.PLAYING


def test_looping_list_goes_round_to_the_next_hard_start() -> None:
    effective = retime(DAY, [list_of(*LIST, at=1200, loop=True)], 1210)
    assert picture(effective) == (
        "a 1000+100, b 1100+100, L1 1200+30, L2 1230+30, L1 1260+30, L2 1290+10, "
        "h 1300+100, z 1400+600"
    )
    assert effective.until == 1300


def test_looping_list_without_a_hard_start_fills_the_window() -> None:
    effective = retime(DAY, [list_of(*LIST, at=1800, loop=True)], 1810)
    rounds = "L1 1800+30, L2 1830+30, L1 1860+30, L2 1890+30, L1 1920+30, L2 1950+30, L1 1980+20"
    assert picture(effective).endswith(f"z 1400+400, {rounds}")
    assert effective.until is None


def test_skip_and_pause_while_a_list_plays_mean_the_list() -> None:
    load = list_of(*LIST, at=1050)
    assert bent(load, skip("L1", 1060, 2)) == (
        "a 1000+50, L1 1050+10, L2 1060+30, a 1090+10, b 1100+100, c 1200+100, "
        "h 1300+100, z 1400+600"
    )
    assert bent(load, pause(1060, 2), resume(1070, 3)).startswith(
        "a 1000+50, L1 1050+10, L1! 1060+10, L1 1070+20, L2 1090+30, b 1120+80"
    )


def test_skip_out_of_a_list_joins_the_rundown() -> None:
    acts: list[Act] = [list_of(LIST[0], at=1050), skip("L1", 1060, 2)]
    assert bent(*acts).startswith("a 1000+50, L1 1050+10, a 1060+40, b 1100+100")


def test_list_over_a_list_takes_its_place() -> None:
    acts = [list_of(*LIST, at=1050), list_of(event("M", 0, 20), at=1060, seq=2)]
    assert bent(*acts).startswith("a 1000+50, L1 1050+10, M 1060+20, a 1080+20, b 1100+100")
    assert bent(list_of(*LIST, at=1050), list_of(event("M", 0, 20), at=1050, seq=2)) == (
        bent(list_of(event("M", 0, 20), at=1050))
    )


def test_empty_list_is_over_at_once() -> None:
    assert bent(list_of(at=1050)) == bent()
    assert bent(list_of(event("L", 0, 0), at=1050, loop=True)) == bent()


def test_list_at_the_windows_start_and_a_stop_in_it() -> None:
    text = bent(list_of(*LIST, at=900), Stop(seq=2, at=1010), resume(1020, 3))
    assert text.startswith("L1 1000+10, slate 1010+10, a 1020+80, b 1100+100")


# ── what the result says ─────────────────────────────────────────────────────────────────────────


def test_acts_that_are_in_the_rundown_are_not_applied_again() -> None:
    once = retime(DAY, [skip("a", 1050)], 1990)
    assert retime(once.rundown, [skip("a", 1050)], 1990).rundown == once.rundown


def test_at_and_coming_find_events_and_nothing_outside() -> None:
    effective = retime(DAY, [], 1000)
    assert effective.at(1150) == DAY.events[1]
    assert effective.at(2000) is None
    assert effective.coming(1150, 2) == DAY.events[1:3]
    assert effective.coming(10, 2) == ()
    assert (effective.since, effective.until) == (1000, None)


def test_filler_that_aired_shortly_before_rests_when_a_skip_opens_a_gap() -> None:
    played = event("f", 1200, 100, kind=EventKind.FILLER, material=clip("i", 30), item="")
    on = rundown(
        DAY.events[0], DAY.events[1], played, *DAY.events[3:],
        filler=(clip("i", 30), clip("j", 30)), max_repeat=500,
        history=(event("g", 900, 100, kind=EventKind.FILLER, material=clip("j", 30)),),
    )  # fmt: skip
    after = retime(on, [skip("h", 1310)], 1320).rundown.events
    assert after[-1].end == 2000

    gap = retime(on, [skip("z", 1500)], 1510).rundown.events
    assert gap[5].material == clip("j", 30)


def test_cut_event_that_comes_earlier_runs_on_up_to_where_it_was_cut() -> None:
    cut = replace(DAY.events[2], nominal=130)
    on = rundown(*DAY.events[:2], cut, *DAY.events[3:])

    assert bent(skip("a", 1080), on=on).startswith("a 1000+80, b 1080+100, c 1180+120, h")
    assert bent(skip("a", 1050), on=on).startswith("a 1000+50, b 1050+100, c 1150+130, slate 1280")


def test_event_that_is_left_inside_its_transition_loses_it() -> None:
    b = replace(DAY.events[1], transition=Transition(type=TransitionType.MIX, frames=10))
    on = rundown(DAY.events[0], b, *DAY.events[2:])
    after = retime(on, [skip("b", 1105)], 1990).rundown.events

    assert (after[1].frames, after[1].transition) == (5, Transition())


def test_live_and_looping_clip_are_joined_where_they_are() -> None:
    looped = clip("l", 40, loop=True)
    for material, joined in (
        (Live(name="st", shown="x"), Live(name="st", shown="x")),
        (looped, replace(looped, in_frame=30)),
    ):
        on = rundown(replace(DAY.events[0], material=material), *DAY.events[1:])
        after = retime(on, [Stop(seq=1, at=1010), resume(1070)], 1990).rundown.events
        assert after[2].material == joined


def test_pause_of_a_list_past_the_end_of_the_window_changes_nothing_in_it() -> None:
    acts: list[Act] = [list_of(*LIST, at=1990), pause(2005, 2)]
    assert bent(*acts) == bent(acts[0])


def test_soft_start_waits_for_its_window_and_cuts_at_its_end() -> None:
    soft = replace(DAY.events[2], start_type=StartType.SOFT, window=(1180, 1210))
    on = rundown(*DAY.events[:2], soft, *DAY.events[3:])

    early = bent(skip("a", 1050), on=on)
    assert early.startswith("a 1000+50, b 1050+100, slate 1150+30, c 1180+100, slate 1280+20, h")
    late = bent(pause(1050), resume(1080), on=on)
    assert late.startswith("a 1000+50, a! 1050+30, a 1080+50, b 1130+80, c 1210+90, h")
    over = bent(pause(1050), resume(1230), on=on)
    assert over.startswith("a 1000+50, a! 1050+180, a 1230+50, b 1280+20, h")


def test_gap_still_ends_where_it_ended() -> None:
    gap = event(
        "slate@x", 1200, 100, kind=EventKind.SLATE, material=SlatePicture(), playlist="", item=""
    )
    follow = event("f", 1300, 100)
    on = rundown(*DAY.events[:2], gap, follow, *DAY.events[4:])

    assert bent(skip("a", 1050), on=on).startswith("a 1000+50, b 1050+100, slate 1150+150, f 1300")
