"""Digits that agree: of right items, in whole digits, and of nothing hidden."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from tests.support import hostile
from tests.support.assignments import asking

ITEM = "affine_forward"
OUT = "x.reshape(len(x), -1) @ w + b"
CODE = "def affine_forward(x, w, b):\n    out = {}\n    return out, (x, w, b)\n"
PUBLIC, HIDDEN = "x.shape == (4, 6)", "x.shape == (24, 40)"

ROWS: dict[str, tuple[str, tuple[int, int] | None]] = {
    "every bit": (f"({OUT}).astype(float)", (16, 12)),
    "thirteen digits": (f"({OUT}) * (1 + 5e-14)", (13, 12)),
    "of the worst public case": (f"({OUT}) * (1 + 5e-14 * ({PUBLIC}))", (13, 12)),
    "not of a hidden one": (f"({OUT}) * (1 + 5e-14 * ({HIDDEN}))", (16, 12)),
    "single precision": (f"({OUT}).astype(np.float32)", (7, 5)),
    "not of what is wrong": (f"({OUT}) * 1.5", None),
    "not of what is wrong in a hidden case": (f"({OUT}) * (1 + ({HIDDEN}))", None),
}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.mark.parametrize("row", ROWS)
def test_digits_that_agree(row: str, worker: Worker, assignments: dict[str, Assignment]) -> None:
    out, digits = ROWS[row]
    given = hostile.of_code(row, CODE.format(out))
    report = grade_one(given, asking(assignments["cs231n-a2"], ITEM), worker)
    found = report.measured["digits"].get(ITEM)
    if digits is None or found is None:
        assert found is digits
        return
    # Sums differ in their last bits from one processor to another.
    assert found[1] == digits[1] and abs(found[0] - digits[0]) <= (digits[0] == 16), found
