"""Small rubrics, verdicts and a worker that plays answers back, for what comes behind the judges.

A change of the engine's records, names or arguments is mended here: the tests of its end build
everything with these functions and call the modules through them.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from grader.box.job import Job, Loaded, Observed
from grader.box.session import Session
from grader.box.worker import Worker as BoxWorker
from grader.diagnosis import minimal_example, own_gradient, trace
from grader.golden.store import Golden
from grader.grading import dependencies, follow, large_input
from grader.grading.assignment import Assignment
from grader.grading.facts import Again, Facts
from grader.grading.outcome import Consequence, result_of
from grader.grading.rerun import Rerun, Sessions
from grader.grading.verdicts import Evaluator, Verdict
from grader.guest.modules import GRADED
from grader.guest.wire import Piece
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric
from grader.types import (
    Arrays,
    Case,
    Cause,
    Diagnosis,
    Evidence,
    Fault,
    FaultKind,
    Flag,
    ItemResult,
    Smallest,
)

Row = dict[str, Any]
FC = "classifiers/fc_net.py"
NET = {"dims": [2, 3, 2]}
THETA = {"x": "2x2", "theta": "40"}
# Inputs and options that fit a probe, and the parts of an item that asks it.
KNOWN: Mapping[str, tuple[Row, Row, Row]] = {
    "layers.affine_forward": ({"x": "2x3", "w": "3x2", "b": "2"}, {}, {"out": 1}),
    "layers.affine_backward": (
        {"x": "2x3", "w": "3x2", "b": "2", "dout": "2x2"}, {}, {"dx": 2, "dw": 2, "db": 1},
    ),
    "layers.relu_forward": ({"x": "2x3"}, {}, {"out": 1}),
    "layers.relu_backward": ({"x": "2x3", "dout": "2x3"}, {}, {"dx": 2}),
    "norms.batchnorm_train": (
        {"x": "1x3x2", "gamma": "2", "beta": "2"}, {},
        {"out": 1, "running_mean": 1, "running_var": 1},
    ),
    "norms.batchnorm_backward": (
        {"x": "3x2", "gamma": "2", "beta": "2", "dout": "3x2"}, {},
        {"dx": 3, "dgamma": 1, "dbeta": 1},
    ),
    "norms.batchnorm_backward_alt": (
        {"x": "3x2", "gamma": "2", "beta": "2", "dout": "3x2"}, {},
        {"dx": 3, "dgamma": 1, "dbeta": 1},
    ),
    "norms.layernorm_forward": ({"x": "2x3", "gamma": "3", "beta": "3"}, {}, {"out": 1}),
    "norms.layernorm_backward": (
        {"x": "3x2", "gamma": "2", "beta": "2", "dout": "3x2"}, {},
        {"dx": 3, "dgamma": 1, "dbeta": 1},
    ),
    "optim.update": (
        {"w": "2", "dw": "2x2"}, {"rule": "adam", "watch": ["m", "v"]},
        {"next_w": 2, "m": 1, "v": 1},
    ),
    "nets.two_layer_loss": (
        {**THETA, "y": "2 labels=2"}, NET,
        {"scores": 1, "loss": 1, "gradients": 2},
    ),
    "nets.net_loss": (
        {**THETA, "y": "2 labels=2"}, NET,
        {"scores": 1, "loss": 1, "gradients": 2},
    ),
    "nets.net_scores": (THETA, NET, {"scores": 1}),
}  # fmt: skip
PROBES = {
    "affine_forward": "layers.affine_forward",
    "affine_backward": "layers.affine_backward",
    "relu_forward": "layers.relu_forward",
    "relu_backward": "layers.relu_backward",
    "batchnorm_forward": "norms.batchnorm_train",
    "batchnorm_backward": "norms.batchnorm_backward",
    "batchnorm_backward_alt": "norms.batchnorm_backward_alt",
    "layernorm_forward": "norms.layernorm_forward",
    "layernorm_backward": "norms.layernorm_backward",
    "adam": "optim.update",
    "TwoLayerNet": "nets.two_layer_loss",
    "FullyConnectedNet": "nets.net_loss",
    "FullyConnectedNet.batchnorm": "nets.net_loss",
}
# Outputs of a part whose name is not that of its output.
MANY = {"gradients": ["d*"], "complete": ["parameters_without_gradient"]}


# ---------------------------------------------------------------- rubrics


def item(name: str, cases: Sequence[Row | str] = ("one",), **fields: Any) -> Row:
    """Return an item that asks its usual probe; a case is a name or a table, public unless said.

    `parts` maps ids to points.
    """
    probe = fields.pop("probe", PROBES.get(name, "layers.relu_forward"))
    points: Mapping[str, float] = fields.pop("parts", KNOWN[probe][2])
    parts = [
        {"id": part, "points": n, "about": f"{part} is right", "outputs": MANY.get(part, [])}
        for part, n in points.items()
    ]
    is_net = probe.startswith("nets.")
    where = f"{FC}: {name.partition('.')[0]}" if is_net else f"layers.py: {name}"
    return {
        "id": name, "section": "s", "title": f"About {name}", "where": where,
        "points": sum(points.values()), "probe": probe, "parts": parts,
        "cases": [_case({"id": one} if isinstance(one, str) else one, probe) for one in cases],
        **fields,
    }  # fmt: skip


def _case(row: Row, probe: str) -> Row:
    inputs, options, _ = KNOWN.get(row.get("probe", probe), ({}, {}, {}))
    return {"public": True, "inputs": inputs, "options": options, **row}


def rubric(*items: Row, **top: Any) -> Rubric:
    """Return a rubric of these items; `top` are fields and tables above them."""
    rows = {"format": 1, "id": "r", "title": "R", "seed": "s", **top}
    rows |= {"sections": [{"id": "s", "title": "S"}], "items": list(items)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.toml"
        lines = [f"{name} = {_toml(value)}" for name, value in rows.items()]
        path.write_text("\n".join(lines), encoding="utf-8")
        return read_rubric(path)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        rows = ", ".join(f"{json.dumps(name)} = {_toml(one)}" for name, one in value.items())
        return f"{{ {rows} }}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


def with_policy(assignment: Assignment, **fields: Any) -> Assignment:
    """Return an assignment whose rubric has these fields: `follow_through`, `hint_level`."""
    table = replace(assignment.rubric.table, **fields)
    return replace(assignment, rubric=Rubric(table, assignment.rubric.sha256))


# ---------------------------------------------------------------- verdicts and evidence


def fault(kind: FaultKind, part: str = "all", **fields: Any) -> Fault:
    """Return a fault of that kind in that part."""
    given = {"case": "item/one", "output": part, "message": f"{kind} in {part}", "public": True}
    return Fault(part=part, kind=kind, **{**given, **fields})


def verdict(
    rubric: Rubric,
    name: str,
    right: bool | Mapping[str, bool] = True,
    *faults: Fault,
    **fields: Any,
) -> Verdict:
    """Return the verdict on an item whose parts are all right or wrong, or right as said."""
    asked = rubric.item(name)
    if isinstance(right, bool):
        right = dict.fromkeys((part.id for part in asked.parts), right)
    given = {"warnings": (), "checks": (0, 1), "public_checks": (0, 1)}
    return Verdict(asked, right, faults=faults, **{**given, **fields})


def verdicts(rubric: Rubric, **right: Any) -> dict[str, Verdict]:
    """Return a verdict on every code item: right, but for those said to be otherwise.

    What is said of one is whether it is right, which of its parts are, or a whole verdict.
    """
    found = {}
    for one in rubric.table.items:
        if one.kind == "code":
            said = right.get(one.id.replace(".", "_"), True)
            found[one.id] = said if isinstance(said, Verdict) else verdict(rubric, one.id, said)
    return found


def diagnosis(
    says: str = "it is so", hints: tuple[str, ...] = (), certain: bool = True
) -> Diagnosis:
    """Return why an item is wrong."""
    return Diagnosis(Cause("mistake", says, certain), hints)


class Answers:
    """Golden answers: case -> the reference's and those of every other convention."""

    def __init__(self, answers: Mapping[str, Sequence[Arrays]], otherwise: Arrays | None = None):
        self._answers = answers
        self._otherwise = otherwise

    def expected(self, case: Case) -> tuple[Arrays, ...]:
        """Return all accepted answers of a case."""
        if case.id not in self._answers and self._otherwise is not None:
            return (self._otherwise,)
        return tuple(self._answers[case.id])


# ---------------------------------------------------------------- the box, played back

# Arrays that were answered, an outcome, all that a child says, or how the worker is lost.
Reply = Mapping[str, Any] | str | tuple[Row, Row] | type[Exception]


class Worker:
    """A worker that gives a case's replies in their order, the last of them again and again.

    A case without replies gets `otherwise`. Kept are the jobs that were opened and what was run.
    """

    def __init__(
        self,
        replies: Mapping[str, Reply | Sequence[Reply]] | None = None,
        otherwise: Reply = "raised",
        modules: Mapping[str, str | Row] | None = None,
        opening: Sequence[type[Exception] | Row | None] = (),
    ) -> None:
        self._replies = {
            name: list(row) if isinstance(row, list) else [row]
            for name, row in (replies or {}).items()
        }
        self._otherwise = otherwise
        told = {**dict.fromkeys(GRADED, "loaded"), **(modules or {})}
        self._modules = {
            name: {"outcome": one} if isinstance(one, str) else one for name, one in told.items()
        }
        self._opening = list(opening)
        self.jobs: list[Job] = []
        self.ran: list[list[str]] = []
        self.children: list[str] = []
        self.rows: list[Row] = []
        self.inputs: list[dict[str, np.ndarray]] = []
        self.deadlines: list[float] = []
        self.calls: list[str] = []
        self.cpu_s = 0.0

    def open(self, job: Job, deadline: float) -> Loaded:
        self.calls.append("open")
        self.jobs.append(job)
        self.deadlines.append(deadline)
        lost = self._opening.pop(0) if self._opening else None
        if isinstance(lost, dict):
            return Loaded(dict.fromkeys(self._modules, lost), ())
        if lost is not None:
            raise lost("lost")
        return Loaded(self._modules, ("as read",))

    def run(
        self,
        rows: Sequence[Row],
        inputs: Sequence[Piece],
        deadline: float,
        child: str = "alone",
    ) -> Iterator[Observed]:
        self.calls.append("run")
        self.ran.append([row["id"] for row in rows])
        self.children.append(child)
        self.rows += rows
        self.inputs.append({n: a for one in inputs for n, a in one.arrays.items()})
        self.deadlines.append(deadline)
        for row in rows:
            replies = self._replies.get(row["id"], [self._otherwise])
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            if isinstance(reply, type):
                raise reply("lost")
            yield row["id"], *_said(reply)

    def close(self) -> None:
        self.calls.append("close")

    def restart(self) -> None:
        self.calls.append("restart")


def _said(reply: Any) -> tuple[Row, dict[str, np.ndarray]]:
    if isinstance(reply, str):
        return {"outcome": reply}, {}
    say, arrays = reply if isinstance(reply, tuple) else ({"outcome": "answered"}, reply)
    return say, {
        name: array if isinstance(array, np.ndarray) else np.asarray(array, dtype=float)
        for name, array in arrays.items()
    }


JOB = Job("cs231n", {}, {}, load_s=2.0, case_s=3.0)
GRAFTS = {"layers": b"# the reference's"}
MINUTE = 60.0


def session(worker: Worker, rubric: Rubric, job: Job = JOB, seconds: float = MINUTE) -> Session:
    """Return a session that has `seconds` left."""
    return Session(worker, job, rubric, time.monotonic() + seconds)  # type: ignore[arg-type]


@dataclass
class Graded:
    """A submission that was judged, before anyone looks at why it failed."""

    rubric: Rubric
    verdicts: Mapping[str, Verdict]
    worker: Worker = field(default_factory=Worker)
    golden: Answers = field(default_factory=lambda: Answers({}, {}))
    job: Job = JOB
    grafts: Mapping[str, bytes] = field(default_factory=lambda: GRAFTS)
    seconds: float = MINUTE
    broken: dict[str, Verdict] = field(default_factory=dict)  # what a fault of ours left undecided
    evidence: Mapping[str, Evidence] = field(default_factory=dict)

    @contextmanager
    def rerun(self, followed: Mapping[str, Again]) -> Iterator[Rerun]:
        golden, worker = cast(Golden, self.golden), cast(BoxWorker, self.worker)
        assignment = Assignment(self.rubric, golden, grafts=self.grafts)
        evaluator = Evaluator(self.rubric, golden)
        facts = Facts(
            self.rubric, assignment, evaluator, self.evidence, self.verdicts, followed
        )  # fmt: skip
        deadline = time.monotonic() + self.seconds
        with closing(Sessions(worker, self.rubric, deadline)) as sessions:
            yield Rerun(self.job, sessions, assignment, facts, deadline, self.broken)

    def follow_through(self) -> dict[str, Again]:
        """Return what is right once another item's mistake is out of the way."""
        with self.rerun({}) as rerun:
            return follow.through(rerun)

    def own_gradient(self) -> frozenset[str]:
        """Return the items whose gradients are those of their own forward pass."""
        with self.rerun({}) as rerun:
            return own_gradient.gradients(rerun)

    def over_reference(
        self, followed: Collection[str] = (), causes: Mapping[str, Diagnosis] | None = None
    ) -> dict[str, Evidence]:
        """Return what wrong nets do over right layers, where some `causes` are known."""
        again = {name: Again({}, {}, None, False) for name in followed}
        with self.rerun(again) as rerun:
            return trace.evidence(rerun, causes or {})

    def right_calls(self, *asked: Sequence[str]) -> list[dict[str, list[str]]]:
        """Return which layers right nets call in cases, for one question after the other."""
        cases = {case.id: case for case in self.rubric.cases}
        with self.rerun({}) as rerun:
            told = [rerun.right_calls([cases[name] for name in names]) for names in asked]
        return [{key: [call.name for call in one] for key, one in row.items()} for row in told]

    def minimal_example(self, followed: Mapping[str, Again] | None = None) -> dict[str, Smallest]:
        """Return the smallest case that each wrong item fails."""
        with self.rerun(followed or {}) as rerun:
            return minimal_example.find_minimal(rerun)


# ---------------------------------------------------------------- what is made of verdicts


def outcome(
    rubric: Rubric,
    name: str,
    verdict: Verdict | None = None,
    again: Mapping[str, bool] | None = None,
    consequence: tuple[str, Mapping[str, bool]] | None = None,
    why: Diagnosis | None = None,
) -> ItemResult:
    """Return an item as the report has it.

    `again` is what was right over right needs; `consequence` is (root, what is right without it).
    """
    return result_of(
        rubric.item(name),
        rubric,
        {name: verdict} if verdict is not None else {},
        None if again is None else Again(again, {}, "root", False),
        None if consequence is None else Consequence(*consequence),
        why,
    )


def slow(
    evidence: Mapping[str, Evidence], rubric: Rubric, verdicts: Mapping[str, Verdict]
) -> tuple[Flag, ...]:
    """Return the flags about large inputs."""
    return large_input.flags(evidence, rubric, verdicts)


def root(
    rubric: Rubric, name: str, verdicts: Mapping[str, Verdict], kinds: Sequence[str] | None = None
) -> str | None:
    """Return the failed item that another goes back to."""
    given = () if kinds is None else (kinds,)
    return dependencies.root(rubric.item(name), verdicts, *given)


fails: Callable[[str, Mapping[str, Verdict]], bool] = dependencies.fails


def kind(rubric: Rubric, name: str) -> str:
    """Return "layers" or "nets"."""
    return dependencies.kind(rubric.item(name))


__all__ = [
    "Again", "Answers", "Graded", "Worker", "diagnosis", "fails", "fault", "item",
    "kind", "outcome", "root", "rubric", "session", "slow", "verdict", "verdicts",
    "with_policy",
]  # fmt: skip
