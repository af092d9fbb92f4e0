"""Maximum subarray against trying all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analytics.statistics.excess import largest_excess


def test_the_textbook() -> None:
    """Bentley's example."""
    values = [31, -41, 59, 26, -53, 58, 97, -93, -23, 84]
    assert largest_excess(values) == (2, 7)
    assert sum(values[2:7]) == 187
    assert largest_excess([-1, 0, -2]) is None
    assert largest_excess([]) is None


@given(st.lists(st.integers(-50, 50), max_size=12))
def test_no_run_is_larger(values: list[int]) -> None:
    best = max((sum(values[i:j]) for i in range(len(values)) for j in range(i + 1, len(values) + 1)), default=0)
    found = largest_excess(values)
    assert (sum(values[slice(*found)]) if found else 0) == max(best, 0)
