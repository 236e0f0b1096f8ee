"""A teacher's sentences for all who have the same wrong numbers, put into their reports.

course.toml has them by case and hash; index.html shows which groups have none yet.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping

from grader.course.settings import Sentence
from grader.course.tasks import Outcome
from grader.files import REPORT, RESULT
from grader.report.text import one_line

MARK = re.compile(r"<!--sentences of (\S+?)-->")  # where the page of a result has room for them
Says = Mapping[str, list[str]]  # item -> sentences


def told(outcome: Outcome | None, sentences: Iterable[Sentence]) -> Says:
    """Return the sentences for a result, by item."""
    wrong = {(case, digest) for case, _, digest in outcome.cases} if outcome else set()
    found: dict[str, list[str]] = {}
    for one in sentences:
        if (one.case, one.hash) in wrong:
            found.setdefault(one.item, []).append(one_line(one.says))
    return found


def with_sentences(files: Mapping[str, str], says: Says) -> dict[str, str]:
    """Return the files of a result with the sentences at their items."""
    found = dict(files)
    if REPORT in found:
        found[REPORT] = MARK.sub(lambda mark: _shown(says.get(mark[1], ())), found[REPORT])
    if says:
        result = json.loads(found[RESULT])
        for item in result.get("items", ()):
            if item["id"] in says:
                item["teacher_says"] = says[item["id"]]
        found[RESULT] = json.dumps(result, indent=1, ensure_ascii=True) + "\n"
    return found


def _shown(sentences: Iterable[str]) -> str:
    start = '<p class="cause"><b>From your instructor:</b> '
    return "".join(f"{start}{html.escape(text)}</p>" for text in sentences)
