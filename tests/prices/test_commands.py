"""The commands of money, in a process of their own: they open the engine themselves when no service runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from typer.testing import CliRunner
from spanledger.cli import local
from spanledger.cli.commands import app
from spanledger.settings import load

with local.opened(load()) as engine:
    engine.insert("hashed_spans", ["trace_id", "span_id", "started_at", "request_model", "billable", "input_tokens",
        "output_tokens"], [["t", "s", "2026-10-01 10:00:00", "our-name", True, 1000, 100]])
for line in sys.stdin:
    result = CliRunner().invoke(app, line.strip().split("|"))
    print(f"> {line.strip()}")
    print(result.output, result.exception if result.exit_code else "")
"""

LINES = """
prices|unpriced
prices|map|our-name|nobody-knows
prices|map|our-name|gpt-4o
reprice|--from|2026-09-30|--to|2026-10-02
query|SELECT price_row, cost_usd FROM spans
prices|set|gpt-4o|--input|1|--output|1|--tenant|acme|--from|2026-01-01
prices|set|gpt-4o|--input|much
revenue|import|{file}
"""


def test_commands(tmp_path: Path) -> None:
    file = tmp_path / "revenue.csv"
    file.write_text("tenant,plan,monthly_price_usd,valid_from,valid_to\nacme,pro,99.5,2026-01-01,\n")
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=LINES.strip().format(file=file),
        env=os.environ | {"SPANLEDGER_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    answers = [part.split("\n", 1)[1] for part in ran.stdout.split("> ")[1:]]
    assert "our-name" in answers[0]
    assert "No price is known for 'nobody-knows'" in answers[1]
    assert "our-name is priced as openai/gpt-4o from now on" in answers[2]
    assert "1 calls gone through, 1 have another cost now." in answers[3]
    assert "genai-prices 0.2.3 openai/gpt-4o" in answers[4]
    assert "0.0035" in answers[4]
    assert "The price of openai/gpt-4o is added" in answers[5]
    assert "'much' is not a price" in answers[6]
    assert "1 rows added." in answers[7]
