"""The bench of trust, small: each incident once, and quiet scenarios, through the real engine and all jobs."""

from __future__ import annotations

import pytest

from bench.detection import arena, run
from bench.detection.arena import Arena
from spanledger.demo.scenarios import Scenario, of
from spanledger.engine import Engine
from spanledger.settings import Settings

DAYS = 12
SEED = 4
FOUND = ("prefix_break", "reprompts", "polite_agent", "circles", "storm", "loss_maker", "runaway")


@pytest.fixture(scope="module")
def arena_of_all(engine: Engine, settings: Settings) -> Arena:
    return arena.of(engine, settings)


@pytest.mark.parametrize("incident", FOUND)
def test_an_incident_is_found_and_its_culprit_named(arena_of_all: Arena, incident: str) -> None:
    result = run.one(arena_of_all, of(incident, SEED), days=DAYS)
    assert not [problem for problem in result.problems if " failed " in problem]
    [detection] = result.detections
    assert detection.hours is not None
    assert detection.loud_enough
    assert detection.culprit
    assert detection.dollar_error is not None
    assert detection.dollar_error < 0.1
    assert not [each for each in result.false if each.severity == "page"]


@pytest.mark.parametrize("seed", [1, 2])
def test_nobody_is_paged_when_nothing_is_wrong(arena_of_all: Arena, seed: int) -> None:
    result = run.one(arena_of_all, Scenario(seed, (), ("hiccup", "batches", "polling")), days=DAYS)
    assert not [each for each in result.false if each.severity == "page"]
    assert result.quiet_days == DAYS
