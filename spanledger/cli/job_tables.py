"""Jobs, runs and findings as text in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from spanledger.cli.tables import cell
from spanledger.figures import money

STYLES = {"page": "bold red", "ticket": "yellow", "digest": "dim", "failed": "red", "resolved": "dim"}
NUMBERS = ("$", "findings", "rows read", "seconds", "effect")
LEVELS = ("page", "ticket", "digest")
Row = Mapping[str, Any]


def jobs_table(jobs: Sequence[Row]) -> Table:
    """All jobs."""
    table = _table("job", "what", "every", "last window", "outcome", "behind", "open")
    for job in jobs:
        found = [f"{job['open_findings'][level]} {level}" for level in LEVELS if job["open_findings"].get(level)]
        table.add_row(
            cell(job["name"]), cell(job["title"]), cell(_length(job["every_seconds"])),
            cell(_when(job["last_window_to"])), _styled(job["last_outcome"]),
            cell(_length(job["lag_seconds"]) if job["lag_seconds"] else "–"), cell(", ".join(found) or "–"),
        )  # fmt: skip
    return table


def runs_table(runs: Sequence[Row]) -> Table:
    """Runs of jobs."""
    table = _table("job", "window, UTC", "why", "outcome", "findings", "rows read", "seconds", "reason")
    for run in runs:
        table.add_row(
            cell(run["job"]), cell(_window(run)), cell(run["trigger"]), _styled(run["outcome"]), cell(run["findings"]),
            cell(f"{run['rows_read']:,}"), cell(f"{run['seconds']:.2f}"), cell(run["reason"]),
        )  # fmt: skip
    return table


def findings_table(findings: Sequence[Row]) -> Table:
    """Findings, one a line."""
    table = _table("id", "severity", "state", "title", "$", "since, UTC")
    for found in findings:
        table.add_row(
            cell(found["finding_id"]), _styled(found["severity"]), _styled(found["state"]), cell(found["title"]),
            cell(money(found["cost_usd"])), cell(_when(found["first_seen"])),
        )  # fmt: skip
    return table


def run_report(run: Row) -> Iterator[RenderableType]:
    """What a run found, and what it took."""
    if run["findings"]:
        yield findings_table(run["findings"])
    elif run["outcome"] == "ok":
        yield Text(f"{run['job']} found nothing in {_window(run)} UTC.")
    else:
        yield Text(f"{run['outcome'].replace('_', ' ').capitalize()}: {run['reason']}", STYLES.get(run["outcome"], ""))
    if dropped := run["notes"].get("dropped"):
        reasons = ", ".join(f"{many} by {reason}" for reason, many in dropped.items())
        yield Text(f"{run['candidates']} candidates; dropped by the rules: {reasons}", "dim")
    yield Text(f"{run['rows_read']:,} rows read, {run['seconds']:.2f} s", "dim")
    if not run.get("settled", True):
        yield Text("Spans that came last are not settled yet; run it again in a moment.", "yellow")


def finding_report(found: Row) -> Iterator[RenderableType]:
    """All of one finding."""
    yield cell(found["title"])
    yield cell(found["summary"])
    facts = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _facts(found):
        facts.add_row(Text(name, "dim"), cell(value))
    yield facts
    yield Text("\nDetails", "bold")
    yield cell(orjson.dumps(found["details"], option=orjson.OPT_INDENT_2).decode(), lines=True)
    yield Text("\nTo check it", "bold")
    yield cell(found["query"], lines=True)
    yield Text("\nWhat runs said", "bold")
    table = _table("window, UTC", "severity", "effect", "$", "q", "title")
    for said in found["observations"]:
        q_value = None if said["q_value"] is None else f"{said['q_value']:.2g}"
        table.add_row(
            cell(_window(said)), _styled(said["severity"]), cell(f"{said['effect']:.4g}"),
            cell(money(said["cost_usd"])), cell(q_value), cell(said["title"]),
        )  # fmt: skip
    yield table


def _facts(found: Row) -> Iterator[tuple[str, Any]]:
    yield "id", found["finding_id"]
    yield "what", f"{found['job']} / {found['kind']}"
    yield "who", ", ".join(f"{name} {value}" for name, value in found["subject"].items())
    yield "severity", f"{found['severity']}, {found['state']}"
    yield "seen", f"{_when(found['first_seen'])} to {_when(found['last_seen'])} UTC"
    yield "effect", f"{found['effect']:.4g} {found['effect_unit']}"
    yield "sure", None if found["p_value"] is None else f"p = {found['p_value']:.2g}, q = {found['q_value']:.2g}"
    yield "n", f"{found['n']:,}"
    yield "costs", money(found["cost_usd"])
    yield "energy", None if found["energy_kwh"] is None else f"{found['energy_kwh']:.4g} kWh"
    yield "tenants", found["tenants_hit"]
    yield "traces", " ".join(found["trace_ids"]) or None


def _table(*names: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in names:
        table.add_column(name, justify="right" if name in NUMBERS else "left")
    return table


def _styled(value: str | None) -> Text:
    text = cell(value)
    text.stylize(STYLES.get(value or "", ""))
    return text


def _when(text: str | None) -> str | None:
    return None if text is None else text[:16].replace("T", " ")


def _window(row: Row) -> str:
    return f"{_when(row['window_from'])} to {_when(row['window_to'])}"


def _length(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.0f} s"
