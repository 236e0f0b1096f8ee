"""No channel from one submission to the next: what one did shows nowhere in another.

Each way is tried in every box, by what student code itself can do there; what each call does with
and without the filter is in tests/test_guest/confinement/test_seccomp.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.guest import library
from grader.types import Report
from tests.support import boxes, handed_in, hostile
from tests.support.assignments import asking

# What the worker reads, what it was imported from, and what everybody reads.
TRIES = """
import ctypes as _ctypes, fcntl as _fcntl, mmap as _mmap, os as _os, sys as _sys, time as _time

_libc = _ctypes.CDLL(None, use_errno=True)
_WATCHED = [np.__file__, _os.__file__, _sys.executable, "/usr/lib", "/lib", "/tmp", "/etc", "/dev"]
_READ = [np.__file__, _os.__file__, _sys.executable, "/etc/ld.so.cache", "/usr/lib", "/proc/stat",
         "/proc/self/stat", "/proc/self/io", "/proc/meminfo", "/proc/locks", "/proc/loadavg",
         "/proc/self/pagemap", "/proc/self/smaps", "/sys/kernel/mm", *{libraries!r}]
_PARENT = _os.getppid()


def _through(action):
    try:
        return action() != -1
    except OSError:
        return False


def relu_forward(x):
    through = [path for path in _READ if _through(lambda: _os.open(path, _os.O_RDONLY))]
    through += [path for path in _READ if _through(lambda: _os.open(path, _os.O_RDONLY | 0x40000))]
    watch = _libc.inotify_init1(0)
    for path in _WATCHED:
        if _libc.inotify_add_watch(watch, path.encode(), 0xFFF) != -1:
            through.append("watch " + path)
    _os.close(watch)
    # The only files that can be opened: whatever can be done to them, a neighbour can see.
    file = _os.open("/dev/null", _os.O_RDWR)
    zero = _os.open("/dev/zero", _os.O_RDONLY)
    room = _mmap.mmap(-1, 8192)
    place = _ctypes.c_void_p(_ctypes.addressof(_ctypes.c_char.from_buffer(room)))
    actions = {{
        "flock": lambda: _fcntl.flock(file, _fcntl.LOCK_EX | _fcntl.LOCK_NB),
        "lockf": lambda: _fcntl.lockf(file, _fcntl.LOCK_EX | _fcntl.LOCK_NB),
        "lock of a file": lambda: _fcntl.fcntl(file, 37, bytes(32)),
        "lease": lambda: _fcntl.fcntl(file, 1025),
        "preadv2": lambda: _os.preadv(zero, [bytearray(4)], 0, 8),
        "fadvise": lambda: _os.posix_fadvise(zero, 0, 0, 4),
        "mincore": lambda: _libc.mincore(place, 4096, bytes(8)),
        "mlock": lambda: _libc.mlock(place, 4096),
        "merge": lambda: _libc.madvise(place, 4096, 12),
        "page out": lambda: _libc.madvise(place, 4096, 21),
        "sysinfo": lambda: _libc.sysinfo(_ctypes.create_string_buffer(256)),
        "statvfs": lambda: _os.statvfs("/"),
        "clock of the parent": lambda: _time.clock_gettime((~_PARENT << 3) | 2),
        "its priority": lambda: _os.getpriority(_os.PRIO_PROCESS, _PARENT),
        "its processors": lambda: _os.sched_getaffinity(_PARENT),
    }}
    through += [name for name, action in actions.items() if _through(action)]
    _os.close(file), _os.close(zero)
    assert not through, f"got through: {{', '.join(reversed(through))}}"[:480]
    return np.maximum(0, x), x
"""


def graded(code: str, assignment: Assignment, worker: Worker) -> Report:
    return grade_one(hostile.of_code("channels", code), assignment, worker)


def mapped() -> list[str]:
    """Return the libraries that a Python with NumPy has mapped."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sorted({line.split()[-1] for line in lines if ".so" in line})[:40]


@pytest.mark.parametrize("mode", boxes.MODES)
def test_code_finds_no_channel(mode: str, assignments: dict[str, Assignment]) -> None:
    code = TRIES.format(libraries=mapped())
    assignment = asking(assignments["cs231n-a2"], "relu_forward")
    with Worker(boxes.plan(mode)) as worker:
        report = graded(code, assignment, worker)
        says = [fault.message for item in report.items for fault in item.faults]
        assert report.score.earned == report.score.possible, says[:2]
    if mode == "landlock":
        with Worker(boxes.plan("none")) as worker:
            report = graded(code, assignment, worker)
        says = [
            f.message for item in report.items for f in item.faults if "got through" in f.message
        ]
        for name in ("watch /lib", "flock", "mincore", "sysinfo", "clock of the parent"):
            assert name in says[0], f"{name} is no channel without a box, so it proves nothing"


def test_what_was_warmed_shows_no_trace_of_a_reader(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "file"
    file.parent.mkdir()
    file.write_bytes(os.urandom(1 << 20))
    descriptor = os.open(file, os.O_RDWR)
    os.utime(file, (1, 1))
    os.fsync(descriptor)

    def resident() -> int:
        """Count the pages that are in memory; one that is not cannot be had without waiting."""
        found = 0
        for at in range(0, 1 << 20, 4096):
            try:
                found += os.preadv(descriptor, [bytearray(4096)], at, os.RWF_NOWAIT) == 4096
            except BlockingIOError:
                pass
        return found

    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    if resident() > 16:
        pytest.skip("NOT TESTED: this file system keeps its pages, so there is no trace")
    library.warm([str(tmp_path), str(tmp_path / "absent"), "/dev/zero"])
    os.pread(descriptor, 1, (1 << 20) - 1)  # reading ahead is done when the last page is there
    assert resident() == 256
    os.close(descriptor)


def test_the_reference_is_right_from_memory_alone(assignments: dict[str, Assignment]) -> None:
    """The standard library and NumPy are imported without a file."""
    imports = "import argparse, html.parser, logging.handlers, unittest, xml.dom.minidom\n"
    imports += "import numpy.polynomial, numpy.testing, multiprocessing, decimal, hashlib, csv\n"
    with Worker(boxes.plan("landlock")) as worker:
        for submission in (handed_in.reference(), hostile.of_code("imports", imports)):
            report = grade_one(submission, assignments["cs231n-a2"], worker)
            assert report.score.earned == report.score.possible
