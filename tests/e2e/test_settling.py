"""Settling in the running service."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable

from tests.e2e.conftest import Service, spans_body
from tests.waiting import until


def metrics(service: Service) -> str:
    return service.get(f"{service.http_url}/metrics").data.decode()


def test_a_trace_is_settled_and_the_service_stops_cleanly(new_service: Callable[..., Service]) -> None:
    service = new_service(SETTLE_AFTER_SECONDS="0.5", SETTLE_EVERY_SECONDS="0.5")
    program = service.up()
    assert service.send(spans_body("settled", ["one", "two"])).status == 200
    until(lambda: service.rows("SELECT count() FROM traces") == [[2]], 60, "settling")
    until(lambda: "spanledger_settled_traces_total 2.0" in metrics(service))
    lag = re.search(r"^spanledger_settling_lag_seconds ([\d.]+)$", metrics(service), re.MULTILINE)
    assert lag
    assert float(lag[1]) < 60
    assert program.end(signal.SIGTERM) == 0
    assert "Settling will be tried again" not in service.log.read_text()
