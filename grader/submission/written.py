"""What a submission has written, read from its source and never run.

A file or a name may be missing, a body may still be the stub that was handed out, and a result may
be computed and not returned. Each is another word to a student, and none of them is taken from what
the student's process reports: a process only knows that nothing came back.

Nothing here fails for what a file holds: what cannot be parsed is read definition by definition.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.rubric.near import nearest
from grader.submission.bodies import (
    Function,
    children,
    computed,
    never_set,
    nodes,
    open_ends,
    pairs,
    parsed,
    returned,
)

MOST = 130_000  # characters of a file that are read: homework comes to less
MAX_LINE = 2_000  # characters; a parser may take long over what no homework holds
MAX_DEPTH = 150  # of a tree, which functions that call themselves go down
MAX_NODES = 5_000  # of a function: the ways through it are followed statement by statement
LONG_STATEMENT = re.compile(r"(?:[^\n]*\\\n){40}")
BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Unreturned:
    """A result that is computed in `line` and does not come back; `name` is never set, if any."""

    path: str
    line: int
    name: str = ""


class Sources:
    """The files of a submission by path ("cs231n/layers.py"), parsed when they are asked for."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        self._files = files or {}
        self._read: dict[str, dict[str, Function | ast.ClassDef | None]] = {}
        self._near: dict[tuple[str, str, frozenset[str]], str | None] = {}

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files themselves."""
        return self._files

    def path(self, module: str) -> str | None:
        """Return the path of the graded file "layers" or "fc_net"; None if there is none."""
        ends = (f"/{module}.py", f"/classifiers/{module}.py")
        paths = [path for path in self._files if f"/{path}".endswith(ends)]
        return min(paths, key=len, default=None)

    def names(self, module: str) -> list[str]:
        """Return the functions, classes and Class.methods of a file, in their order."""
        return list(self._defined(module))

    def function(self, module: str, name: str) -> Function | None:
        """Return a function, or a Class.method, where it can be parsed."""
        found = self._defined(module).get(name)
        return found if isinstance(found, (ast.FunctionDef, ast.AsyncFunctionDef)) else None

    def known_in(self, module: str, name: str) -> list[str]:
        """Return the names that a function or method sets or takes, and those its file defines."""
        ends = [n for n in self._defined(module) if n.rpartition(".")[2] == name]
        inner = [one for n in ends if (f := self.function(module, n)) for one in nodes(f)]
        inside = [
            n.arg if isinstance(n, ast.arg) else n.id
            for n in inner
            if isinstance(n, ast.arg) or isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        ]
        every = [one for other in ("layers", "layer_utils", "optim") for one in self.names(other)]
        return list(dict.fromkeys([*inside, *self.names(module), *every]))

    def near(self, module: str, name: str, taken: Iterable[str]) -> str | None:
        """Return the name in a file that `name` was probably meant by; none of the `taken` ones."""
        key = (module, name, frozenset(taken))
        if key not in self._near:
            owner, _, short = name.rpartition(".")
            known = [other.rpartition(".") for other in self.names(module) if other not in key[2]]
            found = nearest(short, [other[2] for other in known if other[0] == owner])
            self._near[key] = f"{owner}.{found}" if found and owner else found
        return self._near[key]

    def elsewhere(self, module: str, name: str, modules: Iterable[str]) -> str | None:
        """Return another file that defines `name`, by its module."""
        return next((m for m in modules if m != module and name in self._defined(m)), None)

    def unreturned(self, module: str, name: str) -> Unreturned | None:
        """Return the result that a function computes and does not give back; None for a stub.

        Either some way through the function ends without a `return`, or what it returns is a name
        that is never set to anything but None.
        """
        node, path = self.function(module, name), self.path(module)
        if node is None or path is None or not (lines := computed(node.body)):
            return None
        ways = open_ends(node.body)
        if ways:
            last = [line for body in ways for line in computed(body)]
            return Unreturned(path, last[-1]) if last else None
        unset = never_set(node)
        never = next((name for name in returned(node) if name in unset), "")
        return Unreturned(path, lines[-1], never) if never else None

    def nested(self, module: str, name: str) -> int | None:
        """Return the line of a `def name` that is indented; None if there is none."""
        path = self.path(module)
        text = _text(self._files[path]) if path else ""
        match = re.search(rf"^[ \t]+def[ \t]+{re.escape(name)}\b", text, re.MULTILINE)
        return text.count("\n", 0, match.start()) + 1 if match else None

    def left_over(self, module: str, name: str, line: int, below: bool = True) -> int:
        """Return the line of a `raise` that a stub had and that stands `below` code, or above it.

        `line` is where the function stopped, 0 for anywhere; 0 comes back if there is none. Code in
        an `if` is for other inputs than those that come to the line below. What has a second such
        `raise` under the code is not finished.
        """
        node = self.function(module, name)
        blocks = [] if node is None else [b for one in nodes(node) for b in _blocks(one)]
        for block in blocks:
            for place, statement in enumerate(block):
                if isinstance(statement, ast.Raise) and line in (0, statement.lineno):
                    around = _run_before(block[:place]) if below else _cut_off(statement, block)
                    if computed(around):
                        return statement.lineno
        return 0

    def computes(self, module: str, name: str) -> bool | None:
        """Return whether a function holds code that no stub holds; None if it cannot be read."""
        node = self.function(module, name)
        return None if node is None else bool(computed(node.body))

    def _defined(self, module: str) -> dict[str, Function | ast.ClassDef | None]:
        if module not in self._read:
            path = self.path(module)
            self._read[module] = _definitions(_text(self._files[path])) if path else {}
        return self._read[module]


def is_unwritten(node: ast.AST) -> bool:
    """Return whether a node is the `raise NotImplementedError` of a stub."""
    raised = node.exc if isinstance(node, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _run_before(above: list[ast.stmt]) -> list[ast.stmt]:
    return [one for one in above if not isinstance(one, ast.If)]


def _cut_off(statement: ast.stmt, block: list[ast.stmt]) -> list[ast.stmt]:
    """Return what no input gets to because of the `raise` of a stub."""
    below = block[block.index(statement) + 1 :]
    has_more = any(is_unwritten(one) for each in below for one in nodes(each))
    return below if is_unwritten(statement) and not has_more else []


def _blocks(node: ast.AST) -> list[list[ast.stmt]]:
    fields = (getattr(node, name, None) for name in ("body", "orelse", "finalbody"))
    return [block for block in fields if isinstance(block, list)]


def tree_of(data: bytes) -> ast.Module | None:
    """Return a file, parsed; None unless it is Python 3, no larger and no deeper than homework."""
    return None if len(data) > 4 * MOST else _parsed(_text(data))


def _definitions(text: str) -> dict[str, Function | ast.ClassDef | None]:
    """Return name -> definition of a file; None for what is there and cannot be parsed."""
    found: dict[str, Function | ast.ClassDef | None] = {}
    for tree, names in _trees(text):
        found.update(dict.fromkeys(names))
        for node in tree.body if tree is not None else ():
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found[node.name] = _small(node)
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found[f"{node.name}.{inner.name}"] = _small(inner)  # type: ignore[attr-defined]
            if isinstance(node, ast.Assign):  # relu = relu_forward
                found.update({n: None for t in node.targets for n, _ in pairs(t, None)})
    return found


def _small(node: Function | ast.ClassDef) -> Function | ast.ClassDef | None:
    """Return a definition, or None where it has more nodes than homework has."""
    return node if len(nodes(node)) < MAX_NODES else None


_HEAD = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
_METHOD = re.compile(r"^[ \t]+def[ \t]+(\w+)", re.MULTILINE)


def _trees(text: str) -> Iterator[tuple[ast.Module | None, list[str]]]:
    """Yield the parsed file, or where it does not parse, each of its definitions by itself."""
    tree = _parsed(text)
    if tree is not None:
        yield tree, []
        return
    heads = [*_HEAD.finditer(text)]
    for head, end in zip(heads, [*(one.start() for one in heads[1:]), len(text)]):
        start, block = head.start(), text[head.start() : end]
        methods = _METHOD.findall(block) if block.startswith("class") else []
        lines_above = "\n" * text.count("\n", 0, start)
        yield _parsed(lines_above + block), [head[1], *(f"{head[1]}.{one}" for one in methods)]


def _parsed(text: str) -> ast.Module | None:
    if max(map(len, text.split("\n"))) > MAX_LINE or LONG_STATEMENT.search(text):
        return None
    try:
        tree = parsed(text)
    except BROKEN:
        return None
    return tree if _is_flat(tree) else None


def _is_flat(tree: ast.AST) -> bool:
    """Return whether nothing is nested deeper than MAX_DEPTH."""
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in children(node)]
        if not level:
            return True
    return False


def _text(data: bytes) -> str:
    text = data[: 4 * MOST].decode("utf-8", "replace")[:MOST].lstrip("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")
