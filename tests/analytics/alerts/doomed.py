"""`python -m tests.analytics.alerts.doomed DATA_DIR PORT [STEP LEVELS RULE]…`: alerting in a process that kills itself.

For each STEP, LEVELS and RULE it evaluates and delivers a few times; before or after the step STEP (counted over all
writes and requests of the rule) it is killed as by kill -9. Without such a step it goes on, and ends by itself.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics.alerts.channels import transport
from analytics.alerts.journal import Journal
from analytics.alerts.loop import Alerting
from spanledger.engine import open_engine
from spanledger.settings import Settings
from spanledger.upgrade import upgrade

RULE = """
[[rule]]
name = "{name}"
type = "threshold"
above = 5
query = "SELECT 'a' AS tenant, {level} AS value"
"""


def main(data_dir: str, port: str, *lives: str) -> None:
    """Run to the end, or to the step: a minute for each digit of the levels."""
    rules = Path(data_dir) / "rules.toml"
    rules.parent.mkdir(parents=True, exist_ok=True)
    url = f"hook=webhook+http://secret@127.0.0.1:{port}/in"
    settings = Settings.model_validate(
        {"data_dir": data_dir, "alert_channels": url, "alert_rules_file": str(rules), "alert_rows_missing_minutes": 0}
    )
    engine = open_engine(settings, role="tests")
    list(upgrade(engine, settings))
    steps = [0]
    dooms = [0]

    def doomed(function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            _count()
            answer = function(*arguments, **named)
            _count()
            return answer

        return run

    def _count() -> None:
        steps[0] += 1
        if steps[0] == dooms[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    Journal.append = doomed(Journal.append)  # type: ignore[method-assign]
    Journal.delivered = doomed(Journal.delivered)  # type: ignore[method-assign]
    transport._POOL.request = doomed(transport._POOL.request)  # type: ignore[method-assign]
    now = [datetime.now(UTC)]
    alerting = Alerting(engine, settings, clock=lambda: now[0], chance=lambda: 0.5)
    for doom, levels, name in zip(*[iter(lives)] * 3, strict=True):
        steps[0], dooms[0] = 0, int(doom)
        for level in levels:
            rules.write_text(RULE.format(level=level, name=name) + f"# {now[0]}")
            alerting.beat()
            for outlet in alerting.outlets.values():
                while outlet.step():
                    pass
            now[0] += timedelta(minutes=1)
        sys.stdout.write(f"steps {steps[0]}\n")
        sys.stdout.flush()
    engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
