"""Making the golden wrong answers: every probe on every usual mistake.

A mistake that no case can tell from the reference, or two that no case can tell apart, stop the
build: a case is missing then.
"""

from __future__ import annotations

import hashlib
import platform
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from grader import judges
from grader.errors import GoldenError
from grader.golden import mistakes, reference, wrong
from grader.golden.mistakes import Misconception
from grader.golden.store import Golden, npy_bytes
from grader.judges import Look, Rules
from grader.judges.tolerances import TOLERANCES
from grader.judges.wrong import Answer, Key, Seen, wrong_answers
from grader.probes.nn import Implementation
from grader.rubric import Rubric
from grader.types import Case
from grader.worker.observe import probe

Progress = Callable[[str, int, int], None]
Found = dict[str, dict[Key, Answer]]  # variant -> what is wrong
SAME = 1e-9  # of an array's largest number: closer answers are not told apart


def build(
    rubrics: Sequence[Rubric],
    folder: Path,
    golden: Golden,
    progress: Progress = lambda what, i, n: None,
) -> tuple[dict[str, Any], np.ndarray]:
    """Return (manifest, flat array) of the wrong answers of every mistake.

    `folder` is reference/, `golden` its right answers. Raises GoldenError: see above.
    """
    found: dict[str, Found] = {}
    known = mistakes.read(folder)
    conventions = mistakes.conventions(folder)
    shares = _shares(rubrics)
    for step, mistake in enumerate(known):
        progress(mistake.id, step, len(known))
        for variant, seen in _variants(
            mistake, _cases(mistake, shares), conventions, folder, golden
        ):
            for item in dict.fromkeys(one.case.item for one in seen):
                answers = _stored([one for one in seen if one.case.item == item])
                kept = found.setdefault(item, {})
                if variant == mistake.id or not _same(answers, kept[mistake.id]):
                    kept[variant] = answers
    _check(known, found)
    return _lay_out(known, found, reference.sha256(folder))


Chosen = list[tuple[Case, Rubric]]
Shares = list[tuple[Case, Rubric, frozenset[str]]]


def _cases(mistake: Misconception, shares: Shares) -> Chosen:
    """Return the cases in which a mistake may show: those of the items that it fails.

    A mistake in a forward pass shows in the backward pass that takes its cache, too, and one in a
    net in the net with a normalization or dropout.
    """
    items = (mistake.item, *mistake.fails)
    chosen: dict[str, tuple[Case, Rubric]] = {}
    for case, rubric, shared in shares:
        if case.item in items or mistake.item in shared:
            chosen.setdefault(case.id, (case, rubric))
    return list(chosen.values())


def _shares(rubrics: Sequence[Rubric]) -> Shares:
    """Return each case with the items whose code, or cache, is part of what it asks."""
    found = []
    for rubric in rubrics:
        for case in rubric.cases:
            needs = rubric.item(case.item).needs
            if case.probe.startswith("nets."):
                needs = tuple(need for need in needs if _is_net(need, rubric))
            elif not case.probe.startswith("norms."):
                needs = ()
            found.append((case, rubric, frozenset(needs)))
    return found


def _is_net(item: str, rubric: Rubric) -> bool:
    return any((case.probe or "").startswith("nets.") for case in rubric.item(item).cases)


def _variants(
    mistake: Misconception,
    cases: Chosen,
    conventions: Mapping[str, mistakes.Change],
    folder: Path,
    golden: Golden,
) -> Iterator[tuple[str, list[Seen]]]:
    """Yield what happens with the mistake alone, and in each convention that a case allows.

    What is right in that convention alone is no part of the mistake. And the mistake alone may be
    right in a case by a convention: eps of nearly 0, where eps may be left out.
    """
    alone = _run(folder, mistake.change, [(_with(case), rubric) for case, rubric in cases], golden)
    yield mistake.id, alone
    yield (
        f"{mistake.id}+accepted",
        [
            one if one.look is None else replace(one, look=replace(one.look, expected=expected))
            for one, (case, _) in zip(alone, cases)
            for expected in [golden.expected(case) if judges.find(case.judge).golden else ()]
        ],
    )
    for name, change in conventions.items():
        chosen = [(_with(case, name), r) for case, r in cases if name in case.alternatives]
        try:
            both = mistakes.together(mistake.change, change)
            yield f"{mistake.id}+{name}", _run(folder, both, chosen, golden)
        except mistakes.Overlap:
            continue  # the mistake is in the very place of the convention


def _with(case: Case, *alternatives: str) -> Case:
    return replace(case, alternatives=alternatives)


def _run(folder: Path, change: mistakes.Change, cases: Chosen, golden: Golden) -> list[Seen]:
    if not cases:
        return []
    with reference.implementation(folder, change=change) as nn:
        return [_seen(nn, case, rubric, golden) for case, rubric in cases]


def _seen(nn: Implementation, case: Case, rubric: Rubric, golden: Golden) -> Seen:
    """Run one case, seeded as the worker does, in long double."""
    item, judge = rubric.item(case.item), judges.find(case.judge)
    expected = golden.expected(case) if judge.golden else ()
    names = tuple(n for n in judge.names(case, expected) if item.part_of(n, case) is not None)
    inputs = rubric.case_inputs(case)
    np.random.seed(zlib.crc32(case.id.encode()))
    given = {
        name: array.astype(np.longdouble) if array.dtype == np.float64 else array.copy()
        for name, array in inputs.items()
    }
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            outputs = probe(case.probe)(nn, **given, **case.options)
    except Exception as error:  # noqa: BLE001 - a mistake may stop with any exception
        return Seen(case, names, None, f"raised {type(error).__name__}")
    with np.errstate(over="ignore"):  # a mistake may give what is too large for double
        arrays = {
            name: np.asarray(value).astype(np.float64)
            for name, value in outputs.items()
            if value is not None
        }
    refused = {name: "None" for name, value in outputs.items() if value is None}
    row, judging = TOLERANCES[item.tolerance], rubric.table.judging
    rules = Rules(row.float64, row.float32, judging.unit_axes, judging.float32)
    return Seen(case, names, Look(case, inputs, arrays, refused, expected, rules))


def _stored(seen: Sequence[Seen]) -> dict[Key, Answer]:
    """Return wrong answers as they are stored: arrays contiguous, and with one kind of nan."""
    return {
        key: answer
        if isinstance(answer, frozenset)
        else np.where(np.isnan(answer), np.nan, np.ascontiguousarray(answer).reshape(answer.shape))
        for key, answer in wrong_answers(seen).items()
    }


def _check(known: Sequence[Misconception], found: Mapping[str, Found]) -> None:
    """Raise GoldenError for a mistake that no case shows, and for two that look the same."""
    for number, mistake in enumerate(known):
        mine = found.get(mistake.item, {}).get(mistake.id)
        if mine is None:  # no rubric asks for this item
            continue
        if not mine:
            raise GoldenError(
                f"{mistake.id}: no case of {mistake.item} tells it from the reference; add a case "
                "to the rubric where it gives another answer"
            )
        for other in known[:number]:
            if other.item == mistake.item and _same(mine, found[other.item][other.id]):
                raise GoldenError(
                    f"{other.id} and {mistake.id}: no case of {mistake.item} tells them apart; add "
                    "a case to the rubric, or make one mistake of them"
                )


def _same(one: Mapping[Key, Answer], other: Mapping[Key, Answer]) -> bool:
    return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)


def _close(one: Answer, other: Answer) -> bool:
    if isinstance(one, frozenset) or isinstance(other, frozenset):
        return isinstance(one, frozenset) and one == other
    if one.shape != other.shape:
        return False
    size = float(np.max(np.abs(one), initial=0.0, where=np.isfinite(one)))
    return bool(np.allclose(one, other, rtol=0, atol=SAME * size, equal_nan=True))


def _lay_out(
    known: Sequence[Misconception], found: Mapping[str, Found], sha256: str
) -> tuple[dict[str, Any], np.ndarray]:
    variants = list(dict.fromkeys(name for item in found.values() for name in item))
    pieces: list[np.ndarray] = []
    places: dict[bytes, int] = {}
    size = 0
    answers: dict[str, Any] = {}
    for item, by_variant in found.items():
        for variant, wrong_ones in by_variant.items():
            for (case, output), answer in wrong_ones.items():
                what: list[Any] = sorted(answer) if isinstance(answer, frozenset) else []
                if isinstance(answer, np.ndarray):
                    data = answer.tobytes()
                    if data not in places:
                        places[data] = size
                        pieces.append(answer.ravel())
                        size += answer.size
                    what = [places[data], list(answer.shape)]
                rows = answers.setdefault(item, {}).setdefault(case, {}).setdefault(output, [])
                row = next((r for r in rows if r[1] == what), None)
                if row is None:
                    rows.append(row := [[], what])
                row[0].append(variants.index(variant))
    flat = np.concatenate(pieces)
    manifest = {
        "format": wrong.FORMAT,
        "reference": sha256,
        "built_with": f"numpy {np.__version__}, {platform.system()} {platform.machine()}",
        "sha256": hashlib.sha256(npy_bytes(flat)).hexdigest(),
        "mistakes": {
            m.id: {"says": m.says, "formula": m.formula, "hints": list(m.hints)} for m in known
        },
        "variants": variants,
        "answers": answers,
    }
    return manifest, flat
