"""Rules that say which names a model goes by, written as regular expressions for the engine.

A rule tests `provider name`, both in lower case, with one space between. The engine's regexp_tree dictionary runs RE2
and Hyperscan, which have no look-ahead; the one look-ahead that genai-prices uses is written out below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from genai_prices import types

NOT_TTS = r"^(?!.*-[tT][tT][sS](?:$|-))"
WITHOUT_TTS = r"[^-]*(?:-(?:[^-]{0,2}|[^-]{4,}|[^t-][^-]{2}|t[^t-][^-]|tt[^s-]))*$"
"""`NOT_TTS` after a prefix: no part between dashes is `tts`."""

DASHED_DATE = r"-\d{4}-\d{2}-\d{2}"
COMPACT_DATE = r"-\d{8}"


def leaves(clause: object) -> Iterator[object]:
    """The clauses of a match rule, `or` taken apart."""
    if isinstance(clause, types.ClauseOr):
        for inner in clause.or_:
            yield from leaves(inner)
    else:
        yield clause


def expression(clause: object) -> str:
    """One clause as a regular expression over a name alone. ValueError where it has no equal in RE2."""
    match clause:
        case types.ClauseStartsWith():
            return _literal(clause.starts_with)
        case types.ClauseEndsWith():
            return f".*{_literal(clause.ends_with)}$"
        case types.ClauseContains():
            return f".*{_literal(clause.contains)}"
        case types.ClauseRegex() if "(?!" not in clause.regex:
            return clause.regex.removeprefix("^") if clause.regex.startswith("^") else f".*{clause.regex}"
        case types.ClauseAnd(and_=[types.ClauseStartsWith() as start, types.ClauseRegex(regex=regex)]) if (
            regex == NOT_TTS
        ):
            return _literal(start.starts_with) + WITHOUT_TTS
    raise ValueError(f"The match rule {clause} can't be written for the engine; add its case to match_rules.py.")


def compact_dates(regex: str) -> str:
    """The same rule for names with a date like -20251211; '' where it has no date like -2025-12-11."""
    return regex.replace(DASHED_DATE, COMPACT_DATE) if DASHED_DATE in regex else ""


def certain_without_provider(clause: object, provider_rule: object) -> bool:
    """True when every name that `clause` takes also satisfies the rule that leads a bare name to the provider."""
    sample = {
        types.ClauseStartsWith: "starts_with",
        types.ClauseContains: "contains",
        types.ClauseAnd: "and_",
        types.ClauseRegex: "regex",
    }.get(type(clause))
    if sample is None:
        return False
    if isinstance(clause, types.ClauseAnd):
        return certain_without_provider(clause.and_[0], provider_rule)
    text = str(getattr(clause, sample)).lower()
    starts = isinstance(clause, types.ClauseStartsWith) or text.startswith("^")
    plain = re.sub(r"[\\^]", "", text)
    return any(_implies(plain, starts, rule) for rule in leaves(provider_rule))


def _implies(text: str, starts: bool, rule: object) -> bool:
    match rule:
        case types.ClauseContains():
            return rule.contains.lower() in text
        case types.ClauseStartsWith():
            return starts and text.startswith(rule.starts_with.lower())
        case types.ClauseRegex():
            return starts and re.match(rule.regex, text) is not None
    return False


def _literal(text: str) -> str:
    return re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", text.lower())
