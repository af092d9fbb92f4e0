"""Bring an engine's tables, prices and views up to this version."""

from __future__ import annotations

from collections.abc import Iterator

from spanledger.content import check_patterns
from spanledger.energy.load import load as load_energy
from spanledger.engine import Engine
from spanledger.lookups import apply_lookups
from spanledger.migrate import migrate
from spanledger.prices.load import load_prices
from spanledger.settings import Settings
from spanledger.views import apply_views


def upgrade(engine: Engine, settings: Settings) -> Iterator[str]:
    """Run what has not run yet; each step, when it is done, in a few words."""
    check_patterns(engine, settings)
    for migration in migrate(engine):
        yield f"{migration.number:04d} {migration.name}: done ({len(migration.statements)} statements)"
    for name in apply_lookups(engine, settings):
        yield f"{name}: renewed"
    if prices := load_prices(engine):
        yield f"prices {prices.name}: loaded"
    yield from load_energy(engine, settings)
    for view in apply_views(engine, settings):
        yield f"view {view.name}: renewed"
