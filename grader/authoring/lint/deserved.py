"""Did a submission get what it deserves? Each function returns what is wrong, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from grader.types import ItemResult, Report


def is_right(missing: Sequence[str], report: Report) -> str:
    """Full marks and no fault, but for items that may be `missing`; no cause of anything.

    What the submission was written without, for the rubric has it since then, does not count.
    """
    lacking = _lacking(report)
    for item in _code(report):
        if item.id in lacking:
            continue
        said = "; ".join(fault.message for fault in item.faults)
        if item.id not in missing and (item.earned < item.possible or said):
            return f"{item.id} gets {item.earned:g} of {item.possible:g} ({said})"
        if item.cause is not None:
            return f"{item.id} has the cause {item.cause.id}, where nothing is wrong"
    there = [item for item in missing if item not in dict(lost(report))]
    return f"{there[0]} is not missing, as expect.toml says" if there else ""


def is_flawless(report: Report) -> str:
    """Right, and without a warning."""
    warned = [f"{item.id}: {one.message}" for item in _code(report) for one in item.warnings]
    return is_right((), report) or (warned[0] if warned else "")


def is_unwritten(report: Report) -> str:
    """No point, and every item not written."""
    for item in _code(report):
        if item.earned or item.status != "not_written":
            points = f"{item.earned:g} points"
            return f"{item.id} is {item.status} and gets {points}, though nothing is written"
    return ""


def costs(fails: Mapping[str, Sequence[str]], named: str, report: Report) -> str:
    """Exactly the parts in `fails` are lost, each mistake once; `named` is their cause.

    What the submission was written without does not count, unless `fails` has it.
    """
    without = _lacking(report) - set(fails)
    found = {item: parts for item, parts in lost(report) if item not in without}
    paid = {item.id for item in _code(report) if item.because_of in fails}
    for name in dict.fromkeys([*fails, *found]):
        must = [] if name in paid else sorted(fails.get(name, ()))
        does = sorted(found.get(name, ()))
        if must != does:
            return f"{name} loses {_listed(does)}, not {_listed(must)}"
    for item in _code(report):
        if item.because_of is not None and item.because_of not in fails:
            return f"{item.id} is told to fail because of {item.because_of}, which is right"
        if named and item.id == named.partition("/")[0]:
            if item.cause is None or item.cause.id != named or not item.cause.certain:
                said = item.cause.id if item.cause else "none"
                return f"{item.id} has the cause {said}, and not, for certain, {named}"
    return ""


def earns_what_it_did(
    fails: Mapping[str, Sequence[str]], flags: Sequence[str], report: Report
) -> str:
    """Exactly the parts in `fails` get no point, whatever they follow from; `flags` are raised, and
    a numeric gradient is seen there alone.
    """
    without = {
        item.id: sorted(part.id for part in item.parts if part.earned < part.possible)
        for item in _code(report)
        if item.earned < item.possible
    }
    for name in dict.fromkeys([*fails, *without]):
        must, does = sorted(fails.get(name, ())), without.get(name, [])
        if must != does:
            return f"{name} loses {_listed(does)}, not {_listed(must)}"
    raised = {flag.kind for flag in report.flags}
    absent = [kind for kind in flags if kind not in raised]
    if absent:
        return f"is not flagged as {absent[0]}"
    seen = [flag for flag in report.flags if flag.kind == "numeric_gradient"]
    return f"is flagged: {seen[0].message}" if seen and seen[0].kind not in flags else ""


def lost(report: Report) -> Iterator[tuple[str, list[str]]]:
    """Yield item, parts whose points were lost, but for what is explained by another item."""
    for item in _code(report):
        if item.earned < item.possible and item.because_of is None:
            yield item.id, [part.id for part in item.parts if part.earned < part.possible]


def _lacking(report: Report) -> set[str]:
    """Return the items whose function or class is named nowhere in the submission."""
    files = report.submission.files.items()
    text = b"\n".join(data for path, data in files if path.endswith(".py"))
    names = {item.id: re.match(r"\w+", item.where.partition(": ")[2]) for item in _code(report)}
    return {
        item
        for item, name in names.items()
        if name and not re.search(rb"\b%s\b" % name[0].encode(), text)
    }


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _code(report: Report) -> list[ItemResult]:
    return [item for item in report.items if item.parts]
