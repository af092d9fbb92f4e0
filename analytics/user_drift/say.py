"""Findings in plain words, with what anybody needs to check them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import numpy as np
import polars as pl

from analytics.jobs.contract import Candidate, Severity, Window
from analytics.user_drift.evidence import Evidence
from analytics.user_drift.families import Family
from analytics.user_drift.judge import Confounded, Moved
from analytics.user_drift.queries import NUMBERS, layer_query, texts_query, versions_query
from analytics.user_drift.shift import Shift
from analytics.user_drift.timing import persistence
from spanledger.figures import usd

SHOWN = timedelta(days=14)
"""The query shows so many days before the shift."""
ONE_TENANT = 0.6
"""A tenant with this share of what moved is named."""
TRACES = 20


def drift(moved: Moved, evidence: Evidence, window: Window, since: datetime, page_drop: float) -> Candidate:
    """Users moved: a ticket; a page when quality fell with it; a digest when only soft layers show it."""
    family, main = moved.verdict.family, moved.main
    rows = family.rows[main.sides.places]
    told = evidence.quality is not None and evidence.quality.drop(page_drop)
    soft = all(shift.soft for shift in moved.shifts)
    extra = evidence.extra_usd
    last = cast(datetime, rows["at"].filter(pl.Series(main.sides.current)).max())
    return Candidate(
        kind="drift",
        subject=family.subject,
        severity=Severity.PAGE if told else Severity.DIGEST if soft else Severity.TICKET,
        effect=round(main.effect, 6),
        effect_unit=main.unit,
        n=len(rows),
        p_value=moved.p_value,
        title=f"Users of {family.kind} {family.name or '(not named)'} moved: {_change(main, rows, evidence)}.",
        summary=_summary(moved, evidence, since, rows),
        since=since,
        until=max(since, min(window.until, last)),
        persistence=persistence(family, main, window),
        cost_usd=extra if extra is not None and extra > 0 else None,
        tenants_hit=_tenants(rows, main),
        trace_ids=_telling(rows, main),
        query=_query(family, main, rows, Window(min(since, window.until - timedelta(hours=1)) - SHOWN, window.until)),
        details=_details(moved, evidence, rows),
    )


def confounded(one: Confounded, window: Window) -> Candidate:
    """We moved: nothing can be said of users."""
    family = one.family
    recent = family.rows.filter(pl.col("back") < one.held_days)
    newest = family.newest(max(int(min(window.days, 7)), 1))
    changed = [key for key, age in newest.items() if age < one.needed_days]
    since, last = (cast(datetime, moment) for moment in (recent["at"].min(), recent["at"].max()))
    return Candidate(
        kind="confounded",
        subject=family.subject,
        severity=Severity.DIGEST,
        effect=round(len(recent) / max(len(family.rows), 1), 4),
        effect_unit="share of the sampled calls since the change",
        n=len(recent),
        title=f"Prompt or model of {family.kind} {family.name or '(not named)'} changed: no verdict on its users.",
        summary=f"Since {since:%d %b %H:%M} UTC most calls have {'; '.join(changed[:2]) or 'another key'}; users are "
        "compared again when that has been held longer than the window.",
        since=since,
        until=max(since, last),
        trace_ids=recent.sort("at")["trace_id"].head(TRACES).to_list(),
        query=versions_query(family, Window(window.since - SHOWN, window.until)),
        details={"in_use_for_days": newest, "held_days": one.held_days, "needed_days": one.needed_days},
    )


def _change(shift: Shift, rows: pl.DataFrame, evidence: Evidence) -> str:
    """What moved, by how much, in a few words."""
    if shift.layer == "content":
        more, less = (", ".join(word.word for word in side[:3]) for side in (evidence.up, evidence.down))
        found = "; ".join(
            part for part in (f"more about {more}" if more else "", f"less about {less}" if less else "") if part
        )
        return (
            f"they write {found}"
            if found
            else f"a classifier tells what they write now from before (AUC {0.5 + shift.effect:.2f})"
        )
    if shift.layer in NUMBERS:
        old, new = _medians(shift, rows)
        return f"{shift.meaning}, median {old:,.0f} → {new:,.0f}"
    if shift.before is None or shift.since is None:
        return shift.meaning
    most = int(np.argmax(np.abs(shift.since - shift.before)))
    return f"{shift.meaning} {shift.labels[most]} {shift.before[most]:.0%} → {shift.since[most]:.0%}"


def _medians(shift: Shift, rows: pl.DataFrame) -> tuple[float, float]:
    values = rows[shift.layer].cast(pl.Float64)
    old, new = (values.filter(pl.Series(side)).median() for side in (~shift.sides.current, shift.sides.current))
    return float(old or 0), float(new or 0)  # type: ignore[arg-type]


def _summary(moved: Moved, evidence: Evidence, since: datetime, rows: pl.DataFrame) -> str:
    verdict, main = moved.verdict, moved.main
    held = "while prompt and model held" + (" (by version; its text varies)" if verdict.family.text_varies else "")
    now, before = int(main.sides.current.sum()), int((~main.sides.current).sum())
    parts = [f"Since {since:%d %b %H:%M} UTC, {held}; {now:,} calls against {before:,} before"]
    tenant = _one_tenant(rows, main)
    if tenant:
        parts.append(f"mostly tenant {tenant}")
    if evidence.quality is not None:
        rates = f"{evidence.quality.before:.0%} → {evidence.quality.since:.0%}"
        parts.append(f"success (by {evidence.quality.by}) {rates}")
    extra = evidence.extra_usd
    if extra is not None and extra > 0:
        parts.append(f"{usd(extra)} more than at the price of a call before")
    if not any(shift.layer == "content" for shift in verdict.shifts):
        parts.append("what they write was not compared (no sketches)")
    return "; ".join(parts) + "."


def _details(moved: Moved, evidence: Evidence, rows: pl.DataFrame) -> Mapping[str, Any]:
    verdict = moved.verdict
    return {
        "moved": [_shift(shift, verdict.family.rows[shift.sides.places]) for shift in moved.shifts],
        "held": {
            "keys": [verdict.family.keys[key] for key in sorted(set(rows["key"]))][:10],
            "text_varies": verdict.family.text_varies,
        },
        "tests": len(verdict.shifts),
        "permuted": verdict.unit,
        "compared_share": round(verdict.compared, 4),
        "reference_moves_by_itself": moved.wobble,
        "words_more": [word.as_json() for word in evidence.up],
        "words_less": [word.as_json() for word in evidence.down],
        "topics": [
            {**topic.as_json(), "words": list(evidence.topic_words.get(topic.number, []))} for topic in evidence.topics
        ],
        "quality": evidence.quality.as_json() if evidence.quality else None,
        "usd_a_call": {
            "before": evidence.cost_before,
            "since": evidence.cost_since,
            "calls_since": evidence.calls_since,
        },
        "extra_usd": evidence.extra_usd,
        "cost_formula": "(usd a call since - usd a call before) x calls since, all calls of the subject, from usage",
        "tenants": _by_tenant(rows, moved.main)[:5],
    }


def _shift(shift: Shift, rows: pl.DataFrame) -> Mapping[str, Any]:
    said: dict[str, Any] = {
        "layer": shift.layer,
        "effect": shift.effect,
        "unit": shift.unit,
        "minimum": shift.minimum,
        "p_value": shift.p_value,
        "last_days": shift.sides.days,
        "calls_before": int((~shift.sides.current).sum()),
        "calls_since": int(shift.sides.current.sum()),
    }
    if shift.vote is not None:
        said["p_of_kernel_test"] = shift.vote
    if shift.layer in NUMBERS:
        said["median_before"], said["median_since"] = _medians(shift, rows)
    if shift.before is not None and shift.since is not None:
        said["shares"] = {
            label: [round(float(old), 4), round(float(new), 4)]
            for label, old, new in zip(shift.labels, shift.before, shift.since, strict=False)
        }
    return said


def _by_tenant(rows: pl.DataFrame, shift: Shift) -> list[dict[str, Any]]:
    """Tenants by what they add to the shift: calls since, times the rise of their mean score."""
    table = pl.DataFrame({"tenant": rows["tenant"], "score": shift.compared, "current": shift.sides.current})
    means = table.group_by("tenant").agg(
        pl.col("score").filter(pl.col("current")).mean().alias("since"),
        pl.col("score").filter(~pl.col("current")).mean().alias("before"),
        pl.col("current").sum().alias("calls"),
    )
    added = means.with_columns(added=(pl.col("calls") * (pl.col("since") - pl.col("before"))).fill_null(0.0)).filter(
        pl.col("added") > 0
    )
    shared = added.with_columns(share=(pl.col("added") / pl.col("added").sum()).round(4))
    return shared.sort(["added", "tenant"], descending=[True, False]).select("tenant", "calls", "share").to_dicts()


def _one_tenant(rows: pl.DataFrame, shift: Shift) -> str:
    found = _by_tenant(rows, shift)
    return str(found[0]["tenant"]) if len(found) >= 3 and found[0]["share"] >= ONE_TENANT else ""


def _tenants(rows: pl.DataFrame, shift: Shift) -> int | None:
    """Tenants of current calls that are more like the current side; None when none is named."""
    middle = (shift.compared[shift.sides.current].mean() + shift.compared[~shift.sides.current].mean()) / 2
    found = set(rows["tenant"].filter(pl.Series(shift.sides.current & (shift.compared > middle)))) - {""}
    return len(found) or None


def _telling(rows: pl.DataFrame, shift: Shift) -> list[str]:
    table = pl.DataFrame(
        {"trace": rows["trace_id"], "score": shift.compared, "at": rows["at"], "current": shift.sides.current}
    )
    return (
        table.filter("current")
        .sort(["score", "at", "trace"], descending=[True, True, False])["trace"]
        .head(TRACES)
        .to_list()
    )


def _query(family: Family, shift: Shift, rows: pl.DataFrame, window: Window) -> str:
    if shift.layer == "content":
        return texts_query(_telling(rows, shift), window)
    return layer_query(family, shift.layer, window)
