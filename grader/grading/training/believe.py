"""Which runs are repeated, how much of each, and what becomes of points that rest on the others.

Only runs that earn something are repeated, most points first, as far as their goals ask for
(`extent`). What cannot be repeated is doubted: the items are judged again without it, so that
another run may earn them, and else they are pending. If time is up, what was drawn stands.

A run could be tried until the draws leave it alone. So runs that nothing rests on are looked at as
well; if one of them is not what it says, or a training was given up on the way, all are repeated
whole.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from grader.box.worker import Worker
from grader.errors import BackgradeError, log_fault
from grader.grading.training.extent import DRAWN, Extent, needed
from grader.grading.training.form import Contradiction, Differs, TimeIsUp, Unrepeatable
from grader.grading.training.images import Images
from grader.grading.training.recompute import Refused
from grader.grading.training.repeat import Repeat
from grader.grading.training.replay import Code, Replay, moved
from grader.grading.training.verdict_cache import Store, VerdictCache
from grader.rubric.cases import Rubric
from grader.types import Flag, ItemResult, Notebook, Trained, Training

BUDGET_S, SHARE = 30.0, 0.75  # seconds for repeating, and of the time that the notebooks took
FIRM = 2.0  # times this for what has to be repeated, and where only what was drawn is
COPY = 1e-4  # of the way of a run: one that comes so near went the same way
Judged = tuple[dict[str, ItemResult], tuple[Trained, ...], tuple[Flag, ...]]
Judge = Callable[[Sequence[Trained]], Judged]


@dataclass(frozen=True)
class Repeating:
    """What it takes to repeat trainings; `code` is None where the reference is not at hand.

    Verdicts are kept in `store`, if there is one.
    """

    worker: Worker
    code: Code | None
    store: Store | None = None


@dataclass
class Entry:
    """One run: as it was told, as it stands, and how much of it was repeated."""

    notebook: Notebook
    told: Training
    stands: Trained
    repeated: Extent | None = None


class Believer:
    """Repeats the runs of one submission."""

    def __init__(
        self, entries: Sequence[Entry], rubric: Rubric, images: Images, repeating: Repeating
    ) -> None:
        self._entries = entries
        self._items = {item.id: item for item in rubric.table.items}
        books = {entry.notebook.name: entry.notebook for entry in entries}.values()
        spent = sum(cell.wall_s for book in books for cell in book.cells)
        self._budget_s = BUDGET_S + SHARE * spent
        self._repeat = Repeat(repeating.worker, images, self._budget_s)
        self._code, self._store = repeating.code, repeating.store
        self._images = images
        self._replays: dict[int, Replay] = {}  # by notebook
        self._caches: dict[int, VerdictCache] = {}
        self._strict = any(book.abandoned for book in books)
        self._own_s = 0.0
        self._committing_s = sum(book.committing_s for book in books)
        self._doubted: Counter[tuple[str, str, str]] = Counter()  # (kind, why, where)
        self._ways: list[tuple[Entry, np.ndarray]] = []

    @property
    def measured(self) -> dict[str, float]:
        """Return what replay took, and how many runs were repeated.

        `committing_s` went to committing, showing and reading it; `repeating_s` to computing again
        and deciding by it; `cpu_s` is both. What the box takes to hand states to and fro is in
        neither.
        """
        repeating, committing = self._repeat.cpu_s + self._own_s, self._committing_s
        good = [entry for entry in self._entries if entry.repeated and not entry.stands.doubt]
        doubted = [entry for entry in self._entries if entry.stands.doubt]
        return {
            "cpu_s": round(repeating + committing, 3), "committing_s": round(committing, 3),
            "repeating_s": round(repeating, 3), "runs": len(self._entries),
            "verified": len(good), "doubted": len(doubted),
        }  # fmt: skip

    def judged(self, judge: Judge) -> Judged:
        """Return what `judge` says once all runs that it rests on were repeated."""
        began = time.process_time()
        try:
            while True:
                results, marked, flags = judge([entry.stands for entry in self._entries])
                wanted = list(self._wanted(results, marked))
                for entry, extent in wanted:
                    self._check(entry, extent)
                if not wanted and not self._looked_further():
                    return results, marked, (*flags, *self._flags())
        finally:
            self._repeat.close()
            self._own_s = time.process_time() - began

    def _wanted(
        self, results: Mapping[str, ItemResult], marked: Sequence[Trained]
    ) -> Iterator[tuple[Entry, Extent]]:
        """Yield the runs that points rest on with what is yet to repeat, most points first."""
        wishes: dict[int, Extent] = {}
        for result in sorted(results.values(), key=lambda result: -result.earned):
            goals = [part.goal for part in self._items[result.id].parts if part.goal]
            for place, run in enumerate(marked):
                if result.earned > 0 and result.id in run.items and not run.doubt:
                    extent = needed(goals, run)
                    if self._strict:
                        on = frozenset(goal.on for goal in goals if goal.judge != "sweeps")
                        extent |= Extent(on or frozenset({"training"}), is_firm=True)
                    wishes[place] = wishes.get(place, DRAWN) | extent
        for place, extent in wishes.items():
            entry = self._entries[place]
            wish = extent | (entry.repeated or DRAWN)
            if not entry.stands.doubt and wish != entry.repeated:
                yield entry, wish

    def _looked_further(self) -> bool:
        """Look at the runs that nothing rests on; return whether all must be judged again."""
        if self._strict or not any(item.kind == "notebook" for item in self._items.values()):
            return False
        for entry in self._entries:
            if entry.repeated is None and not entry.stands.doubt and entry.stands.val_accuracy:
                self._check(entry, DRAWN)
        return self._strict

    def _check(self, entry: Entry, extent: Extent) -> None:
        """Repeat a run, and note what is known of it then."""
        try:
            known = self._in_time(entry, extent)
            self._is_new(entry, moved(entry.told))
        except Refused as refused:
            self._doubt(entry, refused)
        except BackgradeError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours costs no other run
            log = log_fault(f"repeating a run of {entry.notebook.name}")
            what = f"the grader failed at it ({type(error).__name__}, see {log})"
            self._doubt(entry, Refused(what))
        else:
            entry.repeated = extent
            first, epochs = known.initial_weight_std, known.num_epochs
            training = replace(entry.stands.training, initial_weight_std=first, num_epochs=epochs)
            entry.stands = replace(entry.stands, training=training)

    def _in_time(self, entry: Entry, extent: Extent) -> Training:
        """Return what is known of a run once it was repeated, or what was drawn if time is up."""
        is_least = extent.is_firm or extent == DRAWN
        self._repeat.left_s = self._budget_s * (FIRM if is_least else 1.0)
        try:
            return self._verified(entry, extent)
        except TimeIsUp:
            if is_least:
                raise
        self._repeat.left_s = self._budget_s * FIRM
        return self._verified(entry, DRAWN)

    def _verified(self, entry: Entry, extent: Extent) -> Training:
        """Return what is known of a run once it was repeated, now or before. Raises Refused."""
        if self._code is None:
            raise Refused("the files by which trainings are repeated are not on this machine")
        place = id(entry.notebook)
        if place not in self._replays:
            runs = [one.told for one in self._entries if one.notebook is entry.notebook]
            self._replays[place] = Replay(runs, self._repeat, self._images, self._code)
            if self._store is not None:
                self._caches[place] = VerdictCache(self._store, runs, self._code, self._images)
        verify = self._replays[place].verify
        if place not in self._caches:
            return verify(entry.told, extent)
        return self._caches[place].verify(entry.told, extent, verify)

    def _is_new(self, entry: Entry, moved: np.ndarray) -> None:
        """Raise Unrepeatable for a run that went the way of another one, but for some noise.

        One that only goes on, and learned nothing better than before, has no way of its own.
        """
        if not moved[1].any():
            return
        for other, way in self._ways:
            if other is not entry and way.shape == moved.shape:
                # Nets of other scales may take the same first step.
                pairs = zip(way, moved, strict=True)
                norm = np.linalg.norm
                if all(norm(one - two) <= COPY * norm(one) for one, two in pairs):
                    cell = other.notebook.cell_name(other.told.cell)
                    where = f"{other.notebook.name}, {cell}"
                    raise Unrepeatable(f"it is a copy of the run in {where}, which counts once")
        self._ways.append((entry, moved))

    def _doubt(self, entry: Entry, refused: Refused) -> None:
        odd = isinstance(refused, (Contradiction, Differs))
        self._strict |= odd
        entry.stands = replace(entry.stands, doubt=str(refused))
        is_false = isinstance(refused, Contradiction)
        kind = "training_contradicts_itself" if is_false else "training_not_repeated"
        where = f"{entry.notebook.name}, {entry.notebook.cell_name(entry.told.cell)}"
        self._doubted[kind, str(refused), where] += 1

    def _flags(self) -> Iterator[Flag]:
        """Yield one flag for all trainings of a cell with the same doubt."""
        for (kind, why, where), count in self._doubted.items():
            what = "a training" if count == 1 else f"{count} trainings"
            told = f"{what} could not be repeated: {why}; look at the cell before it counts"
            yield Flag(kind, told, where)
