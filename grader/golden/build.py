"""Making golden fixtures: every probe on the reference, in long double, rounded once to float64.

Long double carries 11 bits more than the answers keep, so the rounded result does not depend on the
order in which a BLAS kernel adds: another x86-64 machine builds the same bytes.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grader import judges
from grader.errors import GoldenError
from grader.golden import crosscheck, reference, store
from grader.judges.tolerances import TOLERANCES
from grader.probes.nn import Implementation
from grader.rubric import Rubric
from grader.types import Case
from grader.worker.observe import probe

Progress = Callable[[str, int, int], None]


def build(
    rubrics: Sequence[Rubric],
    folder: Path,
    progress: Progress = lambda what, i, n: None,
    crosschecked: bool = True,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return (manifest, files) for every golden case of the rubrics.

    `folder` is reference/. What is only compared need not be `crosschecked`. Raises GoldenError
    where two rubrics define one case differently, where a gradient fails its cross-check, or where
    long double is no wider than double.
    """
    if np.finfo(np.longdouble).nmant <= np.finfo(np.float64).nmant:
        raise GoldenError(
            "fixtures: long double is no wider than double on this machine; build on x86-64 Linux"
        )
    wanted = _cases(rubrics)
    alternatives = sorted({name for case, _ in wanted.values() for name in case.alternatives})
    answers: dict[str, dict[str, dict[str, np.ndarray]]] = {case_id: {} for case_id in wanted}
    for step, alternative in enumerate(["", *alternatives]):
        progress(alternative or "reference", step, len(alternatives) + 1)
        with reference.implementation(folder, alternative) as nn:
            for case_id, (case, rubric) in wanted.items():
                if not alternative or alternative in case.alternatives:
                    is_main = not alternative
                    outputs = _answer(nn, case, rubric, is_main, is_main and crosschecked)
                    _keep(answers[case_id], alternative or store.MAIN, outputs)
    files, rows = _lay_out(wanted, answers)
    manifest = {
        "format": store.FORMAT,
        "reference": reference.sha256(folder),
        "built_with": {
            "python": platform.python_version(), "numpy": np.__version__,
            "machine": f"{platform.system()} {platform.machine()}",
        },
        "files": {
            name: hashlib.sha256(store.npy_bytes(flat)).hexdigest() for name, flat in files.items()
        },
        "cases": rows,
    }  # fmt: skip
    return manifest, files


Wanted = dict[str, tuple[Case, Rubric]]


def _cases(rubrics: Sequence[Rubric]) -> Wanted:
    """Return the golden cases of all rubrics; the alternatives of one case are joined."""
    wanted: Wanted = {}
    for rubric in rubrics:
        seed = rubric.table.seed
        for case in (*rubric.cases, *rubric.ladder):
            if not judges.find(case.judge).golden:
                continue
            if case.id not in wanted:
                wanted[case.id] = (case, rubric)
            known, first = wanted[case.id]
            if store.definition(known, first.table.seed) != store.definition(case, seed):
                raise GoldenError(
                    f"rubrics {first.table.id} and {rubric.table.id} define case {case.id} "
                    "differently; give one of them another id"
                )
            names = tuple(dict.fromkeys([*known.alternatives, *case.alternatives]))
            merged = Case(**{**known.__dict__, "alternatives": names})
            wanted[case.id] = (merged, first)
    return wanted


def _answer(
    nn: Implementation, case: Case, rubric: Rubric, is_main: bool, crosschecked: bool
) -> dict[str, np.ndarray] | None:
    """Run one case in long double; None where an alternative has no finite answer."""
    given = {
        name: array.astype(np.longdouble) if array.dtype == np.float64 else array
        for name, array in rubric.case_inputs(case).items()
    }
    handed = {name: array.copy() for name, array in given.items()}
    try:
        with np.errstate(all="ignore"):
            outputs = probe(case.probe)(nn, **handed, **case.options)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise GoldenError(f"reference: {case.id} raises {what}; mend the reference") from error
    arrays = {name: np.asarray(value) for name, value in outputs.items() if value is not None}
    if crosschecked:
        crosscheck.check(nn, case, given, arrays)
    rounded = {name: array.astype(np.float64) for name, array in arrays.items()}
    if all(np.all(np.isfinite(array)) for array in rounded.values()):
        return rounded
    if is_main:
        raise GoldenError(f"reference: {case.id} has an answer that is not finite; change the case")
    return None


def _keep(
    kept: dict[str, dict[str, np.ndarray]], name: str, outputs: dict[str, np.ndarray] | None
) -> None:
    """Keep what differs from the reference's own answers; an alternative may add nothing."""
    if outputs is None:
        return
    main = kept.get(store.MAIN, {})
    kept[name] = {
        output: array
        for output, array in outputs.items()
        if output not in main or main[output].tobytes() != array.tobytes()
    }


def _lay_out(
    wanted: Wanted, answers: dict[str, dict[str, dict[str, np.ndarray]]]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    pieces: dict[str, list[np.ndarray]] = {}
    offsets: dict[str, int] = {}
    rows: dict[str, Any] = {}
    for case_id, (case, rubric) in wanted.items():
        name = f"{case.item}.npy"
        table: dict[str, Any] = {}
        seen: dict[tuple[Any, ...], str] = {}
        for alternative, outputs in answers[case_id].items():
            # Where several conventions are one, the first has the arrays.
            same = tuple((output, a.shape, a.tobytes()) for output, a in outputs.items())
            if outputs and seen.setdefault(same, alternative) != alternative:
                table[alternative] = seen[same]
                continue
            for output, array in outputs.items():
                flat = np.ascontiguousarray(array).ravel()
                start = offsets.get(name, 0)
                table.setdefault(alternative, {})[output] = {
                    "shape": list(array.shape), "dtype": "float64", "offset": start,
                    "sha256": hashlib.sha256(flat.tobytes()).hexdigest(),
                }  # fmt: skip
                pieces.setdefault(name, []).append(flat)
                offsets[name] = start + flat.size
        tolerance = TOLERANCES[rubric.item(case.item).tolerance]
        rows[case_id] = {
            "file": name,
            "seed": "public" if case.public else rubric.table.seed,
            "definition": store.definition(case, rubric.table.seed),
            "tolerance": tolerance.float64,
            "alternatives": list(case.alternatives),
            "answers": table,
        }
    return {name: np.concatenate(parts) for name, parts in pieces.items()}, rows
