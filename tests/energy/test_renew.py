"""History by new factors: as if it came in now, and only where that differs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from spanledger.energy.load import reload
from spanledger.energy.own import import_csv
from spanledger.energy.renew import RenewedDay, renew_day
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.energy.spans import FIGURES, call, read, store

DAY = date(2026, 10, 9)
AT = f"{DAY} 12:00:00"
OWN = "model,joules_out,joules_in,uncertainty,pue,embodied_g_out\nhouse-9b,3.6,0.36,0.1,1.2,0.001\n"


@pytest.fixture
def later(engine: Engine) -> Iterator[None]:
    """Factors of our own model, which came after its calls."""
    assert import_csv(engine, OWN).factors == 1
    yield
    engine.command("ALTER TABLE energy_factors DELETE WHERE factor_set = 'self-hosted' SETTINGS mutations_sync = 2")
    reload(engine)
    engine.command("TRUNCATE TABLE usage_dirty")
    engine.command("TRUNCATE TABLE settle_again")


CALLS = [
    call(started_at=AT, request_model="house-9b", provider="house", trace_id="a" * 32),
    call(started_at=AT, trace_id="b" * 32),
    call(started_at=AT, request_model="house-9b", provider="house", trace_id="c" * 32,
         energy_kwh=0.5, energy_source="measured"),
    call(started_at=AT, request_model="house-9b", provider="house", trace_id="d" * 32, billable=False),
]  # fmt: skip


def test_what_differs_is_as_if_it_came_in_now(
    engine: Engine, settings: Settings, request: pytest.FixtureRequest
) -> None:
    before = store(engine, *CALLS)
    assert before[0]["energy_kwh"] is None
    assert renew_day(engine, settings, DAY).changed == 0
    request.getfixturevalue("later")
    assert renew_day(engine, settings, DAY) == RenewedDay(DAY, 3, 1)
    after = read(engine, [one["span_id"] for one in CALLS])
    [fresh] = store(engine, CALLS[0] | {"span_id": "f" * 16, "trace_id": "e" * 32})
    assert after[0] == fresh
    assert fresh["energy_kwh"] == pytest.approx((300 * 3.6 + 1000 * 0.36) * 1.2 / 3.6e6)
    assert after[1:] == before[1:]
    assert set(after[0]) == set(FIGURES)
    assert engine.rows("SELECT trace_id FROM settle_again") == [["a" * 32]]
    assert engine.rows("SELECT `from`, `to` FROM usage_dirty") == [[AT, f"{DAY} 13:00:00"]]
    assert renew_day(engine, settings, DAY).changed == 0
