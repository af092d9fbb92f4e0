"""What every room of spanledger shares: settings, errors, the engine and its migrations."""

from __future__ import annotations

__version__ = "0.1.0"
