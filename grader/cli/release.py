"""`grade release DIR`: what students get."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader import shelf
from grader.errors import UsageError


def release(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.")],
    template: Annotated[
        bool, typer.Option("--template", help="The unsolved package and notebooks.")
    ],
) -> None:
    """Write what students get."""
    from grader import release as releasing

    if not template:
        raise UsageError("release: only --template can be made; add it")
    try:
        written = releasing.write_template(shelf.home() / "reference", folder)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror}); choose another folder"
        ) from None
    typer.echo(f"{folder}: {len(written)} files written")
