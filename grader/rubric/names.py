"""Does all that a rubric names exist? Probes with their arguments, judges, inputs, tolerances."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path

from grader import judges
from grader.errors import RubricError, UsageError
from grader.guest.operations import operation_of
from grader.judges.tolerances import TOLERANCES
from grader.rubric import inputs
from grader.rubric.cases import large_rows
from grader.rubric.tables import CaseTable, RubricFile

# By the annotation of a probe's argument: what TOML may hold for it.
OPTIONS: Mapping[str, type | tuple[type, ...]] = {
    "float": (int, float), "int": int, "str": str, "list": list, "dict": dict,
}  # fmt: skip


def check(path: Path, table: RubricFile) -> None:
    """Raise RubricError where an item or case names what does not exist."""
    for item in table.items:
        if item.tolerance not in TOLERANCES:
            known = ", ".join(TOLERANCES)
            raise RubricError(f"{path}: item '{item.id}', tolerance: use one of {known}")
        for row in (*item.cases, *large_rows(item)):
            place = f"{path}: item '{item.id}', case '{row.id}'"
            for name, text in row.inputs.items():
                try:
                    inputs.check(text)
                except UsageError as error:
                    raise RubricError(f"{place}, input '{name}': {error}") from None
            try:
                judges.find(row.judge or item.judge)
                _check_call(row.probe or item.probe or "", row)
            except RubricError as error:
                raise RubricError(f"{place}: {error}") from None


def _check_call(dotted: str, row: CaseTable) -> None:
    """Raise RubricError unless the probe exists and takes the case's inputs and options."""
    module, _, name = dotted.partition(".")
    try:
        probe = getattr(importlib.import_module(f"grader.guest.probes.{module}"), name)
    except (ImportError, AttributeError, ValueError):
        probe = None
    if not inspect.isfunction(probe) or name.startswith("_"):
        raise RubricError(f"probe {dotted!r}: grader/guest/probes has none of that name")
    try:
        operation_of(dotted, row.options)
    except KeyError:
        raise RubricError(
            f"probe {dotted!r}: no operation has it; add a row to grader/guest/operations.py"
        ) from None
    signature = inspect.signature(probe)
    try:
        signature.bind(None, **row.inputs, **row.options)
    except TypeError as error:
        raise RubricError(f"probe {dotted!r}: {error}; compare inputs and options") from None
    for option, value in row.options.items():
        known = signature.parameters.get(option)
        wanted = str(known.annotation).partition(" |")[0].partition("[")[0] if known else ""
        if wanted in OPTIONS and not isinstance(value, OPTIONS[wanted]):
            what = "a " + wanted.replace("str", "text").replace("float", "number")
            raise RubricError(f"options, {option}: {value!r} is not {what}, as {dotted} takes it")
