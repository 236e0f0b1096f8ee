"""What `grade class` and its like do: read the source, decide, run, say what became of it."""

from __future__ import annotations

import gc
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Literal

import typer

from grader import resources
from grader.box.plan import choose
from grader.cli.class_folder import opened
from grader.cli.class_progress import enrolling, progress
from grader.course import archive, classroom, place, settings, sources
from grader.course import roster as rosters
from grader.course.classroom import Counts, Course
from grader.course.current import policy_of
from grader.course.drive import Standing, drive
from grader.course.packed import pack
from grader.course.records import Attempt, Found
from grader.course.runners import Runner
from grader.course.tasks import Policy, Task
from grader.errors import UnusableSubmission, UsageError
from grader.report.text import count

MOST = 20  # lines of a list on the terminal
How = Literal["run", "skip"]


@dataclass(frozen=True)
class Asked:
    """The options of `grade class`."""

    paths: Sequence[Path]
    output: Path
    kind: str
    roster: Path | None
    yes: bool
    all_attempts: bool
    rubric: str
    data: str
    notebooks: How | None
    box: str
    jobs: int
    dask: str
    shard: str
    cached: bool


def run(asked: Asked) -> None:
    """Grade a class. Raises UsageError, or Exit 1 if a row could not be graded."""
    gc.enable()  # a long process, unlike the others
    found = _found(asked)
    choose(asked.box)  # what is not isolated is said before anything is kept
    if asked.shard:
        _shard(found, asked)
        return
    with Course(asked.output) as one:
        with enrolling() as read:
            one.enrol(found, read)
        policy = _policy(one, asked)
        one.check_generation(policy)
        work = one.work(policy, asked.all_attempts)
        stopped = False
        if work:
            with running(policy, asked.jobs, asked.dask, len(work)) as runner, stopping() as stop:
                with progress() as told:
                    standing = one.grade(policy, work, runner, told, stop)
                stopped = standing.done < len(work)
            work.clear()  # a large class has many
        counts = one.publish(policy, one.folder.resolve().name, found.problems)
        _tell(one, counts)
        _end(counts, stopped)


def merge(folder: Path, shards: Sequence[Path]) -> None:
    """Join what shards graded into the folder of a class."""
    place.make(folder)
    new, damaged = classroom.merge(folder, shards)
    typer.echo(f"{count(new, 'result')} joined")
    for path in damaged[:MOST]:
        typer.echo(f"{path}: is damaged; `grade class` grades it again", err=True)
    if not (folder / "class.sqlite").is_file():
        typer.echo(f"Now run `grade class SOURCE -o {folder}`: it finds them there")
        return
    with Course(folder) as one:
        policy = policy_of(one.settings)
        one.check_generation(policy)
        one.work(policy)
        _tell(one, one.publish(policy, folder.resolve().name, ()))


def forget(folder: Path, student: str) -> None:
    """Remove a student's uploads, pages and names; their points stay, under a number."""
    with opened(folder, finishing=False) as one:
        rows = [
            s for s in one.store.students()
            if student in (s.folder, s.person.id, s.person.login, s.person.email)
        ]  # fmt: skip
        if len(rows) != 1:
            raise UsageError(
                f"{student}: {count(len(rows), 'student')} of the class have this id, login or "
                f"folder; {folder / 'grades.csv'} lists them"
            )
        one.forget(rows[0])
        one.republish(policy_of(one.settings), folder.resolve().name)
    typer.echo(f"{student}: forgotten; points are kept as student {rows[0].number}")


# ------------------------------------------------------------------------------ decisions


def _found(asked: Asked) -> Found:
    """Return what the sources hold, said in one line; what is doubtful stops here."""
    named = str(asked.roster or settings.read(asked.output).roster)
    roster = rosters.read(Path(named)) if named else None
    found = sources.read(asked.paths, asked.kind, roster)
    typer.echo(sources.described(found))
    for line in found.problems[:MOST]:
        typer.echo(f"  {line}", err=True)
    if len(found.problems) > MOST:
        typer.echo(f"  and {len(found.problems) - MOST} more, in index.html", err=True)
    for proposal in found.proposals:
        typer.echo(f"  {proposal}", err=True)
    if found.proposals and not asked.yes:
        raise UsageError(
            f"{asked.paths[0]}: what stands above can be read in two ways, and nothing was graded; "
            "put it right, or take what is proposed with --yes"
        )
    return found


def _policy(one: Course, asked: Asked) -> Policy:
    """Return what a class is graded by: options, then course.toml, then what most uploads are."""
    known, seen = one.settings, dict(one.generations())
    most = next(iter(seen), resources.DEFAULT_RUBRIC)
    rubric = _whole(asked.rubric, ".toml") or known.rubric or most
    decided = known.model_copy(
        update={
            "rubric": rubric,
            "data": asked.data if asked.data == "synthetic" else _whole(asked.data) or known.data,
            "notebooks": asked.notebooks or known.notebooks,
            "roster": _whole(str(asked.roster or "")) or known.roster,
        }
    )
    policy = replace(policy_of(decided), box=asked.box, cached=asked.cached)
    assert policy.assignment  # what cannot be read is said before course.toml is written
    one.decide(decided)
    why = "" if asked.rubric or known.rubric else ", that of most uploads"
    typer.echo(f"Graded by {rubric}{why}")
    others = sum(number for name, number in seen.items() if name != rubric)
    if others and rubric in seen:
        typer.echo(f"  {count(others, 'upload')} with marks of other years: graded by it too")
    return policy


def _whole(path: str, ending: str = "") -> str:
    """Return a path as it is found from any folder; what has not that ending is a name."""
    return str(Path(path).resolve()) if path and path.endswith(ending) else path


# -------------------------------------------------------------------------------- running


@contextmanager
def running(policy: Policy, jobs: int, dask: str, work: int) -> Iterator[Runner]:
    """Have what grades: processes here, or workers of Dask."""
    limit_s = classroom.limit_s(policy.assignment.rubric.table.items, policy)
    if dask:
        from grader.course.runners.cluster import Cluster

        runner: Runner = Cluster(policy, dask, jobs, limit_s)
    else:
        from grader.course.runners.local import Local, slots

        runner = Local(policy, max(1, min(jobs or slots(), work)), limit_s)
    try:
        yield runner
    finally:
        runner.stop()


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Hear Ctrl-C: the first lets what runs come to its end, the second ends at once."""
    pressed: list[int] = []

    def press(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            raise SystemExit(128 + number)
        with suppress(OSError):
            sys.stderr.write("grade: what runs comes to its end; Ctrl-C again ends at once\n")

    former = signal.getsignal(signal.SIGINT)
    if former is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, former)


def _tell(one: Course, counts: Counts) -> None:
    """Say what became of the class."""
    parts = [f"{counts.graded:,} of {count(counts.students, 'student')} graded"]
    for number, word in (
        (counts.refused, "cannot be graded"),
        (counts.nothing, "with nothing to grade"),
        (counts.faults, "not graded by our fault: run the same command again"),
        (counts.waiting, "not graded yet"),
    ):
        if number:
            parts.append(f"{number:,} {word}")
    typer.echo("; ".join(parts))
    typer.echo(f"Class: {one.folder / 'index.html'}")


def _end(counts: Counts, stopped: bool) -> None:
    """Raise Exit unless everybody is graded."""
    if stopped:
        done = counts.students - counts.waiting
        typer.echo(
            f"grade: stopped by Ctrl-C: {done:,} of {counts.students:,} graded; the same command "
            "goes on",
            err=True,
        )
        raise typer.Exit(130)
    if counts.refused or counts.faults or counts.nothing:
        raise typer.Exit(1)


# --------------------------------------------------------------------------------- shards


def _shard(found: Found, asked: Asked) -> None:
    """Grade one part of the uploads into files: results only, no database."""
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", asked.shard)
    part, parts = map(int, match.groups()) if match else (0, 0)
    if not 0 <= part <= parts or not parts:
        raise UsageError(f"--shard {asked.shard}: write I/N, as in 3/10 for the third of ten parts")
    if not asked.rubric:
        raise UsageError(
            "--shard: name the --rubric, for a part does not see what most uploads are"
        )
    policy = Policy(
        asked.rubric, asked.data or "synthetic", asked.notebooks or "run", asked.box, asked.cached
    )
    place.make(asked.output)
    place.make(asked.output / "results")  # there even if no upload falls to this part
    own: dict[str, Attempt] = {}
    with enrolling() as read:
        for number, attempt in enumerate(found.attempts, start=1):
            with suppress(UnusableSubmission):  # `grade class` says why, once all parts are joined
                sha256 = pack(attempt).sha256
                if int(sha256[:12], 16) % parts == part % parts:
                    own[policy.key(sha256)] = attempt
            read("reading", number, len(found.attempts))
    kept = {k for k in own if classroom.kept(archive.place_of(asked.output, k)) is not None}
    left = {key: attempt for key, attempt in own.items() if key not in kept}
    standing = Standing(len(left))
    with (
        running(policy, asked.jobs, asked.dask, len(left)) as runner,
        stopping() as stop,
        progress() as told,
    ):
        tasks = _tasks(left)
        drive(tasks, standing, runner, lambda d: classroom.keep_files(asked.output, d), told, stop)
    done = len(kept) + standing.done - standing.faults
    typer.echo(f"Part {part} of {parts}: {done:,} of {count(len(own), 'upload')} graded")
    if standing.done < len(left):
        raise typer.Exit(130)
    if standing.faults or standing.refused:
        raise typer.Exit(1)


def _tasks(left: Mapping[str, Attempt]) -> Iterator[Task]:
    """Yield what is to be graded, packed when it is its turn: a part may be large."""
    for key, attempt in left.items():
        try:
            one = pack(attempt)
        except UnusableSubmission as error:  # it could be read a moment ago
            raise UsageError(str(error)) from None
        yield Task(key, one.sha256, one.data)
