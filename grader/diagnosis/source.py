"""What the source of a wrong function shows by itself: a setting that nothing reads, or a return in
another order.

That is where to look, and never proof: a name may be unused and the mistake another one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from grader.grading.endings import Place
from grader.guest.operations import returned
from grader.submission.bodies import Function
from grader.submission.written import Sources

# What a function cannot do without: names of its arguments, or keys of its dictionaries.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "affine_forward": ("x", "w", "b"),
    "affine_backward": ("dout", "x", "w"),
    "relu_forward": ("x",),
    "relu_backward": ("dout", "x", "cache"),
    "batchnorm_forward": ("x", "gamma", "beta", "eps", "momentum", "running_mean", "running_var"),
    "batchnorm_backward": ("dout", "cache", "gamma"),
    "batchnorm_backward_alt": ("dout", "cache", "gamma"),
    "layernorm_forward": ("x", "gamma", "beta", "eps"),
    "layernorm_backward": ("dout", "cache", "gamma"),
    "dropout_forward": ("x", "p"),
    "dropout_backward": ("dout", "mask", "cache"),
    "softmax_loss": ("x", "y"),
}
# Keys of config that an update rule reads, and of these what it stores for the next step.
READ: Mapping[str, tuple[str, ...]] = {
    "sgd_momentum": ("learning_rate", "momentum", "velocity"),
    "rmsprop": ("learning_rate", "decay_rate", "epsilon", "cache"),
    "adam": ("learning_rate", "beta1", "beta2", "epsilon", "m", "v", "t"),
}
KEPT: Mapping[str, tuple[str, ...]] = {
    "sgd_momentum": ("velocity",),
    "rmsprop": ("cache",),
    "adam": ("m", "v", "t"),
    "batchnorm_forward": ("running_mean", "running_var"),
}
DICTIONARIES = {"batchnorm_forward": "bn_param"}  # else config
MOST = 2  # facts that are told of one item


def facts(place: Place, sources: Sources) -> list[str]:
    """Return what the functions of an item show by themselves, as sentences."""
    found: list[str] = []
    for name in place.functions:
        node = sources.function(place.module, name)
        if node is not None:
            found += _facts(place.name, name, node, f"{place.module}.py")
    return list(dict.fromkeys(found))[:MOST]


def order(place: Place, sources: Sources) -> list[str]:
    """Return where a function returns what is asked for in another order, as sentences."""
    node = sources.function(place.module, place.name)
    asked = returned(place.name)
    return [f"{place.module}.py {said}." for said in (_order(node, asked) if node else ())]


def _facts(item: str, name: str, node: Function, file: str) -> Iterator[str]:
    yield from (f"{file} {said}." for said in _order(node, returned(name)))
    if _is_dynamic(node):
        return
    for needed in NEEDED.get(name, ()):
        at = _unused(node, needed)
        if at is not None:
            yield f"{needed} is set in {file} line {at} and never used."
    owner = DICTIONARIES.get(name, "config")
    read, stored = _keys(node, ast.Load), _keys(node, ast.Store)
    for key in READ.get(name, ()):
        if key not in read:
            yield f'{name} never reads {owner}["{key}"] (from {file} line {node.lineno} on).'
    for key in KEPT.get(name, ()):
        if key not in stored:
            yield f'{name} never stores {owner}["{key}"] (from {file} line {node.lineno} on).'
    if name.endswith(".loss") and not _reads(node, "reg"):
        yield f"{item}.loss never uses reg (from {file} line {node.lineno} on)."
    if name.endswith(".__init__") and not _reads(node, "weight_scale"):
        yield f"{item} never uses weight_scale (from {file} line {node.lineno} on)."


def _order(node: Function, asked: Sequence[str]) -> Iterator[str]:
    """Yield where a function returns the names asked for in another order."""
    for one in ast.walk(node):
        if isinstance(one, ast.Return) and isinstance(one.value, ast.Tuple):
            names = [each.id if isinstance(each, ast.Name) else "" for each in one.value.elts]
            if names != list(asked) and sorted(names) == sorted(asked):
                yield f"line {one.lineno} returns {', '.join(names)}; asked for: {', '.join(asked)}"


def _is_dynamic(node: Function) -> bool:
    """Say whether names are reached in ways that are not followed here."""
    return any(
        (isinstance(one, ast.Name) and one.id in ("locals", "globals", "vars", "eval", "exec"))
        or (isinstance(one, ast.keyword) and one.arg is None)
        or (isinstance(one, ast.Call) and _passes_a_dictionary(one))
        or (isinstance(one, ast.Subscript) and _is_by_variable(one))
        for one in ast.walk(node)
    )


SETTINGS = ("config", "bn_param", "ln_param", "dropout_param", "cache")


def _is_by_variable(node: ast.Subscript) -> bool:
    """Say whether a dictionary of settings is asked for a key that is no text: config[name]."""
    known = isinstance(node.value, ast.Name) and node.value.id in SETTINGS
    return known and not isinstance(node.slice, (ast.Constant, ast.Slice))


def _passes_a_dictionary(call: ast.Call) -> bool:
    """Say whether another function gets a whole dictionary of settings, and may read it."""
    return isinstance(call.func, ast.Name) and any(
        isinstance(one, ast.Name) and one.id in SETTINGS for one in call.args
    )


def _unused(node: Function, name: str) -> int | None:
    """Return the line that sets a name, or the variable that takes the key of that name, if nothing
    uses it.
    """
    loaded = {
        one.id
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
    }
    arguments = {one.arg: one.lineno for one in ast.walk(node.args) if isinstance(one, ast.arg)}
    bound = {n: at for n, at in arguments.items() if n == name}
    for one in ast.walk(node):
        if isinstance(one, ast.Assign):
            for target in one.targets:
                bound |= _bound(target, one.value, name)
    if not bound or bound.keys() & loaded:
        return None
    return None if name in _direct(node) else max(bound.values())


def _bound(target: ast.expr, value: ast.expr, name: str) -> dict[str, int]:
    if isinstance(target, (ast.Tuple, ast.List)):
        same = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
        values = value.elts if same else [value] * len(target.elts)  # type: ignore[attr-defined]
        pairs = [_bound(one, each, name) for one, each in zip(target.elts, values)]
        return {key: at for each in pairs for key, at in each.items()}
    if isinstance(target, ast.Name) and (target.id == name or _key(value) == name):
        return {target.id: target.lineno}
    return {}


def _key(node: ast.AST) -> str | None:
    """Return "eps" for param["eps"] and param.get("eps", 1e-5)."""
    if isinstance(node, ast.Subscript):
        return text_of(node.slice)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        return text_of(node.args[0]) if node.func.attr in ("get", "pop", "setdefault") else None
    return None


def text_of(node: ast.AST) -> str | None:
    """Return a text that stands in the source as it is; None for anything else."""
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else None  # type: ignore[attr-defined]


def _direct(node: Function) -> set[str]:
    """Return the keys that are read inside of an expression, and not just given a name."""
    named = {
        id(value)
        for one in ast.walk(node)
        if isinstance(one, ast.Assign)
        for value in (one.value.elts if isinstance(one.value, ast.Tuple) else [one.value])
    }
    alone = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Expr)}
    return {
        key
        for one in ast.walk(node)
        if (key := _key(one)) and id(one) not in named | alone
        if not isinstance(getattr(one, "ctx", None), ast.Store)
    }


def _keys(node: Function, context: type[ast.expr_context]) -> set[str]:
    """Return the keys of dictionaries that are read (ast.Load) or stored (ast.Store)."""
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Subscript):
            found |= {key for key in [text_of(one.target.slice)] if key}
        elif isinstance(one, ast.Subscript) and isinstance(one.ctx, context):
            found |= {key for key in [text_of(one.slice)] if key}
        elif isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
            if context is ast.Load and one.func.attr in ("get", "pop"):
                found |= {key for key in [_key(one)] if key}
            if context is ast.Store and one.func.attr == "update":
                found |= {each.arg for each in one.keywords if each.arg}
                found |= {key for arg in one.args for key in _literal_keys(arg)}
        elif context is ast.Store and isinstance(one, ast.Dict):
            found |= _literal_keys(one)
    if context is ast.Store:
        found |= _in_place(node)
    if context is ast.Load:  # beta1 = config.setdefault("beta1", 0.9)
        alone = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Expr)}
        found |= {
            key for one in ast.walk(node)
            if isinstance(one, ast.Call) and id(one) not in alone and (key := _key(one))
        }  # fmt: skip
    return found


def _in_place(node: Function) -> set[str]:
    """Return the keys whose arrays are changed in place: m = config["m"]; m *= beta1."""
    changed: set[str] = set()
    keys: dict[str, str] = {}
    for one in ast.walk(node):
        if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
            changed.add(one.target.id)
        elif isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Store):
            changed |= {one.value.id} if isinstance(one.value, ast.Name) else set()
        elif isinstance(one, ast.keyword) and one.arg == "out":
            changed |= {each.id for each in ast.walk(one.value) if isinstance(each, ast.Name)}
        elif isinstance(one, ast.Assign):
            for target in one.targets:
                keys |= _named_keys(target, one.value)
    return {key for name, key in keys.items() if name in changed}


def _named_keys(target: ast.expr, value: ast.expr) -> dict[str, str]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        pairs = [_named_keys(one, each) for one, each in zip(target.elts, value.elts)]
        return {name: key for each in pairs for name, key in each.items()}
    key = _key(value)
    return {target.id: key} if isinstance(target, ast.Name) and key else {}


def _literal_keys(node: ast.AST) -> set[str]:
    return {
        key for one in (node.keys if isinstance(node, ast.Dict) else ()) if one
        for key in [text_of(one)] if key
    }  # fmt: skip


def _reads(node: Function, name: str) -> bool:
    return any(
        (isinstance(one, ast.Attribute) and one.attr == name and isinstance(one.ctx, ast.Load))
        or (isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Load))
        for one in ast.walk(node)
    )
