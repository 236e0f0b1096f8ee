"""How a result came about: what was graded, with which rubric, in which box, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.report.text import one_line
from grader.types import BoxState, Report

UNITS = {"wall_s": "s", "cpu_s": "s of CPU"}


def unsafe(box: BoxState) -> str:
    """Return the warning that the code was not confined, and what follows."""
    inner = ", ".join(box.inner) or "none"
    return (
        "The submitted code was not isolated while it ran "
        f"(outer box: {box.outer or 'none'}; inner limits: {inner}). "
        "It could have read or changed files on that machine. "
        "Grade again with isolation before these points count."
    )


def facts(report: Report, version: str) -> tuple[tuple[str, str], ...]:
    """Return (name, value) of what the result depends on; the same for the same submission."""
    inner = ", ".join(report.box.inner) or "none"
    return (
        ("Submission", f"sha256 {report.submission.sha256}"),
        ("Rubric", f"{report.rubric}, sha256 {report.rubric_sha256}"),
        ("Golden answers", f"sha256 {report.golden_sha256}"),
        ("Box", f"{report.box.outer or 'none'} outside; {inner} inside"),
        ("Grader", f"Backgrade {version}"),
    )


def measured(seen: Mapping[str, Any]) -> str:
    """Join what changes from run to run; else only each `margin` does."""
    phrases = [f"graded {seen['started']}"] if seen.get("started") else []
    phrases += [f"{seen[key]:.2f} {unit}" for key, unit in UNITS.items() if key in seen]
    for name, at in sorted(seen.get("reused", {}).items()):
        phrases.append(f"{name} as it ran {at} (nothing it depends on has changed)")
    phrases += [seen["cpu"]] if seen.get("cpu") else []
    phrases += [f"{name} {each}" for name, each in sorted(seen.get("versions", {}).items())]
    return one_line(", ".join(phrases))


def margin(item: str, seen: Mapping[str, Any]) -> str:
    """Return how sure a right item is, and what it took; it may differ from run to run."""
    phrases = []
    if item in seen.get("digits", {}):
        agree, asked = seen["digits"][item]
        phrases.append(f"agrees to {agree} digits, {asked} are asked for")
    if seen.get("items", {}).get(item):
        phrases.append(f"at most {seen['items'][item]:g} s of CPU")
    return ", ".join(phrases)
