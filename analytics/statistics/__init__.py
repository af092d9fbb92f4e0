"""Statistics that more than one job may want: arrays in, numbers out, no engine, no clock, given seeds."""
"""Statistics that are not one job's own: one method a module, on arrays, without the engine."""
"""Numerics that no single job owns, one idea a module."""
"""Statistics that are not one job's own: one method a module, on arrays, without the engine."""

from __future__ import annotations
