"""Cache of notebook runs, and of what became of them, keyed by all that they depend on.

An entry holds the frames that came out of the box, as they came. Replayed they go through the same
checks as the first time: text is evidence, and every training run is recomputed and judged anew. So
an entry earns nothing by itself, and a new rubric, new hidden images or new golden answers are no
reason to run a notebook once more.

    entry = frame {"recording": FORM, "key": ..., "at": ...} + frames + sha256 of all before it

Only this user may write in the folder of the entries. One that is damaged, belongs to somebody else
or is a link is passed over. What timed out, died or was lost is not kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np

import grader
from grader.box.cache import cache_folder
from grader.box.job import Job, Script
from grader.box.plan import NOTEBOOK_PACKAGES, STRICT, VISIBLE, Plan
from grader.errors import WireError
from grader.guest import wire
from grader.guest.incoming import Incoming

FORM = 1
MOST = 640 * 1024**2  # bytes of one entry
ALL = 2 * 1024**3  # bytes of all entries; the ones not used for longest go first
DIGEST = hashlib.sha256().digest_size
HERE = Path(__file__).resolve().parent.parent
OURS = (*VISIBLE, "box", "notebooks")
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class CachedRun:
    """One whole entry: an open file, its first frame read, and when the notebook ran."""

    file: IO[bytes]
    ends: int
    at: str

    def messages(self) -> Iterator[wire.Message]:
        """Yield the messages of the notebook, then close the file. Raises WireError."""
        with self.file:
            frames = Incoming(self.file.fileno(), ahead=False)
            while self.file.tell() < self.ends:
                if (message := frames.read()) is not None:
                    yield message


class RunCache:
    """The entries in one folder; `facts` are what runs depend on besides notebook and code."""

    def __init__(self, folder: Path, facts: Sequence[str]) -> None:
        self._folder = folder
        self._facts = tuple(facts)

    def key(self, script: Script, job: Job) -> str:
        """Return the hash of all that the result of a notebook depends on."""
        files = {
            f"{group}:{path}": data
            for group in ("files", "given", "graft")
            for path, data in getattr(job, group).items()
        }
        settings = (
            asdict(script),
            job.package,
            job.load_s,
            job.also,
            sorted(job.conventions.items()),
        )
        names = sorted(files)
        return self.name(json.dumps([settings, names]).encode(), *(files[name] for name in names))

    def name(self, *parts: bytes) -> str:
        """Return the hash of `parts`, and of what all entries depend on."""
        facts = [FORM, self._facts, _ours(), [len(part) for part in parts]]
        digest = hashlib.sha256(json.dumps(facts).encode())
        for part in parts:
            digest.update(part)
        return digest.hexdigest()

    def recall(self, name: str) -> Mapping[str, Any] | None:
        """Return a small answer that was kept, None unless it is whole and ours."""
        entry = self.find(name)
        try:
            messages = [message for message, _ in entry.messages()] if entry else []
        except (OSError, WireError):
            return None
        return messages[0] if messages else None

    def remember(self, name: str, answer: Mapping[str, Any]) -> None:
        """Keep a small answer."""
        if new := self.begin(name):
            new.add(answer, {})
            new.keep()

    def find(self, key: str) -> CachedRun | None:
        """Return the entry for a key; None unless there is one that is whole and ours."""
        if not self._is_ours():
            return None
        try:
            file = os.fdopen(os.open(self._folder / key, _READ), "rb", buffering=0)
        except OSError:
            return None
        try:
            ends, at = _checked(file, key)
        except (OSError, WireError):
            file.close()
            return None
        with suppress(OSError):
            os.utime(file.fileno())
        return CachedRun(file, ends, at)

    def begin(self, key: str) -> RunRecorder | None:
        """Begin an entry; None if nothing can be written."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return RunRecorder(self._folder, key) if self._is_ours() else None
        return None

    def _is_ours(self) -> bool:
        """Return whether nobody else may write in the folder."""
        with suppress(OSError):
            seen = os.lstat(self._folder)
            return stat.S_ISDIR(seen.st_mode) and _mine(seen)
        return False


class RunRecorder:
    """An entry in the making. It is whole, and found, only after `keep`."""

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key = folder, key
        descriptor, name = tempfile.mkstemp(dir=folder, prefix="part-")
        self._file: IO[bytes] | None = os.fdopen(descriptor, "wb")
        self._path = Path(name)
        self._digest = hashlib.sha256()
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.add({"recording": FORM, "key": key, "at": at}, {})

    def add(self, message: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> None:
        """Write one message; if that fails nothing is kept, and all goes on."""
        if self._file is None:
            return
        try:
            frame = wire.pack(message, arrays)
            if self._file.tell() + len(frame) > MOST:
                raise WireError("too long for an entry")
            self._file.write(frame)
            self._digest.update(frame)
        except (OSError, WireError):
            self.drop()

    def keep(self) -> None:
        """End the entry and put it in its place; make room for it."""
        if self._file is None:
            return
        try:
            self._file.write(self._digest.digest())
            self._file.close()
            self._path.replace(self._folder / self._key)
            self._file = None
            _make_room(self._folder)
        except OSError:
            self.drop()

    def drop(self) -> None:
        """Keep nothing."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                self._path.unlink()
        self._file = None


def of_user(plan: Plan, data: Path) -> RunCache | None:
    """Return the user's cache; None if code is not confined: it could write entries itself.

    `data` is the folder of images for the box: the name of its parent identifies them.
    """
    if plan.mode not in STRICT:
        return None
    packages = [f"{name} {version(name)}" for name in ("numpy", *NOTEBOOK_PACKAGES)]
    facts = [
        data.parent.name, plan.outer.name, *plan.inner, grader.__version__, platform.machine(),
        platform.python_version(), *packages,
    ]  # fmt: skip
    return RunCache(cache_folder() / "notebooks", facts)


def _ours() -> str:
    """Return the hash of our code that runs a notebook and reads its messages."""
    digest = hashlib.sha256()
    for name in OURS:
        paths = [HERE / name] if name.endswith(".py") else sorted((HERE / name).rglob("*.py"))
        for path in paths:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _checked(file: IO[bytes], key: str) -> tuple[int, str]:
    """Return where the frames of an entry end and when it was made; leave the file behind its head.

    Raises OSError, or WireError unless it is a whole entry of ours.
    """
    seen = os.fstat(file.fileno())
    if not stat.S_ISREG(seen.st_mode) or not _mine(seen) or not DIGEST < seen.st_size <= 2 * MOST:
        raise WireError("no entry of ours")
    ends = seen.st_size - DIGEST
    digest, left = hashlib.sha256(), ends
    while left:
        part = file.read(min(left, 1 << 20))
        if not part:
            raise WireError("an entry that ends too early")
        digest.update(part)
        left -= len(part)
    if file.read() != digest.digest():
        raise WireError("a damaged entry")
    file.seek(0)
    head = Incoming(file.fileno(), ahead=False).read()
    if head is None or head[0].get("recording") != FORM or head[0].get("key") != key:
        raise WireError("the entry of another notebook")
    return ends, str(head[0].get("at"))[:40]


def _mine(seen: os.stat_result) -> bool:
    return seen.st_uid == os.geteuid() and not seen.st_mode & 0o022


def _make_room(folder: Path) -> None:
    """Take away the entries that were not used for longest, and what was never ended."""
    entries = []
    for path in folder.iterdir():
        with suppress(OSError):
            seen = path.lstat()
            entries.append((seen.st_mtime, seen.st_size, path))
    left = sum(size for _, size, _ in entries)
    yesterday = datetime.now(UTC).timestamp() - 86_400
    for used, size, path in sorted(entries):
        stale = path.name.startswith("part-") and used < yesterday
        if left > ALL or stale:
            with suppress(OSError):
                path.unlink()
                left -= size
