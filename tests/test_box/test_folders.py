"""Temporary folders: they end with their process, and a killed one's with the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.box import folders
from grader.errors import GraderFault

MAKES = "import tempfile"
HOLDER = """
import sys, time
from pathlib import Path
from grader.box.folders import Folder
with Folder(Path(sys.argv[1])) as folder:
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_text("x")
    print(folder.name, flush=True)
    time.sleep(60)
"""


def holder(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """Return a process that holds a folder in `place`, and the folder."""
    found = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)], stdout=subprocess.PIPE, text=True
    )
    assert found.stdout
    return found, place / found.stdout.readline().strip()


def test_what_a_killed_process_left_goes_with_the_next_and_what_lives_stays(
    tmp_path: Path,
) -> None:
    killed, left = holder(tmp_path)
    alive, kept = holder(tmp_path)
    killed.kill()
    killed.communicate()
    assert (left / "deep" / "file").exists()
    with folders.Folder(tmp_path) as new:
        assert {path for path in tmp_path.iterdir()} == {kept, new}
        assert (kept / "deep" / "file").exists()
    alive.kill()
    alive.communicate()
    folders.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_keeps_the_folder_of_a_process_that_cannot_be_seen(tmp_path: Path) -> None:
    """A container has numbers of its own for its processes."""
    alive, kept = holder(tmp_path)
    elsewhere = kept.rename(tmp_path / f"backgrade-{2**22 + 1}-77-abcdefgh")
    folders.sweep(tmp_path)
    assert (elsewhere / "deep" / "file").exists()
    alive.kill()
    alive.communicate()
    folders.sweep(tmp_path)
    assert not elsewhere.exists()


@pytest.mark.parametrize("what", ["another name", "a file", "a link", "another user's"])
def test_what_is_not_ours_is_not_touched(what: str, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("x")
    place = tmp_path / "tmp"
    place.mkdir()
    dead = place / f"backgrade-{2**22 + 1}-77-abcdefgh"
    if what == "a link":
        dead.symlink_to(precious)
    elif what == "a file":
        dead.write_text("x")
    elif what == "another name":
        dead = place / "backgrade-notes-77"
        dead.mkdir()
    else:
        if os.geteuid() != 0:
            pytest.skip("only root can give a folder away")
        dead.mkdir()
        os.chown(dead, 65_533, 65_533)
    folders.sweep(place)
    assert os.path.lexists(dead) and (precious / "file").exists()


def test_a_place_without_room_is_named(tmp_path: Path) -> None:
    with pytest.raises(GraderFault, match="gone: nothing can be written there .*set TMPDIR"):
        folders.Folder(tmp_path / "gone")


def test_every_temporary_file_is_made_in_one_place() -> None:
    """Elsewhere its name would say nothing, and nobody would take it away."""
    root = Path(folders.__file__).parents[1]
    makers = {p.relative_to(root).as_posix() for p in root.rglob("*.py") if MAKES in p.read_text()}
    # The second makes files that lie beside what they become, in a folder that is looked through.
    assert makers == {"box/folders.py", "notebooks/run_cache.py"}
