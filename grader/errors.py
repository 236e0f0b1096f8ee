"""Everything that Backgrade raises on purpose, as one tree.

    BackgradeError                 exit code
      UnusableSubmission           2   nothing in the upload can be graded
      UsageError                   2   the command line or a file that people write is wrong
        RubricError                2   a rubric file: names file, item and field
      GraderFault                  3   our own fault; costs the student nothing
        GoldenError                3   a golden file is missing, corrupt or foreign
        WireError                  3   bytes from the worker that are no valid frame
        BoxError                   3   the worker could not be started or vanished

A message starts with the place ("rubrics/a2.toml: item 'adam': …") and ends with what to do next.
A student's own exceptions never appear here: they are Evidence (see grader.types).
"""


class BackgradeError(Exception):
    """Base of all; `exit_code` is what the command line ends with."""

    exit_code = 3


class UnusableSubmission(BackgradeError):
    """The upload as a whole cannot be graded; the message says what, where and what to do."""

    exit_code = 2


class UsageError(BackgradeError):
    """A command line, option or configuration that cannot be followed."""

    exit_code = 2


class RubricError(UsageError):
    """A rubric that is not valid TOML or does not say what it must."""


class GraderFault(BackgradeError):
    """Our own fault: reported as such, and never scored."""


class GoldenError(GraderFault):
    """Golden fixtures that are missing, corrupt, out of date or made for another rubric."""


class WireError(GraderFault):
    """A frame that breaks the wire format."""


class BoxError(GraderFault):
    """The confined worker could not be started, or broke the protocol by itself."""
