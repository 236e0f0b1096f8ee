"""Change a module in one place at a time, and list the changes that its tests do not notice.

    python -m tests.support.mutants grader/grading/score.py tests/test_grading/test_score.py

Anything behind the module goes to pytest. The tests are collected and run once as they are; then
each mutant gets a fork of this process, in a process group of its own and with a time limit, where
the module's functions take over the changed code and the tests run until one fails. Nothing is
written. A mutant meets the tests that call its function, and all of them outside of functions. Exit
code 1 and a line for each mutant that survives: line, before -> after.
"""

from __future__ import annotations

import ast
import functools
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest

AT_ONCE = 2  # children
MEMORY = 4 * 1024**3  # bytes of a child
KILLED, SURVIVED = 1, 0  # exit codes of a child
OTHER_OPERATORS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
OTHER_COMPARISONS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
OTHER_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
KEPT = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass, ast.Return)
UNREAD = ("annotation", "returns", "decorator_list")  # nothing that runs hangs on these


@dataclass(frozen=True)
class Mutant:
    """One change of a module: where, what, and the module's code with it."""

    line: int
    before: str
    after: str
    code: CodeType


def mutants(source: str, path: str = "module.py") -> Iterator[Mutant]:
    """Yield every mutant of a module's source."""
    tree = ast.parse(source)
    for holder, name, index, node in _places(tree):
        for other in _others(node):
            _put(holder, name, index, other)
            ast.fix_missing_locations(ast.copy_location(other, node))
            code = compile(tree, path, "exec")
            _put(holder, name, index, node)
            before, after = (" ".join(ast.unparse(one).split())[:90] for one in (node, other))
            if before != after:
                yield Mutant(
                    getattr(node, "lineno", None) or node.target.lineno, before, after, code
                )


def _put(holder: Any, name: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(holder, name, node)
    else:
        getattr(holder, name)[index] = node


def _places(holder: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, Any]]:
    """Yield (holder, field, index, node) of every node that may be exchanged."""
    for name, value in ast.iter_fields(holder):
        if name in UNREAD:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            if isinstance(node, ast.AST) and not docstring and not for_types:
                yield holder, name, index, node
                yield from _places(node)


def _others(node: Any) -> Iterator[Any]:
    """Yield what may stand in the place of a node."""
    if isinstance(node, ast.stmt) and not isinstance(node, KEPT):
        if not (isinstance(node, ast.AnnAssign) and node.value is None):
            yield ast.Pass()
    match node:
        case ast.Return(value=ast.expr()):
            yield ast.Return(ast.Constant(None))
        case ast.Constant(value=value) if value is not None and value is not ...:
            yield ast.Constant(_other_value(value))
        case ast.Compare():
            for i, op in enumerate(node.ops):
                for other in OTHER_COMPARISONS[type(op)]:
                    ops = [*node.ops[:i], other(), *node.ops[i + 1 :]]
                    yield ast.Compare(node.left, ops, node.comparators)
        case ast.BoolOp(op, values):
            yield ast.BoolOp(OTHER_OPERATORS[type(op)](), values)
            for i in range(len(values)):
                rest = _but(values, i)
                yield rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
        case ast.UnaryOp():
            yield node.operand
        case ast.BinOp(left, op, right) if type(op) in OTHER_OPERATORS:
            yield ast.BinOp(left, OTHER_OPERATORS[type(op)](), right)
        case ast.AugAssign(target, op, value) if type(op) in OTHER_OPERATORS:
            yield ast.AugAssign(target, OTHER_OPERATORS[type(op)](), value)
            yield ast.Assign([target], value)
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.If():
            for value in (True, False):
                yield ast.If(ast.Constant(value), node.body, node.orelse)
        case ast.comprehension(target, iterated, ifs, is_async):
            for i in range(len(ifs)):
                yield ast.comprehension(target, iterated, _but(ifs, i), is_async)
        case ast.Dict(keys, values):
            for i in range(len(keys)):
                yield ast.Dict(_but(keys, i), _but(values, i))
        case ast.List(elements) | ast.Tuple(elements) if isinstance(node.ctx, ast.Load):
            for i in range(len(elements)):
                yield type(node)(_but(elements, i), node.ctx)
        case ast.Call(function, arguments, keywords):
            swaps = 0 if ast.unparse(function) in OTHER_NAMES else len(arguments) - 1
            for i in range(swaps):
                swapped = [arguments[i + 1], arguments[i]]
                yield ast.Call(function, [*arguments[:i], *swapped, *arguments[i + 2 :]], keywords)
            for i in range(len(keywords)):
                yield ast.Call(function, arguments, _but(keywords, i))
        case ast.Name(id) if id in OTHER_NAMES:
            yield ast.Name(OTHER_NAMES[id], node.ctx)


def _other_value(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return f"{value}x" if isinstance(value, str) else value + 1


def _but(nodes: list[Any], i: int) -> list[Any]:
    return [*nodes[:i], *nodes[i + 1 :]]


def plant(module: ModuleType, code: CodeType) -> None:
    """Let the module behave as `code` says; whoever imported its names sees it too."""
    package = module.__name__.partition(".")[0]
    ours = [one for name, one in sys.modules.items() if name.partition(".")[0] == package]
    fresh = {name: one for name, one in vars(module).items() if name.startswith("__")}
    exec(code, fresh)
    for name, old in list(vars(module).items()):
        new = fresh.get(name)
        if name.startswith("__") or new is old:
            continue
        if not _taken_over(old, new):
            for other in (one for one in ours if vars(one).get(name) is old):
                setattr(other, name, new)


def _taken_over(old: Any, new: Any) -> bool:
    """Give an object the changed code, so that who holds it already has it; False if it cannot."""
    if isinstance(old, property) and isinstance(new, property):
        return _taken_over(old.fget, new.fget)
    if isinstance(old, FunctionType) and isinstance(new, FunctionType):
        old.__code__, old.__defaults__ = new.__code__, new.__defaults__
        old.__kwdefaults__ = new.__kwdefaults__
        return True
    if isinstance(old, type) and isinstance(new, type):
        for name, member in vars(old).items() if old is not new else ():
            if name in vars(new) and not _taken_over(member, vars(new)[name]):
                with suppress(AttributeError, TypeError):  # what Python keeps about a class
                    setattr(old, name, vars(new)[name])
        return True
    return False


def _functions(source: str) -> Iterator[range]:
    """Yield the lines of each function and method, from its decorators on."""
    for outer in ast.parse(source).body:
        for node in outer.body if isinstance(outer, ast.ClassDef) else [outer]:
            if isinstance(node, ast.FunctionDef):
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                yield range(first, (node.end_lineno or first) + 1)


def _note(called: set[int], name: str, frame: FrameType, event: str, _: object) -> None:
    """Note the first line of a function of the file `name` that is called."""
    if event == "call" and frame.f_code.co_filename.endswith(f"/{name}"):
        called.add(frame.f_code.co_firstlineno)


@dataclass
class Trial:
    """A plugin of pytest that runs the collected tests once as they are, then for each mutant."""

    path: Path
    survivors: list[Mutant] = field(default_factory=list)
    called: dict[str, set[int]] = field(default_factory=dict)  # test -> first lines of functions
    tried: int = 0
    late: int = 0
    failed: bool = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        started = time.monotonic()
        if not self._passes(session, session.items, watch=True):
            raise session.Failed("the tests fail without any change")
        limit = 2 + 3 * (time.monotonic() - started)
        running: dict[int, tuple[float, Mutant]] = {}
        source = self.path.read_text(encoding="utf-8")
        unchanged = Mutant(0, "", "", compile(source, str(self.path), "exec"))
        functions = list(_functions(source))
        for mutant in (unchanged, *mutants(source, str(self.path))):
            while len(running) >= AT_ONCE:
                self._reap(running)
            if not (child := os.fork()):
                self._child(session, mutant, self._tests_of(mutant, functions, session))
            running[child] = time.monotonic() + limit, mutant
            self.tried += 1
        while running:
            self._reap(running)
        if unchanged not in self.survivors:  # a child that cannot run would kill every mutant
            raise session.Failed("the tests fail in a fork, without any change")
        self.survivors.remove(unchanged)
        self.tried -= 1
        return True

    def _tests_of(
        self, mutant: Mutant, functions: list[range], session: pytest.Session
    ) -> list[pytest.Item]:
        inside = [lines for lines in functions if mutant.line in lines]
        if not inside:
            return session.items
        return [one for one in session.items if self.called[one.nodeid].intersection(*inside)]

    def _passes(
        self, session: pytest.Session, items: list[pytest.Item], watch: bool = False
    ) -> bool:
        """Run tests until one fails; what lasts as long as the session stays set up."""
        after: list[Any] = [*items[1:], session]
        for item, following in zip(items, after):
            called = self.called.setdefault(item.nodeid, set())
            if watch:
                sys.setprofile(functools.partial(_note, called, self.path.name))
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.setprofile(None)
            if self.failed:
                return False
        return True

    def _child(self, session: pytest.Session, mutant: Mutant, items: list[pytest.Item]) -> None:
        """Run tests against a mutant; never return."""
        code = KILLED
        try:
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            plant(sys.modules[".".join(self.path.with_suffix("").parts)], mutant.code)
            code = SURVIVED if self._passes(session, items) else KILLED
        finally:
            os._exit(code)

    def _reap(self, running: dict[int, tuple[float, Mutant]]) -> None:
        """Wait for one child, or end one that is late."""
        time.sleep(0.002)
        for child, (deadline, mutant) in list(running.items()):
            done, status = os.waitpid(child, os.WNOHANG)
            is_late = not done and time.monotonic() > deadline
            if is_late:
                with suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
            if done or is_late:
                del running[child]
                self.late += is_late
                if done and status == SURVIVED:
                    self.survivors.append(mutant)


def main(args: list[str]) -> int:
    """Try all mutants of one module; return the exit code."""
    if len(args) < 2 or not Path(args[0]).is_file():
        print(__doc__)
        return 2
    trial = Trial(Path(args[0]))
    code = pytest.main(["-q", "-s", "-x", "-p", "no:cacheprovider", *args[1:]], plugins=[trial])
    for one in sorted(trial.survivors, key=lambda one: one.line):
        print(f"{trial.path}:{one.line}: {one.before}  ->  {one.after}")
    used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    killed = trial.tried - len(trial.survivors)
    print(f"{trial.path}: {trial.tried} mutants, {killed} killed ({trial.late} by time), "
          f"{len(trial.survivors)} survive; {used:.0f} s of cpu")  # fmt: skip
    return int(code) or bool(trial.survivors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
