from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.observed import Snapshot
from reconciler.model.records import ChannelObservation
from reconciler.shell.record import observations
from tests.builders import alarm, channel, cluster, dead, lineup, node, row, sidecar

NEWS = channel("news")
WANTED = lineup(NEWS)


def one(seen: Snapshot, desired: Any = WANTED) -> ChannelObservation:
    (found,) = observations(desired, seen)
    return found


def test_running_means_that_the_engine_was_read_back_as_sending() -> None:
    seen = one(cluster(row(NEWS), sidecar(NEWS)))
    assert (seen.status, seen.node, seen.handle, seen.seen) == ("running", "rack1", "news-1", True)
    assert (seen.url, seen.error_message) == ("http://127.0.0.1:3002", "")


@pytest.mark.parametrize(
    "said", [{"sending": False}, {"engine": "restarting"}, {"engine": "starting", "ready": False}]
)
def test_anything_less_is_starting(said: dict[str, Any]) -> None:
    assert one(cluster(row(NEWS), sidecar(NEWS, **said))).status == "starting"


def test_a_dead_sidecar_is_an_error() -> None:
    seen = one(cluster(row(NEWS), dead(NEWS)))
    assert (seen.status, seen.error_message, seen.seen) == ("error", "the sidecar died", False)


def test_a_silent_sidecar_is_an_error() -> None:
    seen = one(cluster(row(NEWS), sidecar(NEWS, silent_for=3)))
    assert (seen.status, seen.error_message) == ("error", "the sidecar does not answer")


def test_what_is_wrong_with_it_is_told() -> None:
    seen = one(cluster(row(NEWS), sidecar(NEWS, faults=("no sound", "frozen"))))
    assert (seen.status, seen.error_message) == ("running", "no sound; frozen")


def test_of_two_sidecars_the_one_with_the_right_to_send_counts() -> None:
    seen = cluster(row(NEWS, epoch=2, sending_epoch=1), sidecar(NEWS, epoch=1), dead(NEWS, epoch=2))
    assert one(seen).status == "running"
    seen = cluster(row(NEWS, epoch=2, sending_epoch=2), sidecar(NEWS, epoch=1), dead(NEWS, epoch=2))
    assert one(seen).status == "error"


def test_wanted_and_not_there_yet_is_starting() -> None:
    seen = one(cluster(row(NEWS, on=None)))
    assert (seen.status, seen.node, seen.url) == ("starting", None, "")


def test_a_start_that_cannot_be_is_not_starting_for_ever() -> None:
    seen = cluster(row(NEWS, on=None), alarm("news", "placement", "no node has room"))
    assert (one(seen).status, one(seen).error_message) == ("error", "no node has room")


def test_an_alarm_about_something_else_is_not_why_it_is_not_there() -> None:
    assert one(cluster(row(NEWS, on=None), alarm("news", "assets"))).status == "starting"


def test_not_wanted_and_not_there_is_stopped() -> None:
    off = lineup(channel("news", on_air=False))
    seen = cluster(row(NEWS, on=None), alarm("news", "placement"))
    assert one(seen, off).status == "stopped"
    assert one(seen, off).error_message == ""
    assert one(seen, lineup()).status == "stopped"


def test_a_channel_on_an_unread_node_stays_as_it_was() -> None:
    assert observations(WANTED, cluster(row(NEWS), node("rack1", silent_for=3))) == ()


def test_a_channel_on_a_lost_node_is_an_error() -> None:
    seen = one(cluster(row(NEWS), node("rack1", silent_for=60)))
    assert (seen.status, seen.error_message) == ("error", "its node rack1 is lost")


def test_a_channel_seen_elsewhere_is_recorded_though_its_old_node_is_unread() -> None:
    seen = cluster(row(NEWS), node("rack1", silent_for=3), node("rack2"), sidecar(NEWS, on="rack2"))
    assert one(seen).node == "rack2"


def test_channels_are_told_by_name() -> None:
    seen = cluster(row("sport"), row("news"))
    assert [o.channel for o in observations(WANTED, seen)] == ["news", "sport"]
