"""The command line: the one place that puts the rooms together."""

from __future__ import annotations

from spanledger.cli.commands import main

__all__ = ["main"]
