"""Execute the notebooks of a submission in a box of their own; say what became of each cell."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader.box.job import Gone, Job, Script
from grader.box.plan import NotebookWorkspace, Plan
from grader.box.worker import Worker
from grader.errors import UnusableSubmission, WireError
from grader.guest.wire import Late
from grader.notebooks import ipynb
from grader.notebooks.ipynb import Runnable, SourceCell
from grader.notebooks.run_cache import CachedRun, RunCache, RunRecorder
from grader.notebooks.spool import Spool
from grader.notebooks.transcript import Transcript
from grader.rubric.records import NotebookLimits
from grader.types import Cell, Notebook, Progress, Submission

SPARE_S = 20.0


@contextmanager
def workspace(plan: Plan, data: Path | None = None, variable: str = "") -> Iterator[Plan]:
    """Make the folder that notebooks run in; yield the plan of their box.

    `data` is a folder of images to read there, and `variable` the name by which it is found.
    Without bubblewrap it is copied: the user of the box may have no way to the original.
    """
    with tempfile.TemporaryDirectory(prefix="backgrade-", ignore_cleanup_errors=True) as folder:
        if os.geteuid() == 0:
            os.chown(folder, plan.uid, plan.uid)
        shown: tuple[str, ...] = ()
        if data and plan.outer.start:
            shown = (str(data),)
        elif data:
            data = Path(shutil.copytree(data, Path(folder) / "data"))
        named = {variable: str(data)} if data else {}
        yield replace(plan, workspace=NotebookWorkspace(folder, shown, named))


def execute(
    submission: Submission,
    names: Sequence[str],
    job: Job,
    worker: Worker,
    limits: NotebookLimits,
    spool: Spool,
    progress: Progress | None = None,
    cache: RunCache | None = None,
) -> tuple[Notebook, ...]:
    """Run the notebooks called `names` in the worker; return one record for each.

    A run of the very same notebook and code that is in `cache` is used again; new ones go there.
    """
    readable = {name: _read(submission, name) for name in names}
    cells = [c for found in readable.values() if not isinstance(found, Notebook) for c in found]
    text = "\n".join(cell.text for cell in cells)
    imports = "\n".join(re.findall(r"^[ \t]*(?:from|import)\b.*", text, re.M))
    job = replace(job, also=tuple(sorted({*re.findall(r"\w+", imports)})))
    runner = _Runner(job, worker, limits, spool, progress, cache)
    return tuple(
        found if isinstance(found, Notebook) else runner.run(name, found)
        for name, found in readable.items()
    )


def _read(submission: Submission, name: str) -> list[SourceCell] | Notebook:
    data = submission.files.get(name)
    if data is None:
        return Notebook(name, "missing", f"{name} is not in the submission")
    try:
        return ipynb.read(data, name)
    except UnusableSubmission as error:
        return Notebook(name, "unreadable", str(error))


@dataclass(frozen=True)
class _Runner:
    """Runs notebooks of one submission, or replays them from the cache."""

    job: Job
    worker: Worker
    limits: NotebookLimits
    spool: Spool
    progress: Progress | None
    cache: RunCache | None

    def run(self, name: str, cells: list[SourceCell]) -> Notebook:
        ready = [ipynb.runnable(c) for c in cells if c.kind == "code" and c.text.strip()]
        to_run = tuple((cell.number, cell.text) for cell in ready if not cell.why)
        limits = self.limits
        script = Script(name, to_run, limits.cell_s, limits.notebook_s, limits.memory_mb * 1024**2)
        seen = Transcript(name, dict(to_run), self.job.files, self.spool)
        key = self.cache.key(script, self.job) if self.cache else ""
        entry = self.cache.find(key) if self.cache else None
        over = _replay(entry, seen) if entry else None
        if over is None:
            entry = None
            seen = Transcript(name, seen.sources, seen.files, self.spool)
            over = self._run(script, seen, self.cache.begin(key) if self.cache else None)
        places = [cell.number for cell in cells if cell.kind == "code"]
        ran = tuple(
            replace(
                _cell(cell, seen, over, limits), count=count, place=1 + places.index(cell.number)
            )
            for count, cell in enumerate(ready, start=1)
        )
        status, sentence = _status(over, seen, limits)
        found = Notebook(
            name=name,
            status=status,
            message=sentence,
            cells=ran,
            markdown={cell.number: cell.text for cell in cells if cell.kind == "markdown"},
            tags={cell.number: cell.tags for cell in cells if cell.tags},
            trainings=tuple(seen.trainings),
            repaired=tuple(f"{name}: {line}" for cell in ready for line in cell.repaired),
            reused=entry.at if entry else "",
        )
        return replace(found, written=ipynb.write(cells, found))

    def _run(self, script: Script, seen: Transcript, new: RunRecorder | None) -> str:
        """Run the script; return how it ended: a word of guest.relay, or "lost"."""
        deadline = time.monotonic() + script.notebook_s + SPARE_S + 8 * self.job.load_s
        try:
            self.worker.open(self.job, deadline)
            for message, arrays in self.worker.execute(script, deadline):
                if new:
                    new.add(message, arrays)
                if "over" in message:
                    if new and message["over"] == "done" and not seen.interrupted:
                        new.keep()
                    return str(message["over"])
                seen.take(message, arrays)
                if self.progress and "began" in message:
                    self.progress(script.name, seen.began, len(script.cells))
            return "lost"
        except (Gone, Late):
            self.worker.restart()
            return "lost"
        finally:
            if new:
                new.drop()
            self.worker.close()


def _replay(entry: CachedRun, seen: Transcript) -> str | None:
    """Take the messages of an earlier run; return how it ended, None if the entry is damaged."""
    try:
        for message, arrays in entry.messages():
            if "over" in message:
                return str(message["over"])
            seen.take(message, arrays)
    except (WireError, OSError):
        return None
    return None


def _cell(cell: Runnable, seen: Transcript, over: str, limits: NotebookLimits) -> Cell:
    """Return what became of a code cell, also of one that sent nothing."""
    if cell.why:
        return Cell(cell.number, cell.text, "skipped", cell.why)
    if cell.number in seen.ended:
        ended = seen.ended[cell.number]
        why = f"stopped after {limits.cell_s:g} s of {limits.cell_s:g} s"
        return replace(ended, why=why) if ended.outcome == "timeout" else ended
    if cell.number != seen.current:
        return Cell(cell.number, cell.text, "not_run", "the notebook had ended before")
    if over == "died":
        return Cell(cell.number, cell.text, "died", "ended the whole kernel")
    why = f"the notebook's {limits.notebook_s:g} s were used up"
    if over == "stuck":
        why = f"did not stop after {limits.cell_s:g} s of {limits.cell_s:g} s, so all was stopped"
    return Cell(cell.number, cell.text, "timeout", why)


def _status(over: str, seen: Transcript, limits: NotebookLimits) -> tuple[Any, str]:
    """Return the status of a notebook, and a sentence if it did not run to its end."""
    if over == "timeout":
        return "timeout", f"stopped after {limits.notebook_s:g} s of {limits.notebook_s:g} s"
    where = f"cell {seen.current}" if seen.current else "the start"
    if over == "stuck":
        return "timeout", f"{where} did not stop after {limits.cell_s:g} s of {limits.cell_s:g} s"
    if over == "died":
        return "error", f"the kernel ended in {where}; what ran before it is kept"
    if over == "lost":
        return "error", "the box ended; what ran before it is kept"
    outcomes = {cell.outcome for cell in seen.ended.values()}
    if "timeout" in outcomes:
        return "timeout", f"a cell was stopped after {limits.cell_s:g} s of {limits.cell_s:g} s"
    return ("error" if "failed" in outcomes else "executed"), ""
