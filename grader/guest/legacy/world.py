"""A submission's modules, imported in the process that runs them, and cases tried with them.

NumPy is as it is. Only what stops with an error that comes from what older NumPy accepted is tried
once more in an older world (grader.guest.legacy.old_numpy).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from grader.guest import calls, modules, observe, passes, steps, wire
from grader.guest.legacy import old_numpy
from grader.guest.probes.nn import Conventions, Implementation
from grader.guest.sources import Compiled, Source


class World:
    """The submission as it runs on NumPy as it is; behind it the older one, made when needed."""

    def __init__(self, compiled: Compiled, older: old_numpy.Older | None = None) -> None:
        self._compiled = compiled
        self._older = older
        self._found: dict[str, Any] = {}  # short name -> module, or what stopped its import
        self._implementations: dict[tuple[str, ...], Implementation] = {}
        self._calls = calls.Calls()  # of right layers, by nets
        if older is None:
            modules.install(compiled, watch=self._calls.watched)
        else:
            replaced, again = {"numpy": older.numpy()}, _with_old_arrays(compiled)
            modules.install(again, None, self._calls.watched, replaced, older.operators())

    @functools.cached_property
    def _older_world(self) -> World:
        older = old_numpy.Older(self._compiled.texts, self._compiled.is_2017)
        return World(self._compiled, older)

    def imported(self, names: Sequence[str]) -> dict[str, Any]:
        """Import these modules unless they are there; return those that could be."""
        if wanted := [name for name in names if name not in self._found]:
            self._found |= modules.import_graded(self._compiled.package, wanted)
        good = {name: self._found[name] for name in names}
        return {n: found for n, found in good.items() if not isinstance(found, BaseException)}

    def load(self, name: str) -> dict[str, Any]:
        """Import one module; return what became of it."""
        self._begin()
        if name in self.imported([name]):
            return self._noted({"outcome": "loaded"})
        reply = observe.raised(self._found[name], self._compiled.texts)
        if self._older is None and old_numpy.is_dropped(reply, self._compiled.is_2017):
            again = self._older_world.load(name)
            return again if again["outcome"] == "loaded" else reply
        return reply

    def observe(
        self,
        case: Mapping[str, Any],
        wanted: Sequence[str],
        conventions: Conventions,
        inputs: wire.Arrays,
    ) -> wire.Message:
        """Run one case over the modules `wanted`, after other numbers if it is "warm".

        Return (what happened, arrays).
        """
        self._begin()
        names = tuple(wanted)
        if names not in self._implementations:
            self._implementations[names] = Implementation(self.imported(names), conventions)
        if self._older is None and len(self.imported(names)) < len(names):
            return self._older_world.observe(case, wanted, conventions, inputs)
        implementation = self._implementations[names]
        if case.get("warm"):
            implementation.passes = None
            observe.warm(implementation, case, inputs)
        self._calls.begin(bool(case.get("numbered")))
        counted = passes.Passes(self._compiled.texts) if case.get("counted") else None
        implementation.passes = counted
        traced = steps.Steps(case.get("traced", ()))
        reply, arrays = traced.watch(
            lambda: observe.observe(implementation, case, inputs, self._compiled.texts)
        )
        reply["calls"] = self._calls.taken()
        if counted is not None:
            reply["passes"] = counted.counts()
        if "traced" in case:
            arrays[steps.TABLE] = traced.table()
        if self._older is None and old_numpy.is_dropped(reply, self._compiled.is_2017):
            again, answers = self._older_world.observe(case, wanted, conventions, inputs)
            if again["outcome"] == "answered" and not again["refused"]:
                return again, answers
        return self._noted(reply), arrays

    def _begin(self) -> None:
        if self._older is not None:
            self._older.places.clear()

    def _noted(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Add the places at which it mattered that the world is older."""
        return reply if self._older is None else {**reply, "older": sorted(self._older.places)}


def _with_old_arrays(compiled: Compiled) -> Compiled:
    """Return the submission compiled again, as far as that can be, for arrays of older NumPy."""
    codes = dict(compiled.codes)
    for path in codes:
        again = Source(path, compiled.texts[path], compiled.is_old, old_arrays=True)
        codes[path] = again.marshalled or codes[path]
    return dataclasses.replace(compiled, codes=codes)
