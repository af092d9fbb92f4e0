"""The collect process: receivers and spool."""

from __future__ import annotations

from collector.service import Addresses, run
from spanledger.cli.console import configured, say


def collect() -> None:
    """Only the receivers and the spool."""
    run(configured(), _ready)


def _ready(addresses: Addresses) -> None:
    say(f"OTLP/gRPC {addresses.host}:{addresses.grpc_port} OTLP/HTTP {addresses.host}:{addresses.http_port}")
