"""The state of a training run between two steps: arrays by name, and the hashes that stand for it.

    params/W1              a parameter
    config/W1/velocity     what the update rule keeps for it: settings are (), memory are arrays
    bn/1/running_mean      the running averages of the first batch normalization
    rng, noise             the Solver's generator and NumPy's own: 624 numbers and a position

Three hashes: `learned` of parameters and averages in single precision, as they are handed to the
log; `memory` of what the update rule keeps, but for the learning rate, which may be changed between
two trainings; `state` of all. Each is that of the digests of its arrays, which are made once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

State = Mapping[str, np.ndarray]
WORDS = 624  # of a Mersenne Twister


class Hashes(NamedTuple):
    """What stands for a state."""

    learned: str
    memory: str
    state: str


def state_of(solver: Any) -> dict[str, np.ndarray]:
    """Return the state of a Solver; its arrays are not copied. Raises for what is no Solver."""
    return dict(_parts(solver))


def _parts(solver: Any) -> Iterator[tuple[str, np.ndarray]]:
    for name, value in solver.model.params.items():
        yield f"params/{name}", np.asarray(value)
    for name, config in solver.optim_configs.items():
        for key, value in config.items():
            number = np.asarray(value)
            yield f"config/{name}/{key}", number if number.ndim else number.astype(np.float64)
    for layer, averages in enumerate(getattr(solver.model, "bn_params", []), start=1):
        for key in ("running_mean", "running_var"):
            if key in averages:
                yield f"bn/{layer}/{key}", np.asarray(averages[key])
    yield "rng", packed(solver.rng)
    yield "noise", packed(np.random)


def packed(generator: Any) -> np.ndarray:
    """Return the state of a RandomState, or of np.random: int64, shape (625,)."""
    _, words, position, *_ = generator.get_state()
    return np.append(np.asarray(words, dtype=np.int64), np.int64(position))


def unpacked(numbers: np.ndarray) -> tuple[str, Any, int, int, float]:
    """Return what set_state takes. Raises ValueError, for it reads where any position points to."""
    good = numbers.shape == (WORDS + 1,) and numbers.dtype == np.int64
    if not good or not (0 <= numbers).all() or numbers.max() >= 2**32 or numbers[-1] > WORDS:
        raise ValueError("no state of a random generator")
    return "MT19937", numbers[:-1].astype(np.uint32), int(numbers[-1]), 0, 0.0


def digests(state: State) -> dict[str, bytes]:
    """Return what stands for each array, bit by bit."""
    return {name: _digest(array) for name, array in state.items()}


def learned(state: State, each: Mapping[str, bytes] | None = None) -> str:
    """Return the hash of parameters and averages in single precision.

    `each` are the digests of the state, if they are known.
    """
    kept = {name: array for name, array in state.items() if name.startswith(("params/", "bn/"))}
    single = {name: array.astype(np.float32, copy=False) for name, array in kept.items()}
    return _joined({
        name: each[name] if each and array is kept[name] else _digest(array)
        for name, array in single.items()
    })  # fmt: skip


def memory(state: State, each: Mapping[str, bytes] | None = None) -> str:
    """Return the hash of what the update rule remembers; see `learned`."""
    names = [n for n in state if n.startswith("config/") and not n.endswith("/learning_rate")]
    return _joined({name: each[name] if each else _digest(state[name]) for name in names})


def digest(state: State) -> str:
    """Return the hash of all of a state."""
    return _joined(digests(state))


def hashes(state: State, each: Mapping[str, bytes] | None = None) -> Hashes:
    """Return all three hashes; see `learned`."""
    each = digests(state) if each is None else each
    return Hashes(learned(state, each), memory(state, each), _joined(each))


def _digest(array: np.ndarray) -> bytes:
    whole = np.ascontiguousarray(array)
    found = hashlib.sha256(f"{whole.dtype.str} {array.shape}\n".encode())
    found.update(whole.data if array.size else b"")
    return found.digest()


def _joined(each: Mapping[str, bytes]) -> str:
    found = hashlib.sha256()
    for name in sorted(each):
        found.update(f"{name}\n".encode() + each[name])
    return found.hexdigest()
