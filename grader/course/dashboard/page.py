"""The whole page of a class, from its students and their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from grader.course.dashboard import checks, same_answer, training, understanding
from grader.course.dashboard.facts import result_of
from grader.course.dashboard.numbers import histogram, quartiles
from grader.course.dashboard.people import People
from grader.course.dashboard.pupils import Answers, Pupil, answers_of
from grader.course.generations import key_of
from grader.course.settings import Sentence
from grader.report.class_page import Bar, Cell, ClassPage, ClassRow, Histogram, Table
from grader.report.drawing import rounded_up, steps
from grader.report.text import count, number
from grader.rubric.cases import Rubric

BINS = 20
LEFT, TOP, WIDE, TALL = 40, 20, 592, 184  # the frame of the histogram
SLOWEST = 5


@dataclass(frozen=True)
class Setting:
    """What else decides the page: rubric, images, a teacher's sentences, where results lie."""

    title: str
    rubric: Rubric
    is_real: bool = False
    sentences: tuple[Sentence, ...] = ()
    folder: Path = Path()


def make(pupils: Sequence[Pupil], setting: Setting, notes: Sequence[str] = ()) -> ClassPage:
    """Return the page; without anybody graded it is the list of students."""
    people = People(pupils)
    page = ClassPage(setting.title, (), tuple(notes))
    answers = answers_of(pupils, setting.rubric)
    if answers.pupils:
        page = _graded(page, pupils, answers, setting, people)
    page = replace(page, tables=(*page.tables, *_flags(pupils, people)))
    return replace(page, rows=Listed(pupils, tuple(people.numbers())))


@dataclass(frozen=True)
class Listed(Sequence[ClassRow]):
    """The rows of pupils with the numbers of their groups, made whenever they are asked for."""

    pupils: Sequence[Pupil]
    who: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.pupils)

    def __getitem__(self, place: Any) -> Any:
        """Return a row, or those of a slice."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return replace(self.pupils[place].row, who=self.who[place])


def _graded(
    page: ClassPage,
    pupils: Sequence[Pupil],
    answers: Answers,
    setting: Setting,
    people: People,
) -> ClassPage:
    rubric = setting.rubric
    shares = np.array([one.row.share for one in pupils if one.row.share is not None])

    def smallest(item: str, row: int) -> dict[str, Any] | None:
        outcome = answers.pupils[row].outcome
        key = key_of(outcome.upload, outcome.policy) if outcome else ""
        result = result_of(setting.folder, key)
        for one in result.get("items", ()):
            if one["id"] == item:
                return dict(one["smallest"]) if "smallest" in one else None
        return None

    same, left = same_answer.shown(
        same_answer.clusters(answers), answers, rubric, people, setting.sentences, smallest
    )
    tables = (
        training.table(answers, rubric, setting.is_real, people),
        _time(answers),
        _attempts(pupils),
    )
    scores = (understanding.by_section(answers, rubric), understanding.by_group(list(pupils)))
    return replace(
        page,
        spread=_spread(shares),
        histogram=_histogram(shares) if len(shares) else None,
        scores=tuple(one for one in scores if one.rows),
        items=understanding.understood(answers, rubric, people),
        same=same,
        same_left=left,
        checks=checks.tables(answers, rubric, people),
        tables=tuple(one for one in tables if one.rows),
    )


def _spread(shares: np.ndarray) -> str:
    if len(shares) < 4:
        return ""
    low, middle, high = (f"{100 * value:.0f} %" for value in quartiles(shares))
    return f"half of them between {low} and {high}, the median at {middle}"


def _histogram(shares: np.ndarray) -> Histogram:
    counts = histogram(shares, BINS)
    high = rounded_up(max(counts))
    wide = WIDE / BINS

    def up(value: float) -> int:
        return round(TOP + TALL - TALL * value / high)

    bars = tuple(
        Bar(round(LEFT + wide * i + 2), up(n), TOP + TALL - up(n), f"{n:,}", f"{_range(i)}: {n:,}")
        for i, n in enumerate(counts)
        if n
    )
    middle = quartiles(shares)[1]
    most = int(np.argmax(counts))
    words = (
        f"{count(len(shares), 'score')} from {100 * shares.min():.0f} % to "
        f"{100 * shares.max():.0f} % of the possible points; most, {counts[most]:,}, "
        f"between {_range(most)}."
    )
    across = tuple((round(LEFT + WIDE * share / 100), f"{share} %") for share in range(0, 101, 20))
    ticks = tuple((up(value), number(value, 4)) for value in steps(high))
    return Histogram(bars, ticks, across, words, round(LEFT + WIDE * middle))


def _range(place: int) -> str:
    step = 100 // BINS
    return f"{step * place} % and {step * (place + 1)} %"


def _time(answers: Answers) -> Table:
    """Return what the gradings took, the slowest first, and who ran into a limit."""
    taken = [one.outcome for one in answers.pupils if one.outcome]
    rows = []
    for name, values in (
        ("wall seconds of a submission", [one.wall_s for one in taken]),
        ("CPU seconds of its code", [one.cpu_s for one in taken]),
    ):
        low, middle, high = quartiles(np.array(values))
        most = f"{max(values):,.1f} s"
        rows.append((Cell(name), Cell(f"{middle:,.1f} s"), Cell(f"{high:,.1f} s"), Cell(most)))
    order = np.argsort([-one.wall_s for one in taken], kind="stable")
    slowest: dict[str, Pupil] = {}
    for row in order:
        slowest.setdefault(taken[row].upload, answers.pupils[row])
        if len(slowest) == SLOWEST:
            break
    for one in slowest.values():
        assert one.outcome is not None
        rows.append(
            (Cell(one.row.name, one.row.link, detail="among the slowest"), Cell(), Cell(),
             Cell(f"{one.outcome.wall_s:,.1f} s"))
        )  # fmt: skip
    for one in answers.pupils:
        assert one.outcome is not None
        late = [item[0] for item in one.outcome.items if item[1] == "timeout"]
        cases = sum(case[1] == "timeout" for case in one.outcome.cases)
        if late or cases:
            where = f"over a limit: {', '.join(late) or count(cases, 'check')}"
            seconds = Cell(f"{one.outcome.wall_s:,.1f} s")
            rows.append((Cell(one.row.name, one.row.link, detail=where), Cell(), Cell(), seconds))
    heads = ("What", "Median", "Upper quartile", "Most")
    return Table("time", "Time and limits", "", heads, tuple(rows), (1, 2, 3), folded=True)


def _attempts(pupils: Sequence[Pupil]) -> Table:
    """Return the mean score of first, second, ... attempts, of those who have several graded."""
    several = [one.shares for one in pupils if len(one.shares) > 1]
    rows = []
    for turn in range(max(map(len, several), default=0)):
        here = [one[turn][1] for one in several if len(one) > turn]
        before = [one[turn][1] - one[turn - 1][1] for one in several if len(one) > turn]
        gain = f"{100 * float(np.mean(before)):+.0f} points of 100" if turn else ""
        mean = f"{100 * float(np.mean(here)):.0f} %"
        title = f"graded attempt {turn + 1}"
        bar = Cell(share=float(np.mean(here)))
        rows.append((Cell(title), Cell(count(len(here), "student")), Cell(mean), bar, Cell(gain)))
    lede = "Of those who have more than one graded attempt (`--all-attempts` grades earlier ones)."
    heads = ("Attempt", "Students", "Mean", "", "Against the one before")
    return Table("attempts", "Progress over attempts", lede, heads, tuple(rows), (1, 2, 4))


def _flags(pupils: Sequence[Pupil], people: People) -> tuple[Table, ...]:
    """Return what a person should look at: flags by kind, and points that wait."""
    kinds: dict[str, list[Pupil]] = {}
    says: dict[str, str] = {}
    for one in pupils:
        for kind, message in one.outcome.flags if one.outcome else ():
            kinds.setdefault(kind, []).append(one)
            says.setdefault(kind, message)
    rows = []
    for kind, found in sorted(kinds.items(), key=lambda pair: -len(pair[1])):
        once = list(dict.fromkeys(map(id, found)))
        by_id = {id(one): one for one in found}
        theirs = people.who(by_id[each] for each in once)
        rows.append(
            (
                Cell(kind.replace("_", " "), detail=f"as in: {says[kind]}"),
                Cell(str(len(once))),
                Cell(who=theirs),
            )
        )  # noqa: E501
    waiting = [one for one in pupils if one.row.pending]
    if waiting:
        row = (Cell("points wait for a person"), Cell(str(len(waiting))))
        rows.append((*row, Cell(who=people.who(waiting))))
    lede = "None of this changes a score by itself."
    table = Table(
        "flags", "Flags, and points that wait", lede, ("What", "Students", "Who"), tuple(rows), (1,)
    )  # noqa: E501
    return (table,) if rows else ()
