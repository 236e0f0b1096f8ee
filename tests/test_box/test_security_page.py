"""docs/security.md: every promise names tests that hold it, and each of them is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PROMISED = PAGE.partition("## What we promise")[2].partition("\n## ")[0]
ROW = re.compile(r"^\| (?!promise )([^|]*[^-|][^|]*) \| ([^|]*) \|$", re.M)
TEST = re.compile(r"`([\w/]+):(test_\w+)`")
HOSTILE = re.compile(r"`hostile/(\w+)`")
PROMISES = dict(ROW.findall(PROMISED))


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_names_tests_that_are_there(promise: str) -> None:
    named = re.findall(r"`[^`]+`", PROMISES[promise])
    known = [*TEST.findall(PROMISES[promise]), *HOSTILE.findall(PROMISES[promise])]
    assert named and len(known) == len(named) == PROMISES[promise].count(", ") + 1
    for module, function in TEST.findall(PROMISES[promise]):
        tree = ast.parse((ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8"))
        found = [node for node in tree.body if getattr(node, "name", "") == function]
        assert found, f"{module}: there is no {function}"
    for name in HOSTILE.findall(PROMISES[promise]):
        assert (ROOT / "tests" / "submissions" / "hostile" / f"{name}.py").is_file(), name


def test_every_line_of_the_tables_is_a_promise() -> None:
    lines = [line for line in PROMISED.splitlines() if line.startswith("|")]
    tables = PROMISED.count("\n### ")
    assert len(PROMISES) == len(lines) - 2 * tables > 25  # a head and a rule for each table


def test_every_file_that_the_page_names_is_there() -> None:
    for path in re.findall(r"`((?:grader|tests|docs)/[\w/.]+)`", PAGE):
        assert (ROOT / path.rstrip("/")).exists(), path
