from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.boards.charts import shifts
from dashboards.boards.folding import Interval, fold
from dashboards.boards.sections import Facts, Table, sections


def read(details: dict[str, Any]) -> list[tuple[str, Any]]:
    """Headings with what stands under them."""
    return [
        (part.title, {name: shown for name, shown, _ in part.items})
        if isinstance(part, Facts) else (part.title, [part.names, *part.rows])
        for part in sections(details)
    ]  # fmt: skip


def test_bounds_stand_beside_their_figure() -> None:
    assert read({"gini": 0.7386, "gini_interval": [0.5717, 0.8], "days": 28, "own": ["eval", "shadow"]}) == [
        ("", {"Gini: 0 % all alike, 100 % one makes all": "73.9 (57.2 to 80) %", "Days": "28", "Own": "eval, shadow"})
    ]


def test_groups_of_like_things_are_one_table() -> None:
    details = {"shares": {"top_5": {"customers": 5, "share": 0.6, "interval": [0.5, 0.7]}, "top_9": {"customers": 9}}}
    assert read(details) == [
        ("Shares", [["Which", "Customers", "Share"], ["Top 5", "5", "60 (50 to 70) %"], ["Top 9", "9", "–"]])
    ]


def test_figures_by_feature_are_shown_with_their_bounds() -> None:
    grams = {"low": 1.0, "mid": 1.5, "high": 2.0}
    row = {"value": "chat", "calls": 4, "figures": [{"g_per_request": grams, "factor_set": "ecologits"}]}
    assert read({"by": {"feature": [row]}}) == [
        ("By feature", [["Value", "Calls", "G per request", "Factor set"],
                        ["chat", "4", "1.5 (1 to 2) g CO₂e", "ecologits"]])
    ]  # fmt: skip


def test_names_of_fields_lead_to_their_spans() -> None:
    rows = [{"tenant": 'a "b"', "cause": "loop", "calls": 1}, {"tenant": "", "cause": "storm", "calls": 2}]
    grams = [{"value": "chat", "calls": 4}]
    found = {part.title: part.filters for part in sections({"top": rows, "by": {"feature": grams, "tier": grams}})
             if isinstance(part, Table)}  # fmt: skip
    assert found["Top"] == [['tenant = "a \\"b\\""', "", ""], ["", "", ""]]
    assert (found["By feature"], found["By tier"]) == ([['feature = "chat"', ""]], [["", ""]])


def test_units_that_differ_are_each_said() -> None:
    found = read({"kwh": {"low": 0.5, "mid": 1.5, "high": 2.0}})
    assert found == [("", {"Energy": "1.5 kWh (500 Wh to 2 kWh)"})]


def test_a_group_tells_the_unit_of_its_figures_and_times_are_short() -> None:
    details = {"usd_a_call": {"before": 0.00046, "calls_since": 2708}, "since": "2026-11-21T10:52:36.589209+00:00"}
    assert read(details) == [
        ("", {"Since": "2026-11-21 10:52"}), ("Cost of a call", {"Before": "$0.00046", "Calls since": "2,708"}),
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "folded"), [
    ({"low": 1, "mid": 2, "high": 3}, Interval(2, 1, 3)),
    ({"low": 1, "high": 3, "since": 2}, {"since": 2, "95 % interval": Interval(None, 1.0, 3.0)}),
    ({"low": None, "high": 3}, {"low": None, "high": 3}),
    ({"gini": None, "gini_interval": [1, 2]}, {"gini": None, "gini_interval": [1, 2]}),
    ([{"share": 0.5, "interval": [0, 1]}], [{"share": Interval(0.5, 0, 1)}]),
])  # fmt: skip
def test_only_what_is_a_figure_with_bounds_is_folded(value: Any, folded: Any) -> None:
    assert fold(value) == folded


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["low", "mid", "high", "interval", "share", "gini", "gini_interval", "cost_usd", "figures", "by", "x"]), inner,
        max_size=5),
    max_leaves=25,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["a", "cost_usd", "low", "by", "figures"]), JSON, max_size=4))
def test_whatever_a_job_puts_there_is_shown(details: dict[str, Any]) -> None:
    for part in sections(details):
        assert isinstance(part, Facts | Table)
        if isinstance(part, Table):
            assert {len(row) for row in part.rows} <= {len(part.names)}


def test_small_multiples_show_what_changed_most_in_its_order() -> None:
    hours = {str(hour): [1 / 24, (hour % 7) / 72] for hour in range(24)}
    drawn = shifts({"moved": [{"layer": "hour", "shares": hours}, {"layer": "content", "effect": 0.2}]})
    assert drawn is not None
    [points] = drawn.to_dict()["datasets"].values()
    assert [point["label"] for point in points if point["when"] == "since"] == ["0", "6", "7", "13", "14", "20"]
    assert {point["layer"] for point in points} == {"Hour"}
    assert shifts({"moved": [{"layer": "content", "effect": 0.2}]}) is None
