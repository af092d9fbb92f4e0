"""The conversations of the bench are what it says they are."""

from __future__ import annotations

import json

from bench.content import TURNS, Script


def test_history_is_resent_and_nothing_else_repeats() -> None:
    turns = list(Script(2).turns())
    assert len(turns) == TURNS
    talk = [rows[0] for rows in turns]
    asked = [json.loads(str(row[7])) for row in talk]
    answers = [json.loads(str(row[8]))[0] for row in talk]
    for turn in range(1, TURNS):
        answer = {name: value for name, value in answers[turn - 1].items() if name != "finish_reason"}
        assert asked[turn][:-1] == [*asked[turn - 1], answer]
    assert len({json.dumps(message) for message in asked[-1]}) == len(asked[-1]) == 2 * TURNS - 1
    assert {row[5] for row in talk} == {talk[0][5]}
