"""Findings: the rules that candidates must pass, their life from run to run, and where they are kept."""

from __future__ import annotations
