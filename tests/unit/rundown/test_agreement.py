from __future__ import annotations

from dataclasses import replace

from reconciler.model.ids import AssetId, EventId
from reconciler.model.rundown import Clip, Event, EventKind, Live, SlatePicture
from reconciler.rundown.agreement import first_disturbed


def event(start: int, frames: int, asset: str = "A") -> Event:
    return Event(
        id=EventId(f"e@{start}"),
        start=start,
        frames=frames,
        kind=EventKind.PROGRAMME,
        material=Clip(asset=AssetId(asset), stored=f"{asset}.mp4", in_frame=0),
    )


NOW = (event(100, 50), event(150, 50, "B"))


def test_the_same_event_with_another_end_disturbs_nothing() -> None:
    assert first_disturbed(NOW, (event(100, 20), event(120, 80, "B")), (110, 115)) is None


def test_other_material_at_a_frame_that_is_asked_disturbs_it() -> None:
    assert first_disturbed(NOW, (event(100, 50, "C"), event(150, 50, "B")), (110,)) == 110


def test_the_same_material_from_another_start_disturbs_it() -> None:
    assert first_disturbed(NOW, (event(90, 100),), (110,)) == 110


def test_what_comes_later_than_asked_may_change() -> None:
    assert first_disturbed(NOW, (event(100, 50), event(150, 50, "C")), (110, 149)) is None


def test_an_event_that_is_gone_disturbs_it() -> None:
    assert first_disturbed(NOW, (event(150, 50, "B"),), (110,)) == 110


def test_slate_and_uncovered_time_may_be_replaced() -> None:
    slate = replace(event(100, 50), kind=EventKind.SLATE, material=SlatePicture())
    assert first_disturbed((slate,), (event(100, 50),), (110,)) is None
    assert first_disturbed(NOW, (event(300, 50),), (250,)) is None


def test_a_live_source_is_known_by_its_name() -> None:
    live = replace(event(100, 50), material=Live(name="studio", shown="udp://a", url="udp://a"))
    moved = replace(live, material=Live(name="studio", shown="udp://b", url="udp://b"))
    assert first_disturbed((live,), (moved,), (110,)) is None
