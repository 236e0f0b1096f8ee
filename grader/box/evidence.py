"""Request a case of a child, and turn its reply into a record.

Only what has the agreed form is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import numpy as np

from grader.box.job import ANSWER
from grader.guest import calls, passes, steps
from grader.guest.legacy.old_numpy import ROWS, Place
from grader.guest.modules import GRADED
from grader.guest.observe import python_lines
from grader.guest.operations import FUNCTIONS, operation_of
from grader.rubric import inputs
from grader.types import Call, Case, Evidence, Outcome, PassCount, Raised

MANY_PLACES = 50
OUTCOMES: Mapping[str, Outcome] = {name: name for name in get_args(Outcome)}


def asked(case: Case) -> dict[str, Any]:
    """Return the request for a case; its arrays travel beside."""
    strided = [name for name, text in case.inputs.items() if inputs.is_strided(text)]
    return {
        "id": case.id, "item": case.item, "probe": case.probe, "strided": strided,
        "options": dict(case.options), "room": ANSWER,
        # A net's calls are held against a right net's: of hidden cases only those of folding.
        "numbered": case.public or case.probe == "folds.folded",
    }  # fmt: skip


def modules_of(case: Case) -> tuple[str, ...]:
    """Return the graded modules that a case reaches."""
    return operation_of(case.probe, case.options).modules


def is_backward(case: Case) -> bool:
    """Say whether a case asks for a backward pass."""
    return bool(operation_of(case.probe, case.options).forward)


def evidence_of(
    case: Case,
    reply: Mapping[str, Any],
    arrays: dict[str, np.ndarray],
    files: Mapping[str, bytes],
    single: bool = False,
) -> Evidence:
    """Return the record of what a child replied; whatever is not as agreed counts as no answer.

    What can be known on this side is taken from here, for a child can reply what it likes: names of
    inputs from the case, lines and functions from the student's own `files`, whether it was asked
    in float32 from who asked.
    """
    table = arrays.pop(steps.TABLE, None)
    outcome = OUTCOMES.get(_text(reply.get("outcome"), 20))
    if outcome is None:
        return Evidence(case.id, "died", single=single)
    is_error = outcome in ("raised", "memory", "missing", "not_written")
    changed = _list(reply.get("mutated"))
    return Evidence(
        case.id,
        outcome,
        arrays=arrays if outcome == "answered" else {},
        refused=_texts(reply.get("refused")),
        raised=raised_of(reply, files) if is_error else None,
        mutated=tuple(name for name in case.inputs if name in changed),
        text=_ending(reply) if outcome == "died" else _text(reply.get("text"), 8000),
        cpu_s=_seconds(reply.get("cpu_s")),
        calls=tuple(_calls(reply.get("calls"), files)),
        passes=tuple(_passes(reply.get("passes"))),
        steps=_steps(table),
        single=single,
    )


def was_killed(reply: Mapping[str, Any]) -> bool:
    """Say whether the child of a reply was killed: by itself, by another process or for memory."""
    return (reply.get("outcome"), reply.get("signal")) == ("died", "SIGKILL")


def raised_of(reply: Mapping[str, Any], files: Mapping[str, bytes]) -> Raised:
    """Return the exception that a child reported, with the student's lines as they really stand."""
    frames = []
    for frame in _list(reply.get("frames"))[:20]:
        if isinstance(frame, list) and len(frame) == 4 and _text(frame[0], 300) in files:
            path, line, function = frame[0], frame[1], _text(frame[2], 100)
            lines = python_lines(files[path].decode("utf-8", "replace"))
            if type(line) is int and 0 < line <= len(lines):
                known = re.search(rf"\bdef {re.escape(function)}\b", "\n".join(lines))
                name = function if known else ""
                frames.append((path, line, name, lines[line - 1].strip()[:200]))
    return Raised(_text(reply.get("type"), 80), _text(reply.get("message"), 500), tuple(frames))


def _calls(value: Any, files: Mapping[str, bytes]) -> Iterator[Call]:
    """Yield the calls of layers that have the agreed form; the lines are those of `files`."""
    for one in _list(value)[: calls.MOST]:
        if isinstance(one, list) and len(one) == 4 and isinstance(one[3], dict):
            name, file, line, numbers = one
            known = {
                _text(argument, 40): tuple(float(n) for n in row)
                for argument, row in list(numbers.items())[:10]
                if isinstance(row, list) and len(row) == 4 and all(map(_is_number, row))
            }
            if not _has_line(files, file, line):
                file, line = "", 0
            layer = name if isinstance(name, str) and name in FUNCTIONS else "another function"
            yield Call(layer, file, line, known)


def _passes(value: Any) -> Iterator[PassCount]:
    """Yield the counts that have the agreed form; a function may be a lambda, or made by exec."""
    for one in _list(value)[: passes.MOST]:
        if not isinstance(one, list) or len(one) != 3:
            continue
        counts = [number for row in one[1:] for number in _list(row)]
        if len(counts) == 6 and all(type(n) is int and 0 <= n < 2**53 for n in counts):
            yield PassCount(_text(one[0], 100), *counts[:3], *counts[3:5])


def _steps(table: np.ndarray | None) -> np.ndarray:
    """Return the steps of lines, none if they have not the agreed form."""
    columns = len(steps.NUMBERS)
    good = table is not None and table.dtype == np.float64 and table.shape[1:] == (columns,)
    if table is None or not good or len(table) > steps.MOST_STEPS or not np.isfinite(table).all():
        return np.zeros((0, columns))
    return table


def _has_line(files: Mapping[str, bytes], path: Any, line: Any) -> bool:
    """Say whether a file can have a line of this number, whatever ends its lines."""
    if not isinstance(path, str) or path not in files or type(line) is not int:
        return False
    return 0 < line <= files[path].count(b"\n") + files[path].count(b"\r") + 1


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300


def _text(value: Any, size: int) -> str:
    """Return a text of at most `size` characters; anything else is as good as none."""
    return value[:size] if isinstance(value, str) else ""


def _seconds(value: Any) -> float:
    return value if isinstance(value, float) and 0 <= value < 1e6 else 0.0


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(k)[:100]: _text(v, 300) for k, v in list(value.items())[:200]}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def unloaded(
    case: Case, loaded: Mapping[str, Mapping[str, Any]], files: Mapping[str, bytes]
) -> Evidence | None:
    """Return the evidence of a case whose module could not be imported; None if it could.

    `loaded` maps each graded module to what importing it came to. A file whose own exception is
    raised in another one names that one.
    """
    for name in modules_of(case):
        reply = loaded.get(name, {"outcome": "absent"})
        outcome = reply.get("outcome")
        if outcome == "loaded" or (name == "layer_utils" and outcome == "absent"):
            continue
        file = GRADED[name]
        path = next((one for one in files if one.partition("/")[2] == file), file)
        if outcome == "absent":
            absent = Raised("", f"{name}.py is not in the submission")
            return Evidence(case.id, "missing", raised=absent, unloaded=path)
        if outcome == "timeout":
            return _endless(case, name, path, files.get(path, b"").decode("utf-8", "replace"))
        if outcome == "died":
            how = f" ({_ending(reply)})" if _ending(reply) else ""
            text = f"importing {name}.py ends its Python process{how}"
            return Evidence(case.id, "died", text=text, unloaded=path)
        raised = raised_of(reply, files)
        path = raised.frames[-1][0] if raised.frames else path
        return Evidence(case.id, "raised", raised=raised, unloaded=path)
    return None


def _endless(case: Case, name: str, path: str, source: str) -> Evidence:
    """Return the evidence of a case whose module is imported without an end.

    The line is known if just one loop at module level could be it.
    """
    lines = python_lines(source)
    loops = [number for number, line in enumerate(lines, 1) if re.match(r"while\b", line)]
    text = f"{name}.py does not finish importing: something at module level does not end"
    if len(loops) != 1:
        return Evidence(case.id, "timeout", text=text, unloaded=path)
    text = f"{name}.py does not finish importing: the loop in line {loops[0]} does not end"
    frame = (path, loops[0], "", lines[loops[0] - 1].strip()[:200])
    return Evidence(case.id, "timeout", raised=Raised("", text, (frame,)), text=text, unloaded=path)


def _ending(reply: Mapping[str, Any]) -> str:
    """Return how a process ended, "" if that is not known."""
    code = f"exit code {reply['exit']}" if isinstance(reply.get("exit"), int) else ""
    return _text(reply.get("signal"), 40) or code


def older_places(reply: Mapping[str, Any], files: Mapping[str, bytes]) -> set[Place]:
    """Return where a child reports that older NumPy was needed, as far as there are such lines."""
    places = _list(reply.get("older"))[:MANY_PLACES]
    rows = [row for row in places if isinstance(row, list) and len(row) == 3]
    known = [row for row in rows if _text(row[0], 20) in ROWS and _has_line(files, *row[1:])]
    return {(row, path, line) for row, path, line in known}
