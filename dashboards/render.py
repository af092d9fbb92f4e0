"""Renders templates: always escaped, an unknown variable is an error, numbers written one way."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboards.asked import RANGES
from spanledger.access.viewer import viewer
from spanledger.figures import ago, carbon, count, duration, energy, moment, money, percent, short, significant

STATIC = Path(__file__).with_name("static")
NAV = (
    ("Now", "/", "n"),
    ("Traces", "/traces", "t"),
    ("Customers", "/customers", "c"),
    ("Cache", "/cache", "a"),
    ("Waste", "/waste", "w"),
    ("Drift", "/drift", "d"),
    ("Carbon", "/carbon", "o"),
    ("Jobs", "/jobs", "j"),
)
"""Name, address and key (after `g`) of each entry of the navigation."""


def render(template: str, context: Mapping[str, object]) -> str:
    """The HTML of `template` (a file in `templates/`)."""
    return _environment.get_template(template).render(context)


@cache
def static(name: str) -> str:
    """The address of a static file, which changes with its content, so that browsers may keep it."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(
    count=count, short=short, duration=duration, ago=ago, money=money, energy=energy, carbon=carbon, percent=percent,
    moment=moment, significant=significant,
)  # fmt: skip
_environment.globals.update(static=static, NAV=NAV, RANGES=RANGES, viewer=viewer)
