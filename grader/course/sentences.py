"""A teacher's sentences for all who have the same wrong numbers, for their reports.

course.toml has them by case and hash; index.html shows which groups have none yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from grader.course.settings import Sentence
from grader.course.tasks import Outcome
from grader.report.text import one_line

Says = Mapping[str, list[str]]  # item -> sentences


def told(outcome: Outcome | None, sentences: Iterable[Sentence]) -> Says:
    """Return the sentences for a result, by item."""
    wrong = {(case, digest) for case, _, digest in outcome.cases} if outcome else set()
    found: dict[str, list[str]] = {}
    for one in sentences:
        if (one.case, one.hash) in wrong:
            found.setdefault(one.item, []).append(one_line(one.says))
    return found
