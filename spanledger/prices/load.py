"""Load the price list of this version into the engine, once, and keep the lists that came before it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from spanledger import sql
from spanledger.engine import Engine
from spanledger.sql import FIRST_DAY, LAST_DAY

FOLDER = sql.SCHEMA_DIR / "prices"
DICTIONARIES = ("price_providers", "model_names", "model_rules", "price_hours", "price_plans", "price_rates")
CHANGED_BY_USERS = ("model_names", "price_plans", "price_rates")
RATES = (
    "input", "cached", "write", "write_1h", "output", "reasoning", "audio_input", "audio_cached", "audio_output",
    "request",
)  # fmt: skip
DAY_MINUTES = 1440


@dataclass(frozen=True)
class PriceList:
    """Which price list a folder holds."""

    source: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """Source and version, as price_row has them."""
        return f"{self.source} {self.version}"


def read_about(folder: Path = FOLDER) -> PriceList:
    """What `about.json` says."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return PriceList(about["source"], about["version"], about["sha256"])


def load_prices(engine: Engine, folder: Path = FOLDER) -> PriceList | None:
    """Load the folder's list if it is not the one in force; None when nothing was to do.

    A list that was loaded half (the process was killed) is loaded again: rows of one list replace each other.
    """
    prices = read_about(folder)
    newest = engine.rows("SELECT argMax(sha256, loaded_at) FROM price_lists")
    if newest and newest[0][0] == prices.sha256:
        return None
    columns = ["list", "name", "price_provider"]
    engine.insert("price_provider_names", columns, [[prices.sha256, *row] for row in _read(folder / "providers.csv")])
    columns = ["list", "provider", "name", "model_key"]
    engine.insert("price_names", columns, [[prices.sha256, *row] for row in _read(folder / "names.csv")])
    rules = [[prices.sha256, int(number), regexp, key] for number, regexp, key in _read(folder / "rules.csv")]
    engine.insert("price_rules", ["list", "id", "regexp", "model_key"], rules)
    columns = ["list", "source", "version", "model_key", "mode", "from_minute", "to_minute", "valid_from", "valid_to",
               "tier_from", *RATES, "note", "id"]  # fmt: skip
    engine.insert("price_rows", columns, list(_rows(prices, folder)))
    engine.insert("price_lists", ["sha256", "source", "version"], [[prices.sha256, prices.source, prices.version]])
    reload_dictionaries(engine)
    return prices


def reload_dictionaries(engine: Engine, names: Sequence[str] = DICTIONARIES) -> None:
    """Let the next span see what has changed in the tables of prices."""
    for name in names:
        engine.command(f"SYSTEM RELOAD DICTIONARY {name}")


def _read(path: Path) -> Iterator[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows


def _rows(prices: PriceList, folder: Path) -> Iterator[list[object]]:
    for provider, model, mode, start, end, first, last, tier, *rates, note in _read(folder / "rows.csv"):
        key = f"{provider}/{model}"
        hours = f"{_clock(int(start))}-{_clock(int(end))} UTC" if int(end) - int(start) < DAY_MINUTES else ""
        parts = [prices.name, key, first and f"from {first}", f"tier>{int(tier) - 1}" if int(tier) else "", mode, hours]
        yield [
            prices.sha256, prices.source, prices.version, key, mode, int(start), int(end),
            date.fromisoformat(first) if first else FIRST_DAY, date.fromisoformat(last) if last else LAST_DAY,
            int(tier), *(Decimal(rate) if rate else None for rate in rates), note, " ".join(filter(None, parts)),
        ]  # fmt: skip


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
