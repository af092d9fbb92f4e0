"""`spanledger demo` fills a service of its own, finds what was planted, and keeps its data apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Service, spans_body
from tests.waiting import until

SMALL = ("--days", "14", "--sessions", "20", "--incident", "loss_maker", "--exit")


@pytest.fixture
def directory(tmp_path: Path) -> Service:
    service = Service(tmp_path)
    service.environment["COLUMNS"] = "250"  # so that no sentence is broken
    return service


def test_the_demo_is_loaded_once_and_its_incident_is_found(directory: Service) -> None:
    first = directory.run("demo", "--data-dir", str(directory.data_dir), *SMALL, seconds=240)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "pays $40 a month" in first.stdout
    assert "spans loaded and analysed" in first.stdout
    again = directory.run("demo", "--data-dir", str(directory.data_dir), *SMALL, seconds=240)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "The demo is loaded already" in again.stdout
    assert "spans loaded and analysed" not in again.stdout


def test_spans_of_others_are_not_mixed_with_made_up_ones(directory: Service) -> None:
    try:
        directory.with_tables().up()
        assert directory.send(spans_body("mine", ["a"])).status == 200
        until(lambda: directory.count("mine") == 1)
        refused = directory.run("demo", "--data-dir", str(directory.data_dir), *SMALL, seconds=240)
    finally:
        directory.close()
    assert refused.returncode == 1
    assert "has 1 spans that are not the demo's" in refused.stderr


def test_an_unknown_incident_is_named_with_those_that_there_are(directory: Service) -> None:
    refused = directory.run_here("demo", "--data-dir", str(directory.data_dir), "--incident", "flood", "--exit")
    assert refused.returncode == 1
    assert "There is no incident 'flood'. There are: circles, eviction" in refused.stderr
