"""`grade`, and `python -m grader`: how the process ends, settled before the rest is imported.

Ctrl-C ends with 130 and SIGTERM with 143, each with one line; what was opened is closed first.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any


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


def closer_than_needed() -> str:
    """Return which limit of the caller is closer than what a submission may use; "" if none is.

    No student may pay for it: code that would be stopped by it is not run.
    """
    if sys.platform == "win32":
        return ""
    import resource

    for kind, least, unit, option, what in (
        (resource.RLIMIT_NOFILE, 256, 1, "n", "open files"),
        (resource.RLIMIT_AS, 4 * 1024**2, 1024, "v", "kB of memory"),
        (resource.RLIMIT_FSIZE, 64 * 1024, 1024, "f", "kB in a file"),
        (resource.RLIMIT_CPU, 900, 1, "t", "seconds"),
        (resource.RLIMIT_STACK, 1024, 1024, "s", "kB of stack"),
    ):
        allowed = resource.getrlimit(kind)[0]
        if allowed != resource.RLIM_INFINITY and allowed < least * unit:
            return (
                f"ulimit -{option}: {allowed // unit} {what} are allowed, {least} are needed; "
                f"allow them (`ulimit -{option} {least}`)"
            )
    return ""


def main() -> None:
    """Run the command line."""
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
