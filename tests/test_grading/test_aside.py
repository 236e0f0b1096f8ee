"""States that wait on disk come back as they were."""

from __future__ import annotations

import numpy as np
import pytest

from grader.grading.training.aside import Aside

NUMBERS = np.arange(24.0).reshape(4, 6)
ARRAYS: dict[str, np.ndarray] = {
    "double": NUMBERS,
    "single": NUMBERS.astype(np.float32) / 3,
    "of a generator": np.arange(625, dtype=np.int64),
    "one number": np.array(0.1),
    "none": np.zeros((0, 3)),
    "with gaps": NUMBERS[::2, ::3],
    "column by column": np.asfortranarray(NUMBERS),
    "not finite": np.array([np.nan, np.inf, -0.0, 5e-324]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_back_bit_by_bit(name: str) -> None:
    array = ARRAYS[name]
    aside = Aside({"before": NUMBERS, name: array, "behind": NUMBERS})
    found = aside.read()
    assert list(found) == ["before", name, "behind"]
    assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
    assert found[name].tobytes() == array.tobytes()
    assert np.array_equal(found["behind"], NUMBERS)
    assert aside.size == array.nbytes + 2 * NUMBERS.nbytes


def test_a_state_is_read_anew_and_follows_nothing_that_changes_elsewhere() -> None:
    array = NUMBERS.copy()
    aside = Aside({"W": array})
    array[:] = 0
    aside.read()["W"][:] = 1
    assert np.array_equal(aside.state["W"], NUMBERS)
