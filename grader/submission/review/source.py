"""The sources that run when homework is graded: decoded and parsed as the worker does it.

Only what the graded modules import is read. A folder of a whole course holds torch notebooks and
download scripts, and none of that says anything about the homework.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from grader.guest.legacy import python2, statements
from grader.guest.legacy.compat import INERT_IN_PACKAGE
from grader.guest.sources import decode
from grader.submission.layout import CORE
from grader.types import Submission

# Homework comes to about 100 kB. Parsing takes the trusted side up to 5 microseconds a byte.
MAX_BYTES = 130_000
MAX_LINE = 2_000  # characters that the repairs of Python 2 may have to try in every way
# The parser's time grows with the square of the dots in an import: 100 kB of them take ten seconds.
LONG_IMPORT = re.compile(r"\b(?:import|from)\b(?:[^\\\n]|\\.|\\\n){3000}")
DEPTH = 30  # how far up a rule looks for what an expression stands in
# Handed out whole and graded with ours, or never loaded: their imports are the course's own.
NOT_FOLLOWED = {"solver", "gradient_check", "data_utils", "synthetic", *INERT_IN_PACKAGE}
_NO_CODE = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


@dataclass(frozen=True)
class Seen:
    """One thing that a person should look at, by file inside the package and line (0: whole)."""

    kind: str
    says: str
    place: str
    line: int = 0


@dataclass(frozen=True, eq=False)
class Source:
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

    def seen(self, kind: str, says: str, node: ast.AST | int) -> Seen:
        """Return what to say about a line of this file."""
        line = node if isinstance(node, int) else getattr(node, "lineno", 0)
        return Seen(kind, says, self.place, line)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, from the inside out."""
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
                node = node.args[0] if self._called(node) == "getattr" else None
                if node is None:
                    return ".".join(reversed(parts))
            elif isinstance(node, ast.Name):
                parts.append(self.names.get(node.id, node.id))
                return ".".join(reversed(parts))
            else:
                return None

    def is_local(self, node: ast.AST) -> bool:
        """Whether the first name of an expression is the file's own: a variable or function."""
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
        if at is None or len(node.args) <= at:
            return None
        value = node.args[at]
        is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
        return value.value if is_text else None  # type: ignore[attr-defined]


def read(submission: Submission) -> tuple[list[Source], list[Seen]]:
    """Return the graded sources and all that they import, and what could not be read."""
    home = f"{submission.package}/"
    queue = [home + name for name in CORE if home + name in submission.files]
    sources: list[Source] = []
    unread: list[Seen] = []
    met, room = set(queue), MAX_BYTES
    while queue:
        path = queue.pop(0)
        data, place = submission.files[path], path.removeprefix(home)
        if len(data) > room:
            size = f"{len(data) / 1000:,.0f} kB"
            says = f"is not looked at: {size} of source are more than homework needs"
            unread.append(Seen("unread", says, place))
            continue
        room -= len(data)
        try:
            source = _source(path, place, data, submission)
        except SyntaxError:
            continue  # the worker says so, with the line
        except (ValueError, RecursionError, MemoryError, OverflowError):
            says = "cannot be looked at: it is nested too deeply or holds odd characters"
            unread.append(Seen("unread", says, place))
            continue
        sources.append(source)
        for found in source.imported.values():
            for _, inside in found:
                if inside is not None and inside not in met and not _is_given(inside):
                    met.add(inside)
                    queue.append(inside)
    return sources, unread


def _is_given(path: str) -> bool:
    return path.rpartition("/")[2].removesuffix(".py") in NOT_FOLLOWED


def _source(path: str, place: str, data: bytes, submission: Submission) -> Source:
    text = decode(data)
    tree = _parsed(text)
    nodes, parents = _walked(tree)
    imported: dict[ast.AST, tuple[tuple[str, str | None], ...]] = {
        node: tuple((name, _find(name, submission)) for name in modules(node, path))
        for node in nodes
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    names, bound = _names(nodes, path)
    return Source(path, place, data, text, tree, nodes, parents, names, bound, imported)


def _parsed(text: str) -> ast.Module:
    """Return the tree, of Python 2 where need be; parsing warns of what is none of our business.

    Raises SyntaxError, or ValueError where it would take too long to find out.
    """
    if LONG_IMPORT.search(text):
        raise ValueError("an import of thousands of characters")
    renamed = python2.rename(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(renamed)
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
    """Return all nodes in the order of the text, and what each stands in; without recursion."""
    nodes: list[ast.AST] = []
    parents: dict[ast.AST, ast.AST] = {}
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        nodes.append(node)
        children: list[ast.AST] = []
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                if not isinstance(value, _NO_CODE):
                    children.append(value)
            elif isinstance(value, list):
                children += [each for each in value if isinstance(each, ast.AST)]
        for child in children:
            parents[child] = node
        stack += reversed(children)
    return tuple(nodes), parents


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
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                names[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{_base(node, path)}.{alias.name}"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
            _note_alias(node, names)
    return names, frozenset(bound)


def _note_alias(node: ast.Assign, names: dict[str, str]) -> None:
    """`n = np` gives n the meaning of np."""
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
