"""Answers to inline questions, found in whatever layout a course year and a student gave them.

A question is a text cell with a tag of ours or of the course ("pdf-inline"), or one with a heading
such as "## Inline Question 2". Its answer is all that follows up to the next heading or piece of
code: behind a marker in the cell of the question, in the cells below, with or without a marker, or
in a code cell that holds nothing but comments. What was found is read by a person; nothing is
graded here.

Which question it is, our tag says; else words that only this question has (`asks` in the rubric),
for course years number the same questions in different ways; else its number.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.notebooks.questions import ANSWER, ANSWER_MARKER, QUESTION
from grader.rubric.cases import Rubric
from grader.types import Notebook, Question

MOST = 20_000  # characters of an answer that are kept
FEWEST = 3  # characters that make an answer
COURSE_TAG = "pdf-inline"

_ASKED = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*|\*\*[ \t]*)(?:inline[ \t]+)?question\b[^\n\d]{0,12}(\d{1,2})?",
    re.IGNORECASE | re.MULTILINE,
)
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]*\S", re.MULTILINE)
# "## Answer:", "**Answer:** because", "*Your answer:*", "$\color{blue}{\textit Your Answer:}$"
_MARKER = re.compile(
    r"^[ \t>]*+(?P<form>[#*_$\\{]*+)[ \t]*+(?:color\{\w+\}[ \t]*\{?\\?textit)?[ \t{]*+"
    r"(?:(?:my|your|student'?s?)[ \t]+)?(?:answers?|explanation)(?![A-Za-z0-9])[ \t}$*_]*+"
    r"(?P<colon>[:：]?)[ \t}$*_]*+(?P<rest>.*)$",
    re.IGNORECASE,
)
_FILL = re.compile(  # bounded, so that a long line of spaces takes no time
    r"\[?[ \t]{0,9}\bfill[ \t]{1,9}this[ \t]{1,9}in\b[ \t]{0,9}\]?"
    r"|\[(?:write[ \t]{1,9})?your[ \t]{1,9}answer[^\]\n]{0,20}\]",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_DECLARED = re.compile(r"^[ \t]*[-*][ \t]*\[[ xX]?\][ \t]*I[ \t]+confirm", re.MULTILINE)
_DECORATION = re.compile(r"[\s*_#>`~\-\[\]().:$\\]+")


Asks = Mapping[int, tuple[str, ...]]  # number of a question -> words that only it has


@dataclass(frozen=True)
class Block:
    """A cell, or the part of a text cell that begins with a question."""

    kind: str
    text: str
    tags: tuple[str, ...] = ()


def find(notebooks: Sequence[Notebook], rubric: Rubric) -> tuple[Question, ...]:
    """Return every question of the rubric with its answer; blank if nothing is written."""
    answers: dict[str, str] = {}
    for notebook in notebooks:
        stem = notebook.name.removesuffix(".ipynb")
        known = {
            int(item.id.rpartition("/")[2]): item.asks
            for item in rubric.table.items
            if item.kind == "question" and re.fullmatch(rf"{re.escape(stem)}/\d+", item.id)
        }
        for number, answer in _answers(_blocks(notebook), known).items():
            answers.setdefault(f"{stem}/{number}", answer)
    lost = ("unreadable", "grader_fault")
    unread = {n.name.removesuffix(".ipynb") for n in notebooks if n.status in lost}
    return tuple(
        _question(item.id, answers.get(item.id, ""), item.points, item.id.split("/")[0] in unread)
        for item in rubric.table.items
        if item.kind == "question"
    )


def _question(name: str, answer: str, points: float, unread: bool) -> Question:
    written = len(_DECORATION.sub("", _COMMENT.sub("", answer))) >= FEWEST
    left = len(answer) - MOST
    if left > 0:
        answer = f"{answer[:MOST]}… {left:,} more characters"
    return Question(name, "pending" if written or unread else "blank", answer, points)


def _blocks(notebook: Notebook) -> list[Block]:
    """Return the cells in order; a text cell with several questions is cut before each."""
    code = {cell.number: cell.source for cell in notebook.cells}
    blocks = []
    for number in sorted({*code, *notebook.markdown}):
        if number not in notebook.markdown:
            blocks.append(Block("code", code[number]))
            continue
        text, tags = notebook.markdown[number], notebook.tags.get(number, ())
        starts = [0, *(match.start() for match in list(_ASKED.finditer(text))[1:]), len(text)]
        for start, end in zip(starts, starts[1:], strict=False):
            blocks.append(Block("markdown", text[start:end], tags if start == 0 else ()))
    return blocks


def _answers(blocks: Sequence[Block], known: Asks) -> dict[int, str]:
    """Return the answers by the number of the question in the rubric."""
    found: dict[int, str] = {}
    for place, block in enumerate(blocks):
        if not _asks(block):
            continue
        number = _number(block, known)
        if number is None or number in found:  # the same number twice is a slip: count on
            number = max(found, default=0) + 1
        found[number] = _answer(block, blocks[place + 1 :])
    return found


def _asks(block: Block) -> bool:
    if block.kind != "markdown" or ANSWER in block.tags:
        return False
    return bool({QUESTION, COURSE_TAG} & set(block.tags) or _ASKED.search(block.text))


def _number(block: Block, known: Asks) -> int | None:
    for tag in block.tags:
        if (ours := re.fullmatch(r"\w+/(\d{1,2})", tag)) is not None:
            return int(ours[1])
    asked_for = _at_marker(block.text)[0].lower()
    fitting = [n for n, words in known.items() if any(w.lower() in asked_for for w in words)]
    if len(fitting) == 1:
        return fitting[0]
    asked = _ASKED.search(block.text)
    return int(asked[1]) if asked and asked[1] else None


def _answer(question: Block, below: Sequence[Block]) -> str:
    _, inside = _at_marker(question.text)
    parts = [(inside or "", inside is not None), *_below(below)]
    answer = "\n\n".join(part for text, _ in parts if (part := _tidy(text)))
    if answer or any(marked for _, marked in parts) or QUESTION in question.tags:
        return answer
    return _tidy(question.text)  # the markers are gone: all there is, for a person to read


def _below(blocks: Sequence[Block]) -> Iterator[tuple[str, bool]]:
    """Yield (text, had a marker) of the cells that belong to the question above them."""
    for block in blocks:
        if block.kind == "code":
            comments = _comments(block.text)
            if comments is None:
                return
            yield comments, False
            continue
        _, behind = _at_marker(block.text)
        marked = behind is not None
        heading = _HEADING.match(block.text.lstrip("\n"))
        mine = marked or ANSWER in block.tags
        if _asks(block) or _DECLARED.search(block.text) or (heading and not mine):
            return
        if marked and heading and _marker(block.text.strip().split("\n", 1)[0]) is None:
            return  # a new section, which has an answer further down
        yield (block.text if behind is None else behind), mine


def _at_marker(text: str) -> tuple[str, str | None]:
    """Return the text before and behind the first marker of a cell; None if it has no marker."""
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if (rest := _marker(line)) is not None:
            return "\n".join(lines[:place]), "\n".join([rest, *lines[place + 1 :]])
    return text, None


def _marker(line: str) -> str | None:
    """Return the text behind a marker; None if there is no marker ("Answer the following")."""
    match = _MARKER.match(line[:500])
    if match and (match["colon"] or match["form"] and not match["rest"].strip()):
        return str(match["rest"]) + line[500:]
    return None


def _comments(source: str) -> str | None:
    """Return a code cell that is but comments, or one string, as text; None for real code."""
    lines = [line.strip() for line in source.strip().split("\n")]
    if all(not line or line.startswith("#") for line in lines):
        return "\n".join(line.lstrip("# ") for line in lines)
    try:
        (only,) = ast.parse(source[:MOST]).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = getattr(only.value, "value", None) if isinstance(only, ast.Expr) else None
    return found if isinstance(found, str) else None


def _tidy(text: str) -> str:
    """Return an answer without what stood there before it was written."""
    lines = _FILL.sub("", text).replace(ANSWER_MARKER, "").split("\n")
    return "\n".join(line for line in lines if _marker(line) != "").strip()
