"""The golden wrong answers: what every usual mistake gives in the cases of its item.

They lie in reference/golden/wrong/: one flat .npy and a manifest, which also holds what is said of
each mistake, so that grading needs no reference. Nothing is read before something has failed.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader.errors import GoldenError
from grader.golden.store import MISSHAPEN, UNREADABLE, Difference, npy_bytes
from grader.judges.wrong import Answer, Key

FORMAT = 1
FOLDER = "wrong"
ARRAYS = "answers.npy"


@dataclass(frozen=True)
class Explanation:
    """What a student may read about a mistake."""

    message: str
    formula: str
    hints: tuple[str, ...]


class Misconceptions:
    """Golden wrong answers by item and mistake, read from a folder or just made."""

    def __init__(self, manifest: Mapping[str, Any], flat: np.ndarray) -> None:
        self._manifest = manifest
        self._flat = flat
        self._known: dict[str, Mapping[str, Mapping[Key, Answer]]] = {}  # what `answers` gave

    @classmethod
    def read(cls, folder: Path, reference: str) -> Misconceptions:
        """Read what lies in `folder`, made from the reference with the hash `reference`.

        Raises GoldenError that names the file.
        """
        path = folder / "manifest.json"
        try:
            manifest = json.loads(path.read_bytes())
            data = (folder / ARRAYS).read_bytes()
            flat = np.load(io.BytesIO(data), allow_pickle=False)
            known = manifest["format"], manifest["reference"], manifest["sha256"]
        except FileNotFoundError as error:
            raise GoldenError(f"{error.filename}: is missing; run `grade fixtures build`") from None
        except UNREADABLE as error:
            raise GoldenError(f"{folder}: cannot be read ({error}); rebuild the fixtures") from None
        if known != (FORMAT, reference, hashlib.sha256(data).hexdigest()):
            what = "was made by another reference than the golden answers beside it, or changed"
            raise GoldenError(f"{folder}: {what}; run `grade fixtures build`")
        return cls(manifest, flat)

    @classmethod
    def none(cls) -> Misconceptions:
        """Return what is known without any files: no mistake."""
        return cls({"mistakes": {}, "variants": [], "answers": {}}, np.zeros(0))

    def explanation(self, mistake: str) -> Explanation:
        """Return what is said about a mistake. Raises GoldenError."""
        with _whole(mistake):
            row = self._manifest["mistakes"][mistake]
            hints = tuple(map(str, row["hints"]))
            return Explanation(str(row["says"]), str(row["formula"]), hints)

    def steps(self, mistake: str) -> tuple[str, np.ndarray]:
        """Return the case in which it is known what a mistake computes, and that (K, 6); "" and
        nothing where it is not. What the columns are says diagnosis.changed_line.

        Raises GoldenError.
        """
        with _whole(mistake):
            case, what = self._manifest.get("steps", {}).get(mistake, ("", [0, [0, 6]]))
            found = self._answer(what)
            return str(case), found if isinstance(found, np.ndarray) else np.zeros((0, 6))

    def answers(self, item: str) -> Mapping[str, Mapping[Key, Answer]]:
        """Return variant -> what is wrong with an item's answers under it.

        A variant is a mistake's id, with the convention that it was combined with after a "+".
        Raises GoldenError.
        """
        if item not in self._known:
            with _whole(item):
                self._known[item] = self._answers(item)
        return self._known[item]

    def _answers(self, item: str) -> dict[str, dict[Key, Answer]]:
        found: dict[str, dict[Key, Answer]] = {}
        for case, outputs in self._manifest["answers"].get(item, {}).items():
            for output, rows in outputs.items():
                for variants, what in rows:
                    answer = self._answer(what)
                    for number in variants:
                        name = self._manifest["variants"][number]
                        found.setdefault(name, {})[case, output] = answer
        return found

    def arrays(self) -> Iterator[tuple[str, Answer]]:
        """Yield (mistake:case:output, answer) of everything that is stored."""
        for item in self._manifest["answers"]:
            for variant, answers in self.answers(item).items():
                for (case, output), answer in answers.items():
                    yield f"{variant}:{case}:{output}", answer

    def tables(self) -> Iterator[tuple[str, Answer]]:
        """Yield (mistake:case:steps, what `steps` returns) of each mistake."""
        for mistake in self._manifest.get("steps", {}):
            case, steps = self.steps(mistake)
            yield f"{mistake}:{case}:steps", steps

    def differences(self, other: Misconceptions) -> list[Difference]:
        """Return every answer that `other` lacks, adds or changes."""
        mine, theirs = ({**dict(one.arrays()), **dict(one.tables())} for one in (self, other))
        found = [Difference(n, "is gone") for n in mine if n not in theirs]
        found += [Difference(n, "is new") for n in theirs if n not in mine]
        found += [
            Difference(n, "differs") for n in mine if n in theirs and not _equal(mine[n], theirs[n])
        ]
        told = self._manifest["mistakes"], other._manifest["mistakes"]
        names = [n for n in told[0] if n in told[1] and told[0][n] != told[1][n]]
        return found + [Difference(n, "its words have changed") for n in names]

    def _answer(self, what: Any) -> Answer:
        if isinstance(what, list) and what and isinstance(what[0], str):
            return frozenset(what)
        offset, shape = what
        return self._flat[offset : offset + math.prod(shape)].reshape(shape)


@contextmanager
def _whole(what: str) -> Iterator[None]:
    """Raise GoldenError where the manifest is not of its form."""
    try:
        yield
    except MISSHAPEN as error:
        why = f"{type(error).__name__}: {error}"
        place = f"golden: what is known of wrong answers to {what} cannot be read ({why})"
        raise GoldenError(f"{place}; restore it or run `grade fixtures build`") from None


def write(folder: Path, manifest: Mapping[str, Any], flat: np.ndarray) -> None:
    """Write the wrong answers; the manifest last."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ARRAYS).write_bytes(npy_bytes(flat))
    (folder / "manifest.json").write_bytes(manifest_bytes(manifest))


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return the manifest as stable JSON, one case a line."""
    apart = ("answers", "steps")
    head = {key: value for key, value in manifest.items() if key not in apart}
    text = json.dumps(head, indent=1, ensure_ascii=False)[:-2] + ',\n "steps": {\n'
    steps = (
        f"  {json.dumps(name)}: {json.dumps(row)}"
        for name, row in manifest.get("steps", {}).items()
    )
    text += ",\n".join(steps) + '\n },\n "answers": {'
    items = []
    for item, cases in manifest["answers"].items():
        rows = [
            f"  {json.dumps(c)}: {json.dumps(o, separators=(',', ':'))}" for c, o in cases.items()
        ]
        items.append(f"\n {json.dumps(item)}: {{\n" + ",\n".join(rows) + "}")
    return (text + ",".join(items) + "\n }\n}\n").encode()


def _equal(one: Answer, other: Answer) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and one.tobytes() == other.tobytes()
    return isinstance(one, frozenset) and one == other
