"""What moved, in words: which words of users' messages became more or less frequent.

A word is shown only when several users wrote it, and words with digits never are: a finding is read by more people than
a conversation is.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

FEWEST_WRITERS = 3
WORD = re.compile(r"\b[^\W\d_]{2,30}\b")
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff]")
"""Thai, Japanese and Chinese, whose words have no space between them: pairs of characters stand for them."""
TEXT_KEYS = ("content", "text")
LONGEST = 20_000
"""Characters of a message that are looked at."""


@dataclass(frozen=True)
class Word:
    """A word with the share of messages that have it."""

    word: str
    before: float
    since: float

    def as_json(self) -> Mapping[str, object]:
        """For the details of a finding."""
        return {"word": self.word, "before": round(self.before, 4), "since": round(self.since, 4)}


def moved(
    before: Sequence[tuple[str, str]], since: Sequence[tuple[str, str]], most: int = 8
) -> tuple[list[Word], list[Word]]:
    """(words that are more frequent since, words that are less) of messages as (who wrote it, text), surest first."""
    if not before or not since:
        return [], []
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    writers: dict[str, set[str]] = defaultdict(set)
    for side, messages in enumerate((before, since)):
        for who, text in messages:
            for word in words(text):
                counts[word][side] += 1
                writers[word].add(who)
    scored = sorted(
        (_score(old, len(before), new, len(since)), word)
        for word, (old, new) in counts.items()
        if len(writers[word]) >= FEWEST_WRITERS
    )
    found = {word: Word(word, counts[word][0] / len(before), counts[word][1] / len(since)) for _, word in scored}
    up = [found[word] for score, word in reversed(scored) if score > 2]
    down = [found[word] for score, word in scored if score < -2]
    return up[:most], down[:most]


def words(text: str) -> set[str]:
    """The words of a message as it is stored: its texts, without names of JSON members."""
    spoken = " ".join(_texts(text[:LONGEST])).lower()
    return {part for word in WORD.findall(spoken) for part in _parts(word)}


def _parts(word: str) -> list[str]:
    return [word[at : at + 2] for at in range(len(word) - 1)] if UNSPACED.search(word) else [word]


def _texts(text: str) -> Iterator[str]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    yield from _spoken(value, isinstance(value, str))


def _spoken(value: object, asked: bool) -> Iterator[str]:
    """Texts below `content` and `text`; a bare text is one too."""
    if isinstance(value, str) and asked:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _spoken(item, asked)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _spoken(item, key in TEXT_KEYS)


def _score(old: int, of_old: int, new: int, of_new: int) -> float:
    """Log odds ratio over its standard error, a half added to each count."""
    a, b, c, d = new + 0.5, of_new - new + 0.5, old + 0.5, of_old - old + 0.5
    return (log(a / b) - log(c / d)) / sqrt(1 / a + 1 / b + 1 / c + 1 / d)
