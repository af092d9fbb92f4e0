"""The filter language of the API and the pages: `tenant = "acme" and child(tool_name = "search" and status = error)`.

`compile_filter` turns a text into a condition of SQL with bound values; docs/filters.md describes the language.
"""

from __future__ import annotations

from spanledger.filters.fields import FIELDS, Field
from spanledger.filters.key import LONGEST_VALUE, Keys, attribute, compile_key, compile_keys, equals, names_in, quoted
from spanledger.filters.parse import BadFilter, parse
from spanledger.filters.render import Condition, compile_filter
from spanledger.filters.subject import filter_of

__all__ = [
    "FIELDS",
    "LONGEST_VALUE",
    "BadFilter",
    "Condition",
    "Field",
    "Keys",
    "attribute",
    "compile_filter",
    "compile_key",
    "compile_keys",
    "equals",
    "filter_of",
    "names_in",
    "parse",
    "quoted",
]
