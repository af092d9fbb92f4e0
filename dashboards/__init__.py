"""Pages: what engineers see. Server-rendered, everything escaped."""

from __future__ import annotations

from dashboards.rooms import Explain, Rooms
from dashboards.routes import router

__all__ = ["Explain", "Rooms", "router"]
