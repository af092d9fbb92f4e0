"""Energy and carbon: factor sets, grid intensities, and what a span's figures are made of (docs/energy.md)."""

from __future__ import annotations
