"""Find functions that were handed out whole and changed, for a person to look at.

Grading uses our own losses, so a changed one costs nothing and can gain nothing. What honest work
may do raises no flag: only other numbers, at scores as nets have them, do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from grader.guest.modules import LOSSES

SHAPES = ((1, 2), (3, 4), (7, 10))  # examples, classes
SIZES = (0.47, 3.1, 9.7)  # of the largest score; no two scores are a margin of 1 apart
ROUNDING = 1e-6  # relative


def changed(layers: ModuleType) -> list[str]:
    """Return the losses whose values differ from ours by more than rounding, at usual scores.

    One that is a stub, absent, or stops is not changed.
    """
    return [name for name in LOSSES if _differs(layers, name)]


def _differs(layers: ModuleType, name: str) -> bool:
    own = getattr(layers, f"own_{name}", None)
    if own is None:
        return False
    answers = [(_answer(own, *given), getattr(layers, name)(*given)) for given in _usual()]
    # A stub may return zeros.
    written = [(got, want) for got, want in answers if got is not None and any(map(np.any, got))]
    return len(written) == len(answers) and not all(_same(*both) for both in written)


def _usual() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield scores (N, C), no two of a row equal, and labels (N,)."""
    for n, c in SHAPES:
        for size in SIZES:
            steps = np.arange(n * c).reshape(n, c) * 7 % (n * c + 1)
            yield size * (2 * steps / (n * c) - 1), np.arange(n) * 3 % c


def _answer(own: Callable[..., Any], x: np.ndarray, y: np.ndarray) -> list[np.ndarray] | None:
    """Return loss and dx as arrays; None if one is missing, or if it stops."""
    try:
        with np.errstate(all="ignore"):
            loss, dx = own(x.copy(), y.copy())
        if loss is None or dx is None:
            return None
        return [np.asarray(one, dtype=float) for one in (loss, dx)]
    except Exception:  # noqa: BLE001 - a loss of theirs may raise anything, and need not be wrong
        return None


def _same(got: list[np.ndarray], want: tuple[Any, Any]) -> bool:
    return all(
        one.size == np.size(other)
        and bool(np.allclose(one.ravel(), np.ravel(other), rtol=ROUNDING, atol=ROUNDING))
        for one, other in zip(got, want)
    )
