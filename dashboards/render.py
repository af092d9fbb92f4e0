"""Renders templates: always escaped, an unknown variable is an error, numbers written one way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

UNKNOWN = "–"
"""What stands where a value is not known; never 0."""


def render(template: str, context: Mapping[str, object]) -> str:
    """The HTML of `template` (a file in `templates/`)."""
    return _environment.get_template(template).render(context)


def count(value: int | None) -> str:
    """`12345` as `12,345`."""
    return UNKNOWN if value is None else f"{value:,}"


def short(value: int | None) -> str:
    """Three significant figures: `1,234,567` as `1.23 M`."""
    if value is None:
        return UNKNOWN
    for start, size, unit in ((10**12, 10**12, "T"), (10**9, 10**9, "G"), (10**6, 10**6, "M"), (10**4, 10**3, "k")):
        if value >= start:
            scaled = value / size
            return f"{scaled:.{max(0, 3 - len(str(int(scaled))))}f} {unit}"
    return f"{value:,}"


def usd(value: float | None) -> str:
    """`$1,234`, `$12.34`, `$0.0123`."""
    if value is None:
        return UNKNOWN
    return f"${value:,.0f}" if abs(value) >= 100 else f"${value:,.2f}" if abs(value) >= 1 else f"${value:.3g}"


def duration(nanoseconds: int | None) -> str:
    """`1.23 s`, `340 ms`, `2 min 5 s`."""
    if nanoseconds is None:
        return UNKNOWN
    seconds = nanoseconds / 1e9
    if seconds >= 60:
        return ago(int(seconds))
    if seconds >= 1:
        return f"{seconds:.3g} s"
    if nanoseconds >= 10**6:
        return f"{seconds * 1e3:.3g} ms"
    return f"{nanoseconds / 1e3:.3g} µs"


def ago(seconds: int) -> str:
    """An age in its two largest units: `2 s`, `3 min 20 s`, `4 d 6 h`."""
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    parts = []
    for unit, size in units:
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {unit}")
    return " ".join(parts[:2]) or "0 s"


def plural(amount: int, one: str) -> str:
    """`1 span`, `2 spans`."""
    return f"{amount:,} {one}" if amount == 1 else f"{amount:,} {one}s"


_environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(count=count, short=short, duration=duration, ago=ago, usd=usd)
