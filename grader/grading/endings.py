"""How a case ended that gave no answer, in one sentence.

A file that is missing, a name that is missing, a stub, a result that is not returned and an
exception are different words. What a student's process tells of them is checked against the source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from grader.guest.probes.nn import NETS, RETURNS
from grader.rubric.records import Item
from grader.submission.written import Sources
from grader.types import Evidence, FaultKind, Raised

MODULES = ("layers", "optim", "fc_net", "layer_utils")
ENDINGS: Mapping[str, tuple[FaultKind, str]] = {
    "timeout": ("timeout", "{name} did not finish within {limit:g} s"),
    "memory": ("memory", "{name} ran out of memory (2 GB)"),
    "died": ("died", "{name} ended its Python process{how}"),
    "not_run": ("timeout", "{name} was not run: {text}"),
    "not_written": ("not_written", "{name} is not written yet"),
    "missing": ("missing", "{message}"),
}
IMPORTING: Mapping[str, tuple[FaultKind, str]] = {
    "timeout": ("timeout", "{file} does not finish importing: code outside of all functions runs "
                "too long"),
    "memory": ("memory", "{file} runs out of memory (2 GB) while it is imported"),
    "died": ("died", "{file} ends its Python process while it is imported"),
}  # fmt: skip
SYNTAX = ("SyntaxError", "IndentationError", "TabError")
NOT_WRITTEN = ("NotWritten", "NotImplementedError")


@dataclass(frozen=True)
class Ending:
    """A fault's kind and sentence; `lacks`: it is the item itself that is not there."""

    kind: FaultKind
    says: str
    lacks: bool = False


@dataclass(frozen=True)
class Place:
    """Where an item is written: the file without its ending, and the function or the class."""

    module: str
    name: str

    @classmethod
    def of(cls, item: Item) -> Place:
        """Return the place that the rubric names: "classifiers/fc_net.py: TwoLayerNet"."""
        return cls(item.file.rpartition("/")[2].removesuffix(".py"), item.function)

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that make the item up, by the names of grader.submission.written."""
        return tuple(f"{self.name}.{m}" for m in METHODS) if self.name in NETS else (self.name,)


METHODS = ("loss", "__init__")


NO_FILE = re.compile(r"(layers|optim|fc_net|layer_utils)\.py is not in the \w{1,10}")
NO_NAME = re.compile(
    rf"({'|'.join(MODULES)})\.py has no ({'|'.join((*RETURNS, *NETS))})((?:\.loss)?)"
)


def is_about_a_name(evidence: Evidence) -> bool:
    """Say whether what was raised just names a file or a function of the assignment."""
    said = evidence.raised.message if evidence.raised else ""
    if evidence.outcome == "missing":
        return bool(NO_FILE.fullmatch(said) or NO_NAME.fullmatch(said))
    return evidence.outcome == "not_written" and said in (*RETURNS, *NETS, *METHODS)


def of(item: Item, evidence: Evidence, sources: Sources, limit_s: float) -> Ending:
    """Return how a case without an answer ended; what may not be shown is not in `evidence`."""
    raised = evidence.raised or Raised("", "")
    if evidence.unloaded and evidence.outcome == "missing":
        says = importing(evidence).says
        return _lacking(item, says, says.startswith(f"{Place.of(item).module}.py"), sources)
    if evidence.unloaded:
        return importing(evidence)
    if evidence.outcome == "missing":
        return _missing(item, raised, sources)
    if evidence.outcome == "not_written":
        return _not_written(item, raised, sources)
    if evidence.outcome == "raised":
        return Ending("error", exception(item.id, raised))
    kind, template = ENDINGS[evidence.outcome]
    how = f" ({evidence.text})" if evidence.text else ""
    return Ending(kind, template.format(name=item.id, limit=limit_s, how=how, text=evidence.text))


def exception(name: str, raised: Raised) -> str:
    """Return the sentence about an exception: where in the student's own code, and what."""
    where = ""
    if raised.frames:
        path, line, _, _ = raised.frames[-1]
        where = f" at {path}:{line}" if line else f" in {path}"
    message = f": {raised.message}" if raised.message else ""
    if raised.type == "ReturnValue":
        return raised.message or f"{name} returned something else than its docstring says"
    return f"{name} stopped with {raised.type}{where}{message}"


def importing(evidence: Evidence) -> Ending:
    """Return how the import of a file ended that could not be imported."""
    raised = evidence.raised or Raised("", "")
    path = evidence.unloaded or (raised.frames[-1][0] if raised.frames else "")
    file = path.rpartition("/")[2]
    if evidence.outcome in IMPORTING:
        kind, template = IMPORTING[evidence.outcome]
        return Ending(kind, template.format(file=file))
    if evidence.outcome == "missing":
        return Ending("missing", f"{file} is not in the upload")
    line = raised.frames[-1][1] if raised.frames else 0
    at = f"line {line}: " if line else ""
    if raised.type in SYNTAX:
        return Ending("error", f"{file} is no valid Python: {at}{raised.message or raised.type}")
    message = f": {raised.message}" if raised.message else ""
    return Ending("error", f"{file} stops while it is imported: {at}{raised.type}{message}")


def _missing(item: Item, raised: Raised, sources: Sources) -> Ending:
    place = Place.of(item)
    if file := NO_FILE.fullmatch(raised.message):
        says = f"{file[1]}.py is not in the upload"
        return _lacking(item, says, file[1] == place.module, sources)
    name = NO_NAME.fullmatch(raised.message)
    if name is None:
        return Ending("missing", raised.message or f"{item.id} is missing", True)
    says = no_name(name[1], name[2] + name[3], sources)
    return _lacking(item, says, name[2] == place.name, sources)


def _lacking(item: Item, says: str, is_own: bool, sources: Sources) -> Ending:
    if is_own:
        return Ending("missing", says, True)
    return _held_up(item, f"{item.id} cannot run: {says}", sources)


def _held_up(item: Item, says: str, sources: Sources) -> Ending:
    """Return the ending of an item that another one holds up; a stub is held up by nothing."""
    place = Place.of(item)
    if all(sources.computes(place.module, name) is False for name in place.functions):
        return Ending("not_written", f"{item.id} is not written yet", True)
    return Ending("error", says)


def no_name(module: str, name: str, sources: Sources) -> str:
    """Say that a file lacks a name, and what was probably meant by it."""
    near = sources.near(module, name, (*RETURNS, *NETS))
    if near is not None:
        return f"{module}.py has no {name}, but a {near}: rename it"
    other = sources.elsewhere(module, name, MODULES)
    if other is not None:
        return f"{module}.py has no {name}; {other}.py has one: move it"
    line = sources.nested(module, name)
    if line is not None:
        return (
            f"{module}.py has {name} only inside of something else: mind the indent of line {line}"
        )
    return f"{module}.py has no {name}"


def _not_written(item: Item, raised: Raised, sources: Sources) -> Ending:
    place = Place.of(item)
    missing = _unwritten_function(raised)
    own = (place.name, *METHODS) if place.name in NETS else (place.name,)
    if missing and missing not in own:
        module = next((m for m in MODULES if missing in sources.names(m)), place.module)
        kept = (
            None if raised.type == "NotImplementedError" else unreturned(module, missing, sources)
        )
        says = kept or f"{missing}, which is not written yet"
        return _held_up(item, f"{item.id} needs {says}", sources)
    if raised.type not in NOT_WRITTEN and raised.frames:  # None was used where an array belongs
        function = raised.frames[-1][2]
        full = f"{place.name}.{function}" if place.name in NETS else function
        if sources.computes(place.module, full):
            return Ending("error", exception(item.id, raised))
    elif raised.type == "NotImplementedError" and raised.frames:
        _, line, function, _ = raised.frames[-1]
        full = f"{place.name}.{function}" if place.name in NETS else function
        if sources.is_left_over(place.module, full, line):
            says = f"{item.id} still raises NotImplementedError in line {line}, below its code"
            return Ending("error", f"{says}: delete that line")
    elif raised.type != "NotImplementedError":
        kept = unreturned(place.module, place.functions[0], sources)
        if kept is not None:
            return Ending("error", kept)
    return Ending("not_written", f"{item.id} is not written yet", True)


def _unwritten_function(raised: Raised) -> str:
    """Return the function that a process calls unwritten, where it says so."""
    if raised.type == "NotWritten":
        return raised.message if raised.message in (*RETURNS, *NETS, *METHODS) else ""
    return raised.frames[-1][2] if raised.frames else ""


def unreturned(module: str, name: str, sources: Sources) -> str | None:
    """Say that a function computes what it does not return; None where it does not."""
    found = sources.unreturned(module, name)
    if found is None:
        return None
    short = name.rpartition(".")[2]
    if found.name:
        return (
            f"{short} returns {found.name}, which stays None; the last line that computes "
            f"something is {found.line}"
        )
    return f"{short} returns None: the result is computed in line {found.line} but not returned"
