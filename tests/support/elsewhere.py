"""Run `grade` as if this were macOS or Windows: python -m tests.support.elsewhere PLATFORM.

The commands are a JSON list of argument lists; what each came to is printed as a JSON list.
Python's own modules and the libraries are loaded before the system changes its name, for they are
not what is tried. Then what such a system lacks is taken away, and so is every way to start a
process: nothing here may run student code.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import select
import signal
import subprocess
import sys
from typing import Any

LIBRARIES = (
    "numpy numpy.testing typer rich.console rich.padding rich.status rich.table rich.text pydantic "
    "jinja2 markdown_it nh3 asyncio multiprocessing socket tempfile zipfile xml.etree.ElementTree "
    "concurrent.futures tomllib platform http.client urllib.request unittest.mock ctypes difflib "
    "pydantic.type_adapter email.message numpy.lib.format numpy.ma"
).split()
POSIX = "fcntl resource pwd grp termios pty tty syslog posix _posixsubprocess readline".split()
LINUX_OS = (
    "sched_getaffinity sched_setaffinity memfd_create pidfd_open O_PATH O_TMPFILE sendfile "
    "copy_file_range posix_fallocate eventfd splice getrandom unshare setns prlimit"
).split()
POSIX_OS = (
    "fork forkpty getuid geteuid getgid getegid getgroups setuid setgid setgroups setreuid "
    "setresuid setsid getsid killpg getpgid getpgrp setpgid nice uname chown lchown fchown chroot "
    "mkfifo mknod WNOHANG wait3 wait4 waitid posix_spawn openpty ttyname statvfs sysconf sync "
    "pread pwrite O_NOFOLLOW O_NONBLOCK O_NOCTTY O_CLOEXEC O_DIRECTORY getloadavg set_blocking"
).split()
POSIX_SIGNALS = (
    "SIGKILL SIGALRM SIGXCPU SIGSTOP SIGCONT SIGHUP SIGQUIT SIGCHLD SIGPIPE SIGUSR1 alarm "
    "setitimer pthread_sigmask sigwait"
).split()
LACKS: dict[str, tuple[list[str], list[tuple[Any, list[str]]]]] = {
    "darwin": ([], [(os, LINUX_OS), (select, ["epoll"])]),
    "win32": (
        POSIX,
        [(os, LINUX_OS + POSIX_OS), (signal, POSIX_SIGNALS), (select, ["poll", "epoll"])],
    ),
}


def become(system: str) -> None:
    """Take away from Python what it has not got on `system`."""
    for name in LIBRARIES:
        importlib.import_module(name)
    modules, attributes = LACKS[system]
    sys.platform = system
    for name in modules:
        sys.modules[name] = None  # type: ignore[assignment]  # importing it fails from now on
    for owner, names in attributes:
        for name in names:
            if hasattr(owner, name):
                delattr(owner, name)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    subprocess.Popen.__init__ = refuse  # type: ignore[method-assign,assignment]
    os.system = refuse  # type: ignore[assignment]


def run(arguments: list[str]) -> dict[str, Any]:
    """Run one command; return its exit code and what it printed."""
    from grader import cli

    out, err = (
        io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="\r\n", write_through=True)
        for _ in "12"
    )  # as a console of Windows
    said = {"out": out, "err": err}
    sys.argv = ["grade", *arguments]
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
    return {"code": code or 0, **{name: _text(stream) for name, stream in said.items()}}


def compare_once() -> None:
    """Let `fixtures verify`, `lint` and `release` share one comparison of the golden answers, the
    longest of what they do and the same for each.

    Those of usual mistakes are taken as they are stored in a short run: they are made by the same
    probes, and again by tests/test_diagnosis/test_misconceptions.py.
    """
    import numpy as np

    from grader import resources
    from grader.authoring.fixtures import build, misconception_answers

    found, differences = [], build.differences

    def stored(*_: Any) -> Any:
        folder = resources.home() / "reference" / "golden" / "wrong"
        return json.loads((folder / "manifest.json").read_bytes()), np.load(folder / "answers.npy")

    def first(*given: Any) -> Any:
        if not found:
            found.append(differences(*given))
        return found[0]

    build.differences = first
    if not os.environ.get("BACKGRADE_ALL"):
        misconception_answers.build = stored


def _text(stream: io.TextIOWrapper) -> str:
    """Return what was printed: exports are UTF-8 everywhere, the rest is what a console shows."""
    data = stream.buffer.getvalue()  # type: ignore[attr-defined]
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        return str(data, "cp1252")


if __name__ == "__main__":
    os.environ["BACKGRADE_DEBUG"] = "1"
    wanted = json.load(sys.stdin)
    become(sys.argv[1])
    compare_once()
    json.dump([run(arguments) for arguments in wanted], sys.stdout)
