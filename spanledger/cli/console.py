"""What commands begin with and how they say a line."""

from __future__ import annotations

import logging
import sys

from spanledger.settings import Settings, load


def configured() -> Settings:
    """The settings, with logging as they say."""
    settings = load()
    logging.basicConfig(
        level=settings.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(
        max(logging.WARNING, logging.getLogger().level)
    )  # "Started …" is our greeting
    return settings


def say(line: str) -> None:
    """One line on standard output, at once: a supervisor reads it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
