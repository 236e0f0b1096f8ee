"""The notebook items: what the recomputed runs of a submission earn.

Cells do not matter here, only runs: every item considers all runs of all notebooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grader.errors import BackgradeError, BoxError, GraderFault, UsageError, log_fault
from grader.grading import handed_in, score
from grader.grading.training import cells, roots, sentences
from grader.grading.training.images import Images
from grader.grading.training.judges import GoalResult, GoalRules, beats, reaches, sweeps
from grader.grading.training.runs import claimed
from grader.rubric.cases import Rubric
from grader.rubric.records import ImageProfile, Item, Part
from grader.types import (
    Fault,
    Flag,
    ItemResult,
    Notebook,
    PartResult,
    Status,
    Trained,
    Training,
)

if TYPE_CHECKING:
    from grader.grading.training.believe import Judged, Repeating
    from grader.grading.training.recompute import Recompute

FLAGS = (
    "trained_on_validation", "log_differs", "training_contradicts_itself", "training_not_repeated"
)  # fmt: skip


@dataclass(frozen=True)
class Graded:
    """All items, the runs and the flags; `replay` says what repeating took."""

    items: tuple[ItemResult, ...]
    trained: tuple[Trained, ...] = ()
    flags: tuple[Flag, ...] = ()
    replay: Mapping[str, float] = field(default_factory=dict)


def grade(
    items: tuple[ItemResult, ...],
    notebooks: Sequence[Notebook],
    rubric: Rubric,
    images: Images | None,
    repeating: Repeating | None,
) -> Graded:
    """Recompute all runs, repeat those that earn something, and judge the notebook items.

    Without notebooks, images or what it takes to repeat runs nothing changes. What fails here is
    our own fault, but for the images of `--data`: then UsageError is raised, and BoxError where the
    box fails.
    """
    if not notebooks or images is None or repeating is None:
        return Graded(items)
    done = {item.id: item for item in items}
    replay: Mapping[str, float] = {}
    try:
        (judged, marked, flags), replay = _believed(done, notebooks, rubric, images, repeating)
    except (UsageError, BoxError):
        raise
    except Exception as error:  # noqa: BLE001 - a fault of ours costs no point
        judged, marked, flags = _broken(rubric, error), (), ()
    kept = tuple(judged.get(item.id, item) for item in items)
    return Graded(kept, marked, flags, replay)


def _believed(
    done: Mapping[str, ItemResult],
    notebooks: Sequence[Notebook],
    rubric: Rubric,
    images: Images,
    repeating: Repeating,
) -> tuple[Judged, Mapping[str, float]]:
    """Return what the runs earn that could be repeated, and what that took."""
    from grader.grading.training.believe import Believer, Entry
    from grader.grading.training.recompute import Recompute

    sample = rubric.table.believing.training_sample
    recompute = Recompute(images, sample, hidden_from(rubric, images.profile))
    entries = [
        Entry(book, run, _recomputed(recompute, book, run))
        for book in notebooks
        for run in book.trainings
    ]
    # Real images may be fewer than the rubric asks for.
    profile = replace(images.profile, hidden=images.count("hidden"))
    believer = Believer(entries, rubric, images, repeating)
    judged = believer.judged(lambda trained: judge(rubric, profile, notebooks, trained, done))
    return judged, believer.measured


def _recomputed(recompute: Recompute, book: Notebook, run: Training) -> Trained:
    """Recompute one run; if that breaks by a fault of ours, what rests on it is for a person."""
    try:
        return recompute.run(book, run)
    except BackgradeError:
        raise
    except Exception as error:  # noqa: BLE001 - it costs no other run
        log = log_fault(f"recomputing a run of {book.name}")
        what = f"the grader could not recompute this run ({type(error).__name__}, see {log})"
        return Trained(book.name, run, None, None, None, what, doubt=what)


def _broken(rubric: Rubric, error: Exception) -> dict[str, ItemResult]:
    """Return the notebook items with our own fault; the traceback is kept."""
    log = log_fault("recomputing and judging the training runs")
    what = f"the grader could not judge this ({type(error).__name__}, see {log})"
    message = f"images: {error}" if isinstance(error, GraderFault) else f"{what}; it costs nothing"
    fault = Fault("", "all", "", "error", message, public=True)
    items = [item for item in rubric.table.items if item.kind == "notebook"]
    return {item.id: replace(score.bare(item, "grader_fault"), faults=(fault,)) for item in items}


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
) -> Judged:
    """Judge every notebook item; return results by id, the runs with their items, and flags.

    `done` holds the code items, of which one may explain why there is no run.
    """
    rules = GoalRules(rubric.table.believing, profile)
    by_name = {notebook.name: notebook for notebook in notebooks}
    taken: dict[str, Trained] = {}
    used: dict[int, list[str]] = {}
    results = {}
    goals = [part.goal for item in rubric.table.items for part in item.parts]
    named = {goal.besides for goal in goals if goal}  # items that leave better runs to others

    def finding_of(item: Item, part: Part) -> GoalResult:
        goal = part.goal
        assert goal is not None  # the rubric was checked
        if goal.judge == "reaches":
            return reaches(goal, trained, rules, taken.get(goal.besides or ""), item.id in named)
        return (beats if goal.judge == "beats" else sweeps)(goal, trained, rules)

    left_out = sum(notebook.left_out for notebook in notebooks)

    for item in (one for one in rubric.table.items if one.kind == "notebook"):
        notebook = by_name.get(item.file)
        if notebook is None or notebook.status == "missing":
            results[item.id] = handed_in.missing(item)
        elif notebook.status == "skipped":
            results[item.id] = score.bare(item, "skipped")
        elif notebook.status == "grader_fault":
            fault = replace(_fault(item, item.parts[0], notebook.message), kind="error")
            results[item.id] = replace(score.bare(item, "grader_fault"), faults=(fault,))
        elif notebook.status == "unreadable":
            what = f"{notebook.name} could not be read: {notebook.message or 'it is no notebook'}"
            fault = _fault(item, item.parts[0], what)
            results[item.id] = replace(score.bare(item, "pending"), faults=(fault,))
        else:
            findings = [(part, _over(left_out, finding_of(item, part))) for part in item.parts]
            behind = _behind(findings, trained, taken, done, rubric)
            stop = cells.stop_of(item, rubric, notebook, done)
            results[item.id] = _result(item, findings, notebook, done, behind, stop)
            for part, finding in findings:
                if finding.status == "passed" and not part.bonus:
                    taken.setdefault(item.id, finding.runs[0])
                for run in finding.runs:
                    used.setdefault(id(run), []).append(item.id)
    marked = (replace(run, items=tuple(dict.fromkeys(used.get(id(run), [])))) for run in trained)
    return results, tuple(marked), tuple(_flags(trained, by_name, rules))


def _over(left_out: int, finding: GoalResult) -> GoalResult:
    """Return a finding over all runs but so many: one of these may reach what no other does."""
    if not left_out or finding.status == "passed":
        return finding
    message = sentences.left_out(finding.message, left_out)
    return replace(finding, status="pending", message=message)


def _behind(
    findings: Sequence[tuple[Part, GoalResult]],
    runs: Sequence[Trained],
    taken: Mapping[str, Trained],
    done: Mapping[str, ItemResult],
    rubric: Rubric,
) -> dict[str, str]:
    """Return, by part, the code item that a run of a goal that was not reached has used.

    A run that has earned the item `besides` which the goal asks for another one is not at fault.
    """
    found: dict[str, str] = {}
    for part, finding in findings:
        if part.goal and finding.status != "passed" and not part.bonus:
            given = taken.get(part.goal.besides or "")
            shown = finding.runs if finding.status == "pending" else runs
            free = [run for run in shown if run is not given]
            if root := roots.of_runs(part.goal, free, done, rubric):
                found[part.id] = root
    return found


def _result(
    item: Item,
    findings: Sequence[tuple[Part, GoalResult]],
    notebook: Notebook,
    done: Mapping[str, ItemResult],
    behind: Mapping[str, str],
    stop: cells.Stop | None,
) -> ItemResult:
    """Return what an item earned; `behind` names the wrong code that runs of a part have used.

    `stop` is the cell that stopped it, if there is no run.
    """
    missed = [(p, f) for p, f in findings if f.status != "passed" and not p.bonus]
    if behind or any(finding.status == "pending" for _, finding in missed):
        told = ((part, finding, behind.get(part.id, "")) for part, finding in missed)
        faults = tuple(
            _fault(item, part, sentences.used_wrong(finding.message, done[root], finding.status))
            if root
            else _fault(item, part, finding.message)
            for part, finding, root in told
        )
        root = next(iter(behind.values())) if len(behind) == len(missed) else None
        return replace(score.bare(item, "pending"), faults=faults, because_of=root)
    parts = tuple(_part(part, finding) for part, finding in findings)
    right = sum(finding.status == "passed" for _, finding in findings)
    status: Status = "passed" if not missed else "partial" if right else "failed"
    stop = stop if all(finding.kind == "missing" for _, finding in missed) else None
    if stop and status == "failed":
        status = stop.status
    root = stop.root if stop else None
    if missed and stop is None and all(finding.kind == "missing" for _, finding in missed):
        root = cells.needed(item, done)
    return replace(
        score.bare(item, status),
        earned=score.tidy(sum(part.earned for part in parts)),
        parts=parts,
        faults=tuple(
            replace(
                _fault(item, part, _message(finding, notebook, stop)),
                kind="not_written" if stop and stop.unwritten else finding.kind,
                raised=stop.raised if stop else None,
            )
            for part, finding in missed
        ),
        because_of=root,
        checks=(right, len(parts)),
        public_checks=(right, len(parts)),
    )


def _message(finding: GoalResult, notebook: Notebook, stop: cells.Stop | None) -> str:
    """Return the sentence about a goal; if there was no run, also what stopped the notebook."""
    if finding.kind == "missing" and stop:
        return stop.says
    if finding.kind == "missing" and notebook.message:
        return f"{finding.message}. {notebook.name}: {notebook.message}"
    return finding.message


def _part(part: Part, finding: GoalResult) -> PartResult:
    earned = part.points if finding.status == "passed" else 0.0
    possible = 0.0 if part.bonus else part.points
    return PartResult(part.id, part.about, earned, possible, finding.status)


def _fault(item: Item, part: Part, message: str) -> Fault:
    return Fault(f"{item.id}/{part.id}", part.id, "", "value", message, public=True)


def _flags(
    trained: Sequence[Trained], by_name: Mapping[str, Notebook], rules: GoalRules
) -> Iterator[Flag]:
    """Yield what a person should look at: logs that show more than the parameters give."""
    for run in trained:
        cell = by_name[run.notebook].cell_name(run.training.cell)
        where, val = f"{run.notebook}, {cell}", run.val_accuracy or 0.0
        if rules.too_good(run):
            yield Flag("trained_on_validation", (
                f"a net gets {val:.2f} of the validation images right, and "
                f"{run.hidden_accuracy or 0.0:.2f} of hidden ones: it may have been trained on the "
                "validation images"
            ), where)  # fmt: skip
        claim = claimed(run, "validation")
        is_known = run.val_accuracy is not None and run.training.rows is not None
        if is_known and claim > val + rules.believing.claim_band:
            yield Flag("log_differs", (
                f"a run tells of {claim:.2f} of validation accuracy, its parameters give "
                f"{val:.2f}: its net may compute something else than the reference, or its log was "
                "changed"
            ), where)  # fmt: skip
