"""The notebook items: what the recomputed runs of a submission earn.

Cells do not matter here, only runs: all runs of all notebooks are looked at for every item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grader.errors import GraderFault
from grader.grading import score
from grader.grading.training.images import Images
from grader.grading.training.judges import Finding, Rules, beats, reaches, sweeps, too_good
from grader.grading.training.recompute import Recompute
from grader.grading.training.runs import told
from grader.rubric.cases import Rubric
from grader.rubric.records import Goal, ImageProfile, Item, Part
from grader.types import Fault, Flag, ItemResult, Notebook, PartResult, Status, Trained

ABSENT = ("missing", "skipped")


def grade(
    items: tuple[ItemResult, ...],
    notebooks: Sequence[Notebook],
    rubric: Rubric,
    images: Images | None,
) -> tuple[tuple[ItemResult, ...], tuple[Trained, ...], tuple[Flag, ...]]:
    """Recompute all runs and judge the notebook items; return all items, the runs, and flags.

    Without notebooks or images nothing changes. Where images fail, that is our own fault.
    """
    if not notebooks or images is None:
        return items, (), ()
    sample = rubric.table.believing.training_sample
    recompute = Recompute(images, sample, hidden_from(rubric, images.profile))
    try:
        trained = [recompute.look(book.name, run) for book in notebooks for run in book.trainings]
    except GraderFault as fault:
        says = Fault("", "all", "", "error", f"images: {fault}", public=True)
        broken = {item.id for item in rubric.table.items if item.kind == "notebook"}
        failed = [replace(item, status="grader_fault", faults=(says,)) if item.id in broken
                  else item for item in items]  # fmt: skip
        return tuple(failed), (), ()
    done = {item.id: item for item in items}
    judged, marked, flags = judge(rubric, images.profile, notebooks, trained, done)
    return tuple(judged.get(item.id, item) for item in items), marked, flags


def hidden_from(rubric: Rubric, profile: ImageProfile) -> float:
    """Return the validation accuracy from which a run may earn something by it."""
    asked = [
        (goal.at_least or 0.0) * profile.scale
        for item in rubric.table.items
        for part in item.parts
        if (goal := part.goal) and goal.judge == "reaches" and goal.on == "validation"
    ]
    return min(asked, default=1.0) - rubric.table.believing.grace - 1e-9


def judge(
    rubric: Rubric,
    profile: ImageProfile,
    notebooks: Sequence[Notebook],
    trained: Sequence[Trained],
    done: Mapping[str, ItemResult],
) -> tuple[dict[str, ItemResult], tuple[Trained, ...], tuple[Flag, ...]]:
    """Judge every notebook item; return results by id, the runs with their items, and flags.

    `done` holds the code items, of which one may explain why there is no run.
    """
    rules = Rules(rubric.table.believing, profile.scale)
    by_name = {notebook.name: notebook for notebook in notebooks}
    taken: dict[str, Trained] = {}
    used: dict[int, list[str]] = {}
    results = {}
    for item in rubric.table.items:
        if item.kind != "notebook":
            continue
        notebook = by_name.get(item.file)
        if notebook is None or notebook.status in ABSENT:
            results[item.id] = _bare(item, "skipped")
        elif notebook.status == "unreadable":
            says = f"{notebook.name} could not be read: {notebook.says or 'it is no notebook'}"
            results[item.id] = replace(
                _bare(item, "pending"), faults=(_fault(item, item.parts[0], says),)
            )
        else:
            findings = [
                (part, _finding(part, trained, rules, taken, rubric)) for part in item.parts
            ]
            results[item.id] = _result(item, findings, notebook, done)
            for part, finding in findings:
                if finding.status == "passed" and not part.bonus:
                    taken.setdefault(item.id, finding.runs[0])
                for run in finding.runs:
                    used.setdefault(id(run), []).append(item.id)
    marked = tuple(
        replace(run, items=tuple(dict.fromkeys(used.get(id(run), [])))) for run in trained
    )
    return results, marked, _flags(trained, rules)


def _finding(
    part: Part,
    trained: Sequence[Trained],
    rules: Rules,
    taken: Mapping[str, Trained],
    rubric: Rubric,
) -> Finding:
    goal = part.goal
    assert goal is not None  # the rubric was checked
    if goal.judge == "beats":
        return beats(goal, trained, rules)
    if goal.judge == "sweeps":
        return sweeps(goal, trained, rules)
    return reaches(goal, trained, rules, taken.get(goal.besides or ""), _modest(goal, rubric))


def _modest(goal: Goal, rubric: Rubric) -> bool:
    """Say whether another item asks for a run besides the one that earns this goal."""
    named = {p.goal.besides for item in rubric.table.items for p in item.parts if p.goal}
    return any(
        item.id in named and any(part.goal is goal for part in item.parts)
        for item in rubric.table.items
    )


def _result(
    item: Item,
    findings: Sequence[tuple[Part, Finding]],
    notebook: Notebook,
    done: Mapping[str, ItemResult],
) -> ItemResult:
    parts = tuple(
        PartResult(
            id=part.id,
            about=part.about,
            earned=part.points if finding.status == "passed" else 0.0,
            possible=0.0 if part.bonus else part.points,
            status=finding.status,
        )
        for part, finding in findings
    )
    missed = [(part, finding) for part, finding in findings
              if finding.status != "passed" and not part.bonus]  # fmt: skip
    right = len(parts) - len(missed) - sum(p.bonus and f.status != "passed" for p, f in findings)
    status: Status = "passed" if not missed else "partial" if right else "failed"
    if any(finding.status == "pending" for _, finding in missed):
        return replace(
            _bare(item, "pending"), faults=tuple(_fault(item, p, f.says) for p, f in missed)
        )
    return replace(
        _bare(item, status),
        earned=score.tidy(sum(part.earned for part in parts)),
        parts=parts,
        faults=tuple(
            replace(_fault(item, part, _says(finding, notebook)), kind=finding.kind)
            for part, finding in missed
        ),
        because_of=_because_of(item, missed, done),
        checks=(right, len(parts)),
        public_checks=(right, len(parts)),
    )


def _because_of(
    item: Item,
    missed: Sequence[tuple[Part, Finding]],
    done: Mapping[str, ItemResult],
) -> str | None:
    """Return the code item without which there could be no run; None where runs are there."""
    if not missed or any(finding.kind != "missing" for _, finding in missed):
        return None
    return next(
        (need for need in item.needs if need in done and done[need].status != "passed"), None
    )


def _says(finding: Finding, notebook: Notebook) -> str:
    """Return what is said of a goal; where there was no run, also what stopped the notebook."""
    if finding.kind != "missing":
        return finding.says
    if notebook.says:
        return f"{finding.says}. {notebook.name}: {notebook.says}"
    if notebook.failed_cell is not None:
        stopped = f"Cell {notebook.failed_cell} of {notebook.name} was the first to stop"
        return f"{finding.says}. {stopped}: mend it first, for later cells may need it"
    return finding.says


def _fault(item: Item, part: Part, says: str) -> Fault:
    return Fault(f"{item.id}/{part.id}", part.id, "", "value", says, public=True)


def _bare(item: Item, status: Status) -> ItemResult:
    return ItemResult(item.id, item.title, item.section, item.where, status, 0.0, item.points, ())


def _flags(trained: Sequence[Trained], rules: Rules) -> tuple[Flag, ...]:
    """Return what a person should look at: logs that tell more than the parameters give."""
    flags = []
    for run in trained:
        where = f"{run.notebook}, cell {run.training.cell}"
        if too_good(run, rules.believing):
            flags.append(Flag("trained_on_validation", (
                f"a net gets {run.val_accuracy or 0.0:.2f} of the validation images right, and "
                f"{run.hidden_accuracy or 0.0:.2f} of hidden ones: it may have been trained on the "
                "validation images"
            ), where))  # fmt: skip
        claim = told(run, "validation")
        if run.val_accuracy is None or run.training.rows is None:
            continue
        if claim > run.val_accuracy + rules.believing.claim_band:
            flags.append(Flag("log_differs", (
                f"a run tells of {claim:.2f} of validation accuracy, its parameters give "
                f"{run.val_accuracy:.2f}: its net may compute something else than the reference, "
                "or its log was changed"
            ), where))  # fmt: skip
    return tuple(flags)
