"""What a wheel holds beside the modules: in grader/data, where grader/resources.py looks for it.

An editable package has it in the checkout already. (A table in pyproject.toml cannot tell the two
apart.)
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

DATA = ("rubrics", "reference", "student_template", "docs", "requirements.lock")


class WithData(BuildHookInterface):  # type: ignore[type-arg]
    """Add the data to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the data, unless the package is editable."""
        if version == "standard":
            build_data["force_include"] |= {name: f"grader/data/{name}" for name in DATA}
