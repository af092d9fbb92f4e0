"""The bench of trust, small: incidents together where they do not meet, and a quiet scenario; all parts are real."""

from __future__ import annotations

import pytest

from bench.detection import arena, run
from bench.detection.arena import Arena
from spanledger.demo.scenarios import Scenario
from spanledger.engine import Engine
from spanledger.settings import Settings

DAYS = 12


@pytest.fixture(scope="module")
def arena_of_all(engine: Engine, settings: Settings) -> Arena:
    return arena.of(engine, settings)


@pytest.mark.parametrize(
    "incidents",
    [
        ("prefix_break", "reprompts"),
        ("polite_agent", "loss_maker", "heavy_model"),
        ("circles", "storm", "runaway"),
    ],
)
def test_incidents_are_found_with_culprit_and_price(arena_of_all: Arena, incidents: tuple[str, ...]) -> None:
    result = run.one(arena_of_all, Scenario(4, incidents, ("weekends",)), days=DAYS)
    assert not [problem for problem in result.problems if " failed " in problem]
    assert [detection.label.incident for detection in result.detections] == list(incidents)
    for detection in result.detections:
        assert detection.hours is not None, detection
        assert detection.loud_enough, detection
        assert detection.culprit, detection
        if detection.label.dollars:
            assert detection.dollar_error is not None, detection
            assert detection.dollar_error < 0.1, detection
    assert not [each for each in result.false if each.severity == "page"]


def test_nobody_is_paged_when_nothing_is_wrong(arena_of_all: Arena) -> None:
    result = run.one(arena_of_all, Scenario(1, (), ("hiccup", "batches", "polling")), days=DAYS)
    assert not [each for each in result.false if each.severity == "page"]
    assert result.quiet_days == DAYS
    assert all(count >= 2 for count in result.windows.values())
