"""Answers to inline questions, found in whatever layout a course year and a student gave them.

A question is a text cell with a tag of ours or of the course ("pdf-inline"), or one with a heading
such as "## Inline Question 2". Its answer is all that follows up to the next heading or piece of
code: behind a marker in the cell of the question, in the cells below, with or without a marker, or
in a code cell that holds nothing but comments; if nothing is there, what follows behind the code.
What was found is read by a person; nothing is graded here.

Which question it is, our tag says; else words that only this question has (`asks` in the rubric),
for course years number the same questions in different ways; else its number, or its place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.notebooks.question_marks import (
    at_marker,
    headings,
    is_written,
    marker,
    without_fillers,
)
from grader.notebooks.questions import ANSWER, ANSWER_MARKER, QUESTION
from grader.rubric.cases import Rubric
from grader.types import Notebook, Question

MOST = 20_000  # characters of an answer that are kept
PASTED = 40  # characters from which a piece of the question is not one of the answer
COURSE_TAG = "pdf-inline"

_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]*\S", re.MULTILINE)
_DECLARED = re.compile(r"^[ \t]*[-*][ \t]*\[[ xX]?\][ \t]*I[ \t]+confirm", re.MULTILINE)

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
    left = len(answer) - MOST
    if left > 0:
        answer = f"{answer[:MOST]}… {left:,} more characters"
    return Question(name, "pending" if is_written(answer) or unread else "blank", answer, points)


def _blocks(notebook: Notebook) -> list[Block]:
    """Return the cells in order; a text cell with several questions is cut before each."""
    code = {cell.number: cell.source for cell in notebook.cells}
    blocks = []
    for number in sorted({*code, *notebook.markdown}):
        if number not in notebook.markdown:
            blocks.append(Block("code", code[number]))
            continue
        text, tags = notebook.markdown[number], notebook.tags.get(number, ())
        starts = [0, *(match.start() for match in headings(text)[1:]), len(text)]
        for start, end in zip(starts, starts[1:], strict=False):
            blocks.append(Block("markdown", text[start:end], tags if start == 0 else ()))
    return blocks


def _answers(blocks: Sequence[Block], known: Asks) -> dict[int, str]:
    """Return the answers by the number of the question in the rubric."""
    places = [place for place, block in enumerate(blocks) if _asks(block)]
    numbers = _numbers([blocks[place] for place in places], known)
    return {
        number: _answer(blocks[place], blocks[place + 1 :], known.get(number, ()))
        for place, number in zip(places, numbers, strict=True)
        if number is not None
    }


def _asks(block: Block) -> bool:
    if block.kind != "markdown" or ANSWER in block.tags:
        return False
    return bool({QUESTION, COURSE_TAG} & set(block.tags) or headings(block.text))


def _numbers(questions: Sequence[Block], known: Asks) -> list[int | None]:
    """Return the number of each question in the rubric, None for one that it does not ask.

    Tags of ours go first, then words, for all questions; then the number of the heading, moved as
    those of the questions that are known already; then the order.
    """
    found: list[int | None] = [_by_tag(one) for one in questions]

    def settle(place: int, number: int | None) -> None:
        if found[place] is None and number in known and number not in found:
            found[place] = number

    for place, question in enumerate(questions):
        settle(place, _by_words(question, known))
    given = [_given(one) for one in questions]
    moved = {n - g for n, g in zip(found, given, strict=True) if n is not None and g is not None}
    by = moved.pop() if len(moved) == 1 else 0
    for place, number in enumerate(given):
        settle(place, None if number is None else number + by)
    for place in range(len(questions)):
        before = max((n for n in found[:place] if n is not None), default=0)
        free = sorted(set(known) - set(found), key=lambda n: (n < before, n))
        settle(place, next(iter(free), None))
    return found


def _by_tag(question: Block) -> int | None:
    matches = (re.fullmatch(r"\w+/(\d{1,2})", tag) for tag in question.tags)
    return next((int(match[1]) for match in matches if match), None)


def _by_words(question: Block, known: Asks) -> int | None:
    """Return the one question whose words are in what is asked."""
    asked = " ".join(at_marker(question.text)[0].lower().split())
    fitting = [n for n, words in known.items() if any(word.lower() in asked for word in words)]
    return fitting[0] if len(fitting) == 1 else None


def _given(question: Block) -> int | None:
    first = next(iter(headings(question.text)), None)
    return int(first[1]) if first and first[1] else None


def _answer(question: Block, below: Sequence[Block], words: Sequence[str]) -> str:
    asked, inside = at_marker(question.text)
    parts = [(inside or "", inside is not None), *_below(below)]
    # Who tries something first writes below that.
    answer = _joined(parts) or _joined(_below(below, past_code=True))
    if answer or any(marked for _, marked in parts) or QUESTION in question.tags:
        return _without_question(answer, asked, words)
    return _tidy(question.text)  # the markers are gone: all there is, for a person to read


def _joined(parts: Iterable[tuple[str, bool]]) -> str:
    return "\n\n".join(part for text, _ in parts if (part := _tidy(text)))


def _without_question(answer: str, asked: str, words: Sequence[str]) -> str:
    """Return an answer without the question's own text before it or behind it.

    That text is pasted again, or it came behind the marker if that was put right below the heading.
    """
    parts = re.split(r"(\n[ \t]*\n)", answer)
    is_bare = len([line for line in asked.split("\n") if line.strip()]) <= 1
    plain = _plain(asked)

    def is_asked(part: str) -> bool:
        text = _plain(part)
        if not is_bare:
            return not text or len(text) >= PASTED and text in plain
        return "?" in part and any(_plain(word) in text for word in words)

    own = [place for place, part in enumerate(parts) if part.strip() and not is_asked(part)]
    if not own or len(own) == len(parts[::2]):
        return answer
    if is_bare and not is_asked(parts[0]):  # all that follows the question's text is of it
        return "".join(parts[: next(n for n, part in enumerate(parts) if is_asked(part))]).strip()
    return "".join(parts[own[0] : own[-1] + 1]).strip()


def _plain(text: str) -> str:
    """Return a text without what a form or another line break changes."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _below(blocks: Sequence[Block], past_code: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield (text, had a marker) of the cells that belong to the question above them."""
    for block in blocks:
        if block.kind == "code":
            comments = _comments(block.text)
            if comments is None and not past_code:
                return
            yield comments or "", False
            continue
        _, behind = at_marker(block.text)
        marked = behind is not None
        heading = _HEADING.match(block.text.lstrip("\n"))
        mine = marked or ANSWER in block.tags
        if _asks(block) or _DECLARED.search(block.text) or (heading and not mine):
            return
        if marked and heading and marker(block.text.strip().split("\n", 1)[0]) is None:
            return  # a new section, which has an answer further down
        yield (block.text if behind is None else behind), mine


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
    lines = without_fillers(text).replace(ANSWER_MARKER, "").split("\n")
    return "\n".join(line for line in lines if marker(line) != "").strip()
