"""The console of commands: as wide as the terminal, and wide enough for tables where there is none."""

from __future__ import annotations

import os
import sys

from rich.console import Console

WIDTH = 120
"""Of output to a file or a pipe, such as the log of `make demo`: rich would take 80, and sentences would be broken."""


def screen() -> Console:
    """A console for standard output; `COLUMNS` decides where it is set."""
    chosen = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if chosen else WIDTH)
