"""G5: what a candidate must bring so that somebody else can check it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

import orjson

from analytics.jobs.contract import Candidate, Kind

MOST_PARTS = 3
"""Parts of a window that persistence is counted over."""
PARAMETER = re.compile(r"\{\s*\w+\s*:\s*\w")
"""Of a statement, `{name:Type}`; keys of a JSON literal are quoted."""
LITERAL = re.compile(r"'(?:[^'\\]|\\.|'')*'")

JSON = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS


class BadCandidate(Exception):
    """A bug in a job: a candidate that can't be shown or checked. The message says which, and what it lacks."""


def check_evidence(candidate: Candidate, kinds: Mapping[str, Kind]) -> None:
    """BadCandidate when something is missing or can't be true."""
    lacking = [what for what, fine in CHECKS.items() if not fine(candidate)]
    if candidate.kind not in kinds:
        lacking.insert(0, f"a kind that the job declares ({', '.join(kinds)})")
    if lacking:
        raise BadCandidate(f"The candidate {candidate.kind} {dict(candidate.subject)} lacks {'; '.join(lacking)}.")


def as_json(value: object) -> str:
    """As it is kept; numbers of numpy are numbers."""
    return orjson.dumps(value, option=JSON, default=str).decode()


def _has_query(candidate: Candidate) -> bool:
    words = candidate.query.split(maxsplit=1)
    return bool(words) and words[0].upper() in ("SELECT", "WITH")


def _has_subject(candidate: Candidate) -> bool:
    return all(isinstance(text, str) for pair in candidate.subject.items() for text in pair)


def _has_times(candidate: Candidate) -> bool:
    zoned = candidate.since.utcoffset() is not None and candidate.until.utcoffset() is not None
    return zoned and candidate.since <= candidate.until


def _has_p(candidate: Candidate) -> bool:
    return candidate.p_value is None or 0 <= candidate.p_value <= 1


def _has_numbers(candidate: Candidate) -> bool:
    numbers = (candidate.effect, candidate.cost_usd, candidate.energy_kwh)
    return all(number is None or math.isfinite(number) for number in numbers)


def _has_persistence(candidate: Candidate) -> bool:
    hits, parts = candidate.persistence
    return 0 <= hits <= parts <= MOST_PARTS and parts > 0


def _has_details(candidate: Candidate) -> bool:
    try:
        as_json(dict(candidate.details))
    except TypeError:
        return False
    return True


CHECKS: Mapping[str, Callable[[Candidate], bool]] = {
    "a query (a SELECT)": _has_query,
    "a query without parameters": lambda candidate: not PARAMETER.search(LITERAL.sub("''", candidate.query)),
    "n (at least 1)": lambda candidate: candidate.n >= 1,
    "times (`since` not after `until`, both with a zone)": _has_times,
    "a title": lambda candidate: bool(candidate.title.strip()),
    "a summary": lambda candidate: bool(candidate.summary.strip()),
    "a p-value from 0 to 1, or None": _has_p,
    "finite numbers": _has_numbers,
    f"a persistence of (hits, parts), hits <= parts <= {MOST_PARTS}": _has_persistence,
    "a subject of texts": _has_subject,
    "details that are JSON": _has_details,
}
