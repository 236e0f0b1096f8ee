"""Pages of the documentation as something to do: their commands, edits and files, in order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import bytecode

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
COPIED = (
    "Makefile", "grader", "rubrics", "reference", "student_template", "demo", "docs",
    "requirements.lock", "requirements-build.lock", "pyproject.toml", "README.md",
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One fenced block; `file` is the last file that the sentence before it names, or empty."""

    kind: str
    text: str
    file: str


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page of docs/, or of the README."""
    text = (ROOT / page).read_text(encoding="utf-8")
    end = 0
    for found in BLOCK.finditer(text):
        before = text[end : found.start()].rstrip()
        named = re.findall(r"`([\w/.-]+\.\w+)`", before) if before.endswith(":") else []
        yield Block(found[1], found[2], named[-1] if named else "")
        end = found.end()


def edited(text: str, diff: str) -> str:
    """Return `text` after the edit; what it takes away must stand there exactly once."""
    lines = diff.splitlines()
    assert all(line[:1] in ("-", "+", " ") for line in lines if line), diff
    old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    return text.replace(old, new)


def copy_of_the_repository(place: Path) -> Path:
    """Copy what a clone holds, installed with this Python."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, place / name)
    bytecode.lend(place / "grader")
    programs = place / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, words in (("python", '"$@"'), ("grade", '-P -m grader "$@"')):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}\n')
        (programs / name).chmod(0o755)
    (programs.parent / "installed").touch()
    return place


def shell(
    script: str, place: Path, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a block of shell in a copy of the repository, as a user there does."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        ["bash", *(options or ("-e",)), "-c", script], cwd=place, capture_output=True, text=True,
        env={**known, "PYTHONPATH": str(place), **environment},
    )  # fmt: skip
