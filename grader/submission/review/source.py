"""The sources that run when homework is graded: decoded and parsed as the worker does it.

Only what the graded modules import is read. A folder of a whole course holds torch notebooks and
download scripts, and none of that says anything about the homework.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import basename
from typing import TypeVar, cast

from grader.guest.legacy import python2, statements
from grader.guest.legacy.compat import INERT_IN_PACKAGE
from grader.guest.sources import decode
from grader.submission.bodies import parsed
from grader.submission.layout import CORE
from grader.types import Submission

# Homework comes to about 100 kB. Parsing takes the trusted side up to 5 microseconds a byte.
MAX_BYTES = 130_000
MAX_LINE = 2_000  # characters that the repairs of Python 2 may have to try in every way
# The parser's time grows with the square of the dots in an import: 100 kB of them take ten seconds.
LONG_IMPORT = re.compile(r"\b(?:import|from)\b(?:[^\\\n]|\\.|\\\n){3000}")
DEPTH = 30  # how many nodes up a rule looks for what encloses an expression
# Handed out whole and graded with ours, or never loaded: their imports are the course's own.
NOT_FOLLOWED = {"solver", "gradient_check", "data_utils", "synthetic", *INERT_IN_PACKAGE}
# Fields of nodes with a word, a number, or how a name is used and what an operator is.
_NO_CODE = {
    "id", "attr", "arg", "name", "module", "asname", "ctx", "op", "kind", "type_comment", "level",
    "is_async", "simple", "conversion",
}  # fmt: skip


Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True, order=True)
class Remark:
    """One thing that a person should look at, by file inside the package and line (0: whole)."""

    kind: str
    message: str
    place: str
    line: int = 0


@dataclass(frozen=True, eq=False)
class SourceFile:
    """One file, parsed.

    `nodes` are in the order of the text. `names` maps a name to what it was imported as
    ({"np": "numpy"}) and `bound` holds all other names that the file gives a meaning. `imported`
    maps each import statement to (module, path in the submission or None).
    """

    path: str
    place: str
    data: bytes
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    parents: Mapping[ast.AST, ast.AST]
    names: Mapping[str, str]
    bound: frozenset[str]
    imported: Mapping[ast.AST, tuple[tuple[str, str | None], ...]] = field(default_factory=dict)

    def remark(self, kind: str, message: str, node: ast.AST | int) -> Remark:
        """Return what to say about a line of this file."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 0)
        return Remark(kind, message, self.place, line)

    @functools.cached_property
    def _kinds(self) -> Mapping[type[ast.AST], list[ast.AST]]:
        found: dict[type[ast.AST], list[ast.AST]] = {}
        for node in self.nodes:
            found.setdefault(node.__class__, []).append(node)
        return found

    def all(self, kind: type[Node]) -> Iterator[Node]:
        """Yield the nodes of a kind, which may be that of several others."""
        for one, nodes in self._kinds.items():
            if issubclass(one, kind):
                yield from cast("list[Node]", nodes)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, from the inside out."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def dotted(self, node: ast.AST | None) -> str | None:
        """Return the full name of an expression such as `np.random.seed`: "numpy.random.seed".

        `getattr(np, "load")` and `__import__("os").environ` have a full name too.
        """
        parts: list[str] = []
        while True:
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Call) and (name := self._asked_for(node)):
                parts.append(name)
                if self._called(node) != "getattr":
                    break
                node = node.args[0]
            elif isinstance(node, ast.Name):
                parts.append(self.names.get(node.id, node.id))
                break
            else:
                return None
        return ".".join(reversed(parts))

    def is_local(self, node: ast.AST) -> bool:
        """Return whether the first name of an expression is a variable or function of the file."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self.bound and node.id not in self.names

    def _called(self, node: ast.Call) -> str:
        """Return the last name of what is called, as it was imported."""
        function = node.func
        if isinstance(function, ast.Name):
            return self.names.get(function.id, function.id).rpartition(".")[2]
        return function.attr if isinstance(function, ast.Attribute) else ""

    def _asked_for(self, node: ast.Call) -> str | None:
        """Return the name that getattr, __import__ or import_module is given, where it is plain."""
        at = {"getattr": 1, "__import__": 0, "import_module": 0}.get(self._called(node))
        match node.args[at : at + 1] if at is not None else []:
            case [ast.Constant(value=str(name))]:
                return name
        return None


def read(submission: Submission) -> tuple[list[SourceFile], list[Remark]]:
    """Return the graded sources and all that they import, and what could not be read."""
    home = f"{submission.package}/"
    queue = [home + name for name in CORE if home + name in submission.files]
    sources: list[SourceFile] = []
    unread: list[Remark] = []
    room = MAX_BYTES
    for path in queue:  # which grows
        data, place = submission.files[path], path.removeprefix(home)
        if len(data) > room:
            size = f"{len(data) / 1000:,.0f} kB"
            message = f"is not looked at: {size} of source are more than homework needs"
            unread.append(Remark("unread", message, place))
            continue
        room -= len(data)
        try:
            source = _source(path, place, data, submission)
        except SyntaxError:
            continue  # the worker says so, with the line
        except (ValueError, RecursionError, MemoryError, OverflowError):
            message = "cannot be looked at: it is nested too deeply or holds odd characters"
            unread.append(Remark("unread", message, place))
            continue
        sources.append(source)
        for inside in (file for found in source.imported.values() for _, file in found if file):
            if inside not in queue and basename(inside).removesuffix(".py") not in NOT_FOLLOWED:
                queue.append(inside)
    return sources, unread


def _source(path: str, place: str, data: bytes, submission: Submission) -> SourceFile:
    text = decode(data)
    tree = _parsed(text)
    nodes, parents = _walked(tree)
    imported: dict[ast.AST, tuple[tuple[str, str | None], ...]] = {
        node: tuple((name, _find(name, submission)) for name in modules(node, path))
        for node in nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    names, bound = _names(nodes, path)
    return SourceFile(path, place, data, text, tree, nodes, parents, names, bound, imported)


def _parsed(text: str) -> ast.Module:
    """Return the tree, of Python 2 if need be; the parser's warnings are not for us.

    Raises SyntaxError, or ValueError where it would take too long to find out.
    """
    if LONG_IMPORT.search(text):
        raise ValueError("an import of thousands of characters")
    renamed = python2.rename(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return parsed(renamed)
        except SyntaxError:
            if max(map(len, renamed.split("\n"))) > MAX_LINE:
                raise ValueError("a line that is too long to repair") from None
            modern = statements.modernise(renamed)
            if modern == renamed:
                raise
            if len(modern) > MAX_BYTES:
                raise ValueError("too many tabs") from None
            return ast.parse(modern)


def _walked(tree: ast.Module) -> tuple[tuple[ast.AST, ...], dict[ast.AST, ast.AST]]:
    """Return all nodes in the order of the text, and the parent of each; without recursion."""
    nodes: list[ast.AST] = []
    parents: dict[ast.AST, ast.AST] = {}
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        nodes.append(node)
        # As ast.iter_child_nodes, in a fifth of its time.
        children: list[ast.AST] = []
        for name in _inside(node._fields):
            value = getattr(node, name, None)
            if type(value) is list:
                children += [one for one in value if isinstance(one, ast.AST)]
            elif value is not None and isinstance(value, ast.AST):
                children.append(value)
        for one in children:
            parents[one] = node
        children.reverse()
        stack += children
    return tuple(nodes), parents


@functools.cache
def _inside(fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of a node's fields that may hold other nodes with code in them."""
    return tuple(name for name in fields if name not in _NO_CODE)


def modules(node: ast.AST, path: str) -> list[str]:
    """Return the full names of what an import statement names, modules and what is in them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = _base(node, path)
    return [base, *(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")]


def _base(node: ast.ImportFrom, path: str) -> str:
    folders = path.split("/")[: -node.level] if node.level else []
    return ".".join([*folders, *([node.module] if node.module else [])])


def _find(name: str, submission: Submission) -> str | None:
    """Return the file of the submission that an import means: by its full name, or by a short one.

    Files import their own package under any name, and modules beside them without one.
    """
    package = submission.package
    for full in (name, f"{package}.{name}", f"{package}.{name.partition('.')[2]}"):
        path = full.replace(".", "/") + ".py"
        if path in submission.files:
            return path
    return None


def _names(nodes: tuple[ast.AST, ...], path: str) -> tuple[dict[str, str], frozenset[str]]:
    names: dict[str, str] = {}
    bound: set[str] = set()
    for node in nodes:
        match node:
            case ast.Import():
                for alias in node.names:
                    root = alias.name.partition(".")[0]
                    names[alias.asname or root] = alias.name if alias.asname else root
            case ast.ImportFrom():
                for alias in node.names:
                    names[alias.asname or alias.name] = f"{_base(node, path)}.{alias.name}"
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                bound.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                bound.add(node.name)
            case ast.Assign(value=ast.Name() | ast.Attribute()):
                _note_alias(node, names)
    return names, frozenset(bound)


def _note_alias(node: ast.Assign, names: dict[str, str]) -> None:
    """Give n the meaning of np for `n = np`."""
    parts: list[str] = []
    value = node.value
    while isinstance(value, ast.Attribute):
        parts.append(value.attr)
        value = value.value
    if isinstance(value, ast.Name) and value.id in names:
        full = ".".join([names[value.id], *reversed(parts)])
        for target in node.targets:
            if isinstance(target, ast.Name):
                names.setdefault(target.id, full)
