"""Topics: clusters of the reference's sketches, and which of them users moved to or from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from analytics.statistics.newcombe import difference

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CLUSTERS = 20
FAR = 0.99
"""A call that is farther from every cluster than this share of the reference is of a new topic."""
MIN_SHARE, MAX_Q = 0.03, 0.05
"""A topic has moved when its share changed so much, sure enough (Benjamini-Hochberg over the topics)."""


@dataclass(frozen=True)
class Topic:
    """A cluster with its share of calls on both sides."""

    number: int
    """-1: none of the reference's."""
    before: float
    since: float
    low: float
    high: float
    """Newcombe's interval of the difference, as if all calls were by different users."""
    q_value: float

    def as_json(self) -> Mapping[str, object]:
        """For the details of a finding."""
        names = ("before", "since", "low", "high")
        return {"topic": "new" if self.number < 0 else self.number} | {
            name: round(getattr(self, name), 4) for name in names
        }


def topics(sketches: Floats, current: Bools, seed: int) -> tuple[NDArray[np.int64], Sequence[Topic]]:
    """(the topic of each row, the topics that moved, largest change first)."""
    from sklearn.cluster import KMeans  # noqa: PLC0415 - it takes a second to import

    rows = sketches / np.maximum(np.linalg.norm(sketches, axis=1, keepdims=True), 1e-9)
    count = min(CLUSTERS, max(int((~current).sum()) // 20, 2))
    model = KMeans(count, n_init=1, random_state=seed).fit(rows[~current])
    distance = np.asarray(model.transform(rows).min(axis=1))
    topic = np.where(distance > np.quantile(distance[~current], FAR), -1, model.predict(rows)).astype(np.int64)
    found = [_topic(number, topic == number, current) for number in range(-1, count)]
    q_values = scipy.stats.false_discovery_control([topic.q_value for topic in found])
    kept = [
        Topic(one.number, one.before, one.since, one.low, one.high, float(q_value))
        for one, q_value in zip(found, q_values, strict=True)
        if abs(one.since - one.before) >= MIN_SHARE and q_value <= MAX_Q
    ]
    return topic, sorted(kept, key=lambda one: -abs(one.since - one.before))


def _topic(number: int, inside: Bools, current: Bools) -> Topic:
    n, m = int(current.sum()), int((~current).sum())
    new, old = int(inside[current].sum()), int(inside[~current].sum())
    _, low, high = difference(new, n, old, m)
    pooled = (new + old) / (n + m)
    spread = np.sqrt(max(pooled * (1 - pooled), 1e-12) * (1 / n + 1 / m))
    return Topic(number, old / m, new / n, low, high, float(2 * scipy.stats.norm.sf(abs(new / n - old / m) / spread)))
