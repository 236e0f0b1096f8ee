"""The page for staff of one submission: each check that was not right, hidden ones too.

It never lies in a student's folder: beside it, in <DIR>-staff/, or below DIR/staff/ of a class.
"""

from __future__ import annotations

import zlib
from pathlib import Path

from grader.box.evidence import modules_of
from grader.diagnosis import snippets
from grader.errors import UsageError, explained
from grader.files import check_writable, write
from grader.grading.assignment import Assignment
from grader.guest.modules import GRADED
from grader.report import staff_page
from grader.report.result_form import ResultJson
from grader.rubric.cases import Rubric
from grader.types import Case, CaseOutcome, Report, Seen

PAGE = "staff.html"
WHOSE = "the student's"
LONGEST = 8_000  # characters of lines to paste; what is longer is loaded from a file


def folder_of(folder: Path) -> Path:
    """Return where the page for staff of a result in `folder` lies."""
    return folder.with_name(f"{folder.resolve().name}-staff")


def write_page(
    folder: Path,
    report: Report,
    assignment: Assignment,
    upload: str = "",
    stored: ResultJson | None = None,
) -> Path:
    """Write the page into a folder that only its owner may look into. Raises UsageError.

    `upload` is where what was handed in lies, and `stored` what it came to with its notebooks.
    """
    check_writable(folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        what = f"{folder}: cannot be written ({error.strerror}); choose another folder"
        raise UsageError(what) from None
    write(folder / PAGE, render(report, assignment, upload, stored))
    return folder / PAGE


def render(
    report: Report, assignment: Assignment, upload: str = "", stored: ResultJson | None = None
) -> str:
    """Return the page of a report; `upload` and `stored` as in `write_page`."""
    rubric = assignment.rubric
    cases = {case.id: case for case in rubric.cases}
    submission = report.submission
    place = snippets.Place(submission.package, submission.files, rubric.table.conventions.dropout_p)
    shown = [
        staff_page.Shown(one, cases[one.case].public, _asked(cases[one.case]), lines)
        for one in report.cases
        if one.seen is not None and one.case in cases
        for lines in [_lines(cases[one.case], one, one.seen, rubric, place)]
    ]
    kinds = {item.id: item.kind for item in rubric.table.items}
    of_notebooks = [name for name, kind in kinds.items() if kind != "code"]
    trained = staff_page.trained(stored, of_notebooks) if stored else ()
    return staff_page.render(report, shown, rubric.table.seed, upload, trained)


def _asked(case: Case) -> str:
    """Return what a case asks for: the probe, how its arrays are made, and its settings."""
    given = [f"{name} = {how}" for name, how in case.inputs.items()]
    given += [f"{name} = {value!r}" for name, value in case.options.items()]
    return f"{case.probe}({', '.join(given)})"


def _lines(
    case: Case, outcome: CaseOutcome, seen: Seen, rubric: Rubric, place: snippets.Place
) -> str:
    """Return Python to paste in the submission's folder, or how to get the arrays of the case."""
    output = next(iter(seen.wrong), next(iter(seen.expected), ""))
    text = explained(
        f"writing the lines of {case.id}", lambda: _snippet(case, seen, output, rubric, place), ""
    )
    return text if 0 < len(text) <= LONGEST else _probe(case, rubric, place)


def _probe(case: Case, rubric: Rubric, place: snippets.Place) -> str:
    """Return lines that ask a case as the grader does, where no call of a student's would do."""
    module, _, function = case.probe.partition(".")
    names = [name for name in modules_of(case) if name != "layer_utils"]
    files = {name: GRADED[name].removesuffix(".py").replace("/", ".") for name in names}
    nn = ", ".join(f'"{name}": import_module("{place.package}.{file}")'
                   for name, file in files.items())  # fmt: skip
    given = [f'{name}=case["{name}"].copy()' for name in case.inputs]
    given += [f"{name}={value!r}" for name, value in case.options.items()]
    return "\n".join([
        f"# first: grade case {case.id} --rubric {rubric.table.id} -o case.npz",
        "from importlib import import_module; import numpy as np",
        f"from grader.guest.probes import {module}",
        "from grader.guest.probes.nn import Conventions, Implementation",
        f'nn = Implementation({{{nn}}}, Conventions("{place.dropout_p}"))',
        f'case = np.load("case.npz"); np.random.seed({zlib.crc32(case.id.encode())})',
        f"outputs = {module}.{function}(nn, {', '.join(given)})",
        "for name, value in outputs.items():",
        f'    print(name, "{WHOSE}:", value, sep="\\n")',
        '    print("expected:", case.get(f"expected_{name}"), sep="\\n")',
    ])  # fmt: skip


def _snippet(case: Case, seen: Seen, output: str, rubric: Rubric, place: snippets.Place) -> str:
    if output not in seen.expected or case.probe not in snippets.KNOWN:
        return ""
    expected, got = seen.expected[output], seen.got.get(output)
    step = len(expected) - 1 if snippets.steps_of(case) and expected.ndim else 0
    if snippets.steps_of(case) and expected.ndim:
        expected, got = expected[step], None
    call = snippets.of(case, rubric.case_inputs(case), output, step, place)
    return snippets.text(call, expected, got, place, WHOSE)
