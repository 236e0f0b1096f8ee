"""A submission's modules, imported in the process that runs them, and cases tried with them.

NumPy is as it is. Only what stops with an error that comes from what older NumPy accepted is tried
once more in an older world (grader.guest.legacy.old_numpy).
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from grader.guest import calls, modules, observe, sources
from grader.guest.legacy import old_numpy
from grader.guest.probes.nn import Conventions, Implementation

Found = dict[str, Any]  # modules, or what stopped their import, by their short names


@dataclass(frozen=True)
class Compiled:
    """What a world is made of: see modules.install for all but the first four.

    `files` are the sources and `texts` their text, by path; `is_old`: they are of Python 2.
    """

    package: str
    files: Mapping[str, bytes]
    texts: Mapping[str, str]
    is_old: bool
    codes: Mapping[str, bytes]
    given: Mapping[str, bytes] = field(default_factory=dict)
    graft: Mapping[str, bytes] = field(default_factory=dict)
    aliases: Collection[str] = ()
    broken: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @functools.cached_property
    def is_2017(self) -> bool:
        """Whether they are of 2017 or earlier, as the arguments of the net's constructor say."""
        return self.is_old or any("use_batchnorm" in text for text in self.texts.values())


class World:
    """The submission as it runs on NumPy as it is; behind it the older one, made when needed."""

    def __init__(self, compiled: Compiled, older: old_numpy.Older | None = None) -> None:
        self._compiled = compiled
        self._older = older
        self._behind: World | None = None
        self._found: Found = {}
        self._implementations: dict[tuple[str, ...], Implementation] = {}
        self._calls = calls.Calls()  # of right layers, by nets
        replaced = {} if older is None else {"numpy": older.numpy()}
        names = {} if older is None else older.operators()
        modules.install(
            compiled.package, self._codes(), compiled.given, compiled.graft, compiled.aliases,
            watch=self._calls.watched, broken=compiled.broken, replaced=replaced, names=names,
            is_old=compiled.is_old,
        )  # fmt: skip

    def _codes(self) -> Mapping[str, bytes]:
        if self._older is None:
            return self._compiled.codes
        again = {
            path: sources.Source(path, data, self._compiled.is_old, True).marshalled
            for path, data in self._compiled.files.items()
        }
        return {path: again.get(path) or code for path, code in self._compiled.codes.items()}

    def _older_world(self) -> World:
        if self._behind is None:
            compiled = self._compiled
            older = old_numpy.Older(compiled.texts, compiled.is_2017)
            self._behind = World(compiled, older)
        return self._behind

    def imported(self, names: Sequence[str]) -> dict[str, Any]:
        """Import these modules unless they are there; return those that could be."""
        wanted = [name for name in names if name not in self._found]
        self._found |= modules.import_graded(self._compiled.package, wanted)
        good = {name: self._found[name] for name in names}
        return {n: found for n, found in good.items() if not isinstance(found, BaseException)}

    def load(self, name: str) -> dict[str, Any]:
        """Import one module; return what became of it."""
        self._begin()
        if name in self.imported([name]):
            return self._noted({"outcome": "loaded"})
        say = observe.raised(self._found[name], self._compiled.texts)
        if self._older is None and old_numpy.is_dropped(say, self._compiled.is_2017):
            again = self._older_world().load(name)
            return again if again["outcome"] == "loaded" else say
        return say

    def observe(
        self, case: Mapping[str, Any], wanted: Sequence[str], conventions: Conventions,
        inputs: dict[str, np.ndarray],
    ) -> observe.Found:  # fmt: skip
        """Run one case over the modules `wanted`; return (what happened, arrays)."""
        self._begin()
        names = tuple(wanted)
        if names not in self._implementations:
            self._implementations[names] = Implementation(self.imported(names), conventions)
        if self._older is None and len(self.imported(names)) < len(names):
            return self._older_world().observe(case, wanted, conventions, inputs)
        self._calls.taken()
        say, arrays = observe.observe(
            self._implementations[names], case, inputs, self._compiled.texts
        )
        say["calls"] = self._calls.taken()
        if self._older is None and old_numpy.is_dropped(say, self._compiled.is_2017):
            again, answers = self._older_world().observe(case, wanted, conventions, inputs)
            if again["outcome"] == "answered" and not again["refused"]:
                return again, answers
        return self._noted(say), arrays

    def _begin(self) -> None:
        if self._older is not None:
            self._older.places.clear()

    def _noted(self, say: dict[str, Any]) -> dict[str, Any]:
        """Add where it mattered that the world is older."""
        return say if self._older is None else {**say, "older": sorted(self._older.places)}
