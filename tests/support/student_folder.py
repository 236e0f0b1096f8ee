"""A student's folder as `grade release` makes it, and commands run in it."""

from __future__ import annotations

import functools
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader import resources
from grader.guest import wire
from grader.release import bundle

NAME = "cs231n-a2"
FRAME = Path(".selfcheck", "public.frame")


@functools.cache
def source() -> bundle.ReleaseInputs:
    """Return what the shipped assignment is released from."""
    return bundle.ReleaseInputs(resources.assignment(resources.DEFAULT_RUBRIC), resources.home())


@functools.cache
def student_zip() -> bytes:
    """Return student.zip as it is released; made once for all tests of a process."""
    return bundle.student_zip(source())


def unpacked(folder: Path) -> Path:
    """Unpack student.zip; return the student's folder."""
    with zipfile.ZipFile(io.BytesIO(student_zip())) as archive:
        archive.extractall(folder)
    return folder / NAME


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a submission into a student's folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def write_function(folder: Path, name: str, body: str, file: str = "layers.py") -> None:
    """Write one function of the template: its stub becomes `body`."""
    path = folder / "cs231n" / file
    stub = f'raise NotImplementedError("{name}: write this")'
    text = path.read_text(encoding="utf-8")
    assert text.count(stub) == 1, name
    path.write_text(text.replace(stub, body), encoding="utf-8")


def limited(folder: Path, case_s: float = 5.0, only: Collection[str] = ()) -> None:
    """Give each case so many seconds, and leave out code but `only`: tests are to be short."""
    path = folder / FRAME
    data, size = path.read_bytes(), wire.PREFIX.size
    start = size + wire.lengths(data[:size])[0]
    say, arrays = wire.unpack(data[size:start], data[start:])
    table = say["table"]
    table["limits"]["case_s"] = case_s
    if only:
        table["items"] = [i for i in table["items"] if i["kind"] != "code" or i["id"] in only]
    path.write_bytes(wire.pack(say, arrays))


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> dict[str, str]:
        """The line of each item: name -> "ok 3 of 3 right"."""
        found = {}
        for line in self.out.splitlines():
            words = line.split()
            if len(words) > 2 and words[0] in ("ok", "no", "-", "..") and line.startswith("  "):
                found[words[1]] = " ".join([words[0], *words[2:]])
        return found


def run(folder: Path, *arguments: str, python: str = sys.executable, **environment: str) -> Done:
    """Run `python ...` in a student's folder, in an environment without a checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "BACKGRADE"))}
    process = subprocess.Popen(
        [python, *arguments], cwd=folder, text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        env={**kept, "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip
    out, err = process.communicate(timeout=120)
    return Done(process.returncode, out, err)


def cpu_s(folder: Path, *arguments: str) -> float:
    """Return the processor seconds of a command and all that it starts."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True
    )
    return float(done.stdout)
