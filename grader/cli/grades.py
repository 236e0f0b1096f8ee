"""`grade gradebook`, `grade feedback`, `grade regrade`, `grade notices`: grades go home.

What they take is here; what they do is in grader.cli.grades_run, imported when it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.cli.arguments import Box, Folder


def gradebook(
    folder: Folder,
    export: Annotated[
        Path, typer.Argument(metavar="EXPORT", help="The gradebook as your LMS exports it.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", metavar="FILE", help="Where the filled one goes.")
    ] = None,
    column: Annotated[
        str, typer.Option(metavar="NAME", help="The column to fill: its title, or its number.")
    ] = "",
    scale: Annotated[
        str,
        typer.Option(
            metavar="points|percent|maximum|N",
            help="Points as they are, percent, the column's maximum, or N for all points.",
            show_default="that of course.toml",
        ),
    ] = "",
    pending_as: Annotated[
        Literal["0"] | None,
        typer.Option("--pending-as", help="Count points that wait for a person as nothing."),
    ] = None,
    only_complete: Annotated[
        bool, typer.Option("--only-complete", help="Leave students open whose points wait.")
    ] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Write although scores find no place.")
    ] = False,
    by_name: Annotated[
        bool, typer.Option("--by-name", help="Join by name alone where exactly one fits.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show every change, and write nothing.")
    ] = False,
) -> None:
    """Fill one column of a gradebook; every other byte of it stays."""
    from grader.cli import grades_run

    asked = grades_run.Asked(
        folder, export, output, column, scale, pending_as == "0", only_complete, allow_missing,
        by_name, dry_run,
    )  # fmt: skip
    grades_run.gradebook(asked)


def feedback(
    folder: Folder,
    to: Annotated[
        Literal["canvas", "moodle", "brightspace", "sakai", "folder"],
        typer.Option("--for", help="Who takes it back; a folder is for mails."),
    ],
    output: Annotated[
        Path, typer.Option("-o", metavar="FILE", help="The zip; for mails a folder.")
    ],
) -> None:
    """Pack every student's report so that it arrives where it belongs."""
    from grader.cli import grades_run

    grades_run.feedback(folder, to, output)


def regrade(
    folder: Folder,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="ITEM…", help="Only these of the items that changed."),
    ] = None,
    students: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|ID…", help="Only these students; a file has one a line."),
    ] = None,
    never_lower: Annotated[
        bool, typer.Option("--never-lower", help="Whoever would lose keeps the old result.")
    ] = False,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why, for the record and the notices.")
    ] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Have it count.")] = False,
    revert: Annotated[
        int | None, typer.Option(metavar="GENERATION", help="Go back to a generation.")
    ] = None,
    box: Box = "auto",
    jobs: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many at once; 0: as many as fit here.")
    ] = 0,
) -> None:
    """Grade again what a changed rubric can move, and show who gains and who loses."""
    from grader.cli import regrade_run

    if revert is not None:
        regrade_run.revert(folder, revert)
        return
    regrade_run.regrade(
        regrade_run.Asked(
            folder, words(only), words(students), never_lower, reason, apply, box, jobs
        )
    )


def notices(folder: Folder) -> None:
    """Write a paragraph for each student whose points a regrade moved."""
    from grader.cli import regrade_run

    regrade_run.notices(folder)


def words(told: list[str] | None) -> tuple[str, ...]:
    """Return the names of `--only a,b --only c`."""
    return tuple(name.strip() for one in told or () for name in one.split(",") if name.strip())
