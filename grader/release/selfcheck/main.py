"""`python selfcheck.py`: arguments in, exit code out.

    0  every public check that ran is right
    1  something is not right yet
    2  the command line, or the folder, cannot be used

Nothing here imports NumPy before the processes that need it are on their way.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from grader.errors import BackgradeError, UsageError
from grader.release.selfcheck.children import THREADS, Pool

RIGHT, WRONG, UNUSABLE = 0, 1, 2
PAGE = "selfcheck.html"
AHEAD = min(4, os.cpu_count() or 1)


def main(root: Path, public: Path, arguments: Sequence[str]) -> int:
    """Run the command line in the student's folder `root`; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python selfcheck.py",
        description="Check your homework on the public checks. More checks run when you hand in.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME",
        help="a function (batchnorm_forward), a file (optim.py), a section (dropout) or "
        "submission.zip; default: everything",
    )  # fmt: skip
    again = "check again what a saved file affects"
    parser.add_argument("--watch", action="store_true", help=again)
    parser.add_argument("--html", action="store_true", help=f"write {PAGE} too")
    parser.add_argument(
        "--hint", action="count", default=0,
        help="show a hint on a function; once more for the next, there are three",
    )  # fmt: skip
    parser.add_argument("--card", action="store_true", help=argparse.SUPPRESS)  # for a notebook
    wanted = parser.parse_args(arguments)
    try:
        if importlib.util.find_spec("numpy") is None:
            raise UsageError(
                f"NumPy is not installed for {sys.executable}; run: python -m pip install numpy"
            )
        return _run(root, public, wanted)
    except BackgradeError as error:
        print(f"selfcheck: {error}", file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:  # whoever read has enough, as in `selfcheck.py | head`
        return _unread()
    except KeyboardInterrupt:
        print("\nselfcheck: stopped", file=sys.stderr)
        return 130


def _unread() -> int:
    """Let nothing more be written where nobody reads; return the exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return WRONG


def make_submission(root: Path, public: Path, arguments: Sequence[str] = ()) -> int:
    """Write submission.zip, and say what is in it; return an exit code."""
    argparse.ArgumentParser(
        prog="python make_submission.py",
        description="Write submission.zip, the file to hand in, and say what is in it.",
    ).parse_args(arguments)
    from grader.release.selfcheck import run
    from grader.release.selfcheck.public import read
    from grader.release.selfcheck.screen import Screen

    try:
        return run.make(root, read(public), Screen(sys.stdout))
    except BackgradeError as error:
        print(f"make_submission: {error}", file=sys.stderr)
        return UNUSABLE
    except BrokenPipeError:
        return _unread()


def _run(root: Path, path: Path, wanted: argparse.Namespace) -> int:
    is_zip = [not wanted.card and name.lower().endswith(".zip") for name in wanted.names]
    zips = [name for name, found in zip(wanted.names, is_zip) if found]
    if zips and (len(wanted.names) > 1 or wanted.watch):
        raise UsageError(f"{zips[0]}: check a zip by itself: python selfcheck.py {zips[0]}")
    os.environ.update(dict.fromkeys(THREADS, "1"))
    with Pool(1 if len(wanted.names) == 1 and not zips else AHEAD) as pool:
        if wanted.card:
            threading.Thread(target=_end_with_notebook, args=(pool,), daemon=True).start()
        from grader.release.selfcheck import run
        from grader.release.selfcheck.public import read
        from grader.release.selfcheck.screen import Screen

        public, screen = read(path), Screen(sys.stdout)
        page = root / PAGE if wanted.html else None
        if zips:
            return run.zipped(root, Path(zips[0]), run.Context(public, pool, screen, page))
        items = run.chosen(public, wanted.names)
        if wanted.card:
            print(run.card(root, items, public, pool))
            return RIGHT
        single = len(items) == 1
        context = run.Context(public, pool, screen, page, in_full=single, hints=wanted.hint)
        if wanted.watch:
            from grader.release.selfcheck import watch

            return watch.watch(root, items, context)
        return run.folder(root, items, context)


def _end_with_notebook(pool: Pool) -> None:
    """End everything as soon as the notebook that asked lets go of our stdin, or is gone."""
    while os.read(0, 1):
        pass
    pool.close()
    os._exit(130)
