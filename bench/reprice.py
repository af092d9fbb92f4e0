"""How fast stored calls are priced again: calls a second, unchanged and changed."""

from __future__ import annotations

import tempfile
import time
from datetime import date
from pathlib import Path

from bench.figures import Figure
from spanledger.engine import Engine, open_engine
from spanledger.prices.agreed import Override, set_price
from spanledger.prices.reprice import reprice_day
from spanledger.settings import Settings
from spanledger.upgrade import upgrade

DAY = date(2026, 10, 1)
SPANS = 1_000_000
FILL = """
INSERT INTO spans (trace_id, span_id, started_at, operation, provider, request_model, billable, input_tokens,
    cached_input_tokens, output_tokens, tenant, cost_status)
SELECT lower(hex(sipHash128(number))), lower(hex(number)), toDateTime64({day:Date}, 9, 'UTC') + number % 86400,
    if(number % 4 = 0, 'chat', 'other'), if(number % 4 = 0, 'openai', ''), if(number % 4 = 0, 'gpt-4o-2024-08-06', ''),
    number % 4 = 0, if(number % 4 = 0, 1000 + number % 9000, NULL), if(number % 4 = 0, 800, NULL),
    if(number % 4 = 0, number % 700, NULL), toString(number % 500), if(number % 4 = 0, 'unpriced', 'none')
FROM numbers({count:UInt64})
"""


def reprice(scale: float) -> list[Figure]:
    """Fill one day with spans, a quarter of them calls, and price it three times."""
    spans = int(SPANS * scale)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"data_dir": Path(folder)})
        engine = open_engine(settings, role="bench")
        list(upgrade(engine, settings))
        engine.command(FILL, {"day": DAY, "count": spans})
        figures = [_timed("priced for the first time", engine), _timed("nothing changed", engine)]
        set_price(engine, Override.model_validate({"model": "gpt-4o", "input": 1, "cached": 1, "output": 1}))
        figures.append(_timed("all have another price", engine))
        engine.close()
    return figures


def _timed(what: str, engine: Engine) -> Figure:
    began = time.perf_counter()
    done = reprice_day(engine, DAY)
    return Figure(f"repricing, {what}", done.calls / (time.perf_counter() - began) / 1000, "thousand calls/s")
