"""Statistics that are not one job's own: one method a module, on arrays, without the engine."""

from __future__ import annotations
