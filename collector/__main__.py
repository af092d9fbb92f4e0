"""`python -m collector`: the collect process by itself."""

from __future__ import annotations

import logging
import sys

from collector.service import Addresses, run
from spanledger.errors import SpanledgerError
from spanledger.settings import load


def _ready(addresses: Addresses) -> None:
    sys.stdout.write(f"grpc {addresses.host}:{addresses.grpc_port} http {addresses.host}:{addresses.http_port}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until SIGTERM; a start that fails says why in one sentence."""
    try:
        settings = load()
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
        run(settings, _ready)
    except SpanledgerError as error:
        sys.exit(f"collect: {error}")


if __name__ == "__main__":
    main()
