"""The boxes that this machine can make, and boxes with one layer taken out."""

from __future__ import annotations

from dataclasses import replace

from grader.box.outer import Outer
from grader.box.plan import Plan, choose

# "host proc" is bubblewrap where a container lets it mount no /proc of its own.
MODES = ("bubblewrap", "landlock", "host proc")


def plan(mode: str) -> Plan:
    """Return the plan of one of MODES, or "none"."""
    if mode != "host proc":
        return choose(mode)
    found = choose("bubblewrap")
    return replace(found, outer=replace(found.outer, proc="host"))


def without(plan: Plan, layer: str) -> Plan:
    """Return a plan for a trial that lacks one layer."""
    if layer == "outer":
        return replace(plan, mode="trial", outer=Outer(why="taken out by a test"))
    inner = tuple(name for name in plan.inner if name != layer)
    return replace(plan, mode="trial", inner=inner)
