"""A class as a whole: what is to be graded, by whom, and what is left for people."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.course import (
    archive,
    current,
    drive,
    generations,
    place,
    publish,
    settings,
    similarity,
    to_judge,
)
from grader.course.assembled import Known
from grader.course.deciding import deciding
from grader.course.drive import Standing
from grader.course.enrol import Read, counting, enrol, hashes_of, marks_of, silent, upload_path
from grader.course.histories import histories, numbers
from grader.course.places import Places, judged_by_people
from grader.course.records import Found
from grader.course.runners import Runner
from grader.course.scores import Ledger, status_of
from grader.course.settings import Settings
from grader.course.store import Row, Store, Student, in_parts
from grader.course.tasks import Done, Outcome, Policy, Task, outcome_of
from grader.errors import UsageError
from grader.files import write
from grader.rubric.records import Item

Told = Callable[[Standing], None]


@dataclass(frozen=True)
class Counts:
    """How a class stands, in students' attempts that count."""

    students: int
    graded: int
    refused: int
    faults: int
    waiting: int
    nothing: int


class Course:
    """The folder of a class; a context manager that is its one driver."""

    def __init__(self, folder: Path) -> None:
        """Open or make the folder. Raises UsageError."""
        self.folder = folder
        place.make(folder)
        place.check_local(folder)
        self._driving = place.driving(folder)
        self.settings = settings.read(folder)

    def __enter__(self) -> Course:
        self._driving.__enter__()
        try:
            self.store = Store(self.folder)
        except BaseException:
            self._driving.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.store.__exit__(*error)
        self._driving.__exit__(None, None, None)

    def enrol(self, found: Found, told: Read = silent) -> None:
        """Keep every attempt of a source; `told` hears how many are read."""
        enrol(found, self.folder, self.store, told)

    def wanted(self, every: bool = False) -> Iterator[Row]:
        """Yield the attempts to grade: those that count, all of them if the best one counts."""
        ledger = current.ledger(self.store, self.settings)
        closing = self.settings.late.closes_after_days is not None
        every = every or closing or self.settings.attempts == "best"
        for _, rows in self._histories():
            counts = None if every else ledger.counting(rows, {})
            yield from rows if every else [counts] if counts else []

    def _histories(self) -> Iterator[tuple[Student, list[Row]]]:
        return histories(self.store, numbers(self.store))

    def generations(self) -> list[tuple[str, int]]:
        """Return the rubrics whose marks the uploads that count have, the most common first."""
        counts = (row for _, rows in self._histories() for row in counting(rows).values())
        return marks_of(counts).most_common()

    def decide(self, decided: Settings) -> None:
        """Write course.toml, unless the instructor has one."""
        if not (self.folder / settings.NAME).exists():
            write(self.folder / settings.NAME, settings.text_of(decided))
        self.settings = decided

    def work(self, policy: Policy, every: bool = False) -> list[str]:
        """Return the uploads that have no result, each once, and keep the results of files.

        Where a process was killed between a file and its row, the file is there.
        """
        key_of = generations.keys(self.store, policy.sha256)
        left = dict[str, None]()
        for some in in_parts(r for r in self.wanted(every) if r.upload and not r.forgotten):
            uploads = {key_of(row): row.upload or "" for row in some}
            graded, adopted = self.store.graded(uploads), list[tuple[str, Outcome]]()
            for key, upload in uploads.items():
                path = archive.place_of(self.folder, key)
                if key in graded and path.is_file():
                    continue
                if outcome := kept(path):
                    adopted.append((key, outcome))
                else:
                    left[upload] = None
            if adopted:
                with self.store.writing():
                    self.store.keep(adopted)
        with self.store.writing():
            self.store.keep_decides(policy.sha256, deciding(policy.assignment))
        return list(left)

    def tasks(
        self, policy: Policy, uploads: Iterable[str], known: Callable[[str], Known | None]
    ) -> Iterator[Task]:
        """Yield what is to be graded, its bytes read when it is its turn."""
        for upload in uploads:
            path = upload_path(self.folder, upload)
            try:
                data = path.read_bytes()
            except OSError as error:
                raise UsageError(
                    f"{path}: cannot be read ({error.strerror}); restore it, or give the source "
                    "again"
                ) from None
            yield Task(policy.key(upload), upload, data, known(upload))

    def grade(
        self,
        policy: Policy,
        uploads: Sequence[str],
        runner: Runner,
        told: Told,
        stopped: Callable[[], bool],
        publishing: bool = True,
        known: Callable[[str], Known | None] = lambda upload: None,
    ) -> Standing:
        """Grade uploads; reports are written as results come in, unless nothing is published.

        `known` gives what is known of an upload already.

        Where results of another policy count until all are graded, their pages stay until then.
        """
        standing = Standing(len(uploads))
        if publishing and generations.current(self.store) is None:
            self._settle(policy)
        counts = generations.current(self.store)
        publishing = publishing and counts is not None and counts.policy == policy.sha256
        ledger = self.ledger(policy)
        keys = generations.keys(self.store, policy.sha256)

        def keep(done: Sequence[Done]) -> None:
            keep_files(self.folder, done)
            with self.store.writing():
                self.store.keep((one.key, one.outcome) for one in done)
            uploads = tuple(one.outcome.upload for one in done if one.data)
            if publishing and uploads:
                publish.reports(self.folder, Places(self.store, keys, ledger, uploads))

        drive.drive(self.tasks(policy, uploads, known), standing, runner, keep, told, stopped)
        return standing

    def ledger(self, policy: Policy) -> Ledger:
        """Return what decides about scores."""
        return current.ledger(self.store, self.settings, policy)

    def forget(self, student: Student) -> None:
        """Remove somebody's uploads, pages and names; points stay."""
        with self.store.writing():
            hashes = list(hashes_of(student.person))
            uploads, keys = self.store.forget(student.number, hashes)
            self.store.run("DELETE FROM facts WHERE key = ?", ((key,) for key in keys))
        self.store.compact()
        for path in (
            *(upload_path(self.folder, upload) for upload in uploads),
            *(archive.place_of(self.folder, key) for key in keys),
        ):
            path.unlink(missing_ok=True)
        theirs = (f"reports/{student.folder}", f"staff/{student.folder}")
        for name in (*theirs, "regrade", similarity.FOLDER):  # the last two can be made again
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def publish(self, policy: Policy, title: str, notes: Sequence[str]) -> Counts:
        """Write every page that is not up to date, grades.csv and index.html."""
        self._settle(policy)
        return self.republish(policy, title, notes)

    def republish(self, policy: Policy, title: str, notes: Sequence[str] = ()) -> Counts:
        """Write what is not up to date by the generation that counts."""
        ledger = self.ledger(policy)
        keys = generations.keys(self.store, current.policy_sha256(self.store, self.settings))
        found = Places(self.store, keys, ledger)
        if to_judge.refresh(self.folder, self.store.db, judged_by_people(found)):
            ledger = self.ledger(policy)  # what people gave counts up to what an item is worth now
            found = Places(self.store, keys, ledger)
        publish.reports(self.folder, found)
        told = [*notes, *ledger.problems]
        publish.tables(self.folder, found, title, told, policy.assignment)
        if counts := generations.current(self.store):
            with self.store.writing():
                generations.set_published(self.store, counts.number)
        return self.counts(found)

    def refresh(self) -> Places:
        """Write the pages that are not up to date by the generation that counts; return all."""
        found = current.places(self.store, self.settings)
        publish.reports(self.folder, found)
        return found

    def check_generation(self, policy: Policy) -> None:
        """Raise UsageError if an earlier generation counts and this policy is that of a later."""
        counts, every = generations.current(self.store), generations.every(self.store)
        later = [one for one in every if counts and one.number > counts.number]
        if counts and later and counts.policy != policy.sha256:
            raise UsageError(
                f"{self.folder}: generation {counts.number} counts, as you went back to it, and "
                "course.toml or its rubric is another since; put that back, or see what it would "
                f"change with `grade regrade {self.folder}`"
            )

    def _settle(self, policy: Policy) -> None:
        """Have what was graded last count."""
        counts = generations.current(self.store)
        before = counts.number if counts else None

        def made(number: int) -> generations.Generation:
            return current.new_generation(policy, number, "grade class", before)

        generations.settle(self.store, policy, made)

    def counts(self, found: Places) -> Counts:
        """Return how the class stands."""
        told = found.with_results()
        words = Counter(status_of(one.row, result) for one, result in told if one.counts)
        names = ("graded", "refused", "fault", "waiting", "nothing to grade")
        return Counts(words.total(), *(words[name] for name in names))


def keep_files(folder: Path, done: Iterable[Done]) -> None:
    """Write the archive of each result."""
    for one in done:
        if one.data:
            archive.keep(archive.place_of(folder, one.key), one.data)


def kept(path: Path) -> Outcome | None:
    """Return what the archive of a result says; None if it is not there, or not whole."""
    try:
        return outcome_of(archive.unpack(path.read_bytes())[archive.OUTCOME])
    except (OSError, ValueError, KeyError):
        return None


def merge(folder: Path, shards: Sequence[Path]) -> tuple[int, list[str]]:
    """Copy the results of shards; return how many were new, and what is damaged."""
    new, damaged = 0, list[str]()
    for shard in shards:
        found = sorted((shard / "results").glob("??/*.zip"))
        if not (shard / "results").is_dir():
            raise UsageError(f"{shard}: holds no results; give a folder that --shard wrote")
        for path in found:
            target = archive.place_of(folder, path.stem)
            if kept(target) is not None:
                continue
            if kept(path) is None:
                damaged.append(str(path))
                continue
            archive.keep(target, path.read_bytes())
            new += 1
    return new, damaged


def limit_s(items: Sequence[Item], policy: Policy) -> float:
    """Return the longest that one task may take before its process is given up, in seconds.

    Every limit of its own is far below: this one is for a fault of ours.
    """
    limits = policy.assignment.rubric.table
    books = {item.file for item in items if item.file.endswith(".ipynb")}
    notebooks = len(books) * 2 * limits.notebooks.notebook_s if policy.notebooks == "run" else 0.0
    return 6 * limits.limits.submission_s + notebooks + 120.0
