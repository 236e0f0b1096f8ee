"""Draw what a training run must show, after it has committed to it.

This is the driver's, not the student's: the child tells the hash of a state before it can know
whether it will be asked for the state itself. The first state and the one after the first step are
always asked for. The state at the end of an epoch is asked for, with the one before it, the more
likely the further the epoch brought an accuracy over its best so far: a run that jumps has to show
its jump, and what a run lost and found again costs nobody anything.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from grader.guest import training_state

GAIN = 0.2  # an epoch that brings an accuracy so much over its best is always asked for
FRAME = {"commit", "ask"}  # a frame with more in it may be taken for something else on its way
# Bytes of a notebook: first states, without which no run can be repeated, and all others. A run of
# which one of these could not be kept is repeated whole.
STARTS, OTHERS = 512 * 1024**2, 400 * 1024**2


class Draws:
    """The questions to one notebook's child."""

    def __init__(self) -> None:
        self._starts, self._others = STARTS, OTHERS
        self._best: dict[int, list[float]] = {}  # the best accuracies that a run told
        self._shown: dict[int, bool] = {}  # whether its last state was asked for
        self._since: float | None = None  # CPU time of this process when it asked for a state

    def reply(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what is said to a frame that commits: {"asked": ..., "spent": ...}; else None.

        After a state was handed on, "cpu_s" says what that took, by the time of this process.
        `spent` says that no more can be kept. What is no commitment changes nothing here: else
        accuracies could be told to the driver alone, and never be held against a state.
        """
        commit = message.get("commit")
        if not isinstance(commit, dict):
            return None
        is_one = message.keys() <= FRAME and commits(commit)
        drawn = self._drawn(commit) if is_one else {"asked": False, "spent": False}
        now, since = time.process_time(), self._since
        self._since = now if drawn["asked"] else None
        return drawn if since is None else {**drawn, "cpu_s": round(now - since, 4)}

    def _drawn(self, commit: Mapping[str, Any]) -> dict[str, bool]:
        run, step = commit["run"], commit["step"]
        size = commit.get("bytes")
        size = size if type(size) is int and size >= 0 else STARTS + OTHERS
        look, best = accuracies(commit.get("look")), self._best.get(run, [])
        self._best[run] = [max(pair) for pair in zip(look, best)] if look and best else look or best
        has_last, self._shown[run] = self._shown.get(run, False), False
        if step == 0:
            self._shown[run] = fits = size <= self._starts
            self._starts -= size if fits else 0
            return {"asked": fits, "spent": not fits}
        epochs = commit.get("epochs")
        chance = 1 / epochs if type(epochs) is int and epochs > 0 else 1.0
        if look and best:
            chance += max(0.0, *(now - then for now, then in zip(look, best))) / GAIN
        else:
            chance = 1.0
        if step > 1 and int.from_bytes(os.urandom(7), "big") >= chance * 2**56:
            return {"asked": False, "spent": False}
        size = size if has_last else 2 * size
        self._shown[run] = fits = size <= self._others
        self._others -= size if fits else 0
        return {"asked": fits, "spent": not fits}


def commits(told: Mapping[str, Any]) -> bool:
    """Return whether this is a commitment: a run, a step, and the three hashes of a state.

    Who keeps commitments asks the same, so that what is drawn by is what is judged.
    """
    hashes = [told.get(name) for name in training_state.Hashes._fields]
    numbers = told.get("run"), told.get("step")
    return all(type(one) is int for one in numbers) and all(
        isinstance(one, str) and len(one) == 64 for one in hashes
    )


def accuracies(look: Any) -> list[float]:
    """Return the two accuracies of a look, none unless they are accuracies."""
    if not isinstance(look, list) or len(look) != 2:
        return []
    good = all(type(one) in (int, float) and 0 <= one <= 1 for one in look)
    return [float(one) for one in look] if good else []
