"""The implementation under test, whatever course year it follows.

`Implementation` gives probes the functions of `layers`, `optim` and `fc_net` under one roof. It
knows how constructors of different years spell the same thing, and it notices a return value that
cannot be what the docstring asks for, so that probes can stay one expression long.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.guest.operations import returned
from grader.guest.passes import Passes

MOST_KEPT = 100  # things in one record of a cache that are looked at


class NotWritten(Exception):
    """The function of this name gives None, as a stub does."""


class Missing(Exception):
    """A file lacks the name that the course asks for: "layers.py has no relu_forward"."""


class BadReturn(Exception):
    """The function returned something that cannot be taken apart as the docstring says.

    `cache` is what a forward pass gave in the place of its output, if that is all that is wrong.
    """

    def __init__(self, message: str, cache: Any = None) -> None:
        super().__init__(message)
        self.cache = cache


@dataclass(frozen=True)
class Conventions:
    """What a course year means by its words.

    `dropout_p` is "keep" (2018 and later: p is the probability of keeping a unit) or "drop".
    """

    dropout_p: str = "keep"

    def p(self, keep: float) -> float:
        """Return the dropout parameter p that keeps a share `keep` of the units."""
        return keep if self.dropout_p == "keep" else 1 - keep


class Implementation:
    """`nn`: layers as attributes (`nn.relu_forward`), update rules and nets by method.

    `modules` maps "layers", "optim" and "fc_net" to modules (or anything with those attributes);
    a module that could not be loaded is absent.
    """

    def __init__(self, modules: Mapping[str, Any], conventions: Conventions) -> None:
        self._modules = modules
        self.conventions = conventions
        self.passes: Passes | None = None  # what counts the calls of a case, if something does
        self._accepted: dict[int, tuple[Any, Mapping[str, inspect.Parameter]]] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._checked("layers", name)

    def update_rule(self, name: str) -> Callable[..., Any]:
        """Return the update rule `name` of optim.py."""
        return self._checked("optim", name)

    def two_layer_net(self, **arguments: Any) -> Any:
        """Return a TwoLayerNet built with the keyword arguments its constructor knows."""
        return self._built(self._find("fc_net", "TwoLayerNet"), (), arguments)

    def fully_connected_net(
        self, dims: list[int], normalization: str | None = None, keep: float = 1.0, **arguments: Any
    ) -> Any:
        """Return a FullyConnectedNet with hidden layers of these `dims`; dropout keeps a unit with
        the probability `keep`.
        """
        build = self._find("fc_net", "FullyConnectedNet")
        accepted = self._arguments_of(build)
        if "use_batchnorm" in accepted and "normalization" not in accepted:
            if normalization not in (None, "batchnorm"):
                raise Missing(f"FullyConnectedNet has no {normalization}")
            arguments["use_batchnorm"] = normalization == "batchnorm"
        else:
            arguments["normalization"] = normalization
        if "dropout_keep_ratio" in accepted:
            arguments["dropout_keep_ratio"] = keep
        else:
            arguments["dropout"] = self.conventions.p(keep)
        return self._built(build, (list(dims),), arguments)

    def _arguments_of(self, build: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
        """Return what a constructor accepts; looking takes longer than building a small net."""
        if id(build) not in self._accepted:
            self._accepted[id(build)] = build, inspect.signature(build).parameters
        return self._accepted[id(build)][1]

    def _built(
        self, build: Callable[..., Any], dims: tuple[Any, ...], options: Mapping[str, Any]
    ) -> Any:
        """Return a net, built with the options that its constructor takes."""
        accepted = self._arguments_of(build)
        takes_all = any(p.kind is p.VAR_KEYWORD for p in accepted.values())
        model = build(*dims, **{n: v for n, v in options.items() if takes_all or n in accepted})
        name = type(model).__name__
        if not getattr(model, "params", None):
            raise NotWritten(name)
        if not callable(getattr(model, "loss", None)):
            raise Missing(f"fc_net.py has no {name}.loss")
        return model

    def _find(self, module: str, name: str) -> Callable[..., Any]:
        if module not in self._modules:
            raise Missing(f"{module}.py could not be loaded")
        found = getattr(self._modules[module], name, None)
        if not callable(found):
            raise Missing(f"{module}.py has no {name}")
        return found  # type: ignore[no-any-return]

    def _checked(self, module: str, name: str) -> Callable[..., Any]:
        function = self._find(module, name)
        names = returned(name, ("out",))

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.passes is None:
                result = function(*args, **kwargs)
            else:
                result = self.passes.run(name, function, *args, **kwargs)
            if result is None:
                raise NotWritten(name)
            if len(names) == 1:
                return result
            if not isinstance(result, (tuple, list)) or len(result) != len(names):
                got = f"{len(result)} values" if isinstance(result, (tuple, list)) else "one value"
                raise BadReturn(f"{name} must return ({', '.join(names)}), it returned {got}")
            if names[-1] == "cache" and isinstance(result[0], (tuple, dict)):
                turned = isinstance(result[1], np.ndarray)  # no output is a record
                got = "(cache, out)" if turned else f"a {type(result[0]).__name__} for out"
                message = f"{name} must return (out, cache), it returned {got}"
                raise BadReturn(message, result[0] if turned else None)
            return tuple(result)

        return call


def cache_of(
    forward: Callable[..., Any], arguments: tuple[Any, ...], backward: Callable[..., Any], dout: Any
) -> Any:
    """Return the cache that a forward pass makes.

    If forward is not written, backward is asked whether it is: a stub says so by itself, and
    only a written one is held up by the other. One that gives (cache, out) gives a cache, too.
    """
    try:
        return forward(*arguments)[1]
    except BadReturn as error:
        if error.cache is None:
            raise
        return error.cache
    except (NotWritten, NotImplementedError):
        ask_whether_written(backward, dout, None)
        raise


def ask_whether_written(backward: Callable[..., Any], dout: Any, cache: Any) -> None:
    """Raise NotWritten or NotImplementedError if a backward pass is a stub, and nothing else."""
    try:
        backward(dout, cache)
    except (NotWritten, NotImplementedError):
        raise
    except Exception:  # noqa: BLE001 - it is written, and another cache is what it needs
        return


def single_precision(*kept: Any) -> dict[str, Any]:
    """Return a float32 output, `kept`, if a cache holds float32 arrays; else nothing.

    What is computed from such a cache is right to single precision at best, whatever its own dtype.
    """
    found = any(array.dtype == np.float32 for array in arrays(kept))
    return {"kept": np.float32(0)} if found else {}


def arrays(value: Any, depth: int = 3) -> Iterator[np.ndarray]:
    """Yield the arrays in a cache, which may be a record of records."""
    if isinstance(value, np.ndarray):
        yield value
    elif depth and isinstance(value, (tuple, list)):
        for one in value[:MOST_KEPT]:
            yield from arrays(one, depth - 1)
    elif depth:
        record = value if type(value) is dict else getattr(value, "__dict__", None)
        if type(record) is dict:
            yield from arrays(list(record.values()), depth - 1)


def stack(values: list[Any], what: str) -> np.ndarray | None:
    """Return per-step values as one array with a leading axis of steps; None if one is None."""
    if any(value is None for value in values):
        return None
    arrays = [np.array(value) for value in values]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise BadReturn(f"{what} changes its shape from step to step: {shapes[0]}, {shapes[-1]}")
    return np.stack(arrays)
