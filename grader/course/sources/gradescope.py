"""Gradescope: folders `submission_123/` and a submission_metadata.yml that says whose they are.

Ruby writes that file, so its keys are `:name:` and the like. Of all YAML only what Ruby makes of
names, numbers, addresses and times is read (ruby_yaml.py).
"""

from __future__ import annotations

import re
from datetime import datetime

from grader.course.enrolled import Roster
from grader.course.records import Person
from grader.course.sources import ruby_yaml
from grader.course.sources.tree import Tree
from grader.course.sources.uploads import Reading, attempt_of
from grader.errors import UnusableSubmission
from grader.submission.upload import shown

ABOUT = "a Gradescope export"
METADATA = "submission_metadata.yml"


def read(tree: Tree, roster: Roster | None) -> Reading | None:
    """Return what a Gradescope export holds; None if it is none."""
    metadata = tree.files.get(METADATA)
    if metadata is None:
        return None
    reading = Reading(covered=1)
    try:
        told = ruby_yaml.parse(metadata.read().decode("utf-8", "replace"))
    except UnusableSubmission as error:
        reading.stray(tree, METADATA, f"cannot be read ({error})")
        told = {}
    for name, paths in tree.children.items():
        if name == METADATA:
            continue
        people = told[name].submitters if name in told else []
        if not tree.is_folder(name):
            reading.stray(tree, name)
        elif not any(person for person in people):
            reading.stray(tree, name, f"{METADATA} does not say whose it is")
            reading.covered += len(paths)
        else:
            first, *others = [_person(person) for person in people]
            reading.covered += len(paths)
            reading.attempts.append(
                attempt_of(
                    first,
                    f"{tree.place}/{name}",
                    tree.below(name).files.values(),
                    at=_time(told[name].at),
                    members=tuple(others),
                )
            )
    for name in sorted(told.keys() - tree.children.keys()):
        whose = ", ".join(_person(one).shown for one in told[name].submitters) or "nobody"
        reading.stray(tree, name, f"is not there, though {METADATA} names it ({shown(whose)})")
    return reading if reading.attempts or reading.problems else None


def _person(told: dict[str, str]) -> Person:
    return Person(told.get("sid", ""), "", told.get("name", ""), told.get("email", ""))


def _time(text: str) -> str:
    """Return Ruby's "2026-03-06 16:02:11.123000000 -06:00" or "… Z" in ISO format, else ""."""
    match = re.match(
        r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\s*(Z|UTC|[+-]\d\d:?\d\d)?", text
    )
    if not match:
        return ""
    zone = {"Z": "+00:00", "UTC": "+00:00"}.get(match[3] or "", match[3] or "")
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}").isoformat()
    except ValueError:
        return ""
