"""An update rule that is applied piece by piece gives each number as if it had seen them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grader.guest.probes import training
from tests.reference.conftest import ROOT  # noqa: F401 - the reference can be imported then

PIECE = 64
SHAPES: dict[str, tuple[int, ...]] = {
    "less than a piece": (7, 9),
    "one piece": (8, 8),
    "one number more": (5, 13),
    "two pieces": (8, 16),
    "many, and a rest": (10, 31),
    "a vector": (200,),
}
RULES = ("sgd", "sgd_momentum", "rmsprop", "adam")
SETTINGS: dict[str, Any] = {"learning_rate": 0.1}


def steps(
    rule: Callable[..., Any], shape: tuple[int, ...], dtype: type, count: int = 3
) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Return what each of some steps comes to."""
    generator = np.random.RandomState(0)
    w, config = generator.randn(*shape).astype(dtype), dict(SETTINGS)
    found = []
    for _ in range(count):
        w, config = rule(w, generator.randn(*shape).astype(dtype), config)
        found.append((w.copy(), {n: np.array(v) for n, v in config.items()}))
    return found


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shape", SHAPES)
def test_pieces_come_out_bit_by_bit(
    shape: str, rule: str, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cs231n import optim

    monkeypatch.setattr(training, "PIECE", PIECE)
    whole = getattr(optim, rule)
    cut = steps(lambda *given: training._in_pieces(whole, *given), SHAPES[shape], dtype)
    for (w, config), (other, settings) in zip(steps(whole, SHAPES[shape], dtype), cut, strict=True):
        assert (w.dtype, w.shape, w.tobytes()) == (other.dtype, other.shape, other.tobytes())
        assert config.keys() == settings.keys()
        for name, value in config.items():
            assert value.tobytes() == settings[name].tobytes(), name
            assert (value.dtype, value.shape) == (settings[name].dtype, settings[name].shape)


def test_a_rule_sees_no_more_than_a_piece_unless_an_array_cannot_be_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []

    def rule(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> Any:
        seen.append(w.size)
        return w - dw, config

    monkeypatch.setattr(training, "PIECE", PIECE)
    numbers = np.arange(200.0).reshape(10, 20)
    ones = np.ones((10, 20))
    for w, dw, sizes in (
        (numbers.copy(), ones, [64, 64, 64, 8]),
        (numbers.T, ones.T, [200]),
        (numbers[:, ::2], ones[:, ::2], [100]),
        (numbers.astype(np.float32), ones, [200]),
        (numbers, ones[0], [200]),
    ):
        seen.clear()
        found, _ = training._in_pieces(rule, w, dw, {})
        assert seen == sizes and np.array_equal(found, w - dw if len(sizes) == 1 else numbers - dw)
        assert found.dtype == np.float64
