"""Execute the notebooks of a submission in a box of their own; say what became of each cell."""

from __future__ import annotations

import copy
import math
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from nbformat import NotebookNode

from grader.box.folders import Folder
from grader.box.job import Gone, Job, Script
from grader.box.plan import NotebookWorkspace, Plan
from grader.box.worker import Worker
from grader.errors import BackgradeError, UnusableSubmission, exhausted, log_fault
from grader.guest.wire import Late
from grader.notebooks import ipynb
from grader.notebooks.executed import SKIP, Driven, Ran, record
from grader.notebooks.frames import Frames, Live, Recorded
from grader.notebooks.ipynb import Runnable
from grader.notebooks.kernel import Manager
from grader.notebooks.outputs import Budget
from grader.notebooks.run_cache import RunCache
from grader.notebooks.spool import Spool
from grader.notebooks.transcript import CURVES, Transcript
from grader.rubric.records import NotebookLimits
from grader.types import Notebook, Progress, Submission

SPARE_S = 20.0
KILLED = ("lost", "killed")  # how a notebook ends that may have been ended from outside


@contextmanager
def workspace(
    plan: Plan, data: Path | None = None, variable: str = "", plots: bool = True
) -> Iterator[Plan]:
    """Make the folder that notebooks run in; yield the plan of their box.

    `data` is a folder of images to read there, and `variable` the name by which it is found;
    `plots` as `draws` says.
    Without bubblewrap it is copied: the user of the box may have no way to the original.
    """
    with Folder() as folder:
        own = str(folder / "own")
        os.mkdir(own, 0o700)
        if os.geteuid() == 0:
            os.chown(own, plan.uid, plan.uid)
            folder.chmod(0o711)  # it stays ours; the user of the box has to get through
        shown: tuple[str, ...] = ()
        if data and plan.outer.start:
            shown = (str(data),)
        elif data:
            data = Path(shutil.copytree(data, folder / "data"))
            shown = (str(data),)
        named = {variable: str(data)} if data else {}
        yield replace(plan, workspace=NotebookWorkspace(own, shown, named, plots))


def draws(submission: Submission) -> bool:
    """Return whether a file names matplotlib: else it is not imported before somebody asks."""
    words = (b"matplotlib", b"pylab")
    return any(word in data for data in submission.files.values() for word in words)


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
    books = [found for found in readable.values() if not isinstance(found, Notebook)]
    text = "\n".join(cell.source for book in books for cell in book.cells)
    imports = "\n".join(re.findall(r"^[ \t]*(?:from|import)\b.*", text, re.M))
    job = replace(job, also=tuple(sorted({*re.findall(r"\w+", imports)})))
    runner = _Runner(job, worker, limits, spool, progress, cache)
    return tuple(
        found if isinstance(found, Notebook) else runner.run(name, found)
        for name, found in readable.items()
    )


def _read(submission: Submission, name: str) -> NotebookNode | Notebook:
    data = submission.files.get(name)
    if data is None:
        return Notebook(name, "missing", f"{name} is not in the submission")
    try:
        return ipynb.read(data, name)
    except UnusableSubmission as error:
        return Notebook(name, "unreadable", str(error))
    except Exception as error:  # noqa: BLE001 - a fault of ours costs this notebook alone
        return _broken(name, error)


def _broken(name: str, error: Exception) -> Notebook:
    """Return the record of a notebook that a fault of ours stopped; the traceback is kept."""
    lack, log = exhausted(error), log_fault(f"running {name}")
    why = f"{lack} (see {log})" if lack else f"our own fault ({type(error).__name__}, see {log})"
    return Notebook(name, "grader_fault", f"{name} could not be run: {why}")


@dataclass(frozen=True)
class _Runner:
    """Runs notebooks of one submission, or runs them again from the cache."""

    job: Job
    worker: Worker
    limits: NotebookLimits
    spool: Spool
    progress: Progress | None
    cache: RunCache | None
    budget: Budget = field(default_factory=Budget)
    curves: Budget = field(default_factory=lambda: Budget(CURVES, CURVES))

    def run(self, name: str, node: NotebookNode) -> Notebook:
        """Return the record of a notebook; a fault of ours on the way costs this one alone."""
        try:
            return self._record(name, node)
        except BackgradeError:
            raise  # the box does not start, or the command cannot be followed
        except Exception as error:  # noqa: BLE001 - see above
            broken = _broken(name, error)
        self.worker.restart()
        return broken

    def _record(self, name: str, node: NotebookNode) -> Notebook:
        """Return the record of a notebook, from the cache if nothing has changed for it."""
        code = {n: c for n, c in enumerate(node.cells, start=1) if c.cell_type == "code"}
        ready = tuple(_ready(n, cell) for n, cell in code.items() if cell.source.strip())
        cells = tuple((cell.number, cell.text) for cell in ready if not cell.why)
        memory = self.limits.memory_mb * 1024**2
        script = Script(name, cells, self.limits.cell_s, self.limits.notebook_s, memory)
        key = self.cache.key(script, self.job) if self.cache else ""
        entry = self.cache.find(key) if self.cache else None
        if entry:
            messages = entry.messages()
            ran = self._drive(script, node, lambda: Recorded(messages), math.inf)
        if not entry or ran.driven.over != "done":
            entry, ran = None, self._run(script, node, key)
            if ran.driven.over in KILLED:  # which may have been from outside
                ran = self._run(script, node, key)
        return record(name, ran, ready, tuple(code), self.limits, entry.at if entry else "")

    def _run(self, script: Script, node: NotebookNode, key: str) -> Ran:
        """Run the script in the box; keep its frames if it came to its end by itself."""
        new = self.cache.begin(key) if self.cache else None
        deadline = time.monotonic() + script.notebook_s + SPARE_S + 8 * self.job.load_s
        ran = Ran(Driven(over="lost"), copy.deepcopy(node), (), 0)

        def begin() -> Frames:
            self.worker.open(self.job, deadline)
            return Live(self.worker, script, deadline, new)

        try:
            self.worker.start()  # which imports while nbclient is imported here
            ran = self._drive(script, node, begin, deadline)
            replies = ran.driven.replies.values()
            if new and ran.driven.over == "done" and not any(r["interrupted"] for r in replies):
                new.keep()
        except (Gone, Late):
            pass  # it is lost
        finally:
            if new:
                new.drop()
            if ran.driven.over == "lost":
                self.worker.restart()
            else:
                self.worker.close()
        return ran

    def _drive(
        self, script: Script, node: NotebookNode, begin: Callable[[], Frames], deadline: float
    ) -> Ran:
        """Run the cells of a copy of the notebook by nbclient."""
        from grader.notebooks import client

        book, texts = copy.deepcopy(node), dict(script.cells)
        for number, cell in enumerate(book.cells, start=1):
            if number not in texts:
                cell.metadata["tags"] = [SKIP]
        places = {f"{script.name}, cell {n}": text.encode() for n, text in script.cells}
        seen = Transcript(self.spool, self.curves)
        self.budget.begin()
        files = {**self.job.files, **places}
        kernel = Manager(begin(), files, self.budget, seen.take, deadline)

        def begins(count: int) -> None:
            if self.progress:
                self.progress(script.name, count, len(script.cells))

        driven = client.drive(book, texts, kernel, script.cell_s, begins)
        for number, cell in enumerate(book.cells, start=1):
            cell.metadata = copy.deepcopy(node.cells[number - 1].metadata)
        told = tuple(seen.trainings), seen.abandoned, seen.committing_s, seen.left_out
        return Ran(driven, book, *told)


def _ready(number: int, cell: NotebookNode) -> Runnable:
    if SKIP in cell.metadata.get("tags", ()):
        return Runnable(number, "", f"it has the tag {SKIP!r}")
    return ipynb.runnable(number, cell.source)
