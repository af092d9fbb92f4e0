"""Retry waste: money, energy and time spent on asking again for what was asked before."""

from __future__ import annotations

NAME = "retry_waste"
