"""What the page of a class needs of a result beyond its row: read from its archive once, and kept.

A result never changes, so neither do these.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from grader.course import archive
from grader.course.store import THESE, Store
from grader.files import RESULT

Run = tuple[int, int, int, str, str, float, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one result: the parts that each wrong case cost, what is said of causes, and its runs.

    `parts` is case -> parts. `says` is item -> the sentence of its cause that the student read, and
    whether it is certain. A run is (layers, images, epochs, update rule, normalization, dropout's
    keep ratio, training and validation accuracy as computed again).
    """

    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    says: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()


class Kept:
    """The facts of results by key: what is not kept yet is read, and kept.

    Many students have the very same ones, which are one record.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store = folder, store
        self._read = lru_cache(4096)(_read)

    def of(self, keys: Iterable[str]) -> dict[str, Facts]:
        """Return the facts of some results."""
        wanted = sorted(set(keys))
        asked = f"SELECT key, facts FROM facts WHERE key {THESE}"
        texts = dict(self._store.rows(asked, [json.dumps(wanted)]))
        new = dict(_new(self._folder, [key for key in wanted if key not in texts]))
        if new:
            with self._store.writing():
                self._store.run("INSERT OR REPLACE INTO facts VALUES (?,?)", new.items())
        return {key: self._read(text) for key, text in (texts | new).items()}


def result_of(folder: Path, key: str) -> dict[str, Any]:
    """Return result.json of a key; empty where its archive is not there, or damaged."""
    try:
        data = archive.place_of(folder, key).read_bytes()
        with zipfile.ZipFile(io.BytesIO(data)) as files:
            if files.getinfo(RESULT).file_size > archive.LARGEST:
                return {}
            found = json.loads(files.read(RESULT))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, RecursionError):
        return {}
    return found if isinstance(found, dict) and "items" in found else {}


def _new(folder: Path, keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    for key in keys:
        if found := result_of(folder, key):
            yield key, json.dumps(asdict(of_result(found)), separators=(",", ":"))


def of_result(result: Mapping[str, Any]) -> Facts:
    """Return the facts of a result.json."""
    parts: dict[str, set[str]] = {}
    for item in result["items"]:
        for fault in item["faults"]:
            parts.setdefault(fault["case"], set()).add(fault["part"])
    return Facts(
        parts={case: tuple(sorted(found)) for case, found in parts.items()},
        says={
            item["id"]: (item["cause"]["says"], item["cause"]["certain"])
            for item in result["items"]
            if item["cause"]
        },
        runs=tuple(_run(run) for book in result.get("notebooks", ()) for run in book["runs"]),
    )


def _run(run: Mapping[str, Any]) -> Run:
    return (
        len(run["net"]) - 1, run["train"], run["epochs"], run["update_rule"],
        run["normalization"] or "none", run["dropout_keep_ratio"] or 1.0,
        run["recomputed_train_accuracy"], run["recomputed_val_accuracy"],
    )  # fmt: skip


def _read(text: str) -> Facts:
    found = json.loads(text)
    parts = {case: tuple(each) for case, each in found["parts"].items()}
    says = {item: (str(text), bool(certain)) for item, (text, certain) in found["says"].items()}
    return Facts(parts, says, tuple(tuple(run) for run in found["runs"]))
