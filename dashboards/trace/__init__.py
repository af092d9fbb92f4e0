"""One trace in pictures: its tree, what is wrong with it, its call graph and its conversation."""

from __future__ import annotations
