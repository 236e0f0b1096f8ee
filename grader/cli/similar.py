"""`grade similar`: which submissions of a class share what few others have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def similar(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a class.")],
    names: Annotated[
        bool, typer.Option("--names", help="Show who it is; else labels stand for students.")
    ] = False,
    base: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="What students were given, besides what is known here."),
    ] = None,
    partners: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A csv of who may work together, a row for each."),
    ] = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="An earlier term, as --keep wrote it."),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write hashes of this class, for later terms."),
    ] = None,
    most: Annotated[
        int, typer.Option("--most", min=1, max=500, help="How many pairs the page shows.")
    ] = 50,
    export: Annotated[
        Literal["none", "jplag", "dolos", "both"],
        typer.Option(help="Files for another program as well."),
    ] = "none",
) -> None:
    """List pairs of submissions that share something rare, for a person to read."""
    from grader.course.similarity import run

    asked = run.Asked(
        folder, names, tuple(base or ()), partners, tuple(earlier or ()), keep, most,
        {"none": (), "both": ("jplag", "dolos")}.get(export, (export,)),
    )  # fmt: skip
    typer.echo(run.run(asked))
