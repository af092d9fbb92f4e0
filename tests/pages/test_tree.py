from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dashboards.trace.align import Pair, align
from dashboards.trace.conversation import conversation
from dashboards.trace.graph import of_tree
from dashboards.trace.tree import Tree
from dashboards.trace.tree import build as build_columns
from dashboards.trace.waterfall import columns

SECOND = 10**9
EMPTY = {"status": "ok", "model": "", "tool_name": "", "agent_name": "", "cost_usd": None, "operation": "other",
         "input_tokens": None, "output_tokens": None, "energy_kwh": None, "attempt": 0, "tool_arguments_hash": "",
         "tool_result_hash": ""}  # fmt: skip


def span(number: int, parent: int | None, begin: float = 0, took: float | None = 1, **values: Any) -> dict[str, Any]:
    return {
        **EMPTY,
        "span_id": f"{number:016x}",
        "parent_span_id": "0" * 16 if parent is None else f"{parent:016x}",
        "name": f"span {number}",
        "start_ns": round((100 + begin) * SECOND),
        "duration_ns": None if took is None else round(took * SECOND),
        **values,
    }


def build(spans: list[dict[str, Any]]) -> Tree:
    return build_columns({name: [each[name] for each in spans] for name in spans[0]})


def ids(tree: Tree) -> list[int]:
    return [int(row["span_id"], 16) for row in tree.rows]


def test_parents_come_before_children_and_siblings_by_start() -> None:
    tree = build([span(4, 1, 2), span(1, None, 0, 9), span(3, 2, 1.5), span(2, 1, 1)])
    assert ids(tree) == [1, 2, 3, 4]
    assert (tree.parents, tree.depths, tree.problems) == ([-1, 0, 1, 0], [0, 1, 2, 1], [])


def test_what_is_wrong_is_said_and_every_span_shown() -> None:
    tree = build([span(1, 9), span(2, 3, 1), span(3, 2, 2), span(4, 4), span(1, 9, 3), span(5, 1, -5, None)])
    assert sorted(ids(tree)) == [1, 1, 2, 3, 4, 5]
    assert tree.problems == [
        "No span is a root: the one that began the trace is missing.",
        "3 spans name parents that did not come.",
        "2 spans are their own ancestors; they are shown from the earliest on.",
        "1 span has an id that another one has too.",
        "1 span begins over a second before the parent: clocks differ.",
        "1 span has no end.",
    ]


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.one_of(st.none(), st.integers(1, 12)), st.integers(0, 5)),
        min_size=1,
        max_size=25,
    )
)
def test_any_trace_has_a_tree_with_all_its_spans(shape: list[tuple[int, int | None, int]]) -> None:
    spans = [span(number, parent, begin, operation="tool") for number, parent, begin in shape]
    tree = build(spans)
    assert sorted(tree.order) == list(range(len(spans)))
    assert ids(tree) == [shape[place][0] for place in tree.order]
    assert all(parent < place for place, parent in enumerate(tree.parents) if parent >= 0) or tree.problems
    drawn = columns(tree)
    assert {len(values) for values in drawn.values()} == {len(spans)}
    assert sum(node.sums.calls for node in of_tree(tree).nodes) == len(spans)


def test_the_critical_path_goes_back_from_the_end() -> None:
    tree = build([span(1, None, 0, 10), span(2, 1, 0, 4), span(3, 1, 1, 2), span(4, 1, 4, 5), span(5, 4, 5, 3)])
    assert dict(zip(ids(tree), columns(tree)["critical"], strict=True)) == {1: 1, 2: 1, 3: 0, 4: 1, 5: 1}


def test_a_tool_that_is_called_as_before_is_marked() -> None:
    search: dict[str, Any] = {"operation": "tool", "tool_name": "search"}
    calls = ["a", "b", "a", "", ""]
    tree = build([span(n, None, n, **search, tool_arguments_hash=text) for n, text in enumerate(calls, 1)])
    assert columns(tree)["again"] == [0, 0, 1, 0, 0]


def sides(pairs: list[Pair]) -> list[tuple[int, str, str, str]]:
    """Depth, the two names, and what differs."""
    return [
        (pair.depth, pair.a.name if pair.a else "", pair.b.name if pair.b else "", " ".join(pair.marks))
        for pair in pairs
    ]


def test_two_traces_are_laid_beside_each_other() -> None:
    chat: dict[str, Any] = {"operation": "chat", "model": "m"}
    tool: dict[str, Any] = {"operation": "tool", "tool_name": "t"}
    a = build([span(1, None, 0, 9), span(2, 1, 0, **chat, cost_usd=1), span(3, 1, 1, **tool), span(4, 1, 2, **chat)])
    b = build([
        span(5, None, 0, 9), span(6, 5, 0, **chat, cost_usd=1.2), span(7, 5, 1, **{**chat, "model": "n"}),
        span(8, 5, 2, 4, **{**chat, "model": "o"}),
    ])  # fmt: skip
    pairs = align(a, b, {"0000000000000002": "yes"}, {"0000000000000006": "no"})
    assert sides(pairs) == [
        (0, "span 1", "span 5", "name"), (1, "m", "m", "cost_usd answer"), (1, "t", "", ""),
        (1, "m", "n", "name"), (1, "", "o", ""),
    ]  # fmt: skip


SHAPES = st.lists(
    st.tuples(st.integers(1, 8), st.one_of(st.none(), st.integers(1, 8)), st.sampled_from("xyz")), min_size=1
)


@given(SHAPES, SHAPES)
def test_each_step_of_both_traces_stands_in_one_pair(
    ours: list[tuple[int, int | None, str]], theirs: list[tuple[int, int | None, str]]
) -> None:
    a, b = (
        build(
            [span(n, parent, place, operation="tool", tool_name=name) for place, (n, parent, name) in enumerate(shape)]
        )
        for shape in (ours, theirs)
    )
    pairs = align(a, b, {}, {})
    assert (sum(pair.a is not None for pair in pairs), sum(pair.b is not None for pair in pairs)) == (
        len(ours),
        len(theirs),
    )
    same = align(a, a, {}, {})
    assert all(pair.a == pair.b and not pair.marks for pair in same)


def test_calls_fold_into_nodes_and_loops_go_back() -> None:
    agent = {"operation": "agent", "agent_name": "planner"}
    tool = {"operation": "tool", "tool_name": "search"}
    spans = [
        span(1, None, 0, 9, **agent),
        span(2, 1, 0, 1, operation="chat", model="gpt-4o", cost_usd=0.5),
        span(3, 1, 1, 1, operation="chat", model="gpt-4o", cost_usd=0.25, status="error"),
        span(4, 1, 2, 5, **tool),
        span(5, 4, 2, 4),
        span(6, 5, 2, 3, **agent),
    ]
    graph = of_tree(build(spans))
    nodes = {node.name: node for node in graph.nodes}
    assert {name: (node.sums.calls, node.sums.errors, node.sums.cost_usd) for name, node in nodes.items()} == {
        "planner": (2, 0, None), "gpt-4o": (2, 1, 0.75), "search": (1, 0, None),
    }  # fmt: skip
    assert {(edge.source.name, edge.target.name, edge.sums.calls, edge.back) for edge in graph.edges} == {
        ("planner", "gpt-4o", 2, False), ("planner", "search", 1, False), ("search", "planner", 1, True),
    }  # fmt: skip
    assert nodes["gpt-4o"].radius > nodes["search"].radius
    assert nodes["planner"].x < nodes["search"].x


def test_a_conversation_of_any_dialect() -> None:
    def message(text: str, role: str = "") -> dict[str, Any]:
        return {"role": role, "answer": False, "text": text, "size": len(text), "span_id": "1"}

    said = conversation(
        [
            message("plain words", "user"),
            message('{"role":"user","parts":[{"type":"text","content":"Hello"}]}', "user"),
            message(
                '{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]}',
                "assistant",
            ),
            message('{"role":"tool","parts":[{"type":"tool_call_response","response":{"ok":1}}]}', "tool"),
            message('{"role":"assistant","content":[{"type":"tool_use","name":"g","input":{"x":1}}]}', "assistant"),
            message("", "user"),
        ],
        {},
    )
    assert [(part.role, part.kind, part.text) for part in said] == [
        ("user", "text", "plain words"), ("user", "text", "Hello"), ("assistant", "call", "f({})"),
        ("tool", "result", '{"ok":1}'), ("assistant", "call", 'g({"x":1})'), ("user", "missing", ""),
    ]  # fmt: skip
