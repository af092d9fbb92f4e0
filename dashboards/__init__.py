"""Pages: what engineers see. Server-rendered, no script, everything escaped."""

from __future__ import annotations

from dashboards.routes import router

__all__ = ["router"]
