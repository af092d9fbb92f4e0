"""Renders templates: always escaped, an unknown variable is an error, numbers written one way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from dashboards.asked import RANGES
from spanledger.access.viewer import viewer
from spanledger.explore import both
from spanledger.figures import (
    UNKNOWN,
    ago,
    carbon,
    count,
    duration,
    energy,
    moment,
    money,
    percent,
    short,
    significant,
)
from spanledger.filters import quoted

BETWEEN_TICKS = re.compile(r"`([^`]*)`")
STATIC = Path(__file__).with_name("static")
UNIT = re.compile(r"(?<=\d) (?=%|(?:[nµm]?s|min|h|k|M|[mk]?g|[mk]?Wh)\b)")
IMPORT = re.compile(rb'(?<=from ")\./([\w-]+\.js)(?=";$)', re.MULTILINE)
NAV = (
    ("Now", "/", "n"),
    ("Explore", "/explore", "e"),
    ("Traces", "/traces", "t"),
    ("Graph", "/graph", "g"),
    ("Customers", "/customers", "c"),
    ("Cache", "/cache", "a"),
    ("Waste", "/waste", "w"),
    ("Drift", "/drift", "d"),
    ("Carbon", "/carbon", "o"),
    ("Prompts", "/prompts", "p"),
    ("Models", "/models", "m"),
    ("Alerts", "/alerts", "l"),
    ("Jobs", "/jobs", "j"),
    ("Settings", "/settings", "s"),
)
"""Name, address and key (after `g`) of each entry of the navigation."""


def render(template: str, context: Mapping[str, object]) -> str:
    """The HTML of `template` (a file in `templates/`)."""
    return _environment.get_template(template).render(context)


def render_text(template: str, context: Mapping[str, object]) -> str:
    """A text, such as a program to copy; it is escaped where a page shows it, not here."""
    return _texts.get_template(template).render(context)


def significant_or_unknown(value: float | None) -> str:
    """Three significant figures, or –."""
    return UNKNOWN if value is None else significant(value)


def ticks(text: str) -> Markup:
    """A sentence of ours in which `names` are code; everything is escaped first."""
    return Markup(BETWEEN_TICKS.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  (escaped)


def minute(at: str | None) -> str:
    """`2026-11-21T14:05:12Z` as `2026-11-21 14:05`."""
    return UNKNOWN if not at else at[:16].replace("T", " ")


@cache
def unbroken(text: str) -> str:
    """A title in which a figure and its unit stay on one line."""
    return UNIT.sub("\N{NO-BREAK SPACE}", text)


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
_texts = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=False,  # noqa: S701  (no HTML)
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(
    count=count, short=short, duration=duration, ago=ago, money=money, energy=energy, carbon=carbon, percent=percent,
    moment=moment, significant=significant, significant_or_unknown=significant_or_unknown, quoted=quoted, minute=minute,
    ticks=ticks, unbroken=unbroken,
)  # fmt: skip
_environment.globals.update(static=static, NAV=NAV, RANGES=RANGES, both=both, viewer=viewer)
