"""Which row of a gradebook is whose: ids, logins and addresses join if they are equal.

A name joins nobody unless the teacher says so, and then only where one student and one row have it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.course.gradebooks.books import Book, Line
from grader.course.scores import Ledger
from grader.course.store import Student
from grader.report.text import count
from grader.submission.upload import shown

NO_ROW = "no row has this id, login or address"


@dataclass(frozen=True)
class Matches:
    """The row of each student, by number; who has none and why; the rows that are nobody's.

    `notes` are about joins that a person may want to look at.
    """

    pairs: Mapping[int, Line]
    unmatched: Mapping[int, str]
    rest: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def matched(book: Book, ledger: Ledger, by_name: bool = False) -> Matches:
    """Return which row is whose."""
    index: dict[str, list[Line]] = defaultdict(list)
    for line in book.lines:
        for key in line_keys(line, book.kind):
            index[key].append(line)
    pairs: dict[int, Line] = {}
    why: dict[int, str] = {}
    notes = []
    students = [one for one in ledger.students if not one.forgotten]
    for one in students:
        keys = list(_student_keys(one, ledger, book.kind))
        found = {line.row: line for key in keys for line in index.get(key, ())}
        if len(found) > 1:
            rows = ", ".join(str(book.sheet.line(row)) for row in sorted(found))
            why[one.number] = f"{len(found)} rows fit (lines {rows}); keep one of them"
        elif found:
            line = next(iter(found.values()))
            if not _is_same_name(one, line):
                said = f"the row with that id is called '{shown(line.person.name)}'"
                if book.is_named_alone:
                    why[one.number] = said
                    continue
                notes.append(f"{_who(one)}: {said}; joined by the id all the same")
            pairs[one.number] = line
        else:
            why[one.number] = NO_ROW
    free = {number for number, said in why.items() if said == NO_ROW}
    _drop_shared(pairs, why, book, {one.number: one for one in students})
    _by_name(students, free, pairs, why, book, by_name)
    left = {one.number: list(_student_keys(one, ledger, book.kind)) for one in students
            if one.number in free & why.keys()}  # fmt: skip
    _say_zeros(why, left, index, book)
    taken = {line.row for line in pairs.values()}
    rest = tuple(line for line in book.lines if line.row not in taken)
    return Matches(pairs, why, rest, tuple(notes))


def _say_zeros(
    why: dict[int, str],
    keys: Mapping[int, Sequence[str]],
    index: Mapping[str, Sequence[Line]],
    book: Book,
) -> None:
    """Say whose number a row has but for zeros before it; `keys` are those of whom no id fits."""
    bare = {re.sub(r"(?<!\d)0+(?=\d+$)", "", key): lines[0] for key, lines in index.items()}
    for number, theirs in keys.items():
        for key in theirs:
            short = re.sub(r"(?<!\d)0+(?=\d+$)", "", key)
            if short in bare and (key.isdigit() or book.kind):
                line = book.sheet.line(bare[short].row)
                why[number] = (
                    f"line {line} has this number without the zeros before it, as a spreadsheet "
                    "leaves it; export the file again, and do not save it in one"
                )
                break


def line_keys(line: Line, kind: str) -> Iterator[str]:
    """Yield what tells whose a row is; scripts write an id with a point, as in 40101.0."""
    number = re.sub(r"(?<=\d)\.0+$", "", line.person.id)
    if number and kind:
        yield f"{kind} {number}"
    elif number:
        yield plain(number)
    yield from {
        plain(text) for text in (line.sid, line.person.login, line.person.email) if text.strip()
    }


def _student_keys(one: Student, ledger: Ledger, kind: str) -> Iterator[str]:
    """Yield what tells a student from others; an LMS's id counts only in that LMS's gradebook."""
    row, kinds = ledger.enrolled.get(one.number), ledger.kind.split(" and ")
    person = one.person
    if person.id and kind and kind in kinds:
        yield f"{kind} {person.id}"
    if row and row.person.id and kind and ledger.roster and ledger.roster.kind == kind:
        yield f"{kind} {row.person.id}"
    texts = [person.login, person.email]
    if person.id and "gradescope" in kinds:  # the number of the school
        texts.append(person.id)
    if row:
        texts += [row.sid, row.person.login, row.person.email]
        texts += [row.person.id] if not (ledger.roster and ledger.roster.kind) else []
    yield from {plain(text) for text in texts if text.strip()}


def plain(text: str) -> str:
    """Return an id, login or address as it is compared."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


def letters(name: str) -> str:
    """Return the letters of a name without order, case and signs."""
    return "".join(sorted(re.findall(r"[^\W_]", unicodedata.normalize("NFKC", name).casefold())))


def _is_same_name(one: Student, line: Line) -> bool:
    """Return whether names agree, or one of them is not told: blind marking shows a number."""
    theirs, ours = letters(line.person.name), letters(one.person.name)
    is_blind = one.person.name.strip().endswith(f" {one.person.id}") and bool(one.person.id)
    return not theirs or not ours or is_blind or theirs == ours


def _drop_shared(
    pairs: dict[int, Line], why: dict[int, str], book: Book, students: Mapping[int, Student]
) -> None:
    """Take away the joins of several students with one row."""
    claimed: dict[int, list[int]] = defaultdict(list)
    for number, line in pairs.items():
        claimed[line.row].append(number)
    for row, several in claimed.items():
        if len(several) > 1:
            names = " and ".join(_who(students[number]) for number in several)
            for number in several:
                del pairs[number]
                why[number] = f"line {book.sheet.line(row)} would be that of {names}"


def _by_name(
    students: Sequence[Student],
    free: set[int],
    pairs: dict[int, Line],
    why: dict[int, str],
    book: Book,
    allowed: bool,
) -> None:
    """Join by name those of whom no row has an id, if that is allowed, or say that it could be."""
    taken = {line.row for line in pairs.values()}
    lines = _once((letters(line.person.name), line) for line in book.lines if not line.is_made_up)
    every: dict[str, list[Student]] = defaultdict(list)
    for one in students:
        every[letters(one.person.name)].append(one)
    for name, several in every.items():
        fits = lines.get(name, [])
        one = several[0]
        if not name or not any(each.number in free for each in several) or not fits:
            continue
        if len(fits) == 1 and fits[0].row in taken:
            continue
        if len(several) > 1 or len(fits) > 1:
            for each in (each for each in several if each.number in free):
                rows, namesakes = count(len(fits), "row"), count(len(several), "student")
                why[each.number] = f"{namesakes} and {rows} have this name, and no id tells them"
        elif book.is_named_alone and fits[0].person.id:
            continue  # the id says that it is somebody else
        elif allowed:
            pairs[one.number] = fits[0]
            del why[one.number]
        else:
            line = book.sheet.line(fits[0].row)
            why[one.number] = f"only the name fits (line {line}); take such rows with --by-name"


def _once(found: Iterable[tuple[str, Line]]) -> dict[str, list[Line]]:
    by_name: dict[str, list[Line]] = defaultdict(list)
    for name, line in found:
        by_name[name].append(line)
    return by_name


def _who(one: Student) -> str:
    return shown(one.person.shown)
