"""The tool that measures tests: which changes it makes, and what it notices of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import mutants

ROOT = Path(__file__).resolve().parents[2]
EXPRESSIONS: dict[str, tuple[str, set[str]]] = {
    # what is returned -> what stands in the place of some of it
    "comparison": ("a < b", {"a <= b", "a > b"}),
    "equality": ("a == b", {"a != b"}),
    "several comparisons": ("a < b == c", {"a <= b == c", "a > b == c", "a < b != c"}),
    "and": ("a and b", {"a or b", "a", "b"}),
    "or": ("a or b or c", {"a and b and c", "b or c", "a or c", "a or b"}),
    "not": ("not a", {"a"}),
    "sum": ("a + b", {"a - b"}),
    "sets": ("a | b", {"a & b"}),
    "number": ("7", {"8"}),
    "truth": ("True", {"False"}),
    "text": ("'a'", {"'ax'"}),
    "nothing": ("None", set()),
    "arguments": ("f(a, b, c)", {"f(b, a, c)", "f(a, c, b)"}),
    "arguments whose order does not matter": ("max(a, b)", {"min"}),
    "keywords": ("f(a, b=c)", {"f(a)"}),
    "quantifier": ("any(a)", {"all"}),
    "choice": ("a if b else c", {"a", "c"}),
    "comprehension": ("[a for a in b if c]", {"for a in b"}),
    "dictionary": ("{**a, b: c}", {"{b: c}", "{**a}"}),
    "list": ("[a, *b]", {"[*b]", "[a]"}),
}
STATEMENTS: dict[str, tuple[str, set[str]]] = {
    "call": ("f()", {"pass"}),
    "assignment": ("a = b", {"pass"}),
    "in place": ("a += b", {"pass", "a -= b", "a = b"}),
    "condition": ("if a:\n    b", {"pass", "if True: b", "if False: b"}),
    "type": ("a: dict[str, int]", set()),
    "docstring": ("'It is so.'", set()),
    "import": ("import a", set()),
    "for types": ("if TYPE_CHECKING:\n    import a", set()),
}


@pytest.mark.parametrize(("source", "after"), EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_one_place_of_an_expression_is_changed_at_a_time(source: str, after: set[str]) -> None:
    found = {one.after for one in mutants.mutants(f"def f():\n    return {source}")}
    assert found - {"return None"} == after


@pytest.mark.parametrize(("source", "after"), STATEMENTS.values(), ids=STATEMENTS)
def test_a_statement_is_changed_or_left_out(source: str, after: set[str]) -> None:
    found = list(mutants.mutants(source))
    assert {one.after for one in found} == after
    assert all(one.line >= 1 for one in found)


def test_every_mutant_is_the_code_that_it_says() -> None:
    values = []
    for one in mutants.mutants("a = 1 + 2"):
        names: dict[str, int] = {}
        exec(one.code, names)
        values.append((one.before, one.after, names.get("a")))
    assert values == [
        ("a = 1 + 2", "pass", None), ("1 + 2", "1 - 2", -1), ("1", "2", 4), ("2", "3", 4),
    ]  # fmt: skip


HERE = """
LIMIT = 3
WORDS = ("a",)
def over(n, limit=1): return n > limit
class Box:
    size = 2
    def __init__(self, n): self.n = n
    @property
    def is_over(self): return self.n > LIMIT
"""


def test_who_holds_a_name_of_the_module_sees_the_changed_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module, user = ModuleType("ours.here"), ModuleType("ours.user")
    exec(HERE, vars(module))
    for name in ("over", "Box"):
        vars(module)[name].__module__ = module.__name__
        setattr(user, name, vars(module)[name])
    user.LIMIT = module.LIMIT  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ours.here", module)
    monkeypatch.setitem(sys.modules, "ours.user", user)
    over, box, held = module.over, module.Box, module.Box(4)
    changed = HERE.replace("LIMIT = 3", "LIMIT = 5").replace("limit=1", "limit=9")
    changed = changed.replace("size = 2", "size = 7").replace("n > limit", "n >= limit")
    mutants.plant(module, compile(changed, "here.py", "exec"))
    assert (over(9), over(8), box.size, held.is_over) == (True, False, 7, False)
    assert user.LIMIT == 5 and user.Box is box and held.n == 4  # type: ignore[attr-defined]


TESTS = """
import os
import pytest
from {package} import code

@pytest.fixture(scope="session")
def two():
    return 2

def test_it(two):
    assert code.grown({number}) == 5
"""
CODE = """
def grown(n):
    while n < 5:
        n += 1
    return n


def unused():
    return 3 > 2
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "counted"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "code.py").write_text(CODE)
    return folder


def run(package: Path, number: int) -> subprocess.CompletedProcess[str]:
    tests = package.parent / "test_code.py"
    tests.write_text(TESTS.format(package=package.name, number=number))
    return subprocess.run(
        [sys.executable, "-m", "tests.support.mutants", "counted/code.py", "test_code.py"],
        cwd=package.parent, capture_output=True, text=True, timeout=120,
        env={"PYTHONPATH": f"{ROOT}:{package.parent}", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip


def test_survivors_are_listed_and_what_never_ends_is_killed(package: Path) -> None:
    found = run(package, 4)
    lines = found.stdout.splitlines()
    survivors = [line for line in lines if "->" in line]
    assert found.returncode == 1
    assert lines[-1].startswith("counted/code.py: 14 mutants, 9 killed (")
    assert "counted/code.py:9: 3 > 2  ->  3 >= 2" in survivors
    assert "counted/code.py:4: n += 1  ->  n = 1" not in survivors, "it never ends"
    assert not any("return n " in line for line in survivors)


def test_tests_that_fail_measure_nothing(package: Path) -> None:
    found = run(package, 9)
    assert found.returncode == 1 and "0 mutants" in found.stdout
