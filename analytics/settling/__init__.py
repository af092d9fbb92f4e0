"""Settling: what follows from spans once they are stored. Second layers billed once, `usage`, `traces` and `edges`.

Everything is SQL inside the engine; Python only says which statement is next. A step reads the spans that came since
the last one, by their time of acceptance, and may be repeated at any point: what it writes replaces what it wrote.
"""
