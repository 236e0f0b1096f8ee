"""GitHub Actions: the step summary (Markdown) and the annotations (workflow commands).

Whatever a stranger may have written is in <code> as numeric entities: it can be no Markdown, no
HTML, no mention, no link and no workflow command, wherever the text ends up.
"""

from collections.abc import Iterator

from grader.report.export import exported
from grader.report.export.exported import ExportedItem
from grader.report.result_form import ResultJson
from grader.report.text import count, points

SUMMARY_BYTES = 1024**2  # of one step; GitHub drops a longer summary whole
ANNOTATIONS = 10  # of one kind in one step that GitHub shows
CUT = "\n\nThe rest is left out: a summary is 1 MB at most. The whole is in report.html.\n"


def summary(result: ResultJson) -> str:
    """Return the step summary: at most 1 MiB, cut at the end of a block."""
    kept: list[str] = []
    room = SUMMARY_BYTES - len(CUT.encode())
    for block in _blocks(result):
        room -= len(block.encode()) + 2
        if room < 0:
            return "\n\n".join(kept) + CUT
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def annotations(result: ResultJson) -> str:
    """Return workflow commands: an error for each item that lost points, at most ten of them."""
    broken = exported.broken(result)
    lost = [item for item in exported.items(result) if item.counts and item.status != "passed"]
    errors: list[tuple[str, str, dict[str, str]]] = []
    if broken:
        errors.append(("The grader failed", exported.no_score(broken), {}))
    errors += [(f"{item.id}: {item.word}", item.text, _place(item)) for item in lost]
    if len(errors) > ANNOTATIONS:
        more = count(len(errors) - ANNOTATIONS + 1, "more item")
        errors[ANNOTATIONS - 1 :] = [("And more", f"{more} lost points; see the summary", {})]
    lines = [command("error", text, **place, title=title) for title, text, place in errors]
    notes = exported.notes(result)[:ANNOTATIONS]
    lines += [command("warning", note, title="Read this") for note in notes]
    if not broken:
        lines.append(command("notice", exported.headline(result), title="Score"))
    return "".join(f"{line}\n" for line in lines)


def _place(item: ExportedItem) -> dict[str, str]:
    return {"file": item.file, "line": str(item.line)} if item.line else {}


def command(kind: str, message: str, **properties: str) -> str:
    """Return one workflow command on one line, escaped as the runner reads it."""
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {given}::{_data(message)}"


def code(text: str) -> str:
    """Return any text as inline code that stays as it is: every sign becomes an entity."""
    return f"<code>{_entities(text)}</code>"


def _blocks(result: ResultJson) -> Iterator[str]:
    broken = exported.broken(result)
    items = exported.items(result)
    yield f"## {'No score' if broken else exported.headline(result)}"
    if broken:
        yield code(exported.no_score(broken))
    for note in exported.notes(result):
        yield code(note)
    looked_at = [item for item in items if item.counts or item.status == "grader_fault"]
    yield "\n".join(("| item | points | |", "|---|---:|---|", *map(_row, looked_at)))
    if left := [code(item.id) for item in items if item not in looked_at]:
        yield f"Without points so far: {', '.join(left)}"
    for item in items:
        if item.status != "passed" and item.counts or item.status == "grader_fault":
            yield "\n".join((f"### {code(item.title)}", "", f"<pre>{_entities(item.text)}</pre>"))
            says, lines = item.smallest
            if lines:
                yield f"The smallest case that fails: {code(says)}"
                yield f"<pre>{_entities(lines)}</pre>"
            if item.hints:
                hints = "".join(f"<li>{code(hint)}</li>" for hint in item.hints)
                yield f"<details><summary>Hints</summary><ol>{hints}</ol></details>"


def _row(item: ExportedItem) -> str:
    of = f"{points(item.earned)} / {points(item.possible)}"
    return f"| {code(item.title)} | {of if item.counts else '–'} | {item.word} |"


def _entities(text: str) -> str:
    return "".join(
        char if char == "\n" or char == " " or char.isalnum() or ord(char) > 127
        else f"&#{ord(char)};"
        for char in text
    )  # fmt: skip


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
