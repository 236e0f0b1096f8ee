"""Which line of the student's own should be looked at first, as far as we know one.

    stopped   the line of an exception
    changed   the line in which a known mistake is found (changed_line)
    named     a line that a sentence of ours names: a placeholder import, what is not returned
    made      the line that sets an output that is wrong

A line is where to look, and never proof.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.diagnosis import lines
from grader.errors import explained
from grader.grading.endings import Place
from grader.grading.facts import Facts
from grader.rubric.records import Item
from grader.submission.bodies import nodes
from grader.submission.written import Sources
from grader.types import ItemResult, Suspect

MOST = 6  # lines of one item
NUMBERED = re.compile(r"\blines? (\d{1,6})\b")
MADE = ("value", "shape", "not_finite", "dtype")


def of(result: ItemResult, facts: Facts, changed: tuple[Suspect, ...] = ()) -> tuple[Suspect, ...]:
    """Return the lines to look at in what an item asks for, the surest first."""
    if not result.faults:
        return ()
    return explained(
        f"finding lines of {result.id}",
        lambda: _lines(result, facts.rubric.item(result.id), facts.evaluator.sources, changed),
        (),
    )


def _lines(
    result: ItemResult, item: Item, sources: Sources, changed: tuple[Suspect, ...]
) -> tuple[Suspect, ...]:
    place = Place.of(item)
    path = sources.path(place.module)
    if path is None:
        return ()
    found = dict[tuple[str, int], Suspect]()
    made = () if changed else _made(result, place, path, sources)
    for one in (*_stopped(result, path), *changed, *_named(result, path), *made):
        found.setdefault((one.file, one.line), one)
    return tuple(found.values())[:MOST]


def _stopped(result: ItemResult, path: str) -> Iterator[Suspect]:
    """Yield where cases stopped; before a line of another file, the one of this that led there."""
    for fault in result.faults:
        frames = [frame for frame in (fault.raised.frames if fault.raised else ()) if frame[1]]
        if fault.raised is None or not frames:
            continue
        led = [frame for frame in frames if frame[0] == path]
        if led and led[-1] is not frames[-1]:
            called = frames[frames.index(led[-1]) + 1][2]
            yield Suspect(path, led[-1][1], f"calls {called}, which stopped")
        yield Suspect(frames[-1][0], frames[-1][1], f"stopped here with {fault.raised.type}")


def _named(result: ItemResult, path: str) -> Iterator[Suspect]:
    """Yield the lines that our sentences name: they are about the file of the item."""
    said = [result.cause.message] if result.cause else []
    own = path.rpartition("/")[2]
    for sentence in (*said, *(fault.message for fault in result.faults if fault.raised is None)):
        if ".py" in sentence and own not in sentence:
            continue
        for found in NUMBERED.finditer(sentence):
            yield Suspect(path, int(found[1]), "named above")


def _made(result: ItemResult, place: Place, path: str, sources: Sources) -> Iterator[Suspect]:
    for fault in result.faults:
        if fault.kind in MADE and (line := lines.of(place, fault.output, sources)):
            node = sources.function(place.module, place.functions[0])
            yield Suspect(path, _behind(node, line), f"{fault.output} is set here")


def _behind(node: ast.AST | None, line: int) -> int:
    """Return where a value is made that the line only gives another name: next_w = w."""
    names = [
        one.value.id
        for one in nodes(node) if isinstance(one, ast.Assign) and one.lineno == line
        if isinstance(one.value, ast.Name)
    ] if node else []  # fmt: skip
    stores = [
        one.lineno
        for one in nodes(node) if isinstance(one, ast.Name) and one.id in names
        if isinstance(one.ctx, ast.Store) and one.lineno < line
    ] if node else []  # fmt: skip
    return max(stores, default=line)
