"""`usage` is the sum of the billable spans, whatever has happened to them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from analytics.settling import usage
from spanledger import guard
from spanledger.deletion import delete
from spanledger.engine import Engine
from tests.analytics.settling.ledger import START, Ledger, Span, call, span, trace

HOUR = 3600.0
PRICES = st.sampled_from([None, 0.1, 0.2, 1e-9, 123456.789, 1 / 3])


@st.composite
def batches(draw: st.DrawFn) -> list[list[Span]]:
    """Batches of spans of a few traces; some of the calls are a layer of the one before."""
    made: list[list[Span]] = []
    number = 0
    for _ in range(draw(st.integers(1, 4))):
        batch = []
        for _ in range(draw(st.integers(1, 6))):
            number += 1
            begin = draw(st.sampled_from([-7000.0, -30.0, 0.0, 3.0]))
            cost = draw(PRICES)
            batch.append(
                call(
                    trace(draw(st.integers(1, 3))),
                    number,
                    draw(st.sampled_from([None, max(1, number - 1)])),
                    begin,
                    begin + 10 - number / 100,
                    tenant=draw(st.sampled_from(["", "acme"])),
                    feature=draw(st.sampled_from(["", "search"])),
                    model_revision=draw(st.sampled_from(["", "gpt-4o-2024"])),
                    input_tokens=draw(st.sampled_from([None, 0, 100])),
                    cached_input_tokens=draw(st.sampled_from([None, 0, 64])),
                    cost_usd=cost,
                    cost_status="unpriced" if cost is None else "priced",
                    status=draw(st.sampled_from(["ok", "error"])),
                )
            )
        made.append(batch)
    return made


@hypothesis_settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=batches())
def test_usage_is_the_sum_of_what_is_billed(ledger: Ledger, made: list[list[Span]]) -> None:
    ledger.clear()
    for number, batch in enumerate(made):
        ledger.add(*batch, at=100 + number * 7)
        ledger.step(100 + number * 7 + 5)
    ledger.step(200)
    ledger.check_usage()


@pytest.mark.parametrize("milliseconds", [0, 8999, 9000, 9001, 9500, 9999])
def test_a_slice_has_its_last_second(ledger: Ledger, milliseconds: int) -> None:
    """In a part of its own: the engine's comparison of DateTime64 with DateTime lost the last second."""
    ledger.add(call(trace(1), 1, ingested_at=START + timedelta(seconds=20, milliseconds=milliseconds)))
    ledger.step(40)
    assert ledger.engine.rows("SELECT calls, cost_usd FROM usage") == [[1, 0.25]]
    ledger.step(2 * HOUR)
    assert ledger.engine.rows("SELECT count() FROM usage_hours") == [[1]]
    ledger.check_usage()


def test_an_hour_has_its_last_second(ledger: Ledger) -> None:
    ledger.add(call(trace(1), 1, ingested_at=START + timedelta(seconds=HOUR - 0.001)))
    ledger.step(HOUR + 20)
    ledger.step(3 * HOUR)
    assert ledger.engine.rows("SELECT sum(calls) FROM usage_hours") == [[1]]
    ledger.check_usage()


def test_repricing_is_followed(ledger: Ledger) -> None:
    ledger.add(call(trace(1), 1), call(trace(2), 2, begin=HOUR, end=HOUR + 1, tenant="acme"), at=HOUR + 5)
    ledger.step(HOUR + 20)
    ledger.engine.command(
        "UPDATE spans SET cost_usd = 7, cost_status = 'priced' WHERE started_at > '2026-11-20 10:30:00'"
    )
    ledger.engine.command(
        "INSERT INTO usage_dirty VALUES ('2026-11-20 11:00:00', '2026-11-20 12:00:00', 'repriced', now64(6) - 60)"
    )
    assert ledger.step(HOUR + 30).slices == 1
    ledger.check_usage()
    assert ledger.engine.rows("SELECT count() FROM usage_dirty") == [[0]]


def test_a_row_of_others_is_read_only_when_all_before_it_can_be_seen(ledger: Ledger) -> None:
    ledger.engine.command(
        "INSERT INTO usage_dirty (`from`, `to`) VALUES ('2026-11-20 11:00:00', '2026-11-20 12:00:00')"
    )
    ledger.step(30)
    assert ledger.engine.rows("SELECT count() FROM usage_dirty") == [[1]]


def test_a_deleted_trace_leaves_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "VISIBLE_SECONDS", 0)
    ledger.add(call(trace(1), 1), call(trace(2), 2), call(trace(2), 3, model_revision="other"), at=5)
    ledger.step(20)
    ledger.step(100)
    delete(ledger.engine, "trace", trace(2))
    assert ledger.engine.rows("SELECT trace_id FROM traces") == [[trace(1)]]
    ledger.step(120)
    ledger.check_usage()
    assert ledger.engine.rows("SELECT sum(calls), count() FROM usage") == [[1, 1]]


def test_a_deleted_tenant_leaves_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "VISIBLE_SECONDS", 0)
    mixed = [call(trace(1), 1, tenant="acme"), call(trace(1), 2, tenant="other")]
    ledger.add(*mixed, call(trace(2), 3, tenant="acme"), at=5)
    ledger.step(100)
    assert ledger.engine.rows("SELECT count() FROM traces") == [[2]]
    delete(ledger.engine, "tenant", "acme")
    ledger.check_usage()
    assert ledger.engine.rows("SELECT count() FROM traces WHERE tenant = 'acme'") == [[0]]
    ledger.step(200)
    assert ledger.engine.rows("SELECT trace_id, tenant, spans FROM traces") == [[trace(1), "other", 1]]


def test_sums_outlive_a_day_of_spans_that_was_dropped(ledger: Ledger) -> None:
    ledger.add(call(trace(1), 1), call(trace(2), 2, begin=86400, end=86401), at=86405)
    ledger.step(86420)
    before = ledger.dicts("SELECT * FROM usage ORDER BY hour")
    ledger.engine.command("ALTER TABLE spans DROP PARTITION 20261120")
    ledger.engine.command("INSERT INTO dirty_slices (slice) SELECT DISTINCT slice FROM usage_slices")
    ledger.step(86430)
    assert ledger.dicts("SELECT * FROM usage ORDER BY hour") == before


def test_an_hour_that_is_over_is_one_row_a_key(ledger: Ledger) -> None:
    for number in range(4):
        ledger.add(call(trace(number), number + 1), at=number * 15 + 1)
    ledger.step(100)
    assert ledger.engine.rows("SELECT count() FROM usage_slices") == [[4]]
    assert ledger.engine.rows("SELECT count() FROM usage_parts") == [[4]]
    ledger.check_parts()
    ledger.step(2 * HOUR)
    assert ledger.engine.rows("SELECT count(), sum(calls) FROM usage_hours") == [[1, 4]]
    assert ledger.engine.rows("SELECT count() FROM usage_slices") == [[0]]
    ledger.check_usage()
    ledger.add(call(trace(1), 9, 2, 0.1, 0.9), at=2 * HOUR + 1)
    ledger.step(2 * HOUR + 20)
    assert ledger.billed()["2"] == "9"
    ledger.check_usage()
    ledger.check_parts()


def test_a_step_that_was_cut_off_is_repeated(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second layer of a call that has been summed already; the step ends after the spans changed."""
    ledger.add(call(trace(1), 1), at=5)
    ledger.step(20)
    ledger.add(call(trace(1), 2, 1, 0.1, 0.9), at=25)

    def cut_off(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("analytics.settling.step.sum_slices", cut_off)
        with pytest.raises(KeyboardInterrupt):
            ledger.step(40)
    assert ledger.billed() == {"1": "2", "2": ""}
    ledger.step(40)
    ledger.check_usage()


@hypothesis_settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=batches(), data=st.data())
def test_any_order_gives_the_same_ledger(ledger: Ledger, made: list[list[Span]], data: st.DataObject) -> None:
    spans = [each for batch in made for each in batch] + [span(trace(1), 99, None, -10, 20, operation="agent")]
    shuffled = data.draw(st.permutations(spans))
    cut = data.draw(st.integers(0, len(spans)))
    seen = []
    for parts in ([spans], [shuffled[:cut], shuffled[cut:]]):
        ledger.clear()
        for number, part in enumerate(parts):
            ledger.add(*part, at=1000 + number * 200)
            ledger.step(1000 + number * 200 + 100)
        ledger.step(2000)
        ledger.check_usage()
        seen.append(ledger.everything())
    assert seen[0].keys() == seen[1].keys()
    for table, rows in seen[0].items():
        ledger.check_same(table, rows, seen[1][table])


def test_the_public_tables_can_be_asked_for(ledger: Ledger, engine: Engine) -> None:
    ledger.add(call(trace(1), 1), at=5)
    ledger.step(100)
    for table, count in (("usage", 1), ("traces", 1), ("edges", 0)):
        assert len(engine.query_guarded(guard.check(engine, f"SELECT * FROM {table}")).rows) == count
