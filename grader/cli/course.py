"""`grade class`, `grade merge`, `grade status`, `grade forget`: many submissions in one folder.

What they take is here; what they do is in grader.cli.class_run, imported when it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.cli.arguments import Box, Folder
from grader.cli.grading import Data


def grade_class(
    paths: Annotated[
        list[Path], typer.Argument(metavar="SOURCE...", help="An export, zips, or folders of them.")
    ],
    output: Annotated[Path, typer.Option("-o", metavar="DIR", help="The folder of the class.")],
    kind: Annotated[
        str, typer.Option("--from", metavar="KIND", help="What the source is; else it is seen.")
    ] = "auto",
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A csv of who is in the class.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Take what is proposed.")] = False,
    all_attempts: Annotated[
        bool, typer.Option("--all-attempts", help="Grade every attempt, not only the last.")
    ] = False,
    rubric: Annotated[
        str,
        typer.Option(
            help="A shipped rubric by name, or a .toml file.",
            show_default="that of the course year of most uploads",
        ),
    ] = "",
    data: Data = "",
    notebooks: Annotated[
        Literal["run", "skip"] | None,
        typer.Option(help="Are notebooks executed?", show_default="run"),
    ] = None,
    box: Box = "auto",
    jobs: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many at once; 0: as many as fit here.")
    ] = 0,
    dask: Annotated[
        str, typer.Option(metavar="ADDRESS|local", help="Grade on workers of Dask.")
    ] = "",
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Grade one of N parts, into files only.")
    ] = "",
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Run notebooks again that nothing has changed for.")
    ] = False,
) -> None:
    """Grade a whole class: an export of an LMS, a folder of zips, cloned repositories."""
    from grader.cli import class_run

    class_run.run(
        class_run.Asked(
            paths, output, kind, roster, yes, all_attempts, rubric, data, notebooks, box, jobs,
            dask, shard, not no_cache,
        )
    )  # fmt: skip


def merge(
    folder: Folder,
    shards: Annotated[list[Path], typer.Argument(metavar="SHARD_DIR...")],
) -> None:
    """Join what shards graded into the folder of a class."""
    from grader.cli import class_run

    class_run.merge(folder, shards)


def status(folder: Folder) -> None:
    """Say how far a class is, and what could not be graded."""
    from grader.cli import class_status

    class_status.status(folder)


def forget(
    folder: Folder,
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="Id, login or folder.")],
) -> None:
    """Remove a student's uploads, pages and names; their points stay, under a number."""
    from grader.cli import class_run

    class_run.forget(folder, student)
