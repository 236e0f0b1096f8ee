"""What was handed out: none of it counts, in whichever course year it was.

Our own templates of every year are known; `--base` adds those that a course really gave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from grader import resources
from grader.course.similarity import canonical, prints, tokens, traces
from grader.course.similarity.traces import Traces
from grader.errors import UsageError
from grader.release import template

MOST_FILES, LARGEST = 2_000, 16 * 1024**2


def known() -> list[Mapping[str, bytes]]:
    """Return the files of every course year's template that can be made here."""
    reference = resources.home() / "reference"
    found: list[Mapping[str, bytes]] = []
    for rubric in resources.rubrics():
        files = template.template_files(reference, rubric.table)
        found.append({name: text.encode() for name, text in files.items()})
    return found


def folder(path: Path) -> Mapping[str, bytes]:
    """Return the files of a folder that was handed out. Raises UsageError."""
    if not path.is_dir():
        raise UsageError(f"--base {path}: is no folder; give the one that students were given")
    found = {}
    for file in sorted(path.rglob("*"))[:MOST_FILES]:
        if file.suffix in (".py", ".ipynb") and file.is_file() and file.stat().st_size < LARGEST:
            found[file.relative_to(path).as_posix()] = file.read_bytes()
    if not traces.code_of(found):
        raise UsageError(f"--base {path}: holds no layers.py; give what students were given")
    return found


def of(handed_out: Iterable[Mapping[str, bytes]]) -> Traces:
    """Return the traces of what was handed out, every piece of 8 tokens among them."""
    every = [(files, traces.of_files(files)) for files in handed_out]
    pieces: set[int] = set()
    for files, _ in every:
        for code in traces.code_of(files).values():
            for _, block in tokens.blocks(code):
                for function in canonical.functions(block) or tokens.functions(block):
                    pieces.update(prints.hashes(function.tokens).tolist())
    return Traces(
        prints=frozenset(pieces),
        forms={name: form for _, one in every for name, form in one.forms.items()},
        comments=frozenset().union(*(one.comments for _, one in every)),
        names=frozenset().union(*(one.names for _, one in every)),
        books=frozenset().union(*(one.books for _, one in every)),
    )
