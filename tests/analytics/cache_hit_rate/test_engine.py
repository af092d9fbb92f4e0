"""The job through the real engine: spans over OTLP, usage by settling, findings with evidence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from analytics.cache_hit_rate import job
from analytics.cache_hit_rate.prefix import mechanism
from analytics.jobs.contract import NotComputable, Severity, Window
from analytics.jobs.source import Source
from spanledger import guard
from spanledger.engine import Engine
from spanledger.moments import as_parameter
from spanledger.settings import Settings
from tests.analytics.cache_hit_rate.service import HOUR, START, Service, Tenant, call, system
from tests.analytics.cache_hit_rate.traffic import of

BREAK = 86
"""Hours after START: in the fourth day."""
END = 92
DISCOUNT = 1.25e-6
"""Of gpt-4o: input less cached, USD a token."""
TENANTS = [Tenant("acme", tokens=100_000), Tenant("globex"), Tenant("initech", calls=6)]


@pytest.fixture(scope="module")
def broken(engine: Engine, settings: Settings) -> tuple[Service, float]:
    """Three days of calls; then acme's system instructions get a time stamp. And what that costs."""
    service, spans, lost = Service(engine, settings), [], 0.0
    for tenant in TENANTS:
        for at, tokens in service.calls(tenant, range(END)):
            stamped = tenant.name == "acme" and at >= START + BREAK * HOUR
            share = service.share(0.05 if stamped else 0.8)
            text = f"You help {tenant.name}." + (f" It is {at.isoformat()}." if stamped else "")
            spans.append(call(at, tenant.name, tokens, round(tokens * share), **system(text)))
            lost += tokens * (0.8 - share) * DISCOUNT if stamped else 0.0
    service.send(spans)
    return service, lost


def test_a_broken_prefix_is_found_dated_named_and_priced(broken: tuple[Service, float]) -> None:
    service, lost = broken
    report = service.run(END - 24, END, cache_min_usd_per_day=20)
    (drop,) = of(report, "drop")
    assert drop.severity is Severity.PAGE
    assert drop.subject.items() >= {"provider": "openai", "tenant": "acme"}.items()
    assert abs(drop.since - (START + BREAK * HOUR)) <= HOUR
    assert drop.cost_usd == pytest.approx(lost, rel=0.1)
    assert drop.effect == pytest.approx(75, abs=6)
    assert drop.p_value is not None
    assert drop.p_value < 1e-6
    assert drop.persistence == (3, 3)
    assert drop.details["mechanism"] == "prefix_churns"
    assert drop.details["first_difference"] == "system instructions"
    assert "time stamp" in drop.summary
    assert of(report, "mix_shift", "coverage_lost") == []
    assert all(orjson.loads(orjson.dumps(each.details)) for each in report.candidates)


def test_its_evidence_opens(broken: tuple[Service, float]) -> None:
    service, _ = broken
    (drop,) = of(service.run(END - 24, END), "drop")
    tenants = service.engine.rows(
        "SELECT DISTINCT tenant, started_at >= {since:DateTime64(3)} FROM spans WHERE trace_id IN {ids:Array(String)}",
        {"ids": list(drop.trace_ids), "since": f"{START + BREAK * HOUR:%Y-%m-%d %H:%M:%S}"},
    )
    assert tenants == [["acme", 1]]
    assert len(drop.trace_ids) == 20
    rows = service.engine.query_guarded(guard.check(service.engine, drop.query)).records()
    rates = {row["hour"]: row["hit_rate"] for row in rows}
    assert len(rates) == 24 + END - BREAK
    before, after = list(rates.values())[:24], list(rates.values())[24:]
    assert min(before) > 0.6
    assert max(after) < 0.2


@pytest.mark.parametrize("hours", [(END - 1, END), (END - 3, END), (72, 96), (0, END), (-500, 340)])
def test_any_window_that_holds_it_finds_it(broken: tuple[Service, float], hours: tuple[int, int]) -> None:
    service, _ = broken
    (drop,) = of(service.run(*hours), "drop")
    assert drop.subject["tenant"] == "acme"
    assert abs(drop.since - (START + BREAK * HOUR)) <= HOUR


def test_before_it_there_is_only_the_report(broken: tuple[Service, float]) -> None:
    service, _ = broken
    report = service.run(BREAK - 24, BREAK)
    assert [each.kind for each in report.candidates] == ["hit_rate"]
    details = report.candidates[0].details
    assert details["hit_rate"] == pytest.approx(0.8, abs=0.05)
    assert {each["name"] for each in details["tenant"]} == {"acme", "globex", "initech"}
    assert len(details["series"]) == 24


def test_spans_are_read_of_the_window_only(broken: tuple[Service, float]) -> None:
    """Spans lie in parts by the day: a window in the last day reads no other, however long the history."""
    service, _ = broken
    service.source.rows_by_statement.clear()
    service.run(END - 6, END)
    read = service.source.rows_by_statement
    of_day = sum(tenant.calls for tenant in TENANTS) * (END - 72)
    assert {name: rows for name, rows in read.items() if name in ("sources", "traces", "prefixes")} == {
        "sources": of_day,
        "traces": of_day,
    }
    assert [[read["hourly"]]] == service.engine.rows("SELECT count() FROM usage_parts")


def test_nothing_reported_is_not_zero(engine: Engine, settings: Settings) -> None:
    service = Service(engine, settings)
    service.send(call(at, "acme", tokens, None) for at, tokens in service.calls(TENANTS[1], range(6)))
    with pytest.raises(NotComputable, match="reported on openai: 0% of 90 calls"):
        service.run(0, 6)
    with pytest.raises(NotComputable, match="No billable calls"):
        service.run(-48, -24)


def test_emitters_that_leave_zeros_out(engine: Engine, settings: Settings) -> None:
    """After the break nothing of acme's is cached, so nothing is reported: that is a zero, not silence."""
    service, spans = Service(engine, settings), []
    for tenant in TENANTS:
        for at, tokens in service.calls(tenant, range(END)):
            stamped = tenant.name == "acme" and at >= START + BREAK * HOUR
            cached = 0 if stamped else round(tokens * service.share(0.8))
            spans.append(call(at, tenant.name, tokens, cached or None))
    service.send(spans)
    report = service.run(END - 24, END)
    (drop,) = of(report, "drop")
    assert drop.subject["tenant"] == "acme"
    assert drop.details["rate_after"] == pytest.approx(0, abs=0.01)
    assert drop.details["rate_before"] == pytest.approx(0.8, abs=0.05)
    assert report.notes["zeros_left_out_by"] == ["openai gpt-4o"]


def test_an_sdk_that_stops_to_report_is_no_drop(engine: Engine, settings: Settings) -> None:
    service, spans = Service(engine, settings), []
    for at, tokens in service.calls(TENANTS[0], range(END)):
        cached = round(tokens * service.share(0.8)) if at < START + BREAK * HOUR else None
        spans.append(call(at, "acme", tokens, cached))
    service.send(spans)
    report = service.run(END - 24, END)
    assert of(report, "drop", "mix_shift") == []
    (lost,) = of(report, "coverage_lost")
    assert (lost.severity, lost.since) == (Severity.DIGEST, START + BREAK * HOUR)
    later = service.run(END - 4, END)
    assert [each.kind for each in later.candidates] == ["coverage_lost"]


def test_a_new_prompt_version_is_the_mechanism_without_content(engine: Engine, settings: Settings) -> None:
    service, spans = Service(engine, settings), []
    for tenant in TENANTS:
        for at, tokens in service.calls(tenant, range(END)):
            new = at >= START + BREAK * HOUR + timedelta(minutes=5)
            prompt: dict[str, Any] = {"gen_ai.prompt.name": "chat", "gen_ai.prompt.version": "v8" if new else "v7"}
            cached = round(tokens * service.share(0.1 if new else 0.8))
            spans.append(call(at, tenant.name, tokens, cached, **prompt))
    service.send(spans)
    (drop,) = of(service.run(END - 24, END), "drop")
    assert drop.subject["provider"] == "openai"
    assert "tenant" not in drop.subject
    assert drop.details["mechanism"] == "prompt_changed"
    assert "from v7 to v8" in drop.summary
    assert drop.tenants_hit == 3


@pytest.mark.parametrize(("conversations", "kind"), [(1, "unknown"), (40, "prefix_changed")])
def test_one_long_conversation_is_no_change_of_the_prompt(engine: Engine, conversations: int, kind: str) -> None:
    """An agent sends its first messages again with each of 80 turns. What 40 of them begin to send is the program's."""
    engine.command("TRUNCATE TABLE spans SYNC")
    columns = ["trace_id", "span_id", "started_at", "billable", "provider", "session_id", "message_hashes"]
    rows = [
        [
            f"{side}{turn:031x}",
            f"{side}{turn:015x}",
            START + (side * 4 + turn / 80) * HOUR,
            True,
            "openai",
            f"session {side}-{turn % conversations}",
            [f"part {n} of {side}".ljust(16) for n in range(4)],
        ]
        for side in (0, 1)
        for turn in range(80)
    ]
    engine.insert("spans", columns, rows)
    asked = Window(START, START + 8 * HOUR).parameters()
    who = {"provider": "openai", "tenant": "", "prompt": "", "model": ""}
    values = asked | who | {"at": as_parameter(START + 4 * HOUR), "most": 1000}
    found = mechanism(Source(engine).frame(Path(job.__file__).with_name("prefixes.sql"), values))
    assert found.kind == kind
    engine.command("TRUNCATE TABLE spans SYNC")
