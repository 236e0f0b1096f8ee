"""What notebooks write is bounded for all of them: by a mount of our own, or by a watch."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell

from grader.box.plan import choose
from grader.box.worker import Worker
from grader.guest import scratch
from grader.notebooks import execute
from tests.support import boxes, handed_in, users
from tests.test_notebooks.test_nbclient import ran

MOUNT = """
import os, sys
from grader.guest import scratch
folder = sys.argv[1]
os.chmod(folder, 0o777) if os.geteuid() == 0 else None
print(scratch.own(folder, os.geteuid()))
opened = []
def fill():
    for number in range(20_000):
        open(f"{folder}/{number}", "w").close()
def write():
    with open(folder + "/large", "wb") as file:
        for _ in range(200):
            file.write(bytes(1 << 20))
for each in (write, fill):
    try:
        each()
    except OSError as error:
        print(error.strerror)
    for name in os.listdir(folder):
        os.remove(f"{folder}/{name}")
caps = next(line for line in open("/proc/self/status") if line.startswith("CapEff"))
print(int(caps.split()[1], 16) > 0 and os.geteuid() != 0, os.geteuid())
"""


@pytest.mark.parametrize("who", ["root", "ordinary"])
def test_the_kernel_bounds_a_mount_of_our_own(who: str, tmp_path: Path) -> None:
    try:
        become = [] if who == "root" else users.ordinary()
    except users.NotTested as why:
        pytest.skip(str(why))
    if who == "root" and os.geteuid() != 0:
        pytest.skip("NOT TESTED as root: the tests run as an ordinary user")
    folder = tmp_path / "scratch"
    folder.mkdir()
    for above in (tmp_path, *tmp_path.parents[:3]):  # the last one is of a parallel run
        above.chmod(above.stat().st_mode | 0o055)
    folder.chmod(0o777)
    said = subprocess.run(
        [*become, sys.executable, "-c", MOUNT, str(folder)],
        cwd=handed_in.ROOT, text=True, capture_output=True, timeout=60,
    )  # fmt: skip
    own, *bounds, last = said.stdout.splitlines() or [said.stderr]
    if own == "False":
        pytest.skip("NOT TESTED: this user may mount nothing here, so what it writes is watched")
    assert own == "True", said.stderr
    assert bounds == ["No space left on device"] * 2
    assert last == f"False {0 if who == 'root' else users.ORDINARY}" or os.geteuid() != 0
    assert os.listdir(folder) == [], "it shows outside"


def test_a_watch_counts_bytes_and_files_and_what_it_cannot_look_into(tmp_path: Path) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file").write_bytes(bytes(1 << 20))
    assert not scratch.Watch(str(tmp_path)).is_full()
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 40)
    assert not scratch.Watch(str(tmp_path)).is_full()
    os.posix_fallocate(os.open(tmp_path / "some" / "large", os.O_CREAT | os.O_RDWR), 0, 65 << 20)
    assert scratch.Watch(str(tmp_path)).is_full()
    os.truncate(tmp_path / "some" / "large", 0)
    for number in range(scratch.FILES):
        (tmp_path / "some" / str(number)).touch()
    watch = scratch.Watch(str(tmp_path))
    assert watch.is_full() and not watch.is_full()  # it looks now and then


FILLS = {
    "files": """
import os
os.makedirs('a/b')
for n in range(10**7):
    open(f'a/b/{n}', 'w').close()""",
    "bytes": """
for n in range(10**7):
    with open(str(n), 'wb') as f:
        f.write(bytes(10**7))""",
    "files that are gone": """
import os
kept = []
for n in range(200):
    kept.append(open('x', 'wb'))
    kept[-1].write(bytes(10**7))
    kept[-1].flush()
    os.remove('x')""",
}
MODES = (*boxes.MODES[:2], "watched")


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("what", FILLS)
@pytest.mark.parametrize("mode", MODES)
def test_a_notebook_that_fills_the_disk_is_stopped_with_a_sentence(
    mode: str, what: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = choose("landlock" if mode == "watched" else mode)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with execute.workspace(plan) as roomy, Worker(roomy) as worker:
        assert roomy.workspace is not None
        if mode == "watched":
            monkeypatch.setattr("grader.box.plan.Plan.scratch", "")
        book = ran(worker, [new_code_cell(FILLS[what])])
        (cell,) = book.cells
        if mode == "landlock":
            assert os.listdir(roomy.workspace.folder) == [], "the host's disk was written to"
        on_disk, files = scratch._below(roomy.workspace.folder)
        assert on_disk < 600 << 20 and files < 60_000
    if cell.outcome == "failed":  # by the kernel
        assert cell.raised and cell.raised.type == "OSError"
        assert "No space left" in cell.raised.message or "Too many open" in cell.raised.message
    else:
        assert (cell.outcome, book.status) == ("died", "error")
        assert "wrote more than notebooks may: 64 MB, 8,192 files" in book.message
