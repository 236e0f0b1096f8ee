"""What students must not get is found in whatever form it stands, and nothing else is."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grader import resources
from grader.golden.misconceptions import Misconceptions
from grader.golden.store import Golden
from grader.release import secret_scan, shape
from grader.types import Case
from tests.support.assignments import shipped_as

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reference"


@pytest.fixture(scope="module")
def golden() -> Golden:
    return Golden.read(REFERENCE / "golden")


@pytest.fixture(scope="module")
def secret(golden: Golden) -> secret_scan.Secrets:
    wrong = Misconceptions.read(REFERENCE / "golden" / "wrong", golden.reference)
    rubrics = resources.rubrics()
    default = next(one for one in rubrics if one.table.id == resources.DEFAULT_RUBRIC)
    solution = shape.marked(REFERENCE, default.table)
    return secret_scan.secrets(rubrics, golden, wrong, solution)


RUBRIC = shipped_as("cs231n-a2")


def case(name: str) -> Case:
    return next(one for one in RUBRIC.cases if one.id == name)


def inputs(name: str) -> dict[str, np.ndarray]:
    return RUBRIC.case_inputs(case(name))


def dx(golden: Golden, name: str = "affine_backward/deep") -> np.ndarray:
    return golden.expected(case(name))[0]["dx"]


# ------------------------------------------------------------------------------- in every form


def npz(**arrays: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", b"")
        archive.writestr(name, data)
    return buffer.getvalue()


def cell(text: str) -> bytes:
    source = text.splitlines(keepends=True)
    return json.dumps({"cells": [{"source": ["# hello"]}, {"source": source}]}).encode()


FORMS: dict[str, Callable[[np.ndarray], bytes]] = {
    "as printed": lambda a: f"x = {a}".encode(),
    "as repr": lambda a: repr(a).encode(),
    "to three digits": lambda a: np.array2string(a, precision=3).encode(),
    "as JSON": lambda a: json.dumps({"a": {"b": a.tolist()}}).encode(),
    "in scientific notation": lambda a: " ".join(f"{x:.6E}" for x in a.ravel()).encode(),
    "one in a line": lambda a: "\n".join(f"assert y == {x!r}" for x in a.ravel().tolist()).encode(),
    "in a notebook": lambda a: cell(repr(a)),
    ".npy": npy,
    "in single precision": lambda a: npy(a.astype(np.float32)),
    "raw, at an odd place": lambda a: b"\x80ab" + a.tobytes(),
    "in an .npz": lambda a: npz(a=a),
    "in a zip in a zip": lambda a: zipped("inner.zip", zipped("a.npy", npy(a))),
}


@pytest.mark.parametrize("form", FORMS)
def test_answers_and_inputs_of_hidden_cases_are_found(
    form: str, secret: secret_scan.Secrets, golden: Golden
) -> None:
    for what, array in (
        ("dx of the hidden case affine_backward/deep", dx(golden)),
        ("x of the hidden case affine_forward/deep", inputs("affine_forward/deep")["x"]),
    ):
        name = "given.ipynb" if form == "in a notebook" else "given"
        assert what in [one.what for one in secret.leaks(name, FORMS[form](array))]


@pytest.mark.parametrize("form", FORMS)
def test_public_cases_are_no_secret(form: str, secret: secret_scan.Secrets, golden: Golden) -> None:
    for array in (dx(golden, "affine_backward/images"), *inputs("affine_backward/images").values()):
        assert secret.leaks("given", FORMS[form](array)) == []


def test_what_a_usual_mistake_gives_in_a_hidden_case_is_found(
    secret: secret_scan.Secrets, golden: Golden
) -> None:
    given = inputs("affine_backward/deep")
    db = given["dout"].mean(axis=0)
    (found,) = secret.leaks("given", repr(db).encode())
    assert found.what == (
        "what affine_backward/db-mean gives for db of the hidden case affine_backward/deep"
    )


def test_a_few_numbers_are_enough_and_a_leak_has_its_line(
    secret: secret_scan.Secrets, golden: Golden
) -> None:
    row = dx(golden).ravel()[3:6]
    text = f"# one\n# two\nassert list(dx) == {row.tolist()}\n"
    assert [one.place for one in secret.leaks("a.py", text.encode())] == ["a.py:3"]


SHORT = np.array([0.123456, 0.5, 0.234567, 0.0, 0.345678, -1.0, 0.456789])


@pytest.mark.parametrize("form", FORMS)
def test_short_numbers_in_between_do_not_hide_a_row(form: str) -> None:
    known = secret_scan.Secrets({}, [("it", SHORT)])
    name = "given.ipynb" if form == "in a notebook" else "given"
    assert [one.what for one in known.leaks(name, FORMS[form](SHORT))] == ["it"]
    assert known.leaks(name, FORMS[form](SHORT + 0.01)) == []


def test_an_npy_of_zeros_ones_or_noise_is_no_leak(secret: secret_scan.Secrets) -> None:
    rng = np.random.default_rng(0)
    for array in (np.zeros(500), np.ones(500), np.full(500, 0.5), rng.standard_normal(20_000),
                  rng.integers(-2048, 2048, 20_000) / 2048, np.arange(500) / 500):  # fmt: skip
        assert secret.leaks("a.npy", npy(array)) == []
        assert secret.leaks("a.txt", repr(array.tolist()).encode()) == []
    assert secret.leaks("a.bin", rng.bytes(200_000)) == []


# --------------------------------------------------------------------------------------- text

TEXTS = {
    # what it is: (text, what is said)
    "a line of a solution": (
        "out = x.reshape(x.shape[0], -1) @ w + b", "the solution, cs231n/layers.py:34"),
    "with other spaces": (
        "  out  =  x.reshape(x.shape[0],\n   -1) @ w + b", "the solution, cs231n/layers.py:34"),
    "a comment of a solution": (
        "Selecting (not multiplying by 0) keeps an infinite dout", "the solution, cs231n/layers"),
    "the seed": ("seed: a seed that students do not know", "the seed of cs231n-a2"),
}  # fmt: skip


@pytest.mark.parametrize("what", TEXTS)
def test_text_of_the_instructor_is_found_with_its_line(
    what: str, secret: secret_scan.Secrets
) -> None:
    text, says = TEXTS[what]
    found = secret.leaks("notes.md", f"# Notes\n\n{text} from turning into nan.\n".encode())
    assert [one.place for one in found] == ["notes.md:3"]
    assert says in found[0].what


def test_model_answers_and_grading_notes_are_found(secret: secret_scan.Secrets) -> None:
    script = (REFERENCE / "Dropout.py").read_text(encoding="utf-8")
    found = {one.what for one in secret.leaks("Dropout.py", script.encode())}
    for number in (1, 2, 3):
        assert f"model answer of Dropout/{number}" in found
        assert f"grading notes of Dropout/{number}" in found


def test_a_solution_in_a_notebook_is_found_in_its_cell(secret: secret_scan.Secrets) -> None:
    given = cell('x = 1\nout = x.reshape(x.shape[0], -1) @ w + b\nprint("é")\n')
    (found,) = secret.leaks("a.ipynb", given)
    assert found.place == "a.ipynb, cell 2:2"


def test_a_solution_in_a_binary_file_is_found(secret: secret_scan.Secrets) -> None:
    data = b"\x80\x00out = x.reshape(x.shape[0], -1) @ w + b\xff"
    assert [one.what for one in secret.leaks("a.pyc", data)] == [
        "the solution, cs231n/layers.py:34"
    ]


def test_what_is_handed_out_is_no_secret(secret: secret_scan.Secrets) -> None:
    for path in sorted((ROOT / "student_template").rglob("*")):
        if path.suffix in (".py", ".ipynb"):
            assert secret.leaks(path.name, path.read_bytes()) == []


def test_the_whole_golden_folder_is_full_of_them(secret: secret_scan.Secrets) -> None:
    """Each file with hidden answers is noticed, as it lies there."""
    silent = [
        path.name
        for path in (REFERENCE / "golden").rglob("*.npy")
        if not secret.leaks(path.name, path.read_bytes())
    ]
    assert silent == []
