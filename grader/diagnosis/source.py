"""What the source of a wrong function shows by itself: a setting that nothing reads, or a return in
another order.

That is where to look, and never proof: a name may be unused and the mistake another one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from grader.grading.endings import Place
from grader.guest.operations import returned
from grader.submission.bodies import Function, nodes
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
    owner = "bn_param" if name == "batchnorm_forward" else "config"
    start = f"(from {file} line {node.lineno} on)."
    for verb, keys, known in (("reads", READ, _read(node)), ("stores", KEPT, _stored(node))):
        for key in [key for key in keys.get(name, ()) if key not in known]:
            yield f'{name} never {verb} {owner}["{key}"] {start}'
    if name.endswith(".loss") and not _reads(node, "reg"):
        yield f"{item}.loss never uses reg {start}"
    if name.endswith(".__init__") and not _reads(node, "weight_scale"):
        yield f"{item} never uses weight_scale {start}"


def _order(node: Function, asked: Sequence[str]) -> Iterator[str]:
    """Yield where a function returns the names asked for in another order."""
    for one in nodes(node):
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
        for one in nodes(node)
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
    arguments = [one for one in nodes(node.args) if isinstance(one, ast.arg)]
    bound = {one.arg: one.lineno for one in arguments if one.arg == name}
    bound |= {to.id: to.lineno for to, value in _assigned(node) if name in (to.id, _key(value))}
    names = [one for one in nodes(node) if isinstance(one, ast.Name)]
    loaded = {one.id for one in names if isinstance(one.ctx, ast.Load)}
    if not bound or bound.keys() & loaded or name in _direct(node):
        return None
    return max(bound.values())


def _assigned(node: Function) -> Iterator[tuple[ast.Name, ast.expr]]:
    """Yield each name that is set, and its value; what unpacks one value has that."""
    assigns = [one for one in nodes(node) if isinstance(one, ast.Assign)]
    pairs = [(target, one.value) for one in assigns for target in one.targets]
    for target, value in pairs:  # grows while it is walked: the names in a tuple come later
        if isinstance(target, ast.Name):
            yield target, value
        elif isinstance(target, (ast.Tuple, ast.List)):
            values, count = getattr(value, "elts", []), len(target.elts)
            pairs += zip(target.elts, values if len(values) == count else [value] * count)


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
    values = [one.value for one in nodes(node) if isinstance(one, ast.Assign)]
    tuples = [value.elts if isinstance(value, ast.Tuple) else [value] for value in values]
    alone = {id(one.value) for one in nodes(node) if isinstance(one, ast.Expr)}
    apart = {id(value) for values in tuples for value in values} | alone
    read = [one for one in nodes(node) if not isinstance(getattr(one, "ctx", None), ast.Store)]
    return {key for one in read if (key := _key(one)) and id(one) not in apart}


def _read(node: Function) -> set[str]:
    """Return the keys of dictionaries that are read."""
    alone = {id(one.value) for one in nodes(node) if isinstance(one, ast.Expr)}
    found: set[str | None] = set()
    for one in nodes(node):
        if isinstance(one, ast.AugAssign):
            found.add(_key(one.target))
        elif isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Load):
            found.add(_key(one))
        elif isinstance(one, ast.Call):  # beta1 = config.setdefault("beta1", 0.9)
            sets = id(one) in alone and getattr(one.func, "attr", "") == "setdefault"
            found |= set() if sets else {_key(one)}
    return {key for key in found if key}


def _stored(node: Function) -> set[str]:
    """Return the keys of dictionaries that are stored."""
    found: set[str | None] = {*_in_place(node)}
    for one in nodes(node):
        if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Store):
            found.add(_key(one))
        elif isinstance(one, ast.Call) and getattr(one.func, "attr", "") == "update":
            found |= {each.arg for each in one.keywords}
        elif isinstance(one, ast.Dict):
            found |= {text_of(key) for key in one.keys if key}
    return {key for key in found if key}


def _in_place(node: Function) -> set[str]:
    """Return the keys whose arrays are changed in place: m = config["m"]; m *= beta1."""
    changed: set[str] = set()
    for one in nodes(node):
        if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name):
            changed.add(one.target.id)
        elif isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Store):
            changed |= {one.value.id} if isinstance(one.value, ast.Name) else set()
        elif isinstance(one, ast.keyword) and one.arg == "out":
            changed |= {each.id for each in nodes(one.value) if isinstance(each, ast.Name)}
    keys = {to.id: key for to, value in _assigned(node) if (key := _key(value))}
    return {key for name, key in keys.items() if name in changed}


def _reads(node: Function, name: str) -> bool:
    return any(
        name in (getattr(one, "attr", ""), getattr(one, "id", ""))
        for one in nodes(node)
        if isinstance(getattr(one, "ctx", None), ast.Load)
    )
