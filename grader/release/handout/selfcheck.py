"""Check your homework: python selfcheck.py [NAME ...] [--watch] [--html]

In a notebook: from selfcheck import check, then check("affine_forward"), or check() for everything.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT_S = 120  # of one check() in a notebook
ENDING_S = 5  # until what is told to end has ended


class Card:
    """What the checks say: a card in a notebook, lines everywhere else."""

    def __init__(self, text, html=None):
        """Keep both forms; without `html` there are lines only."""
        self._text, self._html = text, html

    def __repr__(self):
        return self._text

    def _repr_html_(self):
        return self._html


def check(*names):
    """Return a card on functions, files or sections by name; on all that there is for no name.

    All of it happens in a process of its own, on the files as they are saved now.
    """
    import subprocess
    import threading

    if _unusable():
        return Card(_unusable())
    wanted = [str(getattr(name, "__name__", name)) for name in names]
    command = [sys.executable, os.path.join(HERE, "selfcheck.py"), "--card", "--"] + wanted
    by_hand = "In a terminal: " + " ".join(["python selfcheck.py"] + wanted)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=os.name == "posix",
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return Card("selfcheck: cannot be started here (" + str(error) + ")\n" + by_hand)
    late = []

    def stop():
        late.append(True)
        _end(process)

    timer = threading.Timer(LIMIT_S, stop)
    timer.daemon = True
    timer.start()
    try:
        assert process.stdout is not None
        said = process.stdout.read().decode("utf-8", "replace")
    finally:  # the kernel may be interrupted
        timer.cancel()
        _end(process)
    if late:
        more = " s; check one function at a time\n"
        return Card("selfcheck: was stopped after " + str(LIMIT_S) + more + by_hand)
    return _read(said, process.returncode, by_hand)


def _read(said, code, by_hand):
    """Return the card that the process has written, or its one line on what cannot be used."""
    import json

    last = (said.splitlines() or ["selfcheck: has ended without a word"])[-1]
    try:
        card = json.loads(last)
        return Card(card["text"], card["html"])
    except (ValueError, KeyError, TypeError):
        return Card(last if code == 2 else "selfcheck: has failed (" + last + ")\n" + by_hand)


def _end(process):
    """End a self-check and what it has started: it does so once nobody holds its stdin."""
    import subprocess

    try:
        process.stdin.close()
    except OSError:
        pass
    try:
        process.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _unusable():
    """Return why nothing can be checked here, "" if it can."""
    if sys.version_info < (3, 9):
        return "selfcheck: needs Python 3.9 or newer, this is " + sys.version.split()[0]
    if not os.path.isdir(os.path.join(HERE, ".selfcheck", "grader")):
        return "selfcheck: the folder .selfcheck is not here; unpack student.zip again"
    return ""


def _main():
    """Run the command line; return its exit code."""
    if _unusable():
        sys.stderr.write(_unusable() + "\n")
        return 2
    # Files of yours here may bear names of Python's own: this folder is no place to import from.
    others = [path for path in sys.path if path and os.path.abspath(path) != HERE]
    sys.path = [os.path.join(HERE, ".selfcheck")] + others

    from pathlib import Path

    from grader.release.selfcheck.main import main

    return main(Path(HERE), Path(HERE, ".selfcheck", "public.frame"), sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_main())
