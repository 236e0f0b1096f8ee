"""The golden files: one flat float64 .npy for each item, and a manifest that says what is in it.

Nothing is graded against a file that is missing, changed, or made for other cases: `Golden.read`
and `Golden.check` refuse it by name first.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader import judges
from grader.errors import GoldenError
from grader.rubric import inputs
from grader.types import Arrays, Case

FORMAT = 1
# What JSON of another form than ours ends in.
MISSHAPEN = (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
# What NumPy raises for bytes that are no .npy file; a broken header fails in its tokenizer.
UNREADABLE = (*MISSHAPEN, EOFError, OSError, SyntaxError, tokenize.TokenError, MemoryError)
MAIN = "reference"
MEND = "restore it or run `grade fixtures build`"
Answers = Mapping[str, Mapping[str, np.ndarray]]  # alternative -> output -> array


@dataclass(frozen=True)
class Difference:
    """One array that two sets of fixtures do not share, and by how much they differ."""

    array: str
    message: str


def definition(case: Case, seed: str) -> str:
    """Return the hash of all that determines a case's inputs and its golden answers."""
    key = inputs.case_key(seed, case.id, "", case.public)
    text = json.dumps([case.probe, dict(case.inputs), dict(case.options), key], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Flat:
    """Arrays one behind the other, each once."""

    def __init__(self) -> None:
        self._pieces: list[np.ndarray] = []
        self._known: dict[bytes, int] = {}
        self._size = 0

    def add(self, array: np.ndarray) -> list[Any]:
        """Return [offset, shape] of an array."""
        numbers = array.astype(np.float64).ravel()
        offset = self._known.setdefault(numbers.tobytes(), self._size)
        if offset == self._size:
            self._pieces.append(numbers)
            self._size += numbers.size
        return [offset, list(array.shape)]

    def numbers(self) -> np.ndarray:
        """Return all of them."""
        return np.concatenate([np.zeros(0), *self._pieces])


class Golden:
    """Golden answers by case, read from a folder or made by grader.authoring.fixtures.build."""

    def __init__(self, manifest: Mapping[str, Any], files: Mapping[str, np.ndarray], sha256: str):
        self._manifest = manifest
        self._files = files
        self.sha256 = sha256
        self._expected: dict[tuple[str, ...], tuple[Arrays, ...]] = {}

    @classmethod
    def read(cls, folder: Path, *, as_found: bool = False) -> Golden:
        """Read and verify the fixtures in `folder`. Raises GoldenError that names the file.

        `as_found` takes arrays whose numbers were changed, to say by how much; never to grade.
        """
        path = folder / "manifest.json"
        try:
            text = path.read_bytes()
            manifest = json.loads(text)
            listed, cases = dict(manifest["files"]), dict(manifest["cases"])
        except FileNotFoundError:
            raise GoldenError(f"{path}: is missing; run `grade fixtures build`") from None
        except (OSError, *MISSHAPEN) as error:
            raise GoldenError(f"{path}: cannot be read ({error}); restore it or rebuild") from None
        if (form := manifest.get("format")) != FORMAT:
            raise GoldenError(f"{path}: has format {form!r}; rebuild the fixtures")
        files = {
            name: _read_array(folder / name, None if as_found else str(digest), cases)
            for name, digest in listed.items()
        }
        for name in sorted({p.name for p in folder.glob("*.npy")} - set(files)):
            raise GoldenError(f"{folder / name}: is not in the manifest; remove it or rebuild")
        for case_id, entry in cases.items():
            try:
                _check_entry(entry, files, as_found)
            except MISSHAPEN as error:
                what = f"case {case_id} does not fit its file ({error}); restore it or rebuild"
                raise GoldenError(f"{path}: {what}") from None
        return cls(manifest, files, hashlib.sha256(text).hexdigest())

    @property
    def reference(self) -> str:
        """The hash of the sources that the answers were made from."""
        return str(self._manifest["reference"])

    def check(self, cases: tuple[Case, ...], seed: str) -> None:
        """Raise GoldenError unless every case is here, made from this very definition."""
        for case in cases:
            entry = self._manifest["cases"].get(case.id)
            if entry is None:
                what = "has no golden answers"
            elif entry["definition"] != definition(case, seed):
                what = "has changed since they were built"
            elif lacking := [n for n in case.alternatives if n not in entry["alternatives"]]:
                what = f"has no answers for alternative {lacking[0]}"
            else:
                continue
            raise GoldenError(f"golden: case {case.id} {what}; run `grade fixtures build`")

    def expected(self, case: Case) -> tuple[Arrays, ...]:
        """Return the reference's outputs, then those of each alternative that differ from them.

        A judge that compares with no answer has none.
        """
        if not judges.find(case.judge).golden:
            return ()
        key = (case.id, *case.alternatives)
        if key not in self._expected:
            self._expected[key] = tuple(map(judges.Answer, self.answers(case).values()))
        return self._expected[key]

    def answers(self, case: Case) -> dict[str, Arrays]:
        """Return the outputs of the reference and of each alternative of a case, by name.

        An alternative that gives what one before it gives is left out.
        """
        known = self._manifest["cases"][case.id]["answers"]
        names: dict[str, str] = {}
        for name in (MAIN, *case.alternatives):
            if name in known:
                names.setdefault(_first(known, name), name)
        return {name: self._arrays(case.id, name) for name in names.values()}

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield (case:alternative:output, array) of everything that is stored."""
        for case_id, entry in self._manifest["cases"].items():
            for alternative in entry["answers"]:
                for output, array in self._arrays(case_id, alternative).items():
                    yield f"{case_id}:{alternative}:{output}", array

    def differences(self, other: Golden) -> list[Difference]:
        """Return every array that `other` lacks, adds, or holds with other bytes."""
        mine, theirs = dict(self.arrays()), dict(other.arrays())
        found = []
        for name in [*mine, *(n for n in theirs if n not in mine)]:
            if name not in theirs or name not in mine:
                found.append(Difference(name, "is new" if name in theirs else "is gone"))
            elif mine[name].shape != theirs[name].shape:
                found.append(Difference(name, f"shape {mine[name].shape} -> {theirs[name].shape}"))
            elif mine[name].tobytes() != theirs[name].tobytes():
                worst = float(np.max(np.abs(mine[name] - theirs[name])))
                scale = float(np.max(np.abs(mine[name]))) or 1.0
                says = f"differs by up to {worst:.3g} ({worst / scale:.3g} of its largest value)"
                found.append(Difference(name, says))
        return found + self._other_definitions(other)

    def _other_definitions(self, other: Golden) -> list[Difference]:
        """Return the cases whose arrays may be equal but which `check` would refuse."""
        mine, theirs = self._manifest["cases"], other._manifest["cases"]
        keys = ("definition", "alternatives", "tolerance", "seed")
        return [
            Difference(name, f"its {key} has changed")
            for name in mine
            if name in theirs
            for key in keys
            if mine[name][key] != theirs[name][key]
        ]

    def _arrays(self, case_id: str, alternative: str) -> dict[str, np.ndarray]:
        entry = self._manifest["cases"][case_id]
        flat, known = self._files[entry["file"]], entry["answers"]
        return {
            output: _piece(flat, row).reshape(row["shape"])
            for output, row in known[_first(known, alternative)].items()
        }


def write(folder: Path, manifest: Mapping[str, Any], files: Mapping[str, np.ndarray]) -> None:
    """Write fixtures; the manifest last, so that a broken write is noticed and never used."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, flat in files.items():
        (folder / name).write_bytes(npy_bytes(flat))
    for stale in folder.glob("*.npy"):
        if stale.name not in files:
            stale.unlink()
    (folder / "manifest.json").write_bytes(manifest_bytes(manifest))


def npy_bytes(flat: np.ndarray) -> bytes:
    """Return the bytes of a .npy file; the same on every platform."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, flat, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return the manifest as stable JSON, one case a line, so that a diff can be read."""
    head = {key: value for key, value in manifest.items() if key != "cases"}
    text = json.dumps(head, indent=1)[:-2] + ',\n "cases": {\n'
    rows = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in manifest["cases"].items()]
    return (text + ",\n".join(rows) + "\n }\n}\n").encode()


def _read_array(path: Path, digest: str | None, cases: Mapping[str, Any]) -> np.ndarray:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GoldenError(f"{path}: cannot be read ({error.strerror}); {MEND}") from None
    if digest is None or hashlib.sha256(data).hexdigest() == digest:
        try:
            return np.asarray(np.load(io.BytesIO(data), allow_pickle=False))
        except UNREADABLE as error:
            raise GoldenError(f"{path}: is no array ({error}); restore it or rebuild") from None
    changed = _changed_arrays(path.name, data, cases)
    what = f" ({', '.join(changed[:3])})" if changed else ""
    raise GoldenError(f"{path}: is not the file that was built{what}; {MEND}")


def _check_entry(entry: Any, files: Mapping[str, np.ndarray], as_found: bool) -> None:
    """Raise ValueError where a row of the manifest does not find the array that it promises."""
    flat = files[entry["file"]]
    for name in entry["answers"]:
        for row in entry["answers"][_first(entry["answers"], name)].values():
            piece = _piece(flat, row)
            is_other = _is_changed(piece, row) and not as_found
            if piece.size != math.prod(row["shape"]) or piece.dtype != np.float64 or is_other:
                raise ValueError("another array than was built")


def _piece(flat: np.ndarray, row: Any) -> np.ndarray:
    """Return the numbers of an array, as far as they are there; `row` says where it lies."""
    return flat[row["offset"] : row["offset"] + math.prod(row["shape"])]


def _is_changed(piece: np.ndarray, row: Any) -> bool:
    return bool(hashlib.sha256(piece.tobytes()).hexdigest() != row["sha256"])


def _first(answers: Mapping[str, Any], alternative: str) -> str:
    """Return the alternative that has the arrays of this one: itself, or one that equals it."""
    row = answers[alternative]
    return row if isinstance(row, str) else alternative


def _changed_arrays(name: str, data: bytes, cases: Mapping[str, Any]) -> list[str]:
    """Return which arrays of a changed file no longer have their hash, as far as it can be read."""
    try:
        flat = np.load(io.BytesIO(data), allow_pickle=False)
    except UNREADABLE:
        return []
    return [
        f"{case_id}:{alternative}:{output}"
        for case_id, entry in cases.items()
        for alternative, outputs in (entry["answers"].items() if entry["file"] == name else ())
        for output, row in (() if isinstance(outputs, str) else outputs.items())
        if _is_changed(_piece(flat, row), row)
    ]
