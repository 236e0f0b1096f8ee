"""What was handed in, what is asked of it, and what happened when a case of that ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Arrays = Mapping[str, np.ndarray]
Outcome = Literal[
    "answered", "raised", "timeout", "memory", "died", "missing", "not_written", "not_run"
]


@dataclass(frozen=True)
class Submission:
    """What was handed in.

    `files` maps the path inside the course folder, with forward slashes, to the bytes:
    "cs231n/layers.py", "Dropout.ipynb". `package` is the folder that holds layers.py ("cs231n";
    a flat upload gets that name). `sha256` is that of the upload itself (for a folder: of its
    sorted paths and contents). `repaired` and `ignored` are sentences for people. `doubles` maps a
    path of the upload that is not graded to the graded file whose name it bears, where it holds
    something else: {"old/layers.py": "cs231n/layers.py"}.
    """

    name: str
    sha256: str
    package: str
    files: Mapping[str, bytes]
    repaired: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    doubles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One probe with named inputs.

    `id` is "item/name". `inputs` maps an argument of the probe to the description of an array (see
    grader.rubric.inputs) and `options` to a plain value. Students may see inputs and values of a
    public case. Outputs count towards the item's part that lists them, or all towards `part` where
    that is given; with `only`, those outputs alone are judged. A case whose `needs` are not all
    right says nothing, nor does one `behind` a part of its item that is not right.
    """

    id: str
    item: str
    probe: str
    inputs: Mapping[str, str]
    options: Mapping[str, Any]
    public: bool
    judge: str
    part: str | None
    only: tuple[str, ...]
    needs: tuple[str, ...]
    alternatives: tuple[str, ...]
    behind: str | None = None


@dataclass(frozen=True)
class Raised:
    """A student's exception, cut to what a person can use.

    `frames` are the student's own lines from the outermost to the innermost: (file, line number,
    function, source line). Frames of ours are left out. A hidden case tells no line: 0, "".
    """

    type: str
    message: str
    frames: tuple[tuple[str, int, str, str], ...] = ()


@dataclass(frozen=True)
class Call:
    """One call of a layer by a net that ran over right layers.

    `line` of `file` is the student's own that made it. `numbers` holds four numbers of each
    argument that is an array (see grader.guest.calls): equal arrays have equal ones.
    """

    name: str
    file: str
    line: int
    numbers: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class PassCount:
    """How often a backward pass called a function that its forward pass runs too.

    The numbers in the arrays handed over, and the calls with complex ones; then calls and numbers
    of the forward pass itself.
    """

    function: str
    calls: int
    numbers: int
    complex_calls: int
    forward_calls: int
    forward_numbers: int


@dataclass(frozen=True)
class Evidence:
    """What happened when a case ran in the box.

    `refused` names outputs that are no plain numeric array, with what they were ("object array").
    `mutated` names the inputs that were changed in place. `text` is what was printed, bounded.
    `unstable`: another run of the same case was right. `single`: the case was asked in float32, and
    was right in float64. `unloaded` is the file that kept the case
    from running, as it is not in the submission or could not be imported ("cs231n/layers.py").
    `calls` are kept over right layers only, `passes` and `steps` where they were asked for: of the
    latter (S, 8) guest.steps knows the columns.
    """

    case: str
    outcome: Outcome
    arrays: Arrays = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    raised: Raised | None = None
    mutated: tuple[str, ...] = ()
    text: str = ""
    cpu_s: float = 0.0
    unstable: bool = False
    single: bool = False
    unloaded: str = ""
    calls: tuple[Call, ...] = ()
    passes: tuple[PassCount, ...] = ()
    steps: np.ndarray = field(default_factory=lambda: np.zeros((0, 8)))


@dataclass(frozen=True)
class Seen:
    """All about a case that was not right, a hidden one too: for staff, and for no student's page.

    `says` are the sentences about it; the arrays are by output, `wrong` marks the cells that differ
    where shapes agree.
    """

    says: tuple[str, ...]
    inputs: Arrays
    expected: Arrays
    got: Arrays
    wrong: Arrays


@dataclass(frozen=True)
class CaseOutcome:
    """What became of one case, for staff: `wrong` is the hash of its rounded wrong outputs.

    Two students with the same wrong numbers have the same hash; "" where nothing was answered.
    `seen` is there where it was not right.
    """

    case: str
    outcome: Outcome
    right: bool
    wrong: str = ""
    seen: Seen | None = None
