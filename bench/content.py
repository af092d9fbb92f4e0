"""Conversations that resend their history, about half a minute.

Each turn of all conversations is one insert into the station where spans are recognised, so that no insert sees two
turns of a conversation: the dearest way for history to come in. CPU is that of the inserts, with all views below, and
of merging everything at the end of each third. Beside it the same spans keep their text in columns of their own
(ZSTD 3, sorted by time).
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench import workload
from bench.figures import Figure
from collector.insert import EXACTLY_ONCE
from spanledger.engine import Engine, open_engine
from spanledger.settings import Settings
from spanledger.upgrade import upgrade

CONVERSATIONS = 300
TURNS = 30
TURN_SECONDS = 60
START = 1_790_000_000
TOOLS_BYTES, SYSTEM_BYTES, USER_BYTES, ANSWER_BYTES = 4000, 2000, 400, 1200
PROMPTS = 8
WITHOUT = "trace_id, span_id, started_at, operation, input_tokens, '', '', '', ''"
"""The columns of a turn whose content was left at home."""
WIDE_FROM = 100_000_000
"""Bytes from which on a part has a file for each column; smaller ones compress repeated hashes less well."""
COLUMNS = (
    "trace_id String, span_id String, started_at DateTime64(9, 'UTC'), operation String, "
    "input_tokens Nullable(UInt64), "
    "content_tools {text}, content_system {text}, content_input {text}, content_output {text}"
)


@dataclass
class Talk:
    """One conversation: its prompt, and the JSON of its messages so far."""

    number: int
    prompt: int
    history: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """What came of the inserts: wire bytes, CPU seconds, those of as many inserts without content, and bytes on the
    disk after each third of the turns."""

    wire: int
    cpu: float
    cpu_without: float
    spans: int
    disk: list[int]
    own_text: int


class Script:
    """Writes the turns. Texts are words of the made-up language of `bench.workload`."""

    def __init__(self, conversations: int, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        self._tools = [self._json("tool", TOOLS_BYTES) for _ in range(PROMPTS)]
        self._systems = [self._text(SYSTEM_BYTES) for _ in range(PROMPTS)]
        self._talks = [Talk(number, number % PROMPTS) for number in range(conversations)]

    def turns(self) -> Iterator[list[list[object]]]:
        """The spans of each turn, as rows of COLUMNS."""
        for turn in range(TURNS):
            yield [self._span(talk, turn) for talk in self._talks]

    def _span(self, talk: Talk, turn: int) -> list[object]:
        talk.history.append(self._json("user", USER_BYTES))
        answer = self._json("assistant", ANSWER_BYTES)
        asked = "[" + ", ".join(talk.history) + "]"
        row: list[object] = [
            f"{talk.number:032x}",
            f"{talk.number * TURNS + turn:016x}",
            (START + turn * TURN_SECONDS) * 10**9 + talk.number,
            "chat",
            len(asked) // 4,
            self._tools[talk.prompt],
            self._systems[talk.prompt],
            asked,
            f'[{answer[:-1]}, "finish_reason": "stop"}}]',
        ]
        talk.history.append(answer)
        return row

    def _json(self, role: str, size: int) -> str:
        return json.dumps({"role": role, "parts": [{"type": "text", "content": self._text(size)}]})

    def _text(self, size: int) -> str:
        return bytes(workload._text(self._rng, size)).decode()


@contextmanager
def _engine() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="bench-content-", ignore_cleanup_errors=True) as folder:
        settings = Settings.model_validate({"data_dir": Path(folder)})
        engine = open_engine(settings, role="bench")
        list(upgrade(engine, settings))
        engine.command(f"CREATE TABLE turn ({COLUMNS.format(text='String')}) ENGINE = Memory")
        own = COLUMNS.format(text="String CODEC(ZSTD(3))")
        engine.command(f"CREATE TABLE own_text ({own}) ENGINE = MergeTree ORDER BY started_at")
        engine.command("SYSTEM STOP MERGES own_text")
        yield engine
        engine.close()


def _columns() -> list[str]:
    return [part.split()[0] for part in COLUMNS.replace("(9, 'UTC')", "").split(", ")]


def _insert(engine: Engine, token: str, source: str = "*") -> float:
    """CPU seconds of one turn's insert."""
    options = {**EXACTLY_ONCE, "insert_deduplication_token": token}
    before = time.process_time()
    engine.command(
        f"INSERT INTO recognised_spans ({', '.join(_columns())}) SELECT {source} FROM turn", settings=options
    )
    return time.process_time() - before


def _disk(engine: Engine, *tables: str) -> int:
    """Bytes of tables with everything merged, into parts of the form that large ones have."""
    for name in tables:
        engine.command(f"ALTER TABLE {name} MODIFY SETTING min_bytes_for_wide_part = 0")
        engine.command(f"OPTIMIZE TABLE {name} FINAL")
        engine.command(f"ALTER TABLE {name} MODIFY SETTING min_bytes_for_wide_part = {WIDE_FROM}")
    query = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND has({tables:Array(String)}, table)"
    return int(engine.rows(query, {"tables": list(tables)})[0][0])


def _wire(rows: list[list[object]]) -> int:
    """Bytes of content; the words are ASCII."""
    return sum(len(str(text)) for row in rows for text in row[5:])


def _play(engine: Engine, conversations: int) -> Run:
    """All turns. The same rows go into `own_text` between the inserts that are measured."""
    wire, cpu, disk = 0, 0.0, []
    for turn, rows in enumerate(Script(conversations).turns()):
        engine.command("TRUNCATE TABLE turn SYNC")
        engine.insert("turn", _columns(), rows)
        wire += _wire(rows)
        cpu += _insert(engine, f"turn {turn}")
        engine.command("INSERT INTO own_text SELECT * FROM turn")
        if (turn + 1) % (TURNS // 3) == 0:
            before = time.process_time()
            disk.append(_disk(engine, "messages", "spans"))
            cpu += time.process_time() - before
    without = statistics.median(_insert(engine, f"without {number}", WITHOUT) for number in range(9))
    engine.command("SYSTEM START MERGES own_text")
    return Run(wire, cpu, without * TURNS, conversations * TURNS, disk, _disk(engine, "own_text"))


def _warm(engine: Engine) -> None:
    """A first conversation, of another seed, so that memory is there and functions are compiled; then it goes."""
    for turn, rows in enumerate(Script(20, seed=2).turns()):
        engine.insert("turn", _columns(), rows)
        _insert(engine, f"warm {turn}")
        engine.command("TRUNCATE TABLE turn SYNC")
    for name in ("messages", "spans"):
        engine.command(f"TRUNCATE TABLE {name} SYNC")


def content(scale: float) -> list[Figure]:
    """Speed, disk a turn, and disk beside spans that keep their own text."""
    conversations = max(int(CONVERSATIONS * scale), 100)
    with _engine() as engine:
        _warm(engine)
        run = _play(engine, conversations)
    thirds = [later - earlier for earlier, later in pairwise([0, *run.disk])]
    a_turn = [size / (conversations * TURNS / 3) for size in thirds]
    return [
        Figure("content per CPU second", run.wire / (run.cpu - run.cpu_without) / 1e6, "MB/s", least=80),
        Figure("... with all else that an insert costs", run.wire / run.cpu / 1e6, "MB/s"),
        Figure("content an insert", run.wire / TURNS / 1e6, "MB"),
        Figure("content a span, as it came", run.wire / run.spans / 1000, "kB"),
        Figure("disk a turn, turns 1 to 10", a_turn[0], "B"),
        Figure("disk a turn, turns 21 to 30", a_turn[2], "B"),
        Figure("last third over first third", a_turn[2] / a_turn[0], "×", most=1.2),
        Figure("disk, over spans with their own text", run.disk[-1] / run.own_text, "×", most=0.1),
    ]
