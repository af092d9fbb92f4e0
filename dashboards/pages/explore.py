"""Explore: which spans, when, how large, by which key, and what sets some of them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from dashboards import marks
from dashboards.asked import Asked
from dashboards.marks import Mark
from dashboards.page import Page
from spanledger import explore
from spanledger.engine import Engine
from spanledger.errors import LimitExceeded
from spanledger.explore import Difference, Groups, Question, SavedView, both
from spanledger.figures import money, percent, plural
from spanledger.filters import BadFilter, compile_filter, compile_keys

MOST_GROUPS, MOST_SPANS = 20, 50
"""Rows of the tables; the API gives more."""
SHEET = (
    "value", "spans", "failed", "calls", "unpriced", "cost_usd", "tokens", "energy_kwh", "p50_ns", "p95_ns", "filter",
)  # fmt: skip


@dataclass(frozen=True)
class ExploreView:
    """What explore.html is given."""

    title: str
    question: str
    filter: str
    problem: str
    """Why what was asked can't be understood, or ''."""
    wrong: str
    """The text that has the problem."""
    position: int
    measure: str
    by: str
    selection: str
    """As a filter; '' when nothing is selected."""
    select: str
    live: str
    """The filter of spans that come in: all of it but times."""
    data: str
    """The query of the API for the same spans: times without a relation to now."""
    groups: Groups | None
    difference: Difference | None
    unread: str
    """Why the selection could not be compared, or ''."""
    spans: list[dict[str, Any]]
    marks: list[Mark]
    views: list[SavedView]


def page(engine: Engine) -> Page:
    """The page over an engine."""

    def load(asked: Asked, _path: dict[str, str]) -> ExploreView:
        return read(engine, asked)

    return Page("/explore", "explore.html", load, rows=sheet, nav="Explore")


def read(engine: Engine, asked: Asked) -> ExploreView:
    """The view that was asked for; what can't be understood shows nothing and says why."""
    question = explore.read(asked.values, asked.since, asked.until)
    views = explore.Views(engine).all()
    if wrong := _wrong(question):
        text, error = wrong
        title = "The filter can't be understood" if text != question.by else "The key can't be understood"
        shown = _view(question, title, views)
        return replace(shown, problem=str(error), wrong=text, position=error.position)
    groups = explore.groups(engine, question, MOST_GROUPS)
    difference, unread = _compared(engine, question)
    return replace(
        _view(question, _title(groups, difference), views),
        unread=unread,
        groups=groups,
        difference=difference,
        spans=explore.newest(engine, question, MOST_SPANS),
        marks=marks.read(engine, question.since, question.until),
    )


def sheet(view: ExploreView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """The groups as a table for CSV; several keys have a column each in place of `value`."""
    found = view.groups
    rows = [[getattr(group, name) for name in SHEET] for group in found.groups] if found else []
    if not found or len(found.keys) == 1:
        return SHEET, rows
    several = [[*group.values, *row[1:]] for group, row in zip(found.groups, rows, strict=True)]
    return (*found.keys, *SHEET[1:]), several


def _compared(engine: Engine, question: Question) -> tuple[Difference | None, str]:
    """What is different about the selection, if there is one; else, or beside it, why it can't be told."""
    try:
        return (explore.compare(engine, question) if question.selection else None), ""
    except LimitExceeded as error:
        return None, str(error)


def _view(question: Question, title: str, views: list[SavedView]) -> ExploreView:
    values = {"from": question.since.isoformat(), "to": question.until.isoformat(), "filter": question.filter}
    return ExploreView(
        title=title,
        question="Which spans, and what sets some of them apart?",
        filter=question.filter,
        problem="",
        wrong="",
        position=0,
        measure=question.measure.name,
        by=question.by,
        selection=question.selection,
        select=question.select,
        live=both(
            question.filter, replace(question.box, since=None, until=None).filter(question.measure), question.select
        ),
        data=urlencode({**values, "measure": question.measure.name}),
        groups=None,
        difference=None,
        unread="",
        spans=[],
        marks=[],
        views=views,
    )


def _wrong(question: Question) -> tuple[str, BadFilter] | None:
    """The text that can't be understood, and why."""
    for text, compiled in (
        (question.filter, compile_filter),
        (question.select, compile_filter),
        (question.by, compile_keys),
    ):
        try:
            compiled(text)
        except BadFilter as error:
            return text, error
    return None


def _title(groups: Groups, difference: Difference | None) -> str:
    if difference is None:
        total = groups.all
        cost = f", {money(total.cost_usd)}" if total.cost_usd is not None else ""
        failed = f", {percent(total.failed / total.spans)} failed" if total.failed else ""
        return f"{plural(total.spans, 'span')}{cost}{failed}" if total.spans else "No span matches"
    if not difference.selected:
        return "Nothing is selected: no span lies there"
    told = next((each for each in difference.attributes if each.surprising), None)
    if told is None:
        return f"{plural(difference.selected, 'span')} selected, like the rest in every attribute"
    share = max(told.shares, key=lambda each: each.selected - each.others)
    return (
        f"{share.words[:60] or 'none'} as {told.name[:60]}: {percent(share.selected)} of the {difference.selected:,} "
        f"selected spans, {percent(share.others)} of the rest"
    )
