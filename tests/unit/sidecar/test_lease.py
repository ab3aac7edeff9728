from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.sidecar import memory
from reconciler.sidecar.lease import MARGIN, Lease, told
from reconciler.sidecar.memory import Memory

OWN = Lease(own=3, highest=3)


def test_a_new_sidecar_is_silent() -> None:
    assert not OWN.may_send(0.0)
    assert OWN.left(0.0) is None


def test_a_lease_runs_from_before_it_was_told_less_a_margin() -> None:
    lease = told(OWN, 3, ttl=30.0, asked_at=100.0, now=100.0)

    assert lease.may_send(130.0 - MARGIN - 0.01)
    assert not lease.may_send(130.0 - MARGIN)
    assert lease.left(100.0) == timedelta(seconds=30 - MARGIN)


def test_a_short_lease_gives_a_quarter_at_most_to_the_margin() -> None:
    assert told(OWN, 3, ttl=2.0, asked_at=0.0, now=0.0).may_send(1.49)


def test_a_lapsed_lease_is_renewed_by_its_own_epoch() -> None:
    lapsed = told(OWN, 3, ttl=10.0, asked_at=0.0, now=0.0)
    assert not lapsed.may_send(50.0)

    assert told(lapsed, 3, ttl=10.0, asked_at=50.0, now=50.0).may_send(55.0)


def test_a_grant_that_was_asked_for_after_the_last_one_takes_its_place_though_shorter() -> None:
    lease = told(OWN, 3, ttl=30.0, asked_at=100.0, now=100.0)
    assert lease.is_followed_by(100.001)

    assert told(lease, 3, ttl=8.0, asked_at=101.0, now=101.5).until == 109.0 - MARGIN


def test_a_renewal_that_was_overtaken_shortens_nothing() -> None:
    lease = told(OWN, 3, ttl=30.0, asked_at=100.0, now=100.0)
    assert not lease.is_followed_by(80.0)

    assert told(lease, 3, ttl=30.0, asked_at=80.0, now=101.0) == lease
    assert told(lease, 3, ttl=8.0, asked_at=99.0, now=101.0) == lease


def test_a_renewal_that_was_overtaken_by_a_shorter_one_prolongs_that_by_its_span() -> None:
    lease = told(OWN, 3, ttl=8.0, asked_at=100.0, now=102.0)

    for ttl in (60.0, None):
        assert told(lease, 3, ttl=ttl, asked_at=101.0, now=103.0).until == 109.0 - MARGIN


def test_a_renewal_that_was_overtaken_changes_no_right_without_limit() -> None:
    lease = told(OWN, 3, ttl=None, asked_at=100.0, now=102.0)

    assert told(lease, 3, ttl=8.0, asked_at=101.0, now=103.0) == lease


def test_what_was_asked_of_the_life_before_gives_no_right() -> None:
    born = replace(OWN, taken_at=100.0)

    assert told(born, 3, ttl=30.0, asked_at=99.0, now=101.0) == born
    lasting = replace(born, granted=True, until=110.0)
    assert told(lasting, 3, ttl=None, asked_at=99.0, now=101.0).until == 110.0


def test_a_lease_without_limit_never_lapses() -> None:
    lease = told(OWN, 3, ttl=None, asked_at=0.0, now=0.0)

    assert lease.may_send(1e12)
    assert lease.left(0.0) is None


def test_a_limit_replaces_no_limit() -> None:
    unlimited = told(OWN, 3, ttl=None, asked_at=0.0, now=0.0)

    assert not told(unlimited, 3, ttl=10.0, asked_at=0.1, now=0.2).may_send(10.1)


def test_a_higher_epoch_silences_for_ever() -> None:
    fenced = told(told(OWN, 3, ttl=None, asked_at=0.0, now=0.0), 4, ttl=None, asked_at=1.0, now=1.0)

    assert not fenced.may_send(2.0)
    again = told(fenced, 3, ttl=None, asked_at=3.0, now=3.0)
    assert again == fenced
    assert "met epoch 4" in fenced.refuses(3)


def test_an_older_epoch_changes_nothing() -> None:
    assert told(OWN, 2, ttl=None, asked_at=0.0, now=0.0) == OWN
    assert "older" in OWN.refuses(2)


def test_a_deadline_outlives_the_program(tmp_path: Path) -> None:
    lease = told(OWN, 3, ttl=30.0, asked_at=100.0, now=100.0)
    assert Memory(tmp_path).keep_deadline(lease)

    assert Memory(tmp_path).lease(3) == replace(OWN, granted=True, until=lease.until)
    assert not Memory(tmp_path).lease(4).granted, "it is of another epoch"


def test_a_deadline_is_worth_nothing_after_a_restart_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Memory(tmp_path).keep_deadline(told(OWN, 3, ttl=30.0, asked_at=100.0, now=100.0))
    monkeypatch.setattr(memory, "boot_id", lambda: "another")

    assert not Memory(tmp_path).lease(3).granted


def test_a_fenced_sidecar_stays_silent_whatever_deadline_was_kept(tmp_path: Path) -> None:
    kept = Memory(tmp_path)
    kept.keep_deadline(told(OWN, 3, ttl=30.0, asked_at=100.0, now=100.0))
    kept.keep_lease(told(OWN, 4, ttl=None, asked_at=101.0, now=101.0))

    assert not Memory(tmp_path).lease(3).may_send(102.0)
