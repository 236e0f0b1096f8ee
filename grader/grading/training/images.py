"""The images that training is judged on: those of the notebooks, and a hidden split.

They lie in files of a cache folder and are read a batch at a time, so that the process which grades
stays small. The hidden images follow from the rubric's secret seed and never enter the box.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np

from grader.box.cache import cache_folder
from grader.box.folders import Folder
from grader.errors import GraderFault, UsageError
from grader.rubric.records import ImageProfile

Split = Literal["training", "validation", "hidden"]
BATCH = 1000  # 12 MB: fewer at once, and a pass through a net waits for memory
FEW, READY = 1000, 3  # images of a set that is kept, 12 MB; sets: what states of runs are tried on
PIXELS = 3 * 32 * 32
CLASSES = 10
FULL = 100_000  # bytes that are left of a disk: what was to be written is larger
FORM = 3  # part of the cache folder's name: raise it when the files change


class Images:
    """The images of one profile, made or read when they are first asked for.

    `package` is the folder of handed-out modules (student_template/cs231n); `data_dir` holds real
    CIFAR-10, None stands for made-up images; `secret` is the rubric's seed.
    """

    def __init__(
        self, profile: ImageProfile, secret: str, package: Path, data_dir: Path | None = None
    ) -> None:
        self.profile = profile
        self.real = data_dir is not None
        digest = hashlib.sha256(f"hidden images {secret}".encode()).digest()
        self._asked = {
            **{name: value for name, value in asdict(profile).items() if name != "scale"},
            "package": str(package),
            "data_dir": str(data_dir) if data_dir else None,
            "hidden_seed": int.from_bytes(digest[:4], "big"),
        }
        self._temporary: Folder | None = None
        self._small: dict[str, np.ndarray] = {}
        self._begins: dict[Split, int] = {}
        self._ready: dict[tuple[str, bytes], list[tuple[np.ndarray, np.ndarray]]] = {}

    def count(self, split: Split) -> int:
        """Return how many images a split has. Real data may have fewer hidden ones than asked."""
        return len(self.labels(split))

    def labels(self, split: Split) -> np.ndarray:
        """Return the right classes of a split, int64, shape (N,)."""
        return self._array(f"{split}_labels")

    def batches(self, split: Split, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (images, labels) for these rows, BATCH at a time.

        Images are float32, shape (n, 3072), the mean training image taken away, as the notebooks
        have them. They are kept for the next time, if they are few.
        """
        if len(rows) > FEW:
            yield from self._read(split, rows)
            return
        key = (split, rows.tobytes())
        if key not in self._ready:
            self._ready[key] = list(self._read(split, rows))
            while len(self._ready) > READY:
                del self._ready[next(iter(self._ready))]
        yield from self._ready[key]

    def _read(self, split: Split, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        labels, mean = self.labels(split), self._array("mean").reshape(PIXELS).astype(np.float32)
        for start in range(0, len(rows), BATCH):
            chosen = rows[start : start + BATCH]
            pixels = self.pixels(split, chosen).astype(np.float32)
            pixels -= mean
            yield pixels, labels[chosen]

    def pixels(self, split: Split, rows: np.ndarray) -> np.ndarray:
        """Return images as they are stored: uint8, shape (n, 3072).

        They are read, not mapped: of a mapped file the pages around count as our memory as well.
        """
        first = self._first(split)
        found = np.empty((len(rows), PIXELS), np.uint8)
        path = self._folder / f"{split}.npy"
        with path.open("rb", buffering=0) as file:
            for image, row in zip(found, np.asarray(rows).tolist()):
                file.seek(first + row * PIXELS)
                if file.readinto(image.data) != PIXELS:
                    raise GraderFault(f"{path}: has no image {row}; delete its folder")
        return found

    def _first(self, split: Split) -> int:
        """Return at which byte of its file the first image of a split lies."""
        if split not in self._begins:
            stored = self._open(split)
            if stored.dtype != np.uint8 or stored.size != self.count(split) * PIXELS:
                raise GraderFault(f"{self._folder}/{split}.npy: holds no images; delete its folder")
            self._begins[split] = int(getattr(stored, "offset", 0))
        return self._begins[split]

    @property
    def mean(self) -> np.ndarray:
        """The mean training image, float64, shape (3072,)."""
        return self._array("mean").reshape(PIXELS)

    def for_the_box(self) -> tuple[Path, str]:
        """Return the folder of all images that a student has, and the variable that names it."""
        return self._folder / "box", "BACKGRADE_DATA" if self.real else "XDG_CACHE_HOME"

    def _array(self, name: str) -> np.ndarray:
        if name not in self._small:
            self._small[name] = np.array(self._open(name))
        return self._small[name]

    def _open(self, name: str) -> np.ndarray:
        path = self._folder / f"{name}.npy"
        try:
            array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise GraderFault(f"{path}: cannot be read ({error}); delete its folder") from None
        return array

    @functools.cached_property
    def name(self) -> str:
        """The hash of all that the images depend on."""
        asked = {key: value for key, value in self._asked.items() if key != "package"}
        digest = hashlib.sha256(json.dumps([FORM, asked, self._source()]).encode())
        return digest.hexdigest()[:32]

    @functools.cached_property
    def _folder(self) -> Path:
        """Return the folder with the files, made if it is not there yet."""
        parent, name = cache_folder(), self.name
        if (parent / name).is_dir():
            return parent / name
        try:
            parent.mkdir(parents=True, exist_ok=True)
            self._temporary = Folder(parent)
        except (OSError, GraderFault):  # no cache folder: it takes a few seconds again next time
            self._temporary = Folder()
            parent = self._temporary.path
        made = self._temporary.path / "images"
        made.mkdir()
        self._make(made)
        try:
            return made.rename(parent / name)
        except OSError:  # another process was first
            return parent / name

    def _source(self) -> list[str]:
        """Return what the images depend on: our generator, or the files of CIFAR-10 as they are."""
        if self._asked["data_dir"] is None:
            sources = sorted(Path(str(self._asked["package"])).glob("synthetic.py"))
            return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sources]
        files = sorted(Path(str(self._asked["data_dir"])).rglob("*_batch*"))
        return [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]

    def _make(self, into: Path) -> None:
        here = Path(__file__).resolve().parents[3]
        done = subprocess.run(
            [sys.executable, "-B", "-P", "-m", "grader.grading.training.prepare_images"],
            input=json.dumps({**self._asked, "into": str(into)}),
            env={**os.environ, "PYTHONPATH": str(here)}, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            if shutil.disk_usage(into).free < FULL:
                raise GraderFault(
                    f"{into.parents[1]}: the disk is full; make room, or set XDG_CACHE_HOME and "
                    "TMPDIR to folders with room"
                )
            output = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            if self.real:
                raise UsageError(f"--data: {output[0]}")
            raise GraderFault(f"images: could not be made ({output[0]}); restore student_template/")
