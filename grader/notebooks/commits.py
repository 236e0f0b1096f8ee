"""What runs of the Solver committed to, and the states that they showed: checked for form."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from grader.guest import draws
from grader.guest.training_state import Hashes
from grader.notebooks.spool import MAX_NAMES, Kept, Place, Spool
from grader.types import Arrays, Commit, TrainingLog

MOST_RUNS, MOST_COMMITS = 1_000, 10_000  # of a notebook, of a run
MOST_STATE = 256 * 1024**2  # bytes: all that is read at once of a state
MOST_TEXT = 100
MOST_S = 1e5


class Commits:
    """The commitments of one notebook, message by message.

    `cpu_s` is what committing and showing took: of this thread, which reads the states as well, and
    of the processes of the box, as far as they tell it. It is measured, and judged by nowhere.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._logs: dict[int, TrainingLog] = {}
        self._shown: dict[tuple[int, int], Kept] = {}  # by run and step
        self._is_good = True  # whether the pieces of the state at hand have fitted so far
        self._again: dict[str, Place] = {}  # its arrays that were shown before
        self.cpu_s = 0.0
        self._since = time.thread_time()

    @property
    def begun(self) -> int:
        """Return how many runs have begun."""
        return len(self._logs)

    def of(self, run: Any) -> TrainingLog | None:
        """Return what a run committed to."""
        return self._logs.get(run) if type(run) is int else None

    def take(self, message: Mapping[str, Any], arrays: Arrays) -> None:
        """Take one message about a commitment; one without its form is passed over."""
        # The pieces of a state come at once one behind the other.
        began = self._since if "shown" in message else time.thread_time()
        self._take(message, arrays)
        self.took(message.get("cpu_s"))
        self._since = time.thread_time()
        self.cpu_s += self._since - began

    def took(self, seconds: Any) -> None:
        """Add what a process of the box has told."""
        if type(seconds) in (int, float) and 0 <= seconds < MOST_S:
            self.cpu_s += seconds

    def _take(self, message: Mapping[str, Any], arrays: Arrays) -> None:
        if isinstance(commit := message.get("commit"), dict):
            self._next()
            self._commit(commit, message.get("asked") is True, message.get("spent") is True)
        elif "again" in message:
            found = self._known(message["again"])
            self._is_good &= found is not None
            self._again = found or {}
        elif "array" in message:
            self._is_good &= self._spool.add(message, arrays.get("piece"))
        elif "few" in message:
            self._is_good &= self._spool.add_all(arrays)
        elif "whole" in message:
            self._show(message.get("run"), message.get("shown"), self._next())

    def _next(self) -> Kept | None:
        """Return the state at hand, if it is whole, and begin the next."""
        kept, again, is_good = self._spool.keep(), self._again, self._is_good
        self._again, self._is_good = {}, True
        if kept is None or not is_good:
            return None
        whole = replace(kept, layout={**again, **kept.layout})
        is_small = sum(place.nbytes for place in whole.layout.values()) <= MOST_STATE
        return whole if is_small and len(whole.layout) <= MAX_NAMES else None

    def _known(self, told: Any) -> dict[str, Place] | None:
        """Return where arrays are that were shown before; None if one of them was not."""
        try:
            return {
                name: self._shown[run, step].layout[its] for name, (run, step, its) in told.items()
            }
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    def _commit(self, told: Mapping[str, Any], asked: bool, spent: bool) -> None:
        if not draws.commits(told):
            return
        number, look = told["run"], draws.accuracies(told.get("look"))
        hashes = Hashes(*(told[name] for name in Hashes._fields))
        seen = (look[0], look[1]) if look else None
        commit = Commit(told["step"], *hashes, seen, asked, spent)
        if type(epochs := told.get("epochs")) is int:
            commit = replace(commit, epochs=epochs)
        known = self._logs.get(number)
        if known is None and len(self._logs) < MOST_RUNS:
            self._logs[number] = TrainingLog(number, _settings(told.get("settings")), (commit,))
        elif known is not None and len(known.commits) < MOST_COMMITS:
            self._logs[number] = replace(known, commits=(*known.commits, commit))

    def _show(self, number: Any, step: Any, kept: Kept | None) -> None:
        """Keep a state with the commitment to it: one of the last two, once.

        If it came and there was no room for it, it is as if it had not been asked for.
        """
        if (log := self.of(number)) is None or (kept is None and not self._spool.is_full):
            return
        places = range(max(0, len(log.commits) - 2), len(log.commits))
        for place in places:
            if log.commits[place].step == step and log.commits[place].shown is None:
                new = {"asked": False, "spent": True} if kept is None else {"shown": kept}
                commit = replace(log.commits[place], **new)
                commits = (*log.commits[:place], commit, *log.commits[place + 1 :])
                self._logs[log.number] = replace(log, commits=commits)
                if kept is not None:
                    self._shown[log.number, commit.step] = kept


def _settings(told: Any) -> dict[str, Any]:
    """Return the settings that are plain values, bounded."""
    if not isinstance(told, dict):
        return {}
    found: dict[str, Any] = {}
    for name, value in list(told.items())[:40]:
        is_number = type(value) in (int, float) and abs(value) < 1e18
        if value is None or is_number:
            found[str(name)[:MOST_TEXT]] = value
        elif isinstance(value, str):
            found[str(name)[:MOST_TEXT]] = value[:MOST_TEXT]
    return found
