"""Tables of pairs, and folders for JPlag and Dolos, which compare code in ways of their own."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from grader.course.archive import DAY_ONE
from grader.course.similarity import traces
from grader.course.similarity.evidence import Entry, Pair
from grader.report.text import guarded


def pairs_csv(entries: Sequence[Entry], found: Sequence[Pair]) -> str:
    """Return a row for each pair: labels, the two numbers about code, and the reasons."""
    rows = [
        [
            entries[pair.one].label, entries[pair.other].label, f"{pair.weight:.2f}",
            f"{pair.alike:.4f}", pair.rare, "; ".join(reason.says for reason in pair.reasons),
        ]
        for pair in found
    ]  # fmt: skip
    return _csv(["one", "other", "weight", "alike", "rare", "reasons"], rows)


def names_csv(entries: Sequence[Entry]) -> str:
    """Return who stands behind a label."""
    rows = [[one.label, one.name, one.at] for one in entries if not one.earlier]
    return _csv(["label", "name", "handed in"], sorted(rows))


def folders(
    entries: Sequence[tuple[Entry, Mapping[str, bytes]]], base: Iterable[Mapping[str, bytes]]
) -> dict[str, str]:
    """Return what JPlag reads: a folder for each submission, and one of what was handed out."""
    found = {}
    for number, files in enumerate(base):
        for name, text in traces.code_of(files).items():
            found[f"jplag-base/{number}/{name}"] = text
    for entry, files in entries:
        for name, text in traces.code_of(files).items():
            found[f"jplag/{entry.label}/{name}"] = text
    return found


def dolos(entries: Sequence[tuple[Entry, Mapping[str, bytes]]]) -> bytes:
    """Return the zip that Dolos reads: a file for each submission, and info.csv."""
    rows = []
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, files in entries:
            code = traces.code_of(files)
            text = "\n\n".join(f"# {name}\n{code[name]}" for name in sorted(code))
            archive.writestr(zipfile.ZipInfo(f"{entry.label}.py", DAY_ONE), text)
            rows.append([f"{entry.label}.py", entry.label, entry.at, entry.label])
        head = ["filename", "label", "created_at", "full_name"]
        archive.writestr(zipfile.ZipInfo("info.csv", DAY_ONE), _csv(head, rows))
    return out.getvalue()


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(head)
    table.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue()
