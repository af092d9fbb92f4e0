"""`python -m bench.alerts`: 10,000 groups: a minute in which all fire, one without change, one in which all end."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics.alerts.loop import Alerting
from analytics.alerts.message import Message
from spanledger.engine import open_engine
from spanledger.settings import Settings
from spanledger.upgrade import upgrade

GROUPS = 10_000
RULE = """
[[rule]]
name = "cost"
type = "threshold"
above = 100
clear = 80
query = "SELECT tenant, sum(cost) AS value FROM costs WHERE at >= {from:DateTime64(3)} GROUP BY tenant"
"""


@dataclass
class Nowhere:
    """A channel that takes all."""

    name: str = "nowhere"
    kind: str = "test"
    batch: int = 500

    def send(self, messages: Sequence[Message]) -> None:
        """Take them."""


def main() -> None:
    """Print what each minute takes."""
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "rules.toml"
        rules.write_text(RULE)
        settings = Settings.model_validate(
            {"data_dir": folder, "alert_rules_file": str(rules), "alert_rows_missing_minutes": 0}
        )
        engine = open_engine(settings, role="bench")
        list(upgrade(engine, settings))
        engine.command(
            "CREATE TABLE costs (tenant String, at DateTime64(3), cost Float64) ENGINE = MergeTree ORDER BY at"
        )
        now = [datetime.now(UTC)]
        alerting = Alerting(engine, settings, clock=lambda: now[0], channels={"nowhere": Nowhere()})
        for name, cost in (("nothing there", 0.0), ("all fire", 20.0), ("nothing changes", 0.0), ("all end", -20.0)):
            if cost:
                engine.command(
                    f"INSERT INTO costs SELECT 'tenant-' || toString(number % {GROUPS}), now64(3), {cost} "
                    f"FROM numbers({GROUPS * 10})"
                )
            begun, cpu = time.monotonic(), time.process_time()
            alerting.beat()
            print(
                f"{name:>16}: {time.monotonic() - begun:6.2f} s, {time.process_time() - cpu:.2f} s of CPU", flush=True
            )
            begun = time.monotonic()
            while alerting.outlets["nowhere"].step():
                pass
            print(f"{'delivered':>16}: {time.monotonic() - begun:6.2f} s", flush=True)
            now[0] += timedelta(minutes=1)
        print(engine.rows("SELECT state, count() FROM alerts GROUP BY state"))
        engine.close()


if __name__ == "__main__":
    main()
