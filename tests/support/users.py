"""An ordinary user, for whom the box cannot change the uid, whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ORDINARY = 1000
# As root, make a Python under a closed home visible to others: in a mount namespace of its own.
VIEW = """
base=$1; top=$2; shift 2
mount --bind "$base" /mnt && mount -t tmpfs tmpfs "$top" && chmod 755 "$top" &&
mkdir -p "$base" && mount --move /mnt "$base" && exec "$@"
"""


class NotTested(Exception):
    """Why nothing can be run as an ordinary user here."""


def ordinary(uid: int = ORDINARY) -> list[str]:
    """Return words in front of a command that make it run as this user. Raises NotTested."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        raise NotTested("NOT TESTED as an ordinary user: there is no setpriv")
    drop = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--"]
    base = os.path.realpath(sys.base_prefix)
    closed = [p for p in (Path(base), *Path(base).parents) if not p.stat().st_mode & 0o001]
    if not closed:
        return drop
    view = ["unshare", "--mount", "sh", "-c", VIEW, "sh", base, str(closed[-1]), *drop]
    if subprocess.run([*view, sys.executable, "-c", ""], capture_output=True).returncode:
        raise NotTested(
            f"NOT TESTED as an ordinary user: {closed[-1]} is closed and cannot be shown"
        )
    return view
