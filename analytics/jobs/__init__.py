"""What every job shares: the contract, what it reads through, the runner and the schedule."""

from __future__ import annotations
