"""What people judge: answers, runs that could not be repeated, flags; read from results once.

A result is a file, and a desk has no time to open thousands. So whoever publishes a class keeps
what waits for people in a table (`to_judge`, in grader.course.decisions), each student's from the
attempt that counts. What a student's table says stays until there is another result.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from grader.course import archive
from grader.course.decisions import writing
from grader.files import RESULT

AT_ONCE = 200  # students in one transaction: others write between two of them
FLAG = "flag:"  # begins the name of what is flagged, which is no item of a rubric
BLANK = "blank"
MOST_ALIKE = 400  # characters: longer answers that are equal are copies, and are read


@dataclass(frozen=True, slots=True)
class Judgeable:
    """One thing that a person may judge, as the table has it but for whose it is."""

    item: str
    kind: str
    earned: float
    possible: float
    text: str
    evidence: str
    alike: str = ""
    chosen: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """The attempt of a student that counts, and the key of its result."""

    student: int
    attempt: int
    key: str


def refresh(folder: Path, db: sqlite3.Connection, counted: Iterable[Counted]) -> int:
    """Read what is new of the attempts that count; return of how many students."""
    stamp, many, left = stamp_of(db), 0, _new(db, counted)
    while new := list(islice(left, AT_ONCE)):
        read = [(one, _read(archive.place_of(folder, one.key))) for one in new]
        with writing(db):
            for one, found in read:
                if found:
                    _replace(db, one, found)
            db.execute("UPDATE desk SET read = ?", (f"to student {many}",))  # there is more now
        many += len(new)
    with writing(db):
        db.execute("UPDATE desk SET read = ?", (stamp,))
    return many


def _new(db: sqlite3.Connection, counted: Iterable[Counted]) -> Iterator[Counted]:
    """Yield those of whom the table says nothing, or what another result said."""
    asked = "SELECT attempt, key FROM to_judge WHERE student = ? LIMIT 1"
    for one in counted:
        known = db.execute(asked, (one.student,)).fetchone()
        if known != (one.attempt, one.key):
            yield one


def stamp_of(db: sqlite3.Connection) -> str:
    """Return what changes whenever a result or an attempt is added."""
    numbers = db.execute(
        "SELECT (SELECT count(*) FROM result), (SELECT max(rowid) FROM result), "
        "(SELECT count(*) FROM handed_in), (SELECT max(number) FROM attempt)"
    ).fetchone()
    return json.dumps(numbers)


def is_stale(db: sqlite3.Connection) -> bool:
    """Return whether there are results that were not read yet."""
    return bool(db.execute("SELECT read FROM desk").fetchone()[0] != stamp_of(db))


def _replace(db: sqlite3.Connection, one: Counted, found: Iterable[Judgeable]) -> None:
    db.execute("DELETE FROM to_judge WHERE student = ?", (one.student,))
    db.executemany(
        "INSERT INTO to_judge VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            (one.student, it.item, it.kind, one.attempt, one.key, it.earned, it.possible, it.text,
             it.evidence, it.alike, it.chosen)
            for it in found
        ),
    )  # fmt: skip


def _read(path: Path) -> list[Judgeable]:
    """Return what there is to judge in a result; nothing if its file is not whole, or refused."""
    try:
        return list(judgeable(json.loads(archive.member(path, RESULT))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []  # the next `grade class` makes it again


def judgeable(result: Mapping[str, Any]) -> Iterator[Judgeable]:
    """Yield what people may judge of a result.json, each once.

    Flags of one kind are one thing, and those that say the same are one line. Runs that follow from
    the same wrong item are alike.
    """
    answers = {one["id"]: str(one["answer"]) for one in result.get("questions", ())}
    for item in result.get("items", ()):
        name, earned, possible = item["id"], float(item["earned"]), float(item["possible"])
        if item["status"] != "pending":
            facts = json.dumps([item["status"], earned, possible])
            yield Judgeable(name, "result", earned, possible, "", _hash("result", facts))
        elif name in answers:
            text = answers[name]
            yield Judgeable(
                name, "question", 0.0, possible, text, _hash("question", text), alike(text),
                chosen(text),
            )  # fmt: skip
        else:
            text = "\n".join(dict.fromkeys(_runs(result, name)))
            root = item.get("because_of")
            same = _hash("", f"follows from {root}" if root else text)
            yield Judgeable(name, "run", 0.0, possible, text, _hash("run", text), same)
    flags: dict[str, dict[str, list[str]]] = {}
    for flag in result.get("flags", ()):
        flags.setdefault(FLAG + flag["kind"], {}).setdefault(flag["says"], []).append(flag["where"])
    for name, said in flags.items():
        text = "\n".join(f"{says}{_places(places)}" for says, places in said.items())
        yield Judgeable(name, "flag", 0.0, 0.0, text, _hash("flag", text), _hash("", text))


def _places(found: Iterable[str]) -> str:
    places = "; ".join(dict.fromkeys(filter(None, found)))
    return f" ({places})" if places else ""


def _runs(result: Mapping[str, Any], item: str) -> Iterator[str]:
    """Yield what is known of the runs that an item rests on, and of the item itself."""
    for one in result["items"]:
        if one["id"] == item:
            if one.get("because_of"):
                yield f"It follows from {one['because_of']}, which is charged by itself."
            yield from (fault["says"] for fault in one.get("faults", ()))
    for notebook in result.get("notebooks", ()):
        for run in notebook.get("runs", ()):
            if item in run["items"]:
                shares = [
                    f"{word} {run[name]:.3f}"
                    for name, word in (
                        ("best_train_accuracy", "told training accuracy"),
                        ("recomputed_train_accuracy", "recomputed"),
                        ("best_val_accuracy", "told validation accuracy"),
                        ("recomputed_val_accuracy", "recomputed"),
                    )
                    if run.get(name) is not None
                ]
                where = run.get("cell_name") or f"cell {run['cell']}"
                said = f": {run['says']}" if run["says"] else ""
                yield f"{notebook['name']}, {where}{said} ({', '.join(shares)})"


def _hash(kind: str, text: str) -> str:
    return hashlib.sha256(f"{kind}\0{text}".encode(errors="surrogatepass")).hexdigest()[:32]


# --------------------------------------------------------------------------------- groups


_WORD = re.compile(r"\w+|(?<![\w-])-(?=\w)|[^\s-]")


def alike(text: str) -> str:
    """Return a hash that answers share which differ in case, spaces and punctuation only.

    Signs that change what a formula says stay. "" for an answer that is too long to be shared.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = [word for word in _WORD.findall(plain) if _says(word)]
    if not words:
        return BLANK
    joined = " ".join(words)
    return _hash("alike", joined) if len(joined) <= MOST_ALIKE else ""


def _says(word: str) -> bool:
    """Return whether a word or a sign says anything: +, =, / and a minus do, a comma does not."""
    if word in ("_", "`", "$"):
        return False
    return word[0].isalnum() or word in "-/%&" or unicodedata.category(word[0])[0] == "S"


_OPTION = r"[(\[]?(?P<x>[1-9]|[a-hA-H])(?:[)\].:!?]|(?=[\s*_,;&+/]|$))"
_FIRST = re.compile(r"[\s*_>#\-]*(?:(?:options?|answers?|choices?|numbers?)\b[\s:*_]*)?", re.I)
_NEXT = re.compile(_OPTION)
_BETWEEN = re.compile(r"[\s*_]*(?P<word>,|;|&|\+|/|\band\b|\bor\b)?[\s*_]*", re.I)
_LIKE_ONE = re.compile(r"[(\[]?[1-9a-hA-H]\b")


def chosen(text: str) -> str:
    """Return the options that an answer begins with, as in "1, 3"; "" if it begins with words.

    A letter counts only if a bracket, a full stop or a comma shows that it is none of a sentence.
    What may go on with one option more is not read at all: a group holds equal choices only.
    """
    first = _FIRST.match(text)
    place, found, joined = first.end() if first else 0, list[str](), False
    while match := _NEXT.match(text, place):
        behind = text[match.end() :].lstrip(" *_")
        bare = match[0] == match["x"]
        ends = not behind or behind[0] in ",;&+/\n" or bool(re.match(r"(and|or)\b", behind))
        if bare and not ends and not (found and match["x"] <= "Z"):
            break
        found.append(match["x"].lower())
        between = _BETWEEN.match(text, match.end())
        place = between.end() if between else match.end()
        joined = bool(between and between["word"])
    if joined and _LIKE_ONE.match(text, place):
        return ""
    return ", ".join(sorted(dict.fromkeys(found)))
