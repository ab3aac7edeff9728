"""What every test shares: strictness in CI, one lane for tests that decode in real time."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.postgres_fixtures", "tests.object_store_fixtures"]

settings.register_profile("dev", deadline=None)
settings.register_profile(
    "ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that play in real time from running beside one another."""
    for item in items:
        if item.get_closest_marker("media") or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("realtime"))
