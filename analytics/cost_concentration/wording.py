"""Amounts and times as people write them; exact ones are in a finding's details."""

from __future__ import annotations

from datetime import datetime

LONGEST_NAME = 80


def percent(part: float) -> str:
    """Without decimals from 10 % on."""
    return f"{100 * part:.0f} %" if abs(part) >= 0.0995 else f"{100 * part:.1f} %"


def times(factor: float) -> str:
    """How many times as much."""
    return f"{factor:,.0f} times" if factor >= 9.95 else f"{factor:.1f} times"


def length(days: float) -> str:
    """Hours up to two days, then days."""
    hours = round(24 * days)
    if hours < 48:
        return f"{hours} hour{'s' if hours != 1 else ''}"
    return f"{days:.1f} days".replace(".0 ", " ")


def moment(at: datetime) -> str:
    """To the hour, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def name(customer: str) -> str:
    """A customer's name, cut where it is very long."""
    return customer if len(customer) <= LONGEST_NAME else customer[: LONGEST_NAME - 1] + "…"
