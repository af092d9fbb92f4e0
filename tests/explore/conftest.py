"""A day of spans in which some calls of one tenant became slow, and the app over them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.api.conftest import EmptyQuarantine, NoJobs, Told

DAY = datetime(2026, 11, 20, tzinfo=UTC)
HOURS, EACH = 24, 60
MODELS = ("gpt-4o", "gpt-4o-mini", "claude")
ROOT = "0" * 16


def spans() -> Iterator[dict[str, Any]]:
    """Sixty calls and sixty tool spans an hour. From 12:00 to 14:00 calls of `acme` in the ring `canary` take 8 s; they
    have waited long, each another time, and `balance`, which has numbers on both sides of zero and texts, is low."""
    for hour in range(HOURS):
        for place in range(EACH):
            number = hour * EACH + place
            at = DAY + timedelta(hours=hour, minutes=place)
            tenant = ("acme", "blue", "coral")[place % 3]
            canary = place % 2 == 0
            slow = hour in (12, 13) and tenant == "acme" and canary
            scattered = number * 7919 % 1000
            dice = sha256(str(number).encode()).digest()
            waited = 700 + scattered / 8 if slow else 20 + scattered / 32
            either_side = 0 if place == 4 else (int.from_bytes(dice[5:7]) - 2**15) / 1000
            balance = -600 - place if slow else "unknown" if place == 3 else either_side
            shared = {"trace_id": f"{number:032x}", "tenant": tenant, "ingested_at": at.strftime("%F %T.%f")}
            resource = orjson.dumps({"service.name": "shop", "host.name": f"pod-{place % 4}"}).decode()
            yield {
                **shared, "span_id": f"{number:016x}", "parent_span_id": ROOT, "name": "chat", "operation": "chat",
                "service": "shop", "billable": True, "started_at": at.strftime("%F %T.%f"), "resource": resource,
                "duration_ns": 8_000_000_000 + place if slow else 200_000_000 + place * 1_000_000,
                "request_model": MODELS[place % 3 if hour else 0], "input_tokens": 100 + place, "output_tokens": 10,
                "cost_usd": None if place == 7 else 0.01 * (1 + place % 3), "energy_kwh": 0.001,
                "status": "error" if place == 5 else "ok",
                "feature": f"for {tenant}",
                "attributes": {"ring": "canary" if canary else "stable", "team": tenant, "dice": str(dice[0] % 4),
                               "seed": str(int.from_bytes(dice[1:5])),
                               "queue_ms": str(waited), "balance": str(balance), "shard": f"shard {number % 200}"},
            }  # fmt: skip
            yield {
                **shared, "span_id": f"f{number:015x}", "parent_span_id": f"{number:016x}", "name": "search",
                "operation": "tool", "tool_name": "search", "service": "shop", "resource": resource,
                "started_at": at.strftime("%F %T.%f"), "duration_ns": None if place == 9 else 1_000_000,
                "input_tokens": 999,
            }  # fmt: skip


@pytest.fixture(scope="module")
def day(engine: Engine) -> Iterator[None]:
    """The spans of `spans` in the engine."""
    body = b"\n".join(orjson.dumps(row) for row in spans())
    engine.insert_raw("spans", body, "JSONEachRow", {"insert_deduplicate": 0})
    yield
    engine.command("TRUNCATE TABLE spans SYNC")


@pytest.fixture(scope="module")
def client(engine: Engine, settings: Settings) -> Iterator[TestClient]:
    app = create_app(engine, settings, Told(), EmptyQuarantine(), NoJobs())
    with TestClient(app, base_url="http://127.0.0.1:8420", raise_server_exceptions=False) as client:
        yield client
