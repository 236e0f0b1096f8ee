"""What one submission leaves: fingerprints of functions, comments, names, notebooks, answers."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from grader.course.similarity import canonical, prints, tokens

CODE = ("layers.py", "optim.py", "classifiers/fc_net.py", "layer_utils.py")
SHORTEST_COMMENT = 12  # letters and digits: "# forward pass" says nothing
LONGEST_BOOK = 32 * 1024**2
_NUMBER = re.compile(r"\d+\.\d{4,}(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Traces:
    """What can be shared, as hashes and short texts; all sets are of what stands in it.

    `forms` is function -> (hash after renaming, number of its tokens). `books` are facts of
    notebooks in words, `answers` is question -> text.
    """

    prints: frozenset[int] = frozenset()
    forms: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    comments: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    books: frozenset[str] = frozenset()
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Read:
    prints: frozenset[int]
    forms: tuple[tuple[str, str, int], ...]
    comments: frozenset[str]
    names: frozenset[str]


def code_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the texts of the graded files, by what they are called in the course."""
    found = {}
    for path, data in sorted(files.items()):
        for name in CODE:
            if f"/{path}".endswith(f"/{name}") and name not in found:
                found[name] = data[: 4 * tokens.MOST].decode("utf-8", "replace")
    return found


def of_files(files: Mapping[str, bytes], answers: Mapping[str, str] | None = None) -> Traces:
    """Return the traces of a submission; nothing in it is run, whatever it holds."""
    read = [_block(text) for code in code_of(files).values() for _, text in tokens.blocks(code)]
    books = (
        fact
        for path, data in files.items()
        if path.endswith(".ipynb") and len(data) < LONGEST_BOOK
        for fact in _book(path.rpartition("/")[2], data)
    )
    return Traces(
        prints=frozenset().union(*(one.prints for one in read)),
        forms={name: (digest, size) for one in read for name, digest, size in one.forms},
        comments=frozenset().union(*(one.comments for one in read)),
        names=frozenset().union(*(one.names for one in read)),
        books=frozenset(books),
        answers=dict(answers or {}),
    )


@lru_cache(maxsize=20_000)
def _block(text: str) -> _Read:
    """Return what a definition leaves; many students have the same ones, as handed out."""
    functions = canonical.functions(text) or tokens.functions(text)
    found: set[int] = set()
    for function in functions:
        hashes = prints.hashes(function.tokens)
        found.update(hashes[prints.winnowed(hashes)].tolist())
    return _Read(
        frozenset(found),
        tuple((f.name, prints.form(f.tokens), len(f.tokens)) for f in functions),
        frozenset(filter(None, map(plain, tokens.comments(text)))),
        frozenset(tokens.names(text)),
    )


def plain(comment: str) -> str:
    """Return a comment in lower case without signs; empty for a short one."""
    words = " ".join(re.findall(r"\w+", comment.lower()))
    return words if len(words.replace(" ", "")) >= SHORTEST_COMMENT else ""


def _book(name: str, data: bytes) -> Iterator[str]:
    """Yield facts of a notebook that no two people come to by themselves."""
    try:
        book = json.loads(data)
        cells = [cell for cell in book["cells"] if isinstance(cell, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    counts = [cell.get("execution_count") for cell in cells if cell.get("cell_type") == "code"]
    run = [str(count) for count in counts if isinstance(count, int)]
    if (
        len(run) > 5
        and len(set(map(int, run))) > 3
        and run != [str(n + 1) for n in range(len(run))]
    ):
        yield f"{name}: cells were run in the order {' '.join(run)[:200]}"
    for cell in cells:
        if isinstance(label := cell.get("id"), str) and len(label) >= 8:
            yield f"{name}: a cell with the id {label[:64]}"
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                yield from _output(name, output)


def _output(name: str, output: Mapping[str, Any]) -> Iterator[str]:
    data = output.get("data")
    picture = data.get("image/png") if isinstance(data, dict) else None
    if picture:
        digest = hashlib.sha256("".join(_lines(picture)).encode()).hexdigest()
        yield f"{name}: a picture with the hash {digest[:16]}"
    text = "".join(_lines(output.get("text", "")))[:20_000]
    numbers = _NUMBER.findall(text)
    if len(numbers) >= 3:
        digest = hashlib.sha256(" ".join(numbers).encode()).hexdigest()
        yield f"{name}: an output with the numbers {', '.join(numbers[:3])}, … ({digest[:12]})"


def _lines(text: object) -> list[str]:
    return [str(line) for line in text] if isinstance(text, list) else [str(text)]
