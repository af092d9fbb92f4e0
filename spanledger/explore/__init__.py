"""Asking anything of spans: a heat map, groups by any key, what is different about a selection, what just came in.

The API and the page both ask here. ADR 26 says how a selection is compared and what is sampled.
"""

from __future__ import annotations

from spanledger.explore.completion import keys, values
from spanledger.explore.difference import Attribute, Difference, compare
from spanledger.explore.groups import Group, Groups, groups
from spanledger.explore.heat import Heat, heat
from spanledger.explore.question import MEASURES, Box, Measure, Question, both, read
from spanledger.explore.tail import Tail, newest, tail
from spanledger.explore.views import SavedView, Views

__all__ = [
    "MEASURES",
    "Attribute",
    "Box",
    "Difference",
    "Group",
    "Groups",
    "Heat",
    "Measure",
    "Question",
    "SavedView",
    "Tail",
    "Views",
    "both",
    "compare",
    "groups",
    "heat",
    "keys",
    "newest",
    "read",
    "tail",
    "values",
]
