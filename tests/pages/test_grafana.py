"""Each panel's SQL runs on the engine, its macros written out as Grafana's ClickHouse plugin does it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from spanledger.engine import Engine

FOLDER = Path(__file__).resolve().parents[2] / "dashboards" / "grafana"
BOARDS = {path.name: json.loads(path.read_text()) for path in sorted((FOLDER / "boards").glob("*.json"))}
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board["panels"]]
SINCE, UNTIL, STEP = 1_795_000_000, 1_795_600_000, 3600
MACROS = (
    (
        r"\$__timeFilter_ms\((\w+)\)",
        rf"\1 >= fromUnixTimestamp64Milli({SINCE}000) AND \1 <= fromUnixTimestamp64Milli({UNTIL}000)",
    ),
    (r"\$__timeFilter\((\w+)\)", rf"\1 >= toDateTime({SINCE}) AND \1 <= toDateTime({UNTIL})"),
    (r"\$__timeInterval\((\w+)\)", rf"toStartOfInterval(toDateTime(\1), INTERVAL {STEP} second)"),
    (r"\$__interval_s", str(STEP)),
)
ALL, SOME = "1=1", r"tenant IN ('acme','o''brien')"


def written_out(sql: str, tenants: str) -> str:
    """The statement that the plugin sends; `$__conditionalAll` is 1=1 while all tenants are chosen."""
    sql = re.sub(r"\$__conditionalAll\(tenant IN \(\$\{tenant:singlequote\}\), \$tenant\)", lambda _: tenants, sql)
    for macro, text in MACROS:
        sql = re.sub(macro, text, sql)
    assert "$" not in sql, sql
    return sql


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=[f"{name}-{panel['title']}" for name, panel in PANELS])
def test_the_sql_of_a_panel_runs(engine: Engine, board: str, panel: dict[str, Any]) -> None:  # noqa: ARG001  (its id)
    for target in panel["targets"]:
        for tenants in (ALL, SOME):
            answer = engine.query_guarded(written_out(target["rawSql"], tenants))
            kinds = dict(answer.columns)
            if target["queryType"] == "timeseries":
                assert kinds["time"].startswith("DateTime"), "Grafana needs a time"
                assert len(kinds) > 1


@pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))
def test_a_board_is_whole(engine: Engine, board: dict[str, Any]) -> None:
    text = (FOLDER / "provisioning/datasources/spanledger.yaml").read_text()
    used = {json.dumps(panel["datasource"], sort_keys=True) for panel in board["panels"]}
    assert used == {json.dumps({"type": "grafana-clickhouse-datasource", "uid": "spanledger"}, sort_keys=True)}
    assert "uid: spanledger" in text
    assert "type: grafana-clickhouse-datasource" in text
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for variable in board["templating"]["list"]:
        engine.query_guarded(written_out(variable["query"], ALL))


def test_times_of_spans_are_never_compared_with_whole_seconds() -> None:
    """A DateTime constant beside a DateTime64 column loses rows in this engine: docs/status.md."""
    for _, panel in PANELS:
        assert not re.search(r"\$__timeFilter\((?!hour\))", panel["targets"][0]["rawSql"])
