"""The JSON API and its answers; mounts the dashboards."""

from __future__ import annotations
