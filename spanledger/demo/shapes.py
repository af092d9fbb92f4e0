"""How large calls are and how long runs: quantiles of public traces, so that the demo's sizes are those of life.

| table | from | licence |
|---|---|---|
| QUESTION, ANSWER | Azure LLM inference trace 2023, conversation (19,366 calls) | CC-BY 4.0 |
| DOCUMENT | Mooncake conversation trace, FAST'25 (12,031 requests) | Apache-2.0 |
| RUN_STEPS, TOOL_ERRORS | tau-bench airline runs of gpt-4o (200 runs) | MIT |

Tokens in and out are drawn apart: their rank correlation in the Azure trace is 0.07.
"""

from __future__ import annotations

from bisect import bisect_right
from random import Random

SHARES = (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
QUESTION = (20, 181, 207, 387, 403, 703, 1020, 1071, 1130, 1315, 2734, 4083, 4142, 6000)
"""Context tokens of one call of the Azure trace; the ends are cut (it has 2 and 14,050)."""
ANSWER = (7, 41, 54, 77, 91, 103, 129, 177, 384, 400, 424, 451, 601, 1000)
"""Generated tokens, Azure."""
DOCUMENT = (891, 901, 964, 1662, 3263, 4993, 6909, 9570, 13196, 17869, 27367, 39550, 60000, 80000)
"""Input lengths of Mooncake; the end is cut (it has 126,195)."""
RUN_STEPS = (2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 10, 12, 15, 15)
"""Model calls of an agent run: half of tau-bench's, whose runs have a talking user as well."""
TOOL_ERRORS = 0.063
"""Of tau-bench's tool calls."""


def draw(random: Random, quantiles: tuple[int, ...]) -> int:
    """A number by its quantiles, linear between them."""
    share = random.random()
    place = bisect_right(SHARES, share) - 1
    low, high = quantiles[place], quantiles[place + 1]
    return int(low + (high - low) * (share - SHARES[place]) / (SHARES[place + 1] - SHARES[place]))
