"""Alerts over the tests' engine, with a clock that tests move and channels that remember."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.alerts.channels.contract import Channel, Refused
from analytics.alerts.loop import Alerting
from analytics.alerts.message import Message
from analytics.alerts.self_checks import Probes
from spanledger.engine import Engine
from spanledger.settings import Settings

TABLES = (
    "alert_changes", "alert_asks", "alert_deliveries", "alert_silences", "alert_rules", "alert_rule_states",
    "alert_channels", "spans", "finding_states",
)  # fmt: skip


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Remembering:
    """A channel that takes all, or what a test says."""

    name: str = "pager"
    kind: str = "test"
    batch: int = 1
    taken: list[Message] = field(default_factory=list)
    refusal: Refused | None = None

    def send(self, messages: Sequence[Message]) -> None:
        if self.refusal:
            raise self.refusal
        self.taken += messages

    def events(self) -> list[tuple[str, str]]:
        return [(message.alert.text.title, str(message.event)) for message in self.taken]


class Desk:
    """Alerting without threads: a test makes each step."""

    def __init__(self, engine: Engine, settings: Settings, folder: Path) -> None:
        self.engine, self.clock, self.folder = engine, Clock(), folder
        self.settings = settings.model_copy(update={"data_dir": folder, "alert_rows_missing_minutes": 0})
        self.channels: dict[str, Channel] = {}
        self.probes = Probes()
        self.alerting: Alerting | None = None

    def channel(self, name: str = "pager") -> Remembering:
        made = Remembering(name)
        self.channels[name] = made
        return made

    def rules(self, text: str) -> None:
        path = self.folder / "rules.toml"
        path.write_text(text)
        self.settings = self.settings.model_copy(update={"alert_rules_file": str(path)})

    def start(self) -> Alerting:
        """A new process, as far as alerts know."""
        self.alerting = Alerting(
            self.engine, self.settings, self.probes, clock=self.clock, chance=lambda: 0.5, channels=self.channels
        )
        return self.alerting

    def minute(self, minutes: int = 1) -> None:
        """Evaluate and deliver, minute by minute."""
        alerting = self.alerting or self.start()
        for _ in range(minutes):
            alerting.beat()
            self.deliver()
            self.clock.move(minutes=1)

    def deliver(self) -> None:
        assert self.alerting
        for outlet in self.alerting.outlets.values():
            while outlet.step():
                pass


@pytest.fixture
def desk(engine: Engine, settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    yield Desk(engine, settings, tmp_path)
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")


@pytest.fixture
def level(engine: Engine) -> Iterator[Callable[..., None]]:
    """A table that rules ask: sets the value of groups, and takes away those that are not named."""
    engine.command("CREATE TABLE IF NOT EXISTS levels (tenant String, value Nullable(Float64)) ENGINE = Memory")

    def put(**values: float | None) -> None:
        engine.command("TRUNCATE TABLE levels")
        if values:
            engine.insert("levels", ["tenant", "value"], [[name, value] for name, value in values.items()])

    put()
    yield put
    engine.command("DROP TABLE levels")
