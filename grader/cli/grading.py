"""`grade SUBMISSION`: one submission in, report.html and result.json out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from grader.box.plan import choose
from grader.box.worker import Worker
from grader.cli.arguments import Box
from grader.errors import UsageError

Rubric = Annotated[str, typer.Option(help="A shipped rubric by name, or a .toml file.")]
Recognised = Annotated[
    str,
    typer.Option(
        help="A shipped rubric by name, or a .toml file.",
        show_default="that of the course year whose marks are in the files",
    ),
]


Notebooks = Annotated[Literal["run", "skip"], typer.Option(help="Are notebooks executed?")]
Data = Annotated[
    str, typer.Option(metavar="synthetic|DIR", help="Made-up images, or a folder of CIFAR-10.")
]

Only = Annotated[
    list[str] | None,
    typer.Option(metavar="ITEM,…", help="Grade these items and what they build on, nothing else."),
]


def submission(
    path: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="A zip, or a folder.")],
    output: Annotated[
        Path | None, typer.Option("-o", help="Default: graded/<name of the submission>/")
    ] = None,
    rubric: Recognised = "",
    notebooks: Notebooks = "run",
    data: Data = "synthetic",
    only: Only = None,
    box: Box = "auto",
    for_staff: Annotated[
        bool, typer.Option("--staff", help="Write hidden checks to <DIR>-staff/, for staff alone.")
    ] = False,
    fail_under: Annotated[
        float | None, typer.Option(metavar="N", help="Exit 1 below N per cent of the points.")
    ] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Run notebooks again that nothing has changed for.")
    ] = False,
    previous: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="An earlier result.json, to say what is fixed and what is new.",
            show_default="that in -o, if it is of the same submission's name",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print result.json too.")] = False,
) -> None:
    """Grade one submission (`submission` may be left out) and write report.html and result.json."""
    if fail_under is not None and not 0 <= fail_under <= 100:
        raise UsageError(f"--fail-under {fail_under:g}: give a number from 0 to 100")
    plan = choose(box)
    with Worker(plan) as worker:
        from grader.cli import single  # while the box starts, which takes as long

        asked = single.Asked(
            path, output, rubric, notebooks, data, tuple(only or ()), for_staff, fail_under,
            not no_cache, previous, as_json,
        )  # fmt: skip
        done = single.grade(asked, plan, worker)
    single.write(asked, *done)
