"""Pages: a question, its answer and the spans behind it."""

from __future__ import annotations
