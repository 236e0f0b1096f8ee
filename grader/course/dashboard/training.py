"""What the nets of the class reached, beside what the assignment asks of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from grader.course.dashboard.facts import Run
from grader.course.dashboard.numbers import quartiles
from grader.course.dashboard.people import People
from grader.course.dashboard.pupils import Answers
from grader.report.class_page import Cell, Table
from grader.rubric.cases import Rubric
from grader.rubric.records import Goal, ImageProfile, RunFilter


def fits(run: Run, wanted: RunFilter, profile: ImageProfile) -> bool:
    """Return whether a run is of the kind that a goal looks at."""
    layers, images, epochs, rule, normalization, keep, *_ = run
    return (
        wanted.layers in (None, layers)
        and wanted.images in (None, images)
        and (images >= profile.training or not wanted.all_images)
        and (wanted.epochs is None or epochs <= wanted.epochs)
        and wanted.update_rule in (None, rule)
        and wanted.normalization in (None, normalization)
        and wanted.dropout in (None, 0 < keep < 1)
    )


def best(runs: tuple[Run, ...], goal: Goal, profile: ImageProfile) -> float | None:
    """Return the best accuracy of a student's runs that a goal looks at, None without any."""
    column = 6 if goal.on == "training" else 7
    found = [run[column] for run in runs if fits(run, goal.runs, profile)]
    known = [float(value) for value in found if value is not None]
    return max(known, default=None)


def table(answers: Answers, rubric: Rubric, is_real: bool, people: People) -> Table:
    """Return for each accuracy that is asked how many reached it, and what they reached."""
    profiles = rubric.table.data
    profile = profiles.cifar10 if is_real else profiles.synthetic
    rows = []
    for number, title, goal in _goals(rubric):
        reached = [best(one.facts.runs, goal, profile) for one in answers.pupils]
        known = np.array([value for value in reached if value is not None])
        scale = profile.scale if goal.on == "validation" else 1.0
        asked = (goal.at_least or 0.0) * scale
        counted = np.isfinite(answers.earned[:, number])
        full = counted & (answers.earned[:, number] >= answers.possible[:, number] - 1e-9)
        if counted.any():
            without = [p for p, has, ok in zip(answers.pupils, counted, full) if has and not ok]
            rows.append(
                (
                    Cell(title), Cell(f"{100 * asked:.0f} %", detail=f"on {goal.on} images"),
                    Cell(f"{int(full.sum()):,} of {int(counted.sum()):,}"),
                    Cell(share=float(full.sum() / counted.sum())),
                    Cell(_spread(known)),
                    Cell(who=people.who(without)) if without else Cell("everybody reached it"),
                )
            )  # fmt: skip
    return Table(
        "training", "Training", "The accuracy that is asked, and the best that each student's own "
        "nets reached, as it was computed again.",
        ("Goal", "Asked", "Reached", "", "The class's lower quartile, median, upper one",
         "Did not reach it"),
        tuple(rows), (2,),
    )  # fmt: skip


def _goals(rubric: Rubric) -> Iterator[tuple[int, str, Goal]]:
    for number, item in enumerate(rubric.table.items):
        for part in item.parts:
            if part.goal is not None and part.goal.judge == "reaches":
                yield number, item.title, part.goal


def _spread(known: np.ndarray) -> str:
    if not known.size:
        return "no run was computed again"
    return ", ".join(f"{100 * value:.1f} %" for value in quartiles(known))
