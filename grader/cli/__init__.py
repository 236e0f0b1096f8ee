"""The `grade` command: one module for each command, and what they end with.

    grading    grade SUBMISSION
    course     grade class SOURCE..., grade merge, grade status, grade forget
    desk       grade desk DIR, grade desk export|merge, grade history
    grades     grade gradebook, grade feedback, grade regrade, grade notices
    similar    grade similar DIR
    fixtures   grade fixtures build|verify|diff
    export     grade export DIR --format F
    autograder grade autograder ROOT
    release    grade release DIR
    lint       grade lint
    staff      grade staff DIR STUDENT, grade case ITEM/CASE
    explain    grade explain OPERATION
    machine    grade doctor, grade schema

Exit codes: 0 graded, whatever the score; 1 below --fail-under, fixtures that differ, or an
assignment that is not right; 2 the submission or the command line is unusable; 3 the grader itself
failed; 130 and 143 by a signal (grader.__main__).
"""

from __future__ import annotations

import gc
import importlib
import os
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

import grader
from grader.cli import quick
from grader.errors import BackgradeError, UsageError, exhausted

# command -> what it is in grader.cli, which is imported if it is asked for: a desk needs nothing
# of what grades, and has to be there at once
COMMANDS: Mapping[str, str] = {
    "submission": "grading.submission",
    "class": "course.grade_class",
    "merge": "course.merge",
    "status": "course.status",
    "forget": "course.forget",
    "history": "desk.history",
    "gradebook": "grades.gradebook",
    "feedback": "grades.feedback",
    "regrade": "grades.regrade",
    "notices": "grades.notices",
    "similar": "similar.similar",
    "fixtures": "fixtures.app",
    "desk": "desk.app",
    "export": "export.export",
    "autograder": "autograder.autograder",
    "release": "release.release",
    "staff": "staff.staff",
    "case": "staff.case",
    "explain": "explain.explain",
    "lint": "lint.lint",
    "doctor": "machine.doctor",
    "schema": "machine.schema",
}
DESK = ("open", "export", "merge", "read")  # words behind `grade desk`; any other is a folder


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"backgrade {grader.__version__}")
        raise typer.Exit


def main_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version.")
    ] = False,
) -> None:
    """Grade NumPy deep-learning homework: `grade submission.zip`."""


def app_of(commands: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the command line with some of its commands."""
    app = typer.Typer(
        cls=quick.Group,
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(main_options)
    for command in commands:
        module, _, name = COMMANDS[command].partition(".")
        found = getattr(importlib.import_module(f"grader.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=command)
        else:
            app.command(command, cls=quick.Command)(found)
    return app


def with_command(args: list[str]) -> list[str]:
    """A first word that is no command is a submission: `grade hw.zip`, `grade --json hw.zip`.

    So is a folder called "submission" where nothing else is named.
    """
    if args[:1] == ["submission"] and all(a.startswith("-") for a in args[1:2]):
        args = [*args[:1], *args] if Path("submission").exists() else args
    if args[:1] == ["desk"] and args[1:2] and args[1] not in (*DESK, "-h", "--help"):
        args = ["desk", "open", *args[1:]]
    known = {*COMMANDS, "--help", "-h", "--version"}
    if not args or args[0] in known:
        return args
    from grader.rubric.near import nearest
    from grader.submission.upload import shown

    meant = nearest(args[0], sorted(COMMANDS))
    if meant and not os.path.lexists(args[0]):
        what = f"{shown(args[0])}: there is no such command, and no such submission"
        raise UsageError(f"{what}; did you mean `grade {meant}`?")
    return ["submission", *args]


EXTRAS = {
    "dask": "class", "distributed": "class", "starlette": "desk", "uvicorn": "desk",
    "multipart": "desk", "python_multipart": "desk",
}  # fmt: skip


def _lacks(error: Exception) -> str:
    """Return the line about a package that is not installed; "" for any other error.

    A module of our own that is not there is our fault, and no package.
    """
    name = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
    package = (name or "").partition(".")[0]
    if not package or package == "grader":
        return ""
    what = f"backgrade[{EXTRAS[package]}]" if package in EXTRAS else "backgrade"
    return f"grade: {package} is not installed; run: pip install '{what}'"


def main() -> None:
    """Run the command line; end with its exit code."""
    gc.disable()  # a short process: looking for cycles costs more than it frees
    try:
        args = with_command(sys.argv[1:])
        app = app_of(args[:1] if args[:1] and args[0] in COMMANDS else COMMANDS)
        sys.exit(app(args, prog_name="grade", standalone_mode=False) or 0)
    except BackgradeError as error:
        print(f"grade: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is our fault and one line says so
        if hasattr(error, "format_message"):  # typer's own: the command line is wrong
            line = error.format_message()
            if not line.startswith("Usage:"):  # the help, where there was no argument at all
                line = re.sub(r"\(Possible options: (.*)\)", r"(did you mean \1?)", line)
                line = f"grade: {' '.join(line.split()).rstrip('.')}; see `grade -h`"
            print(line, file=sys.stderr)
            sys.exit(2)
        if line := _lacks(error):
            print(line, file=sys.stderr)
            sys.exit(2)
        if os.environ.get("BACKGRADE_DEBUG"):
            traceback.print_exc()
        if lack := exhausted(error):
            print(f"grade: {lack}; nothing was graded, run it again", file=sys.stderr)
            sys.exit(3)
        what = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        print(
            f"grade: the grader failed ({what}); nothing was graded. "
            "Set BACKGRADE_DEBUG=1 for the traceback and report it",
            file=sys.stderr,
        )
        sys.exit(3)
