"""Compare a class, and write what staff read: staff/similarity/, and nothing anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader import resources
from grader.course import archive
from grader.course.enrol import upload_path
from grader.course.similarity import FOLDER, exports, given, page, pairs, sources
from grader.course.similarity.evidence import Entry
from grader.course.store import Store
from grader.errors import UsageError
from grader.files import write
from grader.report import similar_page
from grader.report.text import count

MOST_ROWS = 5_000  # pairs in pairs.csv


@dataclass(frozen=True)
class Asked:
    """The options of `grade similar`."""

    folder: Path
    names: bool = False
    base: tuple[Path, ...] = ()
    partners: Path | None = None
    earlier: tuple[Path, ...] = ()
    keep: Path | None = None
    most: int = 50
    export: tuple[str, ...] = ()


def run(asked: Asked) -> str:
    """Compare, write, and return what to tell. Raises UsageError."""
    handed_out = [*given.known(), *map(given.folder, asked.base)]
    partners = sources.partners_of(asked.partners) if asked.partners else {}
    before = [entry for path in asked.earlier for entry in sources.earlier(path)]
    with Store(asked.folder, reading=True) as store:
        handed = sources.handed_in(asked.folder, store)
    entries = sources.entries(asked.folder, handed, partners)
    if not entries:
        raise UsageError(f"{asked.folder}: nobody handed in anything that can be read")
    ours, every = given.of(handed_out), [*entries, *before]
    found, usual, counts = pairs.found(every, ours, MOST_ROWS)
    replaced = resources.given_files()

    def files(place: int) -> Mapping[str, bytes]:
        path = upload_path(asked.folder, every[place].upload)
        return sources.files_of(path, replaced) or {}

    title = f"Similar submissions of {asked.folder.resolve().name}"
    listed = found[: asked.most]
    made = page.make(title, every, listed, usual, counts, ours, files, not asked.names)
    target = asked.folder / FOLDER
    write(target / "index.html", similar_page.render(made))
    write(target / "pairs.csv", exports.pairs_csv(every, found))
    write(target / "names.csv", exports.names_csv(every))
    if asked.keep:
        write(asked.keep, sources.kept(entries, asked.folder.resolve().name))
    if asked.export:
        _export(asked, entries, handed_out)
    return (
        f"{count(len(entries), 'submission')} compared; {count(len(listed), 'pair')} to read\n"
        f"For staff: {target / 'index.html'}"
    )


def _export(asked: Asked, entries: list[Entry], handed_out: list[Mapping[str, bytes]]) -> None:
    replaced = resources.given_files()
    target = asked.folder / FOLDER
    with_files = [
        (entry, sources.files_of(upload_path(asked.folder, entry.upload), replaced) or {})
        for entry in entries
    ]
    if "jplag" in asked.export:
        for name, text in exports.folders(with_files, handed_out).items():
            write(target / name, text)
    if "dolos" in asked.export:
        archive.keep(target / "dolos.zip", exports.dolos(with_files))
