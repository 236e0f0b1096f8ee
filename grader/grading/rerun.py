"""A judged submission that can run once more.

Follow-through and diagnosis look further into what failed. No text and no array of these runs is
shown to anyone, except for the minimal example's: near that one no hidden input and no layer of the
reference came, for it has a session of its own. The others go on in the session that is open, if it
has the same files and layers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from grader.box.job import Job
from grader.box.session import Session
from grader.box.worker import Worker
from grader.errors import BackgradeError
from grader.grading.assignment import Assignment
from grader.grading.facts import Facts
from grader.grading.verdicts import Verdict, broken
from grader.rubric.cases import Rubric
from grader.rubric.records import Item
from grader.types import Call, Case, Evidence


class Sessions:
    """The session that is open in a worker: one at a time, taken over by what comes after it."""

    def __init__(
        self, worker: Worker, rubric: Rubric, deadline: float, first: Session | None = None
    ) -> None:
        self._worker, self._rubric, self._deadline = worker, rubric, deadline
        self._open = first
        self._is_new = False

    def of(self, job: Job, new: bool = False) -> Session:
        """Return a session of a job; a `new` one is in a driver that has run nothing before, but
        for what was asked of another new one.
        """
        before = self._open
        if (new and not self._is_new) or (before is not None and not before.has(job)):
            self.close()
        self._is_new = new
        self._open = Session(self._worker, job, self._rubric, self._deadline, before)
        return self._open

    def close(self) -> None:
        """Close the session that is open."""
        if self._open is not None:
            self._open.close()


@dataclass(frozen=True)
class Rerun:
    """What it takes to run a submission again, and what is known of it so far.

    `deadline` is a time of time.monotonic, after which nothing more is tried. `broken` collects the
    verdict of each item that could not be decided by a fault of ours. `otherwise` holds a case of
    an item as kept.with_right_cache asks it, and what that came to.
    """

    job: Job
    sessions: Sessions
    assignment: Assignment
    facts: Facts
    deadline: float
    broken: dict[str, Verdict] = field(default_factory=dict)
    otherwise: Mapping[str, tuple[Case, Evidence]] = field(default_factory=dict)

    @contextmanager
    def deciding(self, items: Iterable[Item]) -> Iterator[None]:
        """Go on if what decides about points breaks: these items are then a fault of ours."""
        try:
            yield
        except BackgradeError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours costs the student nothing
            self.broken.update({one.id: broken(one, error, "following up") for one in items})

    @property
    def has_time(self) -> bool:
        """Whether the submission's time is not up yet."""
        return time.monotonic() < self.deadline

    @contextmanager
    def session(self, job: Job | None = None, new: bool = False) -> Iterator[Session]:
        """Have a session of the submission, or of another job; close it if something breaks."""
        job = job or self.job
        try:
            session = self.sessions.of(job, new)
            if job.files is self.assignment.solved:
                self.assignment.keep_opened(session.loaded)
            yield session
        except BaseException:
            self.sessions.close()
            raise

    def over(self, layers: Mapping[str, bytes]) -> Job:
        """Return the job of the student's nets over other layers, by module."""
        return replace(self.job, graft=layers)

    def reference_over(self, layers: Mapping[str, bytes]) -> Job:
        """Return the job of the reference's nets over other layers."""
        files, conventions = self.assignment.solved, {"dropout_p": "keep"}
        over = replace(self.over(layers), known=self.assignment.opened)
        return replace(over, package="cs231n", files=files, conventions=conventions)

    def right_calls(
        self, cases: Sequence[Case], layers: Mapping[str, bytes] | None = None
    ) -> dict[str, tuple[Call, ...]]:
        """Return the calls of the reference's nets, by case, as far as they can be had: over its
        own layers, or over the `layers` that these cases are always asked over.

        They are asked for once: they are the same for every submission.
        """
        known = self.assignment.calls
        over = self.reference_over(self.assignment.grafts if layers is None else layers)
        seen = self.nets([case for case in cases if case.id not in known], over)
        known.update({key: one.calls for key, one in seen.items() if one.outcome == "answered"})
        return {case.id: known[case.id] for case in cases if case.id in known}

    def nets(self, cases: Sequence[Case], job: Job) -> dict[str, Evidence]:
        """Run cases of nets once; return {} if nothing is asked, time is up, or no net loads."""
        if not cases or not self.has_time:
            return {}
        with self.session(job) as session:
            loaded = session.loaded.modules.get("fc_net", {}).get("outcome") == "loaded"
            return session.once(cases) if loaded else {}
