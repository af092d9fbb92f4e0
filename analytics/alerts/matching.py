"""Matchers: label to pattern. All must fit; `*` stands for anything, a `!` before the pattern for its opposite."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache


def matches(matchers: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether each matcher fits its label; a label that isn't there is ''."""
    return all(_fits(pattern, labels.get(name, "")) for name, pattern in matchers.items())


def _fits(pattern: str, value: str) -> bool:
    if pattern.startswith("!"):
        return not _compiled(pattern[1:]).fullmatch(value)
    return bool(_compiled(pattern).fullmatch(value))


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Parts between the stars as they are: nothing in a pattern is slow."""
    collapsed = re.sub(r"\*+", "*", pattern)
    return re.compile(".*".join(re.escape(part) for part in collapsed.split("*")), re.DOTALL)
