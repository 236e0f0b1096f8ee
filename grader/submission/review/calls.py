"""Who calls whom, and what is called in a loop: the functions of all sources, by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import islice

from grader.submission.review.source import DEPTH, SourceFile

# What calls a function that it is given once for every element.
_MAPPERS = frozenset({
    "map", "filter", "reduce", "vectorize", "frompyfunc", "apply_along_axis", "fromiter",
    "fromfunction", "apply_over_axes", "accumulate", "starmap",
})  # fmt: skip


_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
NAMESAKES = 8  # functions of one name that are looked at, the last ones first
Assignments = dict[str, list[ast.AST]]  # what was assigned to a name


@dataclass(frozen=True, eq=False)
class CallSite:
    """One call: the plain name of what is called, and whether that happens again and again."""

    node: ast.Call
    name: str
    in_loop: bool


@dataclass(eq=False)
class OwnFunction:
    """A function, method or named lambda, with the nodes in it but not in functions inside it."""

    name: str
    owner: str  # its class, if it is a method
    source: SourceFile
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scopes: tuple[Assignments, ...]  # its own assignments, those around it, those of the file
    nodes: list[ast.AST] = field(default_factory=list)
    calls: list[CallSite] = field(default_factory=list)

    def values(self, name: str) -> list[ast.AST]:
        """Return what was assigned to a name, in the innermost scope that does so."""
        return next((scope[name] for scope in self.scopes if name in scope), [])

    @property
    def parameters(self) -> list[ast.arg]:
        """Return its arguments, but for *args and **kwargs."""
        arguments = self.node.args
        return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


class Program:
    """All functions of a submission. Calls are resolved by name: in the file, then elsewhere."""

    def __init__(self, sources: Sequence[SourceFile]) -> None:
        self.functions = [one for source in sources for one in _functions(source)]
        self._named: dict[tuple[SourceFile | None, str], list[OwnFunction]] = {}
        for one in reversed(self.functions):
            for source in (one.source, None):
                self._named.setdefault((source, one.name), []).append(one)
        self._forward = self._that_reach_forward()
        self._takers = {one for one in self.functions if _calls_its_argument(one)}

    def named(self, name: str, caller: OwnFunction) -> list[OwnFunction]:
        """Return the functions that a name may mean where it is called."""
        found = self._named.get((caller.source, name)) or self._named.get((None, name), [])
        return found[:NAMESAKES]

    def reaches_forward(self, name: str, caller: OwnFunction) -> bool:
        """Return whether a call of that name runs a forward pass, directly or through others."""
        return is_forward(name) or any(one in self._forward for one in self.named(name, caller))

    def takes_functions(self, name: str, caller: OwnFunction) -> bool:
        """Return whether a function of that name calls one of its arguments in a loop."""
        return any(one in self._takers for one in self.named(name, caller))

    def below(self, root: OwnFunction, stop: Set[OwnFunction]) -> Iterator[OwnFunction]:
        """Yield `root` and all that it may call, but no forward pass and nothing in `stop`."""
        queue, met = [root], {root}
        for one in queue:  # which grows
            yield one
            inner = {call.name for call in one.calls}
            inner |= {node.id for node in one.nodes if isinstance(node, ast.Name)}
            for name in sorted(name for name in inner if not is_forward(name)):
                for other in self.named(name, one):
                    if other not in met and other not in stop:
                        met.add(other)
                        queue.append(other)

    def _that_reach_forward(self) -> set[OwnFunction]:
        callers: dict[str, set[OwnFunction]] = {}
        for function in self.functions:
            for call in function.calls:
                callers.setdefault(call.name, set()).add(function)
        found: set[OwnFunction] = set()
        queue = [name for name in callers if is_forward(name)]
        while queue:
            new = callers.pop(queue.pop(), set()) - found
            queue += {one.name for one in new}
            found |= new
        return found


def _functions(source: SourceFile) -> list[OwnFunction]:
    """Return the functions of a file; each node belongs to the innermost one around it."""
    found: list[OwnFunction] = []
    home: dict[ast.AST | None, OwnFunction] = {}
    file_values: Assignments = {}
    for node in source.nodes:
        inside = home.get(source.parents.get(node))
        scopes = inside.scopes if inside else (file_values,)
        if isinstance(node, _DEFINING) and (function := _function(node, source, scopes)):
            found.append(function)
            home[node] = function
            continue
        if inside is not None:
            home[node] = inside
            inside.nodes.append(node)
        if isinstance(node, ast.Assign):  # a tuple's names all get the whole value
            for name in (n for t in node.targets for n in getattr(t, "elts", [t])):
                if isinstance(name, ast.Name):
                    scopes[0].setdefault(name.id, []).append(node.value)
    for function in found:
        function.calls = [
            CallSite(node, plain_name(node.func, function), _in_loop(node, function))
            for node in function.nodes
            if isinstance(node, ast.Call)
        ]
    return found


def _calls_its_argument(function: OwnFunction) -> bool:
    repeated = {call.name for call in function.calls if call.in_loop}
    return any(argument.arg in repeated for argument in function.parameters)


def is_forward(name: str) -> bool:
    """Return whether a function is a forward pass, by its name."""
    return "forward" in name.lower()


def _function(
    node: ast.AST, source: SourceFile, scopes: tuple[Assignments, ...]
) -> OwnFunction | None:
    match source.parents.get(node), node:
        case ast.Assign(targets=[ast.Name(id=name), *_]), ast.Lambda() as function:
            return OwnFunction(name, "", source, function, ({}, *scopes))
        case parent, (ast.FunctionDef() | ast.AsyncFunctionDef()) as function:
            owner = parent.name if isinstance(parent, ast.ClassDef) else ""
            return OwnFunction(function.name, owner, source, function, ({}, *scopes))
    return None


def plain_name(node: ast.AST, function: OwnFunction) -> str:
    """Return the last name of what is called, seen through `f = affine_forward` and partial."""
    for _ in range(4):
        value = function.values(node.id)[-1:] if isinstance(node, ast.Name) else [node]
        match value:
            case [ast.Call() as call] if full := function.source.dotted(call):
                return full.rpartition(".")[2]
            case _ if not isinstance(node, ast.Name):
                return node.attr if isinstance(node, ast.Attribute) else ""
            case [ast.Name() | ast.Attribute() as node]:
                continue
            case [ast.Call(args=[first, *_]) as call] if last_name(call.func) == "partial":
                node = first
            case _:
                return function.source.names.get(node.id, node.id).rpartition(".")[2]
    return ""


def last_name(node: ast.AST) -> str:
    """Return the name of a name or an attribute; nothing for any other expression."""
    return getattr(node, "attr", getattr(node, "id", ""))


def _in_loop(node: ast.AST, function: OwnFunction) -> bool:
    """Return whether a node is in the part of a loop that runs for every element."""
    for parent in islice(function.source.above(node), DEPTH):
        match parent:
            case function.node:
                return False
            case ast.For() | ast.AsyncFor() if node is not parent.iter:
                return node not in parent.orelse
            case ast.While():
                return True
            case ast.comprehension() if node is not parent.iter:
                return True
            case ast.Call() if node is not parent.func and is_mapper(parent):
                return True
            # A comprehension evaluates only its first iterable once.
            case _ if node is not getattr(parent, "generators", [node])[0]:
                return True
        node = parent
    return False


def is_mapper(node: ast.Call) -> bool:
    """Return whether a call runs a function that it is given for every element."""
    return last_name(node.func) in _MAPPERS
