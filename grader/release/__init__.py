"""What people get: `grade release DIR`.

    shape        the reference as a course generation has it
    template     the reference with the answers taken out
    student      student.zip: template, self-check, public fixtures
    bundle       all archives of one release, with their checksums

An archive for a platform is a module of its own beside these.
"""

from __future__ import annotations

from grader.release.shape import marked, solved
from grader.release.template import (
    strip,
    template_files,
    unsolved_notebook,
    write_template,
)

__all__ = ["marked", "solved", "strip", "template_files", "unsolved_notebook", "write_template"]
