"""The bench of triage, small: a fault, and a workload in which nothing is wrong; all parts are real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.detection import arena
from bench.detection.arena import Arena
from bench.triage import run
from bench.triage.cases import ANSWERS, NAMES, case
from spanledger.demo.incidents import INCIDENTS
from spanledger.engine import Engine
from spanledger.settings import Settings


@pytest.fixture(scope="module")
def small(engine: Engine, settings: Settings) -> Iterator[Arena]:
    made = Arena(engine, settings, ("spans", "messages"))
    assert set(made.tables) <= set(arena.of(engine, settings).tables) | {"spans", "messages"}
    yield made
    for table in made.tables:
        engine.command(f"TRUNCATE TABLE {table} SYNC")


@pytest.mark.parametrize(("name", "surface"), [("other_index", "retrieval"), ("quiet", "")])
def test_the_right_surface_is_named_or_rightly_none(small: Arena, name: str, surface: str) -> None:
    answered = run.one(small, case(name, 1))
    assert answered.surface == surface
    assert answered.right
    figures = run.figures([answered, run.Answered("x", 2, "tools", blind=False, named="", seconds=1.0)])
    assert (figures[0].value, figures[0].met) == (0.5, False)


def test_every_incident_of_the_demo_has_an_answer() -> None:
    assert set(ANSWERS) == set(INCIDENTS)
    assert len(NAMES) == len(set(NAMES))
