"""Renders templates: always escaped, an unknown variable is an error, numbers written one way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboards.asked import RANGES
from spanledger.explore import both
from spanledger.figures import ago, carbon, count, duration, energy, moment, money, percent, short, significant

STATIC = Path(__file__).with_name("static")
IMPORT = re.compile(rb'(?<=from ")\./([\w-]+\.js)(?=";$)', re.MULTILINE)
NAV = (
    ("Now", "/", "n"),
    ("Explore", "/explore", "e"),
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
    return f"/static/{name}?v={hashlib.sha256(body(name)).hexdigest()[:12]}"


@cache
def body(name: str) -> bytes:
    """A static file as it is sent: modules import each other by addresses that change with the content as well."""
    sent = (STATIC / name).read_bytes()
    return IMPORT.sub(lambda found: static(found[1].decode()).encode(), sent) if name.endswith(".js") else sent


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
_environment.globals.update(static=static, NAV=NAV, RANGES=RANGES, both=both)
