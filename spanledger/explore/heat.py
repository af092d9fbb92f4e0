"""The heat map: how many spans lie at which time and size, in cells that the engine counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor
from pathlib import Path

from spanledger import sql
from spanledger.engine import Engine
from spanledger.explore.question import Question

QUERY = Path(__file__).with_name("heat.sql")
MOST_COLUMNS = 120
MOST_ROWS = 50
STEPS = 20
"""Steps of a decade that the engine counts; they are joined until there are at most MOST_ROWS."""
JOINED = (1, 2, 4, 5, 10, 20)
ZERO = -10_000
"""The level of what is 0 or less, as heat.sql has it."""
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
WIDTHS = (
    1, 2, 5, 10, 20, 50, 100, 200, 500,
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)), *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)), *(n * DAY for n in (1, 2, 7, 14, 28, 91, 182, 365)),
)  # fmt: skip
"""Widths of a column in milliseconds, all of which a person would choose."""


@dataclass(frozen=True)
class Heat:
    """Cells with at least one span. Times are milliseconds since 1970 UTC, amounts in the unit of the measure
    (ns, USD, tokens, kWh)."""

    measure: str
    since: int
    until: int
    start: int
    """Where column 0 begins: a whole multiple of `step`."""
    step: int
    """Milliseconds of a column."""
    edges: list[float]
    """Row r holds amounts from edges[r] to edges[r + 1]; empty when no amount is above 0."""
    cells: list[list[int]]
    """[column, row, spans, failed spans]; row -1 holds amounts of 0."""
    spans: int
    unknown: int
    """Spans that the measure is not known of, or that it does not belong to; they have no cell."""
    sql: str


def heat(engine: Engine, question: Question) -> Heat:
    """The map of what is asked. Raises BadFilter."""
    condition = question.condition()
    since, until = _millis(question.since), _millis(question.until)
    step = next((width for width in WIDTHS if (until - since) / width <= MOST_COLUMNS - 1), WIDTHS[-1])
    start = since // step * step
    statement = sql.read(QUERY).replace("MEASURE", question.measure.sql)
    values = {**condition.parameters, **question.parameters(), "origin": start, "step": step, "steps": STEPS}
    found = engine.query_guarded(statement.replace("FILTER", condition.sql), values).rows
    counted = [(int(place), *cell) for place, _, _, cells in found for cell in cells]
    edges, cells = joined(counted)
    return Heat(
        measure=question.measure.name,
        since=since,
        until=until,
        start=start,
        step=step,
        edges=edges,
        cells=cells,
        spans=sum(int(row[1]) for row in found),
        unknown=sum(int(row[2]) for row in found),
        sql=statement.replace("FILTER", condition.inlined()),
    )


def joined(counted: list[tuple[int, int, int, int]]) -> tuple[list[float], list[list[int]]]:
    """Edges of the rows, and cells by row: levels are joined until few enough are between the least and the most."""
    levels = [level for _, level, _, _ in counted if level != ZERO]
    if not levels:
        return [], [[place, -1, int(spans), int(failed)] for place, _, spans, failed in counted]
    least, most = min(levels), max(levels)
    join = next((join for join in JOINED if floor(most / join) - floor(least / join) < MOST_ROWS), JOINED[-1])
    first = floor(least / join)
    sums: dict[tuple[int, int], tuple[int, int]] = {}
    for place, level, spans, failed in counted:
        key = (place, -1 if level == ZERO else floor(level / join) - first)
        before = sums.get(key, (0, 0))
        sums[key] = (before[0] + int(spans), before[1] + int(failed))
    edges = [float(f"{10 ** ((first + row) * join / STEPS):.9g}") for row in range(floor(most / join) - first + 2)]
    return edges, [[*key, *amounts] for key, amounts in sorted(sums.items())]


def _millis(at: datetime) -> int:
    return round(at.astimezone(UTC).timestamp() * 1000)
