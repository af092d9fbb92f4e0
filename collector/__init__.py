"""OTLP bytes in, made durable, decoded by the engine."""

from __future__ import annotations
