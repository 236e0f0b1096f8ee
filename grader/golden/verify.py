"""Stored golden answers, right and wrong ones, against a new build."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.errors import GoldenError
from grader.golden import build, twins
from grader.golden.store import Difference, Golden
from grader.golden.wrong import FOLDER, Wrong
from grader.rubric import Rubric


def differences(rubrics: Sequence[Rubric], reference: Path, folder: Path) -> list[Difference]:
    """Return every array in `folder` that a build from `reference` would make otherwise.

    Raises GoldenError where one of them cannot be read or made.
    """
    stored = Golden.read(folder, as_found=True)
    mistakes = Wrong.read(folder / FOLDER, stored.reference)
    made = Golden(*build.build(rubrics, reference, crosschecked=False), "")
    right = stored.differences(made)
    try:
        wrong = twins.build(rubrics, reference, made)
    except GoldenError as error:  # a reference that lost what a mistake changes differs already
        return [*right, Difference("usual mistakes", str(error))]
    return right + mistakes.differences(Wrong(*wrong))
