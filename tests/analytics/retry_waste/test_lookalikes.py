"""What looks like asking again and is not: all of it in one window, each with a tenant of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analytics.jobs.contract import Report, Window
from collector.signals import TRACES
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.retry_waste.world import World, loud, talk
from tests.schema.otlp import store

SHARED = Path(__file__).resolve().parents[4] / "shared"


def hedging(world: World, tenant: str) -> None:
    """The same request twice at once; the slower one is cancelled."""
    trace = world.new_trace()
    root = world.agent(trace, 0, 10)
    world.call(trace, root, 1, 4, tenant=tenant, asked=talk("hi"), error="CancelledError")
    world.call(trace, root, 2, 2, tenant=tenant, asked=talk("hi"))


def sampling(world: World, tenant: str) -> None:
    """Twelve samples of one request, one right after the other."""
    trace = world.new_trace()
    root = world.agent(trace, 0, 60)
    for index in range(12):
        world.call(trace, root, 2.0 * index, 1.99, tenant=tenant, asked=talk("write a poem"), answer=f"poem {index}")


def batch(world: World, tenant: str) -> None:
    """A prompt mapped over documents of many sizes, with a form, without content."""
    trace = world.new_trace()
    root = world.agent(trace, 0, 600)
    for index in range(60):
        tokens = (1000 + 7919 * index % 1500, 150 + 31 * index % 100)
        world.call(trace, root, 5.0 * index, 3, tokens, tenant=tenant, json_output=True, prompt="classify")


def untraced_tools(world: World, tenant: str) -> None:
    """An agent with answers in JSON whose tools have no spans, without content."""
    trace = world.new_trace()
    root = world.agent(trace, 0, 60)
    for index in range(6):
        reasons = {"gen_ai.response.finish_reasons": ["tool_calls" if index < 5 else "stop"]}
        world.call(trace, root, 5.0 * index, 3, (900 + 300 * index, 80), tenant=tenant, json_output=True, more=reasons)


def polling(world: World, tenant: str) -> None:
    """A job that is not ready for a while, and then is."""
    agent(world, tenant, [("check_report", "{}", "pending")] * 12 + [("check_report", "{}", "done")])


def paging(world: World, tenant: str) -> None:
    """The same tool with another cursor."""
    agent(world, tenant, [("list_orders", f'{{"cursor": {index}}}', f"page {index}") for index in range(20)])


def changing(world: World, tenant: str) -> None:
    """The same question to a tool whose answer changes each time."""
    agent(world, tenant, [("read_sensor", "{}", f"{index} degrees") for index in range(20)])


def mending(world: World, tenant: str) -> None:
    """Two tries that fail, one that works, and on."""
    agent(world, tenant, [("book", "{}", "", "Busy")] * 3 + [("book", "{}", "booked"), ("mail", "{}", "sent")])


def react(world: World, tenant: str) -> None:
    """An agent that uses two tools in turn and learns each time."""
    agent(world, tenant, [(("search", "open")[i % 2], f'"{i}"', f"text {i}") for i in range(30)])


def mapping(world: World, tenant: str) -> None:
    """Parallel agents that begin with the same look-up."""
    trace = world.new_trace()
    root = world.agent(trace, 0, 60)
    for _ in range(5):
        inner = world.agent(trace, 1, 50, root)
        world.call(trace, inner, 1, 2, tenant=tenant)
        world.tool(trace, inner, 4, "get_config", "{}", "config")


def chatting(world: World, tenant: str) -> None:
    """A person and an assistant in one trace."""
    trace = world.new_trace()
    root = world.agent(trace, 0, 600)
    said = ["hello"]
    for index in range(10):
        tokens = (500 + 130 * index, 100)
        world.call(trace, root, 20.0 * index, 4, tokens, tenant=tenant, asked=talk(*said), answer=f"answer {index}")
        said += [f"answer {index}", f"and what about {index}?"]


def chatting_unseen(world: World, tenant: str) -> None:
    """The same without content."""
    trace = world.new_trace()
    root = world.agent(trace, 0, 600)
    for index in range(10):
        world.call(trace, root, 20.0 * index, 4, (500 + 130 * index, 100), tenant=tenant)


def cron(world: World, tenant: str) -> None:
    """The same small job each minute, in traces of its own, without content."""
    for index in range(100):
        world.call(world.new_trace(), 0, 60.0 * index, 2, (800, 90), tenant=tenant, prompt="digest")


def evaluation(world: World, tenant: str) -> None:
    """Twenty trials of one case of an evaluation."""
    for index in range(20):
        common = {"purpose": "eval", "user.id": "ci"}
        world.call(world.new_trace(), 0, 10.0 * index, 2, tenant=tenant, asked=talk("2 + 2"), answer="4", more=common)


def hiccup(world: World, tenant: str) -> None:
    """Five minutes of 503, retried until it worked."""
    for index in range(300):
        trace, at = world.new_trace(), 60.0 * index
        root = world.agent(trace, at, 30)
        if 100 <= index < 105:
            world.call(trace, root, at + 1, 1, None, tenant=tenant, error="ServiceUnavailable")
            world.call(trace, root, at + 4, 1, None, tenant=tenant, error="ServiceUnavailable")
        world.call(trace, root, at + 8, 2, tenant=tenant)


def agent(world: World, tenant: str, steps: Sequence[tuple[str, ...]]) -> None:
    """An agent that thinks and then uses a tool: name, arguments, result, and an error if there was one."""
    trace = world.new_trace()
    root = world.agent(trace, 0, 10.0 * len(steps))
    for index, (name, arguments, result, *error) in enumerate(steps):
        world.call(trace, root, 10.0 * index, 2, (1000 + 200 * index, 60), tenant=tenant)
        world.tool(trace, root, 10.0 * index + 3, name, arguments, result, error=error[0] if error else "")
    world.call(trace, root, 10.0 * len(steps), 2, tenant=tenant)


LOOKALIKES: list[Callable[[World, str], None]] = [
    hedging, sampling, batch, untraced_tools, polling, paging, changing, mending, react, mapping, chatting,
    chatting_unseen, cron, evaluation, hiccup,
]  # fmt: skip


@pytest.fixture(scope="module")
def seen(engine: Engine, settings: Settings) -> Iterator[Report]:
    """The job's answer to all of them."""
    engine.command("TRUNCATE TABLE spans SYNC")
    world = World(engine, settings)
    for lookalike in LOOKALIKES:
        lookalike(world, lookalike.__name__)
    yield world.look()
    engine.command("TRUNCATE TABLE spans SYNC")


@pytest.mark.parametrize("name", [lookalike.__name__ for lookalike in LOOKALIKES])
def test_no_waste(seen: Report, name: str) -> None:
    cells: list[dict[str, Any]] = [cell for c in seen.candidates if not c.subject for cell in c.details["cells"]]
    causes = {cell["cause"] for cell in cells if cell["tenant"] == name}
    assert causes == ({"transport"} if name == "hiccup" else set())


def test_nothing_loud(seen: Report) -> None:
    assert loud(seen) == []


def test_real_agents_do_not_loop(world: World, tmp_path: Path) -> None:
    """200 runs of tau-bench with 73 errors of tools, in 15 of which a call is repeated."""
    out = tmp_path / "taubench.otlp"
    source = SHARED / "data" / "taubench_gpt-4o-airline.json"
    replay = [SHARED / "replay" / "replay.py", "taubench", "--file", source, "--out", out]
    subprocess.run([sys.executable, *map(str, replay)], check=True, capture_output=True, timeout=60)
    store(world.engine, TRACES, out.read_bytes())
    now = datetime.now(UTC)
    report = world.look(Window(now - timedelta(hours=6), now))
    assert report.notes["calls"] == 2454
    assert [candidate.kind for candidate in report.candidates] == ["retry_waste"]
