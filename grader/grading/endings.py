"""How a case without an answer ended, in one sentence.

A missing file, a missing name, a stub, a result that is not returned and an exception have
sentences of their own. What a student's process reports of them is checked against the source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from grader.guest.operations import NETS, OPERATIONS
from grader.rubric.records import Item
from grader.submission.written import Sources
from grader.types import Evidence, FaultKind, Raised

MODULES = ("layers", "optim", "fc_net", "layer_utils")
METHODS = ("loss", "__init__")
ENDINGS: Mapping[str, tuple[FaultKind, str]] = {
    "timeout": ("timeout", "{name} did not finish within {limit:g} s"),
    "memory": ("memory", "{name} ran out of memory (2 GB)"),
    "died": ("died", "{name} ended its Python process{how}"),
    "not_run": ("timeout", "{name} was not run: {text}"),
}
IMPORTING: Mapping[str, tuple[FaultKind, str]] = {
    "timeout": ("timeout", "{file} does not finish importing: code outside of all functions runs "
                "too long"),
    "memory": ("memory", "{file} runs out of memory (2 GB) while it is imported"),
    "died": ("died", "{file} ends its Python process while it is imported"),
    "missing": ("missing", "{file} is not in the upload"),
}  # fmt: skip
SYNTAX = ("SyntaxError", "IndentationError", "TabError")
NO_FILE = re.compile(r"(layers|optim|fc_net|layer_utils)\.py is not in the \w{1,10}")
NO_NAME = re.compile(rf"({'|'.join(MODULES)})\.py has no ({'|'.join(OPERATIONS)})((?:\.loss)?)")


@dataclass(frozen=True)
class Ending:
    """A fault's kind and sentence; `lacks`: it is the item itself that is not there."""

    kind: FaultKind
    message: str
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
        return tuple(map(self.full, METHODS)) if self.name in NETS else (self.name,)

    def full(self, function: str) -> str:
        """Return the name of a function of the item; a net's are methods."""
        return f"{self.name}.{function}" if self.name in NETS else function


def is_about_a_name(evidence: Evidence) -> bool:
    """Return whether what was raised just names a file or a function of the assignment."""
    message = evidence.raised.message if evidence.raised else ""
    if evidence.outcome == "missing":
        return bool(NO_FILE.fullmatch(message) or NO_NAME.fullmatch(message))
    return evidence.outcome == "not_written" and message in (*OPERATIONS, *METHODS)


def of(item: Item, evidence: Evidence, sources: Sources, limit_s: float) -> Ending:
    """Return how a case without an answer ended; what may not be shown is not in `evidence`."""
    raised = evidence.raised or Raised("", "")
    if evidence.unloaded:
        end = importing(evidence)
        is_own = end.message.startswith(f"{Place.of(item).module}.py")
        return _lacking(item, end.message, is_own, sources) if end.kind == "missing" else end
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
    if raised.type == "ReturnValue":
        return raised.message or f"{name} returned something else than its docstring says"
    path, line, function = _last(raised)
    where = f" in {path}" if path else ""
    if line:
        where = f" at {path}:{line}"
    elif function:
        where = f" in {function}" + (f" ({path})" if path else "")
    return f"{name} stopped with {raised.type}{where}{_behind_colon(raised)}"


def importing(evidence: Evidence) -> Ending:
    """Return how the import of a file ended that could not be imported."""
    raised = evidence.raised or Raised("", "")
    path, line, _ = _last(raised)
    file = (evidence.unloaded or path).rpartition("/")[2]
    if evidence.outcome in IMPORTING:
        kind, template = IMPORTING[evidence.outcome]
        return Ending(kind, template.format(file=file))
    at = f"line {line}: " if line else ""
    if raised.type in SYNTAX:
        return Ending("error", f"{file} is no valid Python: {at}{raised.message or raised.type}")
    what = f"{at}{raised.type}{_behind_colon(raised)}"
    return Ending("error", f"{file} stops while it is imported: {what}")


def _last(raised: Raised) -> tuple[str, int, str]:
    """Return file, line and function of the innermost frame; empty if there is none."""
    return raised.frames[-1][:3] if raised.frames else ("", 0, "")


def _behind_colon(raised: Raised) -> str:
    return f": {raised.message}" if raised.message not in ("", "None") else ""


def _missing(item: Item, raised: Raised, sources: Sources) -> Ending:
    place = Place.of(item)
    if file := NO_FILE.fullmatch(raised.message):
        message = f"{file[1]}.py is not in the upload"
        return _lacking(item, message, file[1] == place.module, sources)
    name = NO_NAME.fullmatch(raised.message)
    if name is None:
        return Ending("missing", raised.message or f"{item.id} is missing", True)
    message = no_name(name[1], name[2] + name[3], sources)
    return _lacking(item, message, name[2] == place.name, sources)


def _lacking(item: Item, message: str, is_own: bool, sources: Sources) -> Ending:
    if is_own:
        return Ending("missing", message, True)
    own = Place.of(item).module
    if sources.path(own) is None:  # a net that is not there lacks layers.py as well
        return Ending("missing", f"{own}.py is not in the upload", True)
    return _held_up(item, f"{item.id} cannot run: {message}", sources)


def _held_up(item: Item, message: str, sources: Sources) -> Ending:
    """Return the ending of an item that another one holds up; a stub is held up by nothing."""
    place = Place.of(item)
    if all(sources.computes(place.module, name) is False for name in place.functions):
        return _unwritten(item)
    return Ending("error", message)


def _unwritten(item: Item) -> Ending:
    return Ending("not_written", f"{item.id} is not written yet", True)


def no_name(module: str, name: str, sources: Sources) -> str:
    """Return that a file lacks a name, and what was probably meant by it."""
    lacks = f"{module}.py has no {name}"
    if near := sources.near(module, name, tuple(OPERATIONS)):
        return f"{lacks}, but a {near}: rename it"
    if other := sources.elsewhere(module, name, MODULES):
        return f"{lacks}; {other}.py has one: move it"
    if line := sources.nested(module, name):
        inside = f"{module}.py has {name} only inside of something else"
        return f"{inside}: mind the indent of line {line}"
    return lacks


def _not_written(item: Item, raised: Raised, sources: Sources) -> Ending:
    place = Place.of(item)
    _, line, function = _last(raised)
    is_stub = raised.type == "NotImplementedError"
    missing = _unwritten_function(raised)
    if missing and missing not in (place.name, *(METHODS if place.name in NETS else ())):
        module = next((m for m in MODULES if missing in sources.names(m)), place.module)
        kept = None if is_stub else unreturned(module, missing, sources)
        what = kept or f"{missing}, which is not written yet"
        return _held_up(item, f"{item.id} needs {what}", sources)
    if is_stub:
        for where in ("below", "above"):
            own = place.module, place.full(function), line
            if at := sources.left_over(*own, below=where == "below"):
                left = f"{item.id} still raises NotImplementedError in line {at}, {where} its code"
                return Ending("error", f"{left}: delete that line")
    elif raised.type != "NotWritten" and raised.frames:  # None was used instead of an array
        if sources.computes(place.module, place.full(function)):
            return Ending("error", exception(item.id, raised))
    elif kept := unreturned(place.module, place.functions[0], sources):
        return Ending("error", kept)
    return _unwritten(item)


def _unwritten_function(raised: Raised) -> str:
    """Return the function that a process calls unwritten, if it says so."""
    if raised.type == "NotWritten":
        return raised.message if raised.message in (*OPERATIONS, *METHODS) else ""
    return _last(raised)[2]


def unreturned(module: str, name: str, sources: Sources) -> str | None:
    """Return that a function computes what it does not return; None if it returns it."""
    found = sources.unreturned(module, name)
    if found is None:
        return None
    short = name.rpartition(".")[2]
    if not found.name:
        return f"{short} returns None: the result is computed in line {found.line} but not returned"
    stays = f"{short} returns {found.name}, which stays None"
    return f"{stays}; the last line that computes something is {found.line}"
