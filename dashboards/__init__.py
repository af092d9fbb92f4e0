"""Pages: what engineers see. Server-rendered, everything escaped."""

from __future__ import annotations

from dashboards.rooms import AlertsRoom, Explain, Rooms
from dashboards.routes import router

__all__ = ["AlertsRoom", "Explain", "Rooms", "router"]
