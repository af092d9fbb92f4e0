"""The bench of triage: labelled incidents, and whether the surface that broke is named first."""

from __future__ import annotations
