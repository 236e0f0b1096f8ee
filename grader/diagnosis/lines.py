"""The line in which an output is made, where the source shows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from grader.diagnosis.source import text_of
from grader.grading.endings import Place
from grader.guest.operations import NETS, returned
from grader.submission.bodies import Function, nodes
from grader.submission.written import Sources


def of_default(place: Place, setting: str, sources: Sources) -> int | None:
    """Return the line in which a setting gets its default, where the source shows it."""
    node = sources.function(place.module, place.functions[0])
    return next(_defaults(node, setting), None) if node is not None else None


def of(
    place: Place, output: str, sources: Sources, mode: str = "", method: str = "loss"
) -> int | None:
    """Return the last line that sets an output, where its name or its place in `return` tells.

    With a `mode`, "train" or "test", lines that belong to the other one do not count. The `method`
    is that of a net.
    """
    node = sources.function(place.module, place.full(method) if place.name in NETS else place.name)
    if node is None:
        return None
    lines = [*_set_by_name(node, output), *_set_by_key(node, output, place.name in NETS)]
    lines = lines or list(_set_by_return(node, output, returned(place.name)))
    other = {"train": "test", "test": "train"}.get(mode)
    elsewhere = set(_of_mode(node, other)) if other else set()
    return max((line for line in lines if line not in elsewhere), default=None)


def _defaults(node: Function, name: str) -> Iterator[int]:
    """Yield where a setting gets its default: setdefault, get, or a dictionary of defaults."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and len(one.args) == 2 and text_of(one.args[0]) == name:
            yield one.lineno
        elif isinstance(one, ast.Dict):
            pairs = zip(one.keys, one.values)
            yield from (value.lineno for key, value in pairs if key and text_of(key) == name)
        elif isinstance(one, ast.keyword) and one.arg == name:
            yield one.value.lineno


def _of_mode(node: Function, mode: str) -> Iterator[int]:
    """Yield the lines of what runs only `if mode == "train"`, or "test"."""
    for one in nodes(node):
        if isinstance(one, ast.If) and any(text_of(each) == mode for each in nodes(one.test)):
            yield from range(one.body[0].lineno, (one.body[-1].end_lineno or 0) + 1)


def _set_by_name(node: Function, output: str) -> Iterator[int]:
    """Yield where a name is set; what a stub sets to None is not set."""
    assigns = [one for one in nodes(node) if isinstance(one, ast.Assign)]
    empty = [target for one in assigns if _is_none(one.value) for target in one.targets]
    stub = {id(name) for target in empty for name in nodes(target)}
    for one in nodes(node):
        if isinstance(one, ast.Name) and one.id == output and isinstance(one.ctx, ast.Store):
            if id(one) not in stub:
                yield one.lineno


def _is_none(node: ast.expr) -> bool:
    values = node.elts if isinstance(node, ast.Tuple) else [node]
    return all(isinstance(one, ast.Constant) and one.value is None for one in values)


def _set_by_key(node: Function, output: str, is_net: bool) -> Iterator[int]:
    """Yield where config["m"], grads["W1"] or grads[f"W{i}"] is set."""
    key = output[1:] if is_net and output.startswith("d") else output
    for one in nodes(node):
        if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Store):
            if text_of(one.slice) == key or (is_net and _begins(one.slice, key)):
                yield one.lineno
        elif isinstance(one, ast.keyword) and one.arg == key and not is_net:
            yield one.value.lineno
        elif isinstance(one, ast.Dict):
            pairs = zip(one.keys, one.values)
            yield from (value.lineno for each, value in pairs if each and text_of(each) == key)


def _begins(node: ast.AST, key: str) -> bool:
    """Say whether a key such as f"W{i}" or "W" + str(i) may be that of W1."""
    letters = key.rstrip("0123456789")
    if isinstance(node, ast.JoinedStr) and node.values:
        return text_of(node.values[0]) == letters
    return isinstance(node, ast.BinOp) and text_of(node.left) in (letters, f"{letters}%d")


def _set_by_return(node: Function, output: str, asked: Sequence[str]) -> Iterator[int]:
    for one in nodes(node):
        if isinstance(one, ast.Return) and one.value is not None:
            values = one.value.elts if isinstance(one.value, ast.Tuple) else [one.value]
            if output in asked and len(values) == len(asked):
                value = values[asked.index(output)]
                at = list(_set_by_name(node, value.id)) if isinstance(value, ast.Name) else []
                yield max(at, default=value.lineno)
