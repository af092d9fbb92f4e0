"""Versions of a prompt, revisions of a model: each with its figures, and each change before and after."""

from __future__ import annotations

from dashboards.versions.read import Versions, read
from dashboards.versions.subject import MODEL, PROMPT, Subject

__all__ = ["MODEL", "PROMPT", "Subject", "Versions", "read"]
