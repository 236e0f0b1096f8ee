"""Small classes to grade, and what a graded one holds, apart from what measures the grading."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from grader.course import archive
from tests.support import handed_in

MEASURED = re.compile(
    r'<dd id="measured">.*?</dd>| <small class="measured">.*?</small>|(?<=, begun )[^<,]*'
)
TIMES = re.compile(r'<section aria-labelledby="time">.*?</section>', re.DOTALL)


def submissions(count: int, items: Collection[str] = ()) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield (login, files) of students who made one mistake each, in one of `items` if given.

    No two are alike.
    """
    usual = handed_in.usual_mistakes().values()
    mistakes = [one for one in usual if one.item in items or not items]
    reference = handed_in.reference()
    made: list[Mapping[str, bytes]] = []
    for number in range(count):
        if number < len(mistakes):
            made.append(handed_in.with_mistakes(reference, [mistakes[number]]).files)
        own = f"\n# handed in by student {number}\n".encode()
        files = made[number % len(mistakes)]
        yield (
            f"s{number:05d}",
            {
                name: data + own if name.endswith("layers.py") else data
                for name, data in files.items()
            },
        )


def write(folder: Path, students: Iterable[tuple[str, Mapping[str, bytes]]]) -> Path:
    """Write a zip for each student; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for login, files in students:
        with zipfile.ZipFile(folder / f"{login}.zip", "w", zipfile.ZIP_DEFLATED) as out:
            for name, data in sorted(files.items()):
                out.writestr(zipfile.ZipInfo(name, archive.DAY_ONE), data)
    return folder


def results(folder: Path) -> dict[str, str]:
    """Return every file of every result, by its key and name, without what was measured."""
    found = {}
    for path in sorted((folder / "results").glob("??/*.zip")):
        for name, text in archive.unpack(path.read_bytes()).items():
            found[f"{path.stem}/{name}"] = unmeasured(name, text)
    return found


def left(folder: Path) -> dict[str, str]:
    """Return all that a class leaves for people, without what was measured, and its results."""
    pages = sorted((folder / "reports").rglob("*.*"))
    found = {str(path.relative_to(folder)): path.read_text("utf-8") for path in pages}
    found = {name: unmeasured(name, text) for name, text in found.items()}
    found["grades.csv"] = (folder / "grades.csv").read_text("utf-8")
    index = (folder / "index.html").read_text("utf-8")
    found["index.html"] = TIMES.sub("", index.replace(f">{folder.name}<", "><"))
    return found | results(folder)


def unmeasured(name: str, text: str) -> str:
    """Return the text of a file without times, seconds and versions."""
    if name.endswith(".json"):
        record = json.loads(text)
        for measure in ("measured", "wall_s", "cpu_s"):
            record.pop(measure, None)
        for row in record.get("passed", ()):
            row.pop("margin")
        if name.endswith("result.json"):
            record.get("generation", {}).pop("at", None)
        return json.dumps(record, indent=1)
    return MEASURED.sub("", text)
