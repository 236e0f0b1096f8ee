"""A notebook before it is handed in: was all of it run, and in order? Nothing is run here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader.errors import UnusableSubmission
from grader.notebooks import repair
from grader.release.selfcheck.sources import Note
from grader.report import text
from grader.types import Cell, Notebook

SOME = 6  # names of a long list that are shown


def look(name: str, data: bytes) -> tuple[Notebook, list[Note]]:
    """Return the record of a notebook that nobody runs here, and notes on it."""
    try:
        found = repair.parsed(data, name)
        cells = repair.repaired(found, name).get("cells", [])
    except UnusableSubmission as error:
        return Notebook(name, "unreadable"), [Note(str(error))]
    numbered = list(enumerate(cells, start=1))
    code = {n: c["source"] for n, c in numbered if c["cell_type"] == "code"}
    record = Notebook(
        name,
        "skipped",
        cells=tuple(
            Cell(number, source, "not_run", place=place)
            for place, (number, source) in enumerate(code.items(), start=1)
        ),
        markdown={n: c["source"] for n, c in numbered if c["cell_type"] == "markdown"},
        tags={n: tuple(c["metadata"].get("tags", ())) for n, c in numbered},
    )
    saved = [(number, found["cells"][number - 1]) for number, text in code.items() if text.strip()]
    return record, list(_stale(record, saved))


def _stale(record: Notebook, code: Sequence[tuple[int, Mapping[str, Any]]]) -> Iterator[Note]:
    name = record.name
    again = "; use 'Restart and run all', then save"
    ran = {number: cell.get("execution_count", cell.get("prompt_number")) for number, cell in code}
    counts = [count for count in ran.values() if isinstance(count, int)]
    missing = [number for number, count in ran.items() if not isinstance(count, int)]
    if missing and not counts:
        yield Note(f"{name} was never run: no cell has an output{again}")
        return
    if missing:
        first = f"the first is {record.cell_name(missing[0])}"
        yield Note(f"{name}: {counted(len(missing), 'cell')} not run, {first}{again}")
    if counts != sorted(counts):
        yield Note(f"{name} was run in another order than it stands in{again}")
    for number, cell in code:
        outputs = cell.get("outputs")
        kinds = [o.get("output_type") for o in outputs or () if isinstance(o, dict)]
        if "error" in kinds or "pyerr" in kinds:
            yield Note(f"{name}: {record.cell_name(number)} stops with an error")
            return


def counted(many: int, one: str) -> str:
    """Return "1 cell is", "3 cells are"."""
    return f"1 {one} is" if many == 1 else f"{many} {one}s are"


def listed(names: Sequence[str]) -> str:
    """Return "a, b and c", at most a few of many."""
    more = len(names) - SOME
    return f"{', '.join(names[:SOME])} and {more} more" if more > 0 else text.listed(names)
