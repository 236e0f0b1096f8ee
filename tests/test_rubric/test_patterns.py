"""Names and the patterns that stand for them."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from grader.rubric.patterns import fits

NAMES = ("dx", "dx1", "DX", "loss", "d", "", "d*", "d[x]", "adx", "d\nx", "os.path")
PATTERNS = ("dx", "d*", "*", "", "d?", "*x", "d*1", "d[xy]", "[!d]*", "d**", "os.*", "[*", "d\n*")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_stands_for_what_fnmatch_says(pattern: str) -> None:
    said = {name: fits(name, pattern) for name in NAMES}
    assert said == {name: fnmatchcase(name, pattern) for name in NAMES}
