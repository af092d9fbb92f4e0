"""Numerics that no single job owns, one idea a module."""

from __future__ import annotations
