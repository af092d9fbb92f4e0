"""The options of ADR 2 and 3 side by side: `python -m bench.storage [--spans 500000]`.

Each option is the shipped schema with one thing changed, in an engine process of its own, one after the other in a
round that is repeated; the table shows medians. CPU counts decoding, both views, the write and background merges.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from bench import workload
from collector.insert import insert
from collector.signals import TRACES
from spanledger import sql
from spanledger.engine import Engine, open_engine
from spanledger.migrate import split_statements
from spanledger.settings import load

MIGRATION = sql.SCHEMA_DIR / "migrations" / "0001_traces.sql"
BATCH = 80
PER_REQUEST = 512
HOUR_NS = 3_600_000_000_000
ROUNDS = 2
KEY = "ORDER BY started_at"


def _all_kept(text: str) -> str:
    """Every attribute in the map, also those that have a column."""
    changed = re.sub(r"value = '' OR key NOT IN \(.*?\),", "true,", text, flags=re.DOTALL)
    return _must_differ(text, changed)


def _as_json(text: str) -> str:
    changed = text.replace(
        "attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),\n    resource", "attributes JSON,\n    resource"
    )
    changed = re.sub(r",\s*INDEX by_value[^\n]*", "", changed)
    return _must_differ(text, changed)


def _key(columns: str) -> Callable[[str], str]:
    return lambda text: _must_differ(text, text.replace(KEY, f"ORDER BY ({columns})"))


def _must_differ(before: str, after: str) -> str:
    if before == after:
        raise ValueError("The migration no longer has what this option changes.")
    return after


OPTIONS: dict[str, Callable[[str], str]] = {
    "shipped: the rest in a map with buckets, by time": lambda text: text,
    "map without buckets": lambda text: _must_differ(text, text.replace("'with_buckets'", "'basic'")),
    "all attributes in the map": _all_kept,
    "JSON": _as_json,
    "key (hour, tenant, model, time)": _key("toStartOfHour(started_at), tenant, request_model, started_at"),
    "key (minute, tenant, model, time)": _key("toStartOfMinute(started_at), tenant, request_model, started_at"),
    "key (minute, trace)": _key("toStartOfMinute(started_at), trace_id"),
}

QUESTIONS = {
    "trace": "SELECT * FROM spans WHERE trace_id = '{trace}'",
    "search": "SELECT trace_id, name, started_at, duration_ns FROM spans WHERE tenant = '{tenant}' "
    "AND request_model = '{model}' ORDER BY started_at DESC LIMIT 100",
    "rare": "SELECT trace_id, started_at FROM spans WHERE {rare} = '{id}' ORDER BY started_at DESC LIMIT 100",
    "group": "SELECT {group}, count() FROM spans GROUP BY 1",
}


def measure(option: str, spans: int) -> dict[str, float]:
    """One option in this process: µs and bytes a span, milliseconds a question."""
    with tempfile.TemporaryDirectory(prefix="spanledger-storage-") as folder:
        engine = open_engine(load({"SPANLEDGER_DATA_DIR": folder}), role="bench")
        for statement in split_statements(OPTIONS[option](sql.read(MIGRATION))):
            engine.command(statement)
        start = time.time_ns() - 2 * HOUR_NS
        made = workload.requests("spans19", spans, seed=1, start_ns=start, window_ns=HOUR_NS, per_request=PER_REQUEST)
        cpu = _fill(engine, list(made))
        [[disk]] = engine.rows(
            "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active AND table = 'spans'"
        )
        figures = {"µs a span": cpu / spans * 1e6, "bytes a span": disk, **_ask(engine, json_column=option == "JSON")}
        engine.close()
    return figures


def _fill(engine: Engine, bodies: list[bytes]) -> float:
    """CPU seconds of inserts and of the merges that follow."""
    before = _cpu()
    for first in range(0, len(bodies), BATCH):
        insert(engine, TRACES, b"".join(bodies[first : first + BATCH]), f"batch-{first}")
    quiet = 0
    while quiet < 4:
        time.sleep(0.5)
        [[merging]] = engine.rows("SELECT count() FROM system.merges")
        quiet = 0 if merging else quiet + 1
    return _cpu() - before


def _ask(engine: Engine, *, json_column: bool) -> dict[str, float]:
    def attribute(key: str) -> str:
        return f"attributes.`{key}`::String" if json_column else f"attributes['{key}']"

    rare = attribute("gen_ai.response.id")
    rows = engine.rows(
        f"SELECT trace_id, tenant, request_model, {rare} FROM spans WHERE cityHash64(span_id) % 997 = 1 LIMIT 9"
    )
    times: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    for trace, tenant, model, response_id in rows:
        values = {"trace": trace, "tenant": tenant, "model": model, "id": response_id, "rare": rare}
        for name, question in QUESTIONS.items():
            started = time.perf_counter()
            engine.rows(question.format(**values, group=attribute("app.feature")))
            times[name].append((time.perf_counter() - started) * 1000)
    return {f"{name}, ms": statistics.median(found) for name, found in times.items()}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Run all options in rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=500_000)
    parser.add_argument("--option", choices=OPTIONS, help="one option, in this process; prints JSON")
    arguments = parser.parse_args()
    if arguments.option:
        print(json.dumps(measure(arguments.option, arguments.spans)))
        return
    found: dict[str, list[dict[str, float]]] = {option: [] for option in OPTIONS}
    console = Console()
    with console.status("…") as status:
        for number in range(ROUNDS):
            for option in OPTIONS:
                status.update(f"round {number + 1}: {option}")
                found[option].append(_in_own_process(option, arguments.spans))
    console.print(_table(found))


def _in_own_process(option: str, spans: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.storage", "--option", option, "--spans", str(spans)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _table(found: dict[str, list[dict[str, float]]]) -> Table:
    names = list(next(iter(found.values()))[0])
    table = Table("option", *names, box=None, header_style="bold", pad_edge=False)
    for option, rounds in found.items():
        table.add_row(option, *(f"{statistics.median(figures[name] for figures in rounds):.1f}" for name in names))
    return table


if __name__ == "__main__":
    main()
