"""`grade`, and `python -m grader`: how the process ends, settled before the rest is imported.

Ctrl-C ends with 130 and SIGTERM with 143, each with one line; what was opened is closed first.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Any

PROCESSES = 16  # and threads of a grading, besides those of BLAS


class Ends:
    """What happens on Ctrl-C and SIGTERM."""

    def __init__(self) -> None:
        self.importing = True  # there is nothing to close yet
        self._ending = 0  # the signal that came first; later ones do not disturb the closing

    def install(self) -> None:
        """Listen, except for what the caller wants ignored (nohup, a job in the background)."""
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.end)
        sys.unraisablehook = self._unraisable

    def end(self, number: int, _: FrameType | None) -> None:
        """End the process by SystemExit, which nothing but `with` and `finally` stops at."""
        if self._ending:
            return
        self._ending = number
        how = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
        with suppress(OSError):
            os.write(2, f"grade: stopped by {how}; run it again\n".encode())
        if self.importing:  # an exception could be lost in a lock of the import system
            os._exit(128 + number)
        raise SystemExit(128 + number)

    def _unraisable(self, lost: Any) -> None:
        """Raise the end again where it came up in a destructor, which drops exceptions."""
        if self._ending and isinstance(lost.exc_value, SystemExit):
            number = self._ending
            signal.signal(signal.SIGALRM, lambda *_: sys.exit(128 + number))
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        else:
            sys.__unraisablehook__(lost)


def needed() -> list[tuple[int, int, int, str, str]]:
    """Return the limits of a shell that a submission may need, as this system numbers them.

    (which, the least of it, bytes or things a unit, its option of `ulimit`, what it counts)
    """
    import resource

    return [
        (resource.RLIMIT_NOFILE, 256, 1, "n", "open files"),
        (resource.RLIMIT_AS, 4 * 1024**2, 1024, "v", "kB of memory"),
        (resource.RLIMIT_DATA, 4 * 1024**2, 1024, "d", "kB of data"),
        (resource.RLIMIT_FSIZE, 64 * 1024, 1024, "f", "kB in a file"),
        (resource.RLIMIT_CPU, 900, 1, "t", "seconds"),
        (resource.RLIMIT_STACK, 1024, 1024, "s", "kB of stack"),
    ]


def closer_than_needed() -> str:
    """Return which limit of the caller is closer than what a submission may use; "" if none is.

    No student may pay for it: code that would be stopped by it is not run.
    """
    if sys.platform == "win32":
        return ""
    import resource

    for kind, least, unit, option, what in needed():
        allowed = resource.getrlimit(kind)[0]
        if allowed != resource.RLIM_INFINITY and allowed < least * unit:
            return (
                f"ulimit -{option}: {allowed // unit} {what} are allowed, {least} are needed; "
                f"allow them (`ulimit -{option} {least}`)"
            )
    if (few := startable(least := PROCESSES + blas_threads())) < least:
        return (
            f"ulimit -u: {few} more processes and threads may be started, {least} are needed; "
            f"allow them (`ulimit -u`, or the container's limit of processes)"
        )
    return ""


def blas_threads() -> int:
    """Return how many threads NumPy may start as it is imported."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    told = [os.environ[name] for name in names if os.environ.get(name, "").isdecimal()]
    return min(int(told[0]) if told else os.cpu_count() or 1, 128)


def startable(wanted: int) -> int:
    """Return how many of `wanted` threads can be started beside each other.

    It is tried, for a limit counts all that the user, or the container, has at that moment. Too few
    of them look like Ctrl-C later: OpenBLAS sends that to itself where it gets no thread.
    """
    end, started = threading.Event(), list[threading.Thread]()
    usual = threading.stack_size(64 * 1024)
    try:
        for _ in range(wanted):
            one = threading.Thread(target=end.wait, daemon=True)
            one.start()
            started.append(one)
    except RuntimeError:
        pass
    end.set()
    for one in started:
        one.join()
    threading.stack_size(usual)
    return len(started)


def main() -> None:
    """Run the command line."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever has an older one is told
        sys.stderr.write("grade: Python {}.{} is too old; ".format(*sys.version_info[:2]))
        sys.stderr.write("use 3.11 or newer, as in: python3.11 -m grader\n")
        sys.exit(2)
    ends = Ends()
    ends.install()
    for stream in (0, 1, 2):  # a closed one would be given to the next file that is opened
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for text in (sys.stdout, sys.stderr):
        if hasattr(text, "reconfigure"):
            text.reconfigure(errors="backslashreplace")  # a console may know ASCII only
    if lack := closer_than_needed():
        print(f"grade: {lack}; nothing was graded, run it again", file=sys.stderr)
        sys.exit(3)
    from grader import cli

    ends.importing = False
    try:
        cli.main()
    finally:  # all is done and told: as Python ends, a signal would end it without a word
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    main()
