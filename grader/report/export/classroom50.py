"""result.json of Classroom 50, which writes down who handed in what in its own environment.

Points there are whole numbers: ours go in as hundredths. What waits for a person is possible, and
not earned yet. A fault of ours is refused: there, an autograder that ends with an error is no zero.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from grader.errors import GraderFault, UsageError
from grader.report.export import exported
from grader.report.result_form import ResultJson

SCHEMA = "classroom50/result/v1"
HUNDREDTHS = 100
WHO = ("CLASSROOM", "ASSIGNMENT", "USERNAME", "SUBMISSION_TAG")
WHERE = {"commit": "COMMIT_URL", "release": "RELEASE_URL", "review": "REVIEW_URL"}


def write(result: ResultJson, environment: Mapping[str, str]) -> str:
    """Return result.json for the submission that `environment` names.

    Raises UsageError if the environment lacks a name, GraderFault where there is no score.
    """
    broken = exported.broken(result)
    if broken:
        raise GraderFault(f"classroom50: {exported.no_score(broken)}")
    lacking = [name for name in WHO if not environment.get(name)]
    if lacking:
        raise UsageError(
            f"classroom50: {', '.join(lacking)} not set; run this in the autograder of the "
            "classroom, which sets them"
        )
    tests = [
        {
            "test-name": item.id,
            "passed": item.status == "passed",
            "score": _whole(item.earned),
            "max-score": _whole(item.possible),
        }
        for item in exported.items(result)
        if item.counts or item.status == "pending"
    ]
    data = {
        "schema": SCHEMA,
        "classroom": environment["CLASSROOM"],
        "assignment": environment["ASSIGNMENT"],
        "usernames": [environment["USERNAME"]],
        "submission": f"submit/{environment['SUBMISSION_TAG'].removeprefix('submit/')}",
        **{field: environment.get(name, "") for field, name in WHERE.items()},
        "datetime": _datetime(result["measured"]["started"]),
        "score": _whole(result["score"]["earned"] + result["score"]["bonus"]),
        "max-score": _whole(result["score"]["possible"]),
        "tests": tests,
    }
    return json.dumps(data, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def _whole(points: float) -> int:
    return round(points * HUNDREDTHS)


def _datetime(started: str) -> str:
    try:
        when = datetime.fromisoformat(started)
    except ValueError:
        raise UsageError(f"classroom50: measured.started is no time: {started[:40]!r}") from None
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
