"""What is kept of the standard library while it can still be read."""

from __future__ import annotations

import os
from pathlib import Path

from grader.guest import library


def test_a_link_that_leads_out_of_the_box_is_passed_over(tmp_path: Path) -> None:
    """Debian's own Python has sitecustomize.py as a link into /etc."""
    (tmp_path / "of_a_test.py").write_text("x = 1\n")
    os.symlink("/etc/nowhere/sitecustomize.py", tmp_path / "of_a_link.py")
    os.symlink("/etc/nowhere", tmp_path / "of_a_folder")
    assert [name for name, _ in library._read(str(tmp_path), "")] == ["of_a_test"]
