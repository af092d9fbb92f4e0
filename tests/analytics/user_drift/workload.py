"""A made-up support service: users with habits of their own, and what may happen to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spanledger.engine import Engine

UNTIL = datetime(2026, 11, 16, tzinfo=UTC)
"""A Monday: a week before it is Monday to Sunday."""
LANGUAGES = ("en", "de", "ja")
TOPICS = {
    "billing": "invoice payment refund charge card subscription address receipt account balance",
    "code": "python error function stack trace import module compile exception variable",
}
FILLER = "please help me with my the a to is of can you what how why it this that there on in"
COLUMNS = (
    "trace_id", "span_id", "started_at", "operation", "billable", "usage_role", "provider", "request_model",
    "model_revision", "prompt_name", "prompt_version", "service", "feature", "tenant", "user_id", "locale",
    "input_tokens", "output_tokens", "task_outcome", "purpose", "content_system", "content_input",
)  # fmt: skip


@dataclass(frozen=True)
class Scenario:
    """`moved_days`: so many days before UNTIL users begin to move; likewise the others."""

    days: float = 16
    calls_a_day: int = 130
    users: int = 250
    tenants: int = 12
    moved_days: float = 0
    locale_share: float = 0.0
    """Of the calls since then, so many are in Japanese."""
    longer: float = 1.0
    topic_share: float = 0.0
    """... so many are about code instead of billing."""
    deployed_days: float = 0
    model_days: float = 0
    weekends: bool = False
    """On weekends other people come: more Japanese, longer texts."""
    rhythm: bool = False
    """At night most calls are Japanese."""
    growth: float = 1.0
    """Calls on the last day, over calls on the first."""
    newcomer_days: float = 0
    """A new tenant comes with 40 % of calls, all Japanese and long."""
    content: bool = True
    user_ids: bool = True
    version: bool = True
    prompt: str = "support"
    dated_system: bool = False
    """The system instructions hold the date."""
    success: tuple[float, float] = (0.0, 0.0)
    """Success rate for billing and for code; (0, 0): not reported."""


def spans(scenario: Scenario, seed: int = 1, until: datetime = UNTIL) -> list[dict[str, Any]]:
    """One call a trace."""
    rng = np.random.default_rng(seed)
    back = np.sort(_days_back(scenario, rng))[::-1]
    popular = 1 / np.arange(1, scenario.users + 1) ** 0.6
    user = rng.choice(scenario.users, len(back), p=popular / popular.sum())
    home = rng.choice(LANGUAGES, scenario.users, p=[0.7, 0.2, 0.1])
    wordy = rng.normal(0, 0.4, scenario.users)
    coder = rng.random(scenario.users) < 0.15
    return [
        _span(
            scenario, rng, until - timedelta(days=float(day)), float(day), who, (str(home[who]), wordy[who], coder[who])
        )
        for day, who in zip(back, user, strict=True)
    ]


def _days_back(scenario: Scenario, rng: np.random.Generator) -> NDArray[np.float64]:
    count = int(scenario.calls_a_day * scenario.days)
    back = rng.random(4 * count) * scenario.days
    weight = scenario.growth ** (-back / scenario.days)
    return np.asarray(back[rng.random(4 * count) < weight / weight.max()][:count])


def _span(  # noqa: PLR0917
    scenario: Scenario, rng: np.random.Generator, at: datetime, day: float, who: int, habits: tuple[str, float, bool]
) -> dict[str, Any]:
    language, wordy, coder = habits
    tenant = f"tenant-{who % scenario.tenants}"
    moved = day < scenario.moved_days
    size = float(np.exp(3 + wordy + rng.normal(0, 0.5)))
    topic = "code" if coder != (rng.random() < 0.1) else "billing"
    if moved:
        language = "ja" if rng.random() < scenario.locale_share else language
        size *= scenario.longer
        topic = "code" if rng.random() < scenario.topic_share else topic
    if (scenario.weekends and at.weekday() >= 5) or (scenario.rhythm and not 6 <= at.hour < 22):
        language, size = "ja" if rng.random() < 0.7 else language, size * 2
    if day < scenario.newcomer_days and rng.random() < 0.4:
        tenant, language, size = "newcomer", "ja", size * 3
        who += 10_000
    version = "2" if day < scenario.deployed_days else "1"
    model = "gpt-4o-2024-11-20" if day < scenario.model_days else "gpt-4o-2024-08-06"
    words = max(int(size), 3)
    system = f"You answer questions. {at.date().isoformat() if scenario.dated_system else version}"
    said = " ".join(rng.choice((TOPICS[topic] + " " + FILLER).split(), words))
    rate = scenario.success[topic == "code"]
    return {
        "trace_id": rng.bytes(16).hex(),
        "span_id": rng.bytes(8).hex(),
        "started_at": at,
        "operation": "chat",
        "billable": True,
        "usage_role": "leaf",
        "provider": "openai",
        "request_model": "gpt-4o",
        "model_revision": model,
        "prompt_name": scenario.prompt,
        "prompt_version": version if scenario.version else "",
        "service": "helpdesk",
        "feature": "",
        "tenant": tenant,
        "user_id": f"user-{who}" if scenario.user_ids else "",
        "locale": language,
        "input_tokens": 400 + int(1.4 * words) + (300 if version == "2" else 0),
        "output_tokens": 100 + words,
        "task_outcome": ("success" if rng.random() < rate else "failure") if rate else "",
        "purpose": "production",
        "content_system": system if scenario.content else "",
        "content_input": json.dumps([{"role": "user", "parts": [{"type": "text", "content": said}]}])
        if scenario.content
        else "",
    }


def put(engine: Engine, rows: list[dict[str, Any]], change: Callable[[dict[str, Any]], None] | None = None) -> None:
    """Into the station where spans are recognised, so that messages, hashes, sketches and prices are made of them."""
    for row in rows if change else ():
        change(row)  # type: ignore[misc]
    for first in range(0, len(rows), 20_000):
        part = rows[first : first + 20_000]
        engine.insert("recognised_spans", list(COLUMNS), [[row[name] for name in COLUMNS] for row in part])
