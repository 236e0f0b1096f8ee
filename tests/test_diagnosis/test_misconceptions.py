"""The usual mistakes: told for people, planted in the reference, told apart by the cases."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import judges
from grader.authoring.fixtures import misconception_answers, misconceptions, reference
from grader.authoring.fixtures.misconceptions import Overlap
from grader.errors import GoldenError
from grader.golden.misconceptions import Misconceptions, manifest_bytes
from grader.golden.store import Golden, npy_bytes
from grader.grading.assignment import Assignment
from grader.guest.observe import probe
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric
from grader.rubric.validation import FILE
from tests.support import handed_in
from tests.support.short_run import Part

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reference"
GOLDEN = REFERENCE / "golden"
KNOWN = handed_in.usual_mistakes()


def shipped() -> list[Rubric]:
    return [read_rubric(path) for path in sorted((ROOT / "rubrics").glob("*.toml"))]


# ----------------------------------------------------------------------------- told for people


def test_there_are_mistakes_for_every_code_item(assignments: dict[str, Assignment]) -> None:
    items = {case.item for case in assignments["cs231n-a2"].rubric.cases}
    counts = {item: sum(m.item == item for m in KNOWN.values()) for item in items}
    assert {item: n for item, n in counts.items() if n < 2} == {}
    assert len(KNOWN) >= 90


def test_a_mistake_is_told_in_sentences() -> None:
    for mistake in KNOWN.values():
        for text in (mistake.says, *mistake.hints):
            assert text[-1] in ".?" and "!" not in text and "  " not in text, mistake.id


def test_no_mistake_calls_anything_right() -> None:
    """It may be matched by one part, and what it says must hold whatever the others are."""
    for mistake in KNOWN.values():
        assert not re.search(r"\b(?:is|are) right\b|The right share", mistake.says)


def test_no_mistake_names_a_key_that_may_be_another() -> None:
    said = {m.id: m.says for m in KNOWN.values() if re.search(r"\b(?:gama|bata|B1)", m.says)}
    assert said == {}


def test_no_hint_is_a_line_of_the_solution() -> None:
    solved = {
        line.strip()
        for path in (REFERENCE / "cs231n").rglob("*.py")
        for block in re.findall(r"# BEGIN SOLUTION\n(.*?)# END SOLUTION", path.read_text(), re.S)
        for line in block.splitlines()
        if len(line.strip()) > 12 and not line.strip().startswith("#")
    }
    for mistake in KNOWN.values():
        for hint in (*mistake.hints, mistake.says, mistake.formula):
            assert not [line for line in solved if line in hint], mistake.id


# ------------------------------------------------------------------- planted in the reference

LAYERS = b'''def f(x):
    """x + 1"""
    return x + 1


class A:
    def f(self):
        return 1
'''
FILES = {"layers.py": LAYERS}


def test_a_change_is_made_in_the_code_of_its_function_only() -> None:
    changed = misconceptions.applied(FILES, {"f": (("x + 1", "x - 1"),)})["layers.py"].decode()
    assert '"""x + 1"""\n    return x - 1' in changed
    changed = misconceptions.applied(FILES, {"A.f": (("return 1", "return 2"),)})[
        "layers.py"
    ].decode()
    assert "return x + 1" in changed and changed.endswith("return 2\n")


def test_changes_of_one_function_are_made_in_the_original_text() -> None:
    swapped = {"f": (("x", "y"), ("1", "x"))}
    changed = misconceptions.applied({"layers.py": b"def f(a):\n    return x + 1\n"}, swapped)
    assert changed["layers.py"] == b"def f(a):\n    return y + x\n"


@pytest.mark.parametrize(
    ("change", "says"),
    [({"g": (("x", "y"),)}, "g: the reference has no such function"),
     ({"f": (("x * 1", "y"),)}, "'x * 1' stands there 0 times"),
     ({"f": (("r", "y"),)}, "'r' stands there 2 times"),
     ({"f": (("x + 1", "y"), ("+ 1", "z"))}, "overlaps")],
)  # fmt: skip
def test_a_change_that_does_not_fit_is_named(change: misconceptions.Change, says: str) -> None:
    with pytest.raises(GoldenError, match=re.escape(says)):
        misconceptions.applied(FILES, change)


@pytest.mark.parametrize(
    ("text", "says"),
    [("[[mistakes]]\nid = 'X'", "mistakes, 0, id"), ("[[mistakes]]\nid = 3 4", "TOML"),
     ("[[errors]]", "errors")],
)  # fmt: skip
def test_a_file_of_mistakes_that_cannot_be_read_is_named(
    text: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "misconceptions").mkdir()
    (tmp_path / "misconceptions" / "adam.toml").write_text(text)
    with pytest.raises(GoldenError, match=rf"adam\.toml.*{says}"):
        misconceptions.read(tmp_path)


@pytest.mark.parametrize("name", misconceptions.conventions(REFERENCE))
def test_a_convention_gives_the_numbers_of_its_alternative(
    name: str, assignments: dict[str, Assignment]
) -> None:
    cases = [
        (case, one.rubric)
        for one in assignments.values()
        for case in one.rubric.cases
        if name in case.alternatives and judges.find(case.judge).golden
    ]
    answers = []
    for change, alternative in ((misconceptions.conventions(REFERENCE)[name], ""), (None, name)):
        with (
            reference.implementation(REFERENCE, alternative, change) as nn,
            np.errstate(all="ignore"),
        ):
            answers.append(
                [probe(c.probe)(nn, **_copies(r.case_inputs(c)), **c.options) for c, r in cases]
            )
    assert cases
    for one, other in zip(*answers):
        for output in one:
            np.testing.assert_allclose(one[output], other[output], rtol=1e-7, atol=1e-9)


def _copies(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in inputs.items()}


# ------------------------------------------------------------------------ golden wrong answers


@pytest.fixture(scope="module")
def golden() -> Golden:
    return Golden.read(GOLDEN)


def test_the_committed_wrong_answers_are_those_of_a_fresh_build(
    golden: Golden, part: Part[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short run makes those of some mistakes again, and a whole one the very bytes."""
    stored = json.loads((GOLDEN / "wrong" / "manifest.json").read_text(encoding="utf-8"))
    every = misconceptions.read(REFERENCE)
    assert [one.id for one in every] == list(stored["mistakes"])
    few = part("answers of usual mistakes", every, 0.2)
    monkeypatch.setattr(misconceptions, "read", lambda folder: few)
    manifest, flat = misconception_answers.build(shipped(), REFERENCE, golden)
    names = {one.id for one in few}
    kept = Misconceptions.read(GOLDEN / "wrong", golden.reference)
    found = kept.differences(Misconceptions(manifest, flat))
    assert len(names) > 10
    assert [one for one in found if re.split("[:+]", one.array)[0] in names] == []
    if len(few) == len(every):
        as_here = manifest_bytes({**manifest, "built_with": stored["built_with"]})
        assert (GOLDEN / "wrong" / "manifest.json").read_bytes() == as_here
        assert (GOLDEN / "wrong" / "answers.npy").read_bytes() == npy_bytes(flat)


def test_the_wrong_answers_are_small() -> None:
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()) < 3_000_000


DAMAGE: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda f: (f / "manifest.json").unlink(),
    "no arrays": lambda f: (f / "answers.npy").unlink(),
    "half a manifest": lambda f: (f / "manifest.json").write_text('{"format": 1'),
    "changed arrays": lambda f: (f / "answers.npy").write_bytes(npy_bytes(np.zeros(3))),
    "no arrays at all": lambda f: (f / "answers.npy").write_bytes(b"nothing"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damaged_wrong_answers_are_refused(what: str, tmp_path: Path, golden: Golden) -> None:
    folder = Path(shutil.copytree(GOLDEN / "wrong", tmp_path / "wrong"))
    DAMAGE[what](folder)
    with pytest.raises(GoldenError, match="wrong.*build|wrong.*rebuild"):
        Misconceptions.read(folder, golden.reference)


def test_wrong_answers_of_another_reference_are_refused() -> None:
    with pytest.raises(GoldenError, match="another reference"):
        Misconceptions.read(GOLDEN / "wrong", "0" * 64)


def test_differences_name_what_has_changed(golden: Golden) -> None:
    stored = Misconceptions.read(GOLDEN / "wrong", golden.reference)
    assert stored.differences(stored) == []
    manifest = json.loads((GOLDEN / "wrong" / "manifest.json").read_text(encoding="utf-8"))
    flat = np.load(GOLDEN / "wrong" / "answers.npy")
    manifest["mistakes"]["adam/late-count"]["says"] = "Something else."
    del manifest["answers"]["relu_forward"]["relu_forward/matrix"]
    other = Misconceptions(manifest, flat + 1)
    said = {one.array: one.message for one in stored.differences(other)}
    assert said["adam/late-count"] == "its words have changed"
    assert said["relu_forward/leaky:relu_forward/matrix:out"] == "is gone"
    assert said["relu_forward/leaky:relu_forward/images:out"] == "differs"


# ----------------------------------------------------------------------- told apart by the cases


def with_only(tmp_path: Path, *rows: str) -> Path:
    """Return a copy of reference/ that knows these mistakes of relu_forward and no others."""
    ignored = shutil.ignore_patterns("__pycache__", "golden", "misconceptions")
    copied = Path(shutil.copytree(REFERENCE, tmp_path / "reference", ignore=ignored))
    (copied / "misconceptions").mkdir()
    (copied / "misconceptions" / "relu_forward.toml").write_text("\n".join(rows))
    return copied


def row(name: str, new: str) -> str:
    return f"""
[[mistakes]]
id = "{name}"
says = "Something is wrong here."
formula = "relu(x) = max(0, x)"
hints = ["One.", "Two.", "Three."]
fails.relu_forward = ["out"]
change.relu_forward = [["np.maximum(0, x), x", "{new}, x"]]
"""


def test_a_mistake_that_no_case_shows_stops_the_build(tmp_path: Path, golden: Golden) -> None:
    folder = with_only(tmp_path, row("hidden", "np.where(x == 3.0, 7, np.maximum(0, x))"))
    with pytest.raises(
        GoldenError, match="relu_forward/hidden: no case of relu_forward.*add a case"
    ):
        misconception_answers.build(shipped(), folder, golden)


def test_two_mistakes_that_no_case_tells_apart_stop_the_build(
    tmp_path: Path, golden: Golden
) -> None:
    folder = with_only(tmp_path, row("one", "np.abs(x)"), row("two", "np.where(x < 0, -x, x)"))
    with pytest.raises(GoldenError, match="relu_forward/one and relu_forward/two.*add a case"):
        misconception_answers.build(shipped(), folder, golden)


def test_a_rubric_without_an_item_needs_no_case_for_its_mistakes(golden: Golden) -> None:
    def only_relu(table: dict[str, object]) -> dict[str, object]:
        items = [i for i in table["items"] if i["id"] in ("relu_forward",)]  # type: ignore
        return {**table, "items": items}

    rubric = read_rubric(ROOT / "rubrics" / "cs231n-a2.toml")
    small = Rubric(FILE.validate_python(only_relu(asdict(rubric.table))), "small")
    manifest, _ = misconception_answers.build([small], REFERENCE, golden)
    assert set(manifest["answers"]) == {"relu_forward"}


def test_an_overlap_with_a_convention_is_no_error_but_one_of_its_own_is() -> None:
    change = {"f": (("x + 1", "y"),)}
    joined = misconceptions.together(change, {"f": (("+ 1", "z"),)})
    with pytest.raises(Overlap):
        misconceptions.applied(FILES, joined)
