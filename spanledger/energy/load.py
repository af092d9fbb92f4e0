"""Put the shipped factor sets and grid figures into the engine: once for each version of a file, at an upgrade."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from spanledger.energy import ecologits, jegham
from spanledger.energy.factors import DATA, Factors, read_rows
from spanledger.engine import Engine
from spanledger.errors import BadSetting
from spanledger.settings import Settings

DICTIONARIES = ("energy_names", "energy_days", "energy_rows", "grid_names", "grid_days", "grid_rows")
OWN = "self-hosted"
GRID = "grid"


@dataclass(frozen=True)
class Shipped:
    """A factor set that comes with spanledger."""

    name: str
    title: str
    method: str
    source: str
    licence: str
    rows: Callable[[], list[Factors]]


SHIPPED = (
    Shipped(
        ecologits.NAME,
        "EcoLogits 0.11.3",
        "modelled from size of the model and tokens out; 64 requests at once; embodied hardware included",
        "doi 10.21105/joss.07471",
        "sizes of models: MPL-2.0",
        ecologits.shipped,
    ),
    *(
        Shipped(
            version,
            f"Jegham et al. {version.removeprefix('jegham-')}",
            "fitted by non-negative least squares to published Wh of three request shapes; no embodied hardware",
            f"arXiv:2505.09598{version.removeprefix('jegham-')} Table 4",
            "figures quoted as facts",
            lambda version=version: jegham.shipped(version),  # type: ignore[misc]
        )
        for version in jegham.VERSIONS
    ),
)


def load(engine: Engine, settings: Settings) -> Iterator[str]:
    """Load what is new, each in a few words; BadSetting where the chosen set is not known."""
    known = {
        str(name): str(checksum)
        for name, checksum in engine.rows(
            "SELECT factor_set, argMax(checksum, entered_at) FROM energy_sets GROUP BY factor_set"
        )
    }
    changed = False
    for shipped in SHIPPED:
        checksum = _checksum(f"{shipped.name}.csv")
        if known.get(shipped.name) != checksum:
            rows = shipped.rows()
            insert_rows(engine, "energy_factors", [row.row() for row in rows])
            _remember(engine, shipped, checksum)
            changed = True
            yield f"energy factors {shipped.name}: {len(rows)} names of models"
    if known.get(GRID) != (checksum := _checksum("grid.csv", "places.csv")):
        count = _load_grid(engine)
        _remember(engine, Shipped(GRID, "Grids and regions", "", "schema/energy/grid.csv", "", list), checksum)
        changed = True
        yield f"grid intensities: {count} zones and regions"
    if changed:
        reload(engine)
    _check_choice(engine, settings)


def reload(engine: Engine) -> None:
    """Make the dictionaries see what was inserted; without it they do within two minutes."""
    for name in DICTIONARIES:
        engine.command(f"SYSTEM RELOAD DICTIONARY {name}")


def insert_rows(engine: Engine, table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows with the same columns; none is fine."""
    if rows:
        columns = list(rows[0])
        engine.insert(table, columns, [[row[column] for column in columns] for row in rows])


def _load_grid(engine: Engine) -> int:
    zones = [
        {
            "zone": row["zone"],
            "basis": "location",
            "valid_from": date(1970, 1, 1),
            "g_per_kwh": float(row["g_per_kwh"]),
            "year": int(row["year"] or 0),
            "source": row["source"],
            "preferred": row["preferred"] == "1",
        }
        for row in read_rows(DATA / "grid.csv")
    ]
    places = [{"place": row["place"], "zone": row["zone"]} for row in read_rows(DATA / "places.csv")]
    insert_rows(engine, "grid_intensity", zones)
    insert_rows(engine, "grid_places", places)
    return len(zones) + len(places)


def _remember(engine: Engine, shipped: Shipped, checksum: str) -> None:
    insert_rows(
        engine,
        "energy_sets",
        [
            {
                "factor_set": shipped.name,
                "title": shipped.title,
                "method": shipped.method,
                "source": shipped.source,
                "licence": shipped.licence,
                "checksum": checksum,
            }
        ],
    )


def _checksum(*files: str) -> str:
    digest = hashlib.sha256()
    for name in files:
        digest.update((DATA / name).read_bytes())
    return digest.hexdigest()


def _check_choice(engine: Engine, settings: Settings) -> None:
    rows = engine.rows("SELECT DISTINCT factor_set FROM energy_sets WHERE factor_set != {grid:String}", {"grid": GRID})
    names = {str(name) for (name,) in rows} | {OWN}
    if settings.energy_factor_set not in names:
        raise BadSetting(
            f"SPANLEDGER_ENERGY_FACTOR_SET is {settings.energy_factor_set!r}, which is no factor set. "
            f"Known: {', '.join(sorted(names))}."
        )
    place = settings.energy_default_place.lower()
    known = "SELECT 1 FROM grid_rows_newest WHERE place = {place:String} LIMIT 1"
    if place and not engine.rows(known, {"place": place}):
        raise BadSetting(
            f"SPANLEDGER_ENERGY_DEFAULT_PLACE is {place!r}, which is neither a region nor a zone that is known. "
            "The table grid_rows_newest lists them."
        )
