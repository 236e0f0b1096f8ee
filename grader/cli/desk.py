"""`grade desk`, `grade desk export`, `grade desk merge`, `grade history`: what people decide.

What they take is here; what they do is in grader.cli.desk_run, imported when it is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.arguments import Folder

app = typer.Typer(
    help="Grade what only people can: `grade desk DIR [--port N] [--marker NAME] "
    "[--second PERCENT] [--suggestions FILE]` opens a desk; `grade desk open --help` tells more.",
    no_args_is_help=True,
)
Marker = Annotated[
    str, typer.Option(metavar="NAME", help="Who marks.", show_default="your name here")
]
Second = Annotated[
    float, typer.Option(min=0, max=100, help="Percent of the answers that two people read.")
]


@app.command("open", hidden=True)
def open_desk(
    folder: Folder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    marker: Marker = "",
    second: Second = 10.0,
    suggestions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Shown beside answers, never applied.")
    ] = None,
) -> None:
    """Open the desk of a class in a browser at this machine."""
    from grader.cli import desk_run

    desk_run.serve(folder, port, marker, second, suggestions)


@app.command("read", hidden=True)
def read(folder: Folder) -> None:
    """Read what waits for people out of results that are new."""
    from grader.cli import desk_run

    desk_run.read(folder)


@app.command("export")
def export(
    folder: Folder,
    markers: Annotated[int, typer.Option(metavar="N", help="How many people mark.")],
    output: Annotated[Path, typer.Option("-o", metavar="DIR2", help="Where the files go.")],
    second: Second = 10.0,
) -> None:
    """Write the desk as one HTML file for each marker, without a name in it."""
    from grader.cli import desk_run

    desk_run.export(folder, markers, output, second)


@app.command("merge")
def merge(
    folder: Folder,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="What markers saved; requests as CSV."),
    ],
) -> None:
    """Join what markers saved, or what students ask, into the class."""
    from grader.cli import desk_run

    desk_run.merge(folder, files)


def history(
    folder: Folder,
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="Id, login or folder.")],
) -> None:
    """Say what people decided about a student, when and why."""
    from grader.cli import desk_run

    desk_run.history(folder, student)
