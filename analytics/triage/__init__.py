"""Triage: which of model, prompt, retrieval, tools and users moved before something broke, and what explains it."""

from __future__ import annotations
