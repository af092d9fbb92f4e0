"""Write `schema/prices/` from the installed genai-prices: `python -m spanledger.prices.export`.

Only this command needs genai-prices (a development dependency); what runs reads the files. Names that a rule spells
out go to names.csv with the model that genai-prices itself finds for them; every other rule goes to rules.csv.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import distribution

from genai_prices import types
from genai_prices.data import providers
from genai_prices.data_snapshot import DataSnapshot

from spanledger.prices.match_rules import certain_without_provider, compact_dates, expression, leaves
from spanledger.prices.price_rows import RATES, rows_of
from spanledger.sql import FIRST_DAY, LAST_DAY, SCHEMA_DIR

FOLDER = SCHEMA_DIR / "prices"
PACKAGE = "genai-prices"
SNAPSHOT = DataSnapshot(providers=providers, from_auto_update=False)
BY_ID = {provider.id: provider for provider in providers}

ANY = ""
"""The provider of a call that names none we know: its model is found by name alone."""

SPEAKS_FOR_OTHERS = ("openai",)
"""Providers whose client others' endpoints are called with, too: what they don't sell is looked up by name alone."""

ROW_COLUMNS = (
    "provider", "model", "mode", "from_minute", "to_minute", "valid_from", "valid_to", "tier_from", *RATES, "note"
)  # fmt: skip


def main() -> None:
    """Write all files and say what they hold."""
    counts = {
        "rows": _write("rows.csv", ROW_COLUMNS, _price_rows()),
        "names": _write("names.csv", ("provider", "name", "model_key"), _names()),
        "rules": _write("rules.csv", ("id", "regexp", "model_key"), _rules()),
    }
    package = distribution(PACKAGE)
    files = ("providers.csv", "rows.csv", "names.csv", "rules.csv")
    digest = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in files)).hexdigest()
    about = {"source": PACKAGE, "version": package.version, "licence": "MIT", "counts": counts, "sha256": digest}
    (FOLDER / "about.json").write_text(json.dumps(about, indent=2) + "\n")
    licence = next(file for file in package.files or () if file.name == "LICENSE")
    (FOLDER / "LICENSE.genai-prices").write_text(licence.read_text())
    sys.stdout.write(f"{PACKAGE} {package.version}: {counts}\n")


def _write(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    with (FOLDER / name).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _price_rows() -> Iterator[list[object]]:
    for provider in providers:
        for model in provider.models:
            for row in rows_of(provider.id, model):
                days = ["" if day in (FIRST_DAY, LAST_DAY) else day for day in (row.valid_from, row.valid_to)]
                rates = ["" if rate is None else format(rate.normalize(), "f") for rate in row.rates]
                span = [row.mode, row.from_minute, row.to_minute, *days, row.tier_from]
                yield [provider.id, model.id.lower(), *span, *rates, row.note]


def _names() -> Iterator[tuple[str, str, str]]:
    for provider in [None, *providers]:
        for name in sorted(_spelled_out(provider)):
            if found := find(name, provider):
                yield provider.id if provider else ANY, name, found


def _spelled_out(provider: types.Provider | None) -> set[str]:
    """Every name that a rule of this provider, or of one that it falls back to, spells out."""
    names = set()
    for source in _sources(provider):
        for model in source.models:
            names |= {clause.equals.lower() for clause in leaves(model.match) if isinstance(clause, types.ClauseEquals)}
            names.add(model.id.lower())
    return names | {compact for name in names if (compact := _without_dashes_in_date(name)) != name}


def _without_dashes_in_date(name: str) -> str:
    parts = name.rsplit("-", 3)
    if len(parts) == 4 and [len(part) for part in parts[1:]] == [4, 2, 2] and "".join(parts[1:]).isdigit():
        return f"{parts[0]}-{''.join(parts[1:])}"
    return name


def find(name: str, provider: types.Provider | None) -> str:
    """`provider/model` that genai-prices finds for a name; '' when it finds none."""
    try:
        if provider is None:
            owner, model = SNAPSHOT.find_provider_model(name, None, None, None)
        else:
            owner, model = SNAPSHOT.find_provider_model(name, provider, None, None)
    except LookupError:
        if provider is not None and provider.id in SPEAKS_FOR_OTHERS:
            return find(name, None)
        return ""
    seller = next(p for p in (owner, *(BY_ID[f] for f in owner.fallback_model_providers or ())) if model in p.models)
    return f"{seller.id}/{model.id.lower()}"


def _sources(provider: types.Provider | None) -> list[types.Provider]:
    """Where the models of a provider are looked for, in order."""
    if provider is None:
        return [source for source in providers if source.model_match is not None]
    sources = [provider, *(BY_ID[name] for name in provider.fallback_model_providers or ())]
    return sources + (_sources(None) if provider.id in SPEAKS_FOR_OTHERS else [])


def _rules() -> Iterator[tuple[int, str, str]]:
    number = 0
    for provider in [None, *providers]:
        prefix = f"^{provider.id if provider else ANY} "
        for regex, key in _ordered(provider):
            number += 1
            yield number, prefix + regex, key


def _ordered(provider: types.Provider | None) -> Iterator[tuple[str, str]]:
    """Rules of one provider, first come first served; names with a compact date come last, as in genai-prices."""
    late = []
    for source in _sources(provider):
        borrowed = provider is None or (provider.id in SPEAKS_FOR_OTHERS and source is not provider)
        for model in source.models:
            key = f"{source.id}/{model.id.lower()}"
            for clause in leaves(model.match):
                if isinstance(clause, types.ClauseEquals):
                    continue
                if borrowed and not certain_without_provider(clause, source.model_match):
                    continue
                regex = expression(clause)
                yield regex, key
                if compact := compact_dates(regex):
                    late.append((compact, key))
    yield from late


if __name__ == "__main__":
    main()
