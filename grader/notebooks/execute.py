"""Execute the notebooks of a submission in a box of their own; say what each cell came to.

What a notebook tells is kept as it was told, in bounds: text and pictures as evidence, training
runs as claims. Whether a run is believed is decided elsewhere, from its parameters.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from grader.box.evidence import raised_of
from grader.box.job import Gone, Job, Script
from grader.box.plan import NotebookWorkspace, Plan
from grader.box.worker import Worker
from grader.errors import UnusableSubmission, WireError
from grader.guest.wire import FITTED, Late
from grader.notebooks import ipynb, png
from grader.notebooks.ipynb import Runnable, Source
from grader.notebooks.run_cache import Kept, Recording, Recordings
from grader.notebooks.spool import Spool
from grader.rubric.tables import NotebooksTable
from grader.types import Cell, Notebook, Submission, Training

SPARE_S = 20.0
MAX_TEXT = 8_000
MAX_RUNS = 400
Progress = Callable[[str, int, int], None]  # notebook, cell, cells


@contextmanager
def desk(plan: Plan, data: Path | None = None, variable: str = "") -> Iterator[Plan]:
    """Make the folder that notebooks run in; yield the plan of their box.

    `data` is a folder of images to read there, and `variable` the name by which it is found.
    Without bubblewrap it is copied, for the way to it may be closed to the user of the box.
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
    limits: NotebooksTable,
    spool: Spool,
    progress: Progress | None = None,
    kept: Recordings | None = None,
) -> tuple[Notebook, ...]:
    """Run the notebooks called `names` in the worker; return one record for each.

    What `kept` holds of the very same notebook and code is used again, and what ran is kept there.
    """
    readable = {name: _read(submission, name) for name in names}
    words = {
        word
        for sources in readable.values()
        if not isinstance(sources, Notebook)
        for source in sources
        for line in re.findall(r"^[ \t]*(?:from|import)\b.*", source.text, re.M)
        for word in re.findall(r"\w+", line)
    }
    job = replace(job, also=tuple(sorted(words)))
    return tuple(
        found
        if isinstance(found, Notebook)
        else _run(name, found, job, worker, limits, spool, progress, kept)
        for name, found in readable.items()
    )


def sources(submission: Submission, name: str) -> list[Source]:
    """Return the cells of a notebook as handed in; none where it cannot be read."""
    found = _read(submission, name)
    return [] if isinstance(found, Notebook) else found


def _read(submission: Submission, name: str) -> list[Source] | Notebook:
    data = submission.files.get(name)
    if data is None:
        return Notebook(name, "missing", f"{name} is not in the submission")
    try:
        return ipynb.read(data, name)
    except UnusableSubmission as error:
        return Notebook(name, "unreadable", str(error))


def _run(
    name: str,
    cells: list[Source],
    job: Job,
    worker: Worker,
    limits: NotebooksTable,
    spool: Spool,
    progress: Progress | None,
    kept: Recordings | None,
) -> Notebook:
    ready = [ipynb.runnable(cell) for cell in cells if cell.kind == "code" and cell.text.strip()]
    to_run = tuple((cell.number, cell.text) for cell in ready if not cell.why)
    script = Script(name, to_run, limits.cell_s, limits.notebook_s, limits.memory_mb * 1024**2)
    told = Told(name, {number: text for number, text in to_run}, job.files, spool)
    key = kept.key(script, job) if kept else ""
    entry = kept.find(key) if kept else None
    over = _again(entry, told) if entry else None
    if over is None:
        entry = None
        told = Told(name, told.sources, told.files, spool)
        record = kept.begin(key) if kept else None
        over = _follow(script, job, worker, told, progress, record)
    status, says = _status(over, told, limits)
    return Notebook(
        name=name,
        status=status,
        says=says,
        cells=tuple(_cell(cell, told, over, limits) for cell in ready),
        markdown={cell.number: cell.text for cell in cells if cell.kind == "markdown"},
        tags={cell.number: cell.tags for cell in cells if cell.tags},
        trainings=tuple(told.trainings),
        repaired=tuple(f"{name}: {line}" for cell in ready for line in cell.repaired),
        reused=entry.at if entry else "",
    )


def _again(entry: Kept, told: Told) -> str | None:
    """Take what a notebook told an earlier time; return how it ended, None where that is odd."""
    try:
        for say, arrays in entry.messages():
            if "over" in say:
                return str(say["over"])
            told.take(say, arrays)
    except (WireError, OSError):
        return None
    return None


def _follow(
    script: Script,
    job: Job,
    worker: Worker,
    told: Told,
    progress: Progress | None,
    record: Recording | None,
) -> str:
    """Run the script; return how it ended: a word of worker.relay, or "lost"."""
    deadline = time.monotonic() + script.notebook_s + SPARE_S + 8 * job.load_s
    try:
        worker.open(job, deadline)
        for say, arrays in worker.execute(script, deadline):
            if record:
                record.add(say, arrays)
            if "over" in say:
                if record and say["over"] == "done" and not told.interrupted:
                    record.keep()
                return str(say["over"])
            told.take(say, arrays)
            if progress and "began" in say:
                progress(script.name, told.began, len(script.cells))
        return "lost"
    except (Gone, Late):
        worker.restart()
        return "lost"
    finally:
        if record:
            record.drop()
        worker.close()


@dataclass
class Told:
    """What came out of one notebook so far; every word of it is checked for its form."""

    name: str
    sources: Mapping[int, str]
    files: Mapping[str, bytes]
    spool: Spool
    ended: dict[int, Cell] = field(default_factory=dict)
    current: int | None = None
    began: int = 0
    interrupted: bool = False
    trainings: list[Training] = field(default_factory=list)
    _settings: tuple[Mapping[str, Any], Mapping[str, np.ndarray]] | None = None

    def take(self, say: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Take one message."""
        if "began" in say:
            number = say["began"]
            self.current = number if type(number) is int and number in self.sources else None
            self.began += 1
        elif "ended" in say:
            self._end(say, arrays)
        elif isinstance(settings := say.get("settings"), dict):
            self._settings = (settings, arrays)
            self.spool.take()
        elif "array" in say:
            if not self.spool.add(say, arrays.get("piece")):
                self._settings = None
        elif "whole" in say:
            self._whole()

    def _end(self, say: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        number = self.current
        self.interrupted |= bool(say.get("interrupted"))
        if number is None or say["ended"] != number or number in self.ended:
            return
        outcome = "ran" if say.get("outcome") == "ran" else "failed"
        if say.get("interrupted") and outcome == "failed":
            outcome = "timeout"
        places = {f"{self.name}, cell {n}": text.encode() for n, text in self.sources.items()}
        raised = raised_of(say, {**self.files, **places}) if outcome == "failed" else None
        images = [png.checked(array.tobytes()) for array in list(arrays.values())[:20]]
        text = say.get("text")
        self.ended[number] = Cell(
            number=number,
            source=self.sources[number],
            outcome=outcome,  # type: ignore[arg-type]
            text=text[:MAX_TEXT] if isinstance(text, str) else "",
            images=tuple(image for image in images if image),
            raised=raised,
            wall_s=float(say["wall_s"]),
        )

    def _whole(self) -> None:
        """A run is complete; keep it where every field has its form."""
        settings, self._settings = self._settings, None
        arrays = self.spool.take()
        if settings and arrays and len(self.trainings) < MAX_RUNS:
            training = training_of(self.current or 0, settings[0], settings[1], arrays)
            self.trainings += [training] if training else []


def training_of(
    cell: int,
    say: Mapping[str, Any],
    curves: Mapping[str, np.ndarray],
    arrays: Mapping[str, np.ndarray],
) -> Training | None:
    """Return the record of a run; None where a field is not what the Solver writes."""
    try:
        best = {name: array for name, array in arrays.items() if not name.startswith(FITTED)}
        params, statistics = _learned(best)
        fitted, fitted_statistics = _learned(
            {name[len(FITTED) :]: arrays[name] for name in arrays if name not in best}
        )
        return Training(
            cell=cell,
            layer_sizes=tuple(_count(size) for size in say["layer_sizes"]),
            normalization=_text_or_none(say["normalization"]),
            dropout_keep_ratio=_number_or_none(say["dropout_keep_ratio"]),
            initial_weight_std=tuple(_number(value) for value in say["initial_weight_std"]),
            reg=_number_or_none(say["reg"]),
            update_rule=_text(say["update_rule"]),
            learning_rate=_number_or_none(say["learning_rate"]),
            lr_decay=_number(say["lr_decay"]),
            batch_size=_count(say["batch_size"]),
            num_epochs=_count(say["num_epochs"]),
            num_train=_count(say["num_train"]),
            num_val=_count(say["num_val"]),
            train_sha256=_text(say["train_sha256"]),
            val_sha256=_text(say["val_sha256"]),
            loss_history=_curve(curves["loss_history"]),
            train_acc_history=_curve(curves["train_acc_history"]),
            val_acc_history=_curve(curves["val_acc_history"]),
            best_val_acc=_number(say["best_val_acc"]),
            params=params,
            bn_statistics=statistics,
            rows=_rows(curves.get("rows")),
            fitted_params=fitted,
            fitted_bn_statistics=fitted_statistics,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _learned(
    arrays: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], tuple[dict[str, np.ndarray], ...]]:
    """Return (parameters, running averages by layer) of arrays as worker.cells names them."""
    statistics: dict[int, dict[str, np.ndarray]] = {}
    params = {}
    for name, array in arrays.items():
        kind, _, layer = name.partition("/")
        if layer:
            statistics.setdefault(int(layer), {})[kind] = array
        else:
            params[name] = array
    return params, tuple(statistics[layer] for layer in sorted(statistics))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError("no number")
    return float(value)


def _number_or_none(value: Any) -> float | None:
    return None if value is None else _number(value)


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise ValueError("no count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")
    return value[:100]


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _curve(array: np.ndarray) -> np.ndarray:
    if array.dtype != np.float64 or array.ndim != 1:
        raise ValueError("no curve")
    return array


def _rows(array: np.ndarray | None) -> np.ndarray | None:
    if array is None or array.dtype != np.int64 or array.ndim != 1 or array.size > 2**20:
        return None
    return array


def _cell(cell: Runnable, told: Told, over: str, limits: NotebooksTable) -> Cell:
    """Return what became of a code cell, also of one that nothing was told of."""
    if cell.why:
        return Cell(cell.number, cell.text, "skipped", cell.why)
    if cell.number in told.ended:
        seen = told.ended[cell.number]
        why = f"stopped after {limits.cell_s:g} s of {limits.cell_s:g} s"
        return replace(seen, why=why) if seen.outcome == "timeout" else seen
    if cell.number != told.current:
        return Cell(cell.number, cell.text, "not_run", "the notebook had ended before")
    if over == "died":
        return Cell(cell.number, cell.text, "died", "ended the whole kernel")
    if over == "stuck":
        why = f"did not stop after {limits.cell_s:g} s of {limits.cell_s:g} s, so all was stopped"
        return Cell(cell.number, cell.text, "timeout", why)
    why = f"the notebook's {limits.notebook_s:g} s were used up"
    return Cell(cell.number, cell.text, "timeout", why)


def _status(over: str, told: Told, limits: NotebooksTable) -> tuple[Any, str]:
    """Return the status of a notebook, and a sentence where it did not run to its end."""
    if over == "timeout":
        return "timeout", f"stopped after {limits.notebook_s:g} s of {limits.notebook_s:g} s"
    where = f"cell {told.current}" if told.current else "the start"
    if over == "stuck":
        return "timeout", f"{where} did not stop after {limits.cell_s:g} s of {limits.cell_s:g} s"
    if over == "died":
        return "error", f"the kernel ended in {where}; what ran before it is kept"
    if over == "lost":
        return "error", "the box ended; what ran before it is kept"
    outcomes = {cell.outcome for cell in told.ended.values()}
    if "timeout" in outcomes:
        return "timeout", f"a cell was stopped after {limits.cell_s:g} s of {limits.cell_s:g} s"
    return ("error" if "failed" in outcomes else "executed"), ""
