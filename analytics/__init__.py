"""Scheduled jobs that turn spans into findings."""

from __future__ import annotations
