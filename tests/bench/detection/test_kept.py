"""A run of the bench of trust that was stopped goes on, and only with the same code."""

from __future__ import annotations

from pathlib import Path

from bench.detection.judgement import Judgement
from bench.detection.kept import JUDGED, Kept, fingerprint


def test_what_was_judged_is_not_judged_again(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    assert Kept(path, "code").of(range(9)) == []
    for seed in (1, 2, 30):
        Kept(path, "code").add(Judgement(seed, 15.0, {"carbon": 3}))
    Kept(path, "other code").add(Judgement(3, 0.0))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])  # it was killed while it wrote
    assert Kept(path, "code").of(range(9)) == [Judgement(seed, 15.0, {"carbon": 3}) for seed in (1, 2)]
    assert [found.seed for found in Kept(path, "other code").of(range(9))] == [3]


def test_other_code_has_another_fingerprint(tmp_path: Path) -> None:
    for folder in JUDGED:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "one.sql").write_text("SELECT 1")
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    (tmp_path / "analytics" / "one.sql").write_text("SELECT 2")
    second = fingerprint(tmp_path)
    (tmp_path / "analytics" / "one.sql").rename(tmp_path / "analytics" / "two.sql")
    assert len({first, second, fingerprint(tmp_path), fingerprint()}) == 4
