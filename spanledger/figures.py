"""Numbers as people read them, written one way in the terminal, on pages and in messages."""

from __future__ import annotations

from datetime import datetime

UNKNOWN = "–"
"""What stands where a value is not known; never 0."""


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


def significant(value: float, figures: int = 3) -> str:
    """`1234.5` as `1,230`, `0.012345` as `0.0123`."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.{figures}g}")
    if abs(rounded) >= 10 ** (figures - 1):
        return f"{rounded:,.0f}"
    return f"{rounded:,.10f}".rstrip("0").rstrip(".")


def money(value: float | None) -> str:
    """In a column: `$4,812`, `$12.30`, `$0.12`, `$0.0031`, `−$3,960`."""
    if value is None:
        return UNKNOWN
    sign, amount = ("−" if value < 0 else ""), abs(value)
    if amount >= 1000:
        return f"{sign}${amount:,.0f}"
    if amount >= 0.1 or amount == 0:
        return f"{sign}${amount:,.2f}"
    return f"{sign}${significant(amount, 2)}"


def usd(amount: float) -> str:
    """In a sentence: `$4,812`, `$40`, `$12.30`, `$0.0031`, `−$3,960`: whole from 100 on, two digits below a cent."""
    size = abs(amount)
    sign = "−" if amount < 0 else ""
    if size >= 100:
        return f"{sign}${size:,.0f}"
    if size >= 0.01 or size == 0:
        return f"{sign}${size:.2f}".removesuffix(".00")
    return f"{sign}${size:.2g}"


def energy(kwh: float | None) -> str:
    """kWh in a unit that reads well: `3.4 kWh`, `820 Wh`, `12 mWh`."""
    if kwh is None:
        return UNKNOWN
    for start, unit in ((1000.0, "MWh"), (1.0, "kWh"), (1e-3, "Wh"), (0.0, "mWh")):
        if abs(kwh) >= start:
            size = {"MWh": 1000.0, "kWh": 1.0, "Wh": 1e-3, "mWh": 1e-6}[unit]
            return f"{significant(kwh / size)} {unit}"
    return UNKNOWN


def carbon(grams: float | None) -> str:
    """`820 g CO₂e`, `3.2 kg CO₂e`, `14 mg CO₂e`."""
    if grams is None:
        return UNKNOWN
    for start, size, unit in ((1e6, 1e6, "t"), (1e3, 1e3, "kg"), (1.0, 1.0, "g"), (0.0, 1e-3, "mg")):
        if abs(grams) >= start:
            return f"{significant(grams / size)} {unit} CO₂e"
    return UNKNOWN


def percent(share: float | None) -> str:
    """A share of 1: `0.1834` as `18.3 %`."""
    return UNKNOWN if share is None else f"{significant(share * 100)} %"


def moment(at: datetime | None) -> str:
    """`2026-11-21 14:05`."""
    return UNKNOWN if at is None else f"{at:%Y-%m-%d %H:%M}"
