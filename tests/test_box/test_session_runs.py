"""One submission's stay in the box: what runs together and when, and what a lost worker costs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from grader.box import bounds
from grader.box.job import Gone
from grader.guest.children import PATIENCE
from grader.guest.modules import GRADED
from grader.guest.wire import Late
from grader.rubric.cases import Rubric
from grader.types import Case, Evidence
from tests.support import engine_end as end

RIGHT, WRONG = {"out": 1.0}, {"out": 0.0}
SLOW = "relu_forward runs out of time"


@pytest.fixture(scope="module")
def rubric() -> Rubric:
    """Two layers and a net over one of them, each with two public cases or three, two hidden."""
    cases: list[Any] = ["a", "b", {"id": "c", "public": False}, {"id": "d", "public": False}]
    return end.rubric(
        end.item("relu_forward", cases, large={"x": "9x9"}),
        end.item("affine_forward", [*cases, "e"], large={"x": "1x9", "w": "9x1", "b": "1"}),
        end.item("TwoLayerNet", cases, needs=["relu_forward"]),
    )


SHORT = {"r": "relu_forward", "a": "affine_forward", "n": "TwoLayerNet"}


def name(short: str) -> str:
    """Return the case that a table calls "ra": relu_forward/a; "r+" is the large input."""
    return f"{SHORT[short[0]]}/{'its large input' if short[1] == '+' else short[1]}"


def is_right(case: Case, evidence: Evidence) -> bool:
    return evidence.outcome == "answered" and float(evidence.arrays["out"]) == 1.0


def observed(
    asked: str, worker: end.Worker, rubric: Rubric, large: str = "", over: Sequence[str] = ()
) -> tuple[list[str], dict[str, Evidence]]:
    """Run cases in that order; return the groups that ran as a table writes them, and evidence."""
    known = {case.id: case for case in (*rubric.cases, *rubric.large)}
    run, more = ([known[name(one)] for one in words.split()] for words in (asked, large))
    seen = end.session(worker, rubric).observe(run, is_right, more, tried_over=over)
    short = {name(item + case): item + case for item in SHORT for case in "abcde+"}
    return [" ".join(short[one] for one in group) for group in worker.ran], seen


# ---------------------------------------------------------------- room


def test_large_answers_are_kept_as_long_as_there_is_room_and_small_ones_always(
    rubric: Rubric, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "ROOM", 100)
    monkeypatch.setattr(bounds, "SMALL", 40)
    big, small = np.zeros((5, 2)), np.ones(5)  # 80 bytes, 40 bytes
    cases = [case for case in rubric.cases if case.item == "affine_forward"]
    replies = {case.id: {"out": big} for case in cases}
    worker = end.Worker({**replies, cases[-1].id: {"out": small}})
    seen = end.session(worker, rubric).once(cases)
    kept = [one.id for one in cases if seen[one.id].arrays]
    assert kept == [cases[0].id, cases[-1].id]
    assert {seen[case.id].outcome for case in cases} == {"answered"}
    assert seen[cases[1].id].refused == {"out": "an array of shape (5, 2), too large for an answer"}


# ---------------------------------------------------------------- order


ORDERS: dict[str, tuple[str, str, list[str]]] = {
    # cases, large ones -> the groups that run when all is right; the last looks again
    "public before hidden": ("rc ra", "", ["ra", "rc", "ra"]),
    "hidden cases alone": ("rc rd", "", ["rc rd", "rd"]),
    "functions before nets": ("nb aa na ra", "", ["aa ra nb na", "aa ra na"]),
    "first public, then functions": ("nc na rc ra", "", ["ra na", "rc nc", "ra na"]),
    "large inputs last": ("ra na", "a+ r+", ["ra na", "ra na a+ r+"]),
}


@pytest.mark.parametrize(("asked", "large", "groups"), ORDERS.values(), ids=ORDERS)
def test_hidden_inputs_come_behind_all_public_answers_and_nets_behind_functions(
    asked: str, large: str, groups: list[str], rubric: Rubric
) -> None:
    found, seen = observed(asked, end.Worker(otherwise=RIGHT), rubric, large)
    assert found == groups
    assert set(seen) == {name(one) for one in f"{asked} {large}".split()}


def test_the_groups_share_a_child_and_what_is_looked_at_again_has_one_of_its_own(
    rubric: Rubric,
) -> None:
    worker = end.Worker(otherwise=RIGHT)
    observed("ra rc", worker, rubric)
    assert worker.children == ["new", "there", "again"]
    end.session(worker, rubric).once([rubric.cases[0]])
    assert worker.children[-1] == "alone"


def test_a_child_is_told_the_case_its_modules_and_what_it_may_wait_for(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=RIGHT)
    end.session(worker, rubric).once([rubric.cases[0], rubric.cases[-1]])
    relu, net = worker.rows
    assert (relu["id"], relu["probe"]) == ("relu_forward/a", "layers.relu_forward")
    assert (relu["modules"], relu["stuck_with"]) == (("layers",), ())
    assert net["modules"] == ("layers", "layer_utils", "fc_net")
    assert net["stuck_with"] == ("relu_forward",)
    assert {key: array.shape for key, array in worker.inputs[0].items()} == {
        "relu_forward/a:x": (2, 3), "TwoLayerNet/d:x": (2, 2), "TwoLayerNet/d:y": (2,),
        "TwoLayerNet/d:theta": (40,),
    }  # fmt: skip


# ---------------------------------------------------------------- what runs again


@dataclass(frozen=True)
class Row:
    """Cases, what the box gives for some of them, and what comes of it; the rest is right."""

    asked: str
    replies: Mapping[str, Any]
    groups: Sequence[str]
    outcomes: Mapping[str, str] = field(default_factory=dict)  # the others are answered
    texts: Mapping[str, str] = field(default_factory=dict)
    unstable: str = ""
    large: str = ""


DIED = {"outcome": "died", "signal": "SIGSEGV"}, {}
ROWS = {
    "a wrong answer": Row("ra rb", {"rb": WRONG}, ["ra rb", "rb", "ra"]),
    "an exception": Row(
        "ra rb", {"ra": "raised"}, ["ra rb", "ra", "rb"], outcomes={"ra": "raised"}
    ),
    "out of memory": Row(
        "ra rb", {"ra": "memory"}, ["ra rb", "ra", "rb"], outcomes={"ra": "memory"}
    ),
    "an end of the process": Row(
        "ra rb", {"ra": DIED}, ["ra rb", "ra", "rb"], outcomes={"ra": "died"},
        texts={"ra": "SIGSEGV"},
    ),
    "a missing name": Row(
        "ra rb", {"ra": "missing"}, ["ra rb", "ra", "rb"], outcomes={"ra": "missing"}
    ),
    "a stub is not run again": Row(
        "ra rb", {"ra": "not_written"}, ["ra rb", "rb"], outcomes={"ra": "not_written"}
    ),
    "nor is what was alone in its group": Row("ra", {"ra": WRONG}, ["ra"]),
    "alone in its group, the hidden one too": Row(
        "ra rc rd", {"ra": WRONG}, ["ra", "rc rd", "rd"]
    ),
    "right by itself, behind another public case of its item": Row(
        "ra rb rc aa", {"rb": [WRONG, RIGHT]},
        ["ra rb aa", "rc", "rb", "rb", "ra rb", "rc aa"],
    ),
    "right by itself, behind just one other": Row(
        "aa ab ae", {"ae": [WRONG, RIGHT]}, ["aa ab ae", "ae", "aa ae", "ae"],
    ),
    "right by itself, behind another hidden case of its item": Row(
        "ra rc rd ac", {"rd": [WRONG, RIGHT]}, ["ra", "rc rd ac", "rd", "rc rd", "rd ac"],
    ),
    "right by itself, the only such case of its item": Row(
        "ra rc ac", {"rc": [WRONG, RIGHT]}, ["ra", "rc ac", "rc", "rc", "rc ac"],
    ),
    "right by itself, and wrong the next time": Row(
        "ra rb", {"rb": [WRONG, RIGHT, WRONG]}, ["ra rb", "rb", "ra rb", "ra"], unstable="rb"
    ),
    "right by itself, and no time the next time": Row(
        "ra rb", {"rb": [WRONG, RIGHT, "timeout", RIGHT]}, ["ra rb", "rb", "ra rb", "rb"]
    ),
    "wrong in the end": Row(
        "ra rb", {"rb": [RIGHT, WRONG]}, ["ra rb", "rb", "rb"], unstable="rb"
    ),
    "no time in the end": Row("ra rb", {"rb": [RIGHT, "timeout"]}, ["ra rb", "rb"]),
    "wrong in the end, no time alone": Row(
        "ra rb", {"rb": [RIGHT, WRONG, "timeout"]}, ["ra rb", "rb", "rb"]
    ),
    "the last right case is looked at again": Row(
        "ra rb", {"rb": WRONG, "ra": [RIGHT, WRONG]}, ["ra rb", "rb", "ra", "ra"], unstable="ra"
    ),
    "of each item": Row(
        "ra rb aa ab", {"ab": WRONG}, ["ra rb aa ab", "ab", "rb aa"]
    ),
    "large inputs of right items only": Row(
        "ra rb aa", {"ra": WRONG}, ["ra rb aa", "ra", "rb aa a+"], large="r+ a+"
    ),
    "a wrong large input is not looked at again": Row(
        "ra rb", {"r+": WRONG}, ["ra rb", "rb r+"], large="r+"
    ),
    "a case that another item spoiled": Row(
        "ra rb aa", {"aa": [WRONG, RIGHT]}, ["ra rb aa", "aa", "aa", "rb aa a+"], large="a+"
    ),
    # ------------------------------------------------------------ out of time
    "out of time: the item's hidden cases are not tried": Row(
        "ra rc ac", {"ra": "timeout"}, ["ra", "ac", "ac"],
        outcomes={"ra": "timeout", "rc": "not_run"}, texts={"rc": SLOW},
    ),
    "out of time: nor what needs it": Row(
        "ra nc ac", {"ra": "timeout"}, ["ra", "ac", "ac"],
        outcomes={"ra": "timeout", "nc": "not_run"}, texts={"nc": SLOW},
    ),
    "out of time: a child leaves the others of its group out": Row(
        "ra rb na aa", {"ra": "timeout", "rb": "not_run", "na": "not_run"},
        ["ra rb aa na", "aa"],
        outcomes={"ra": "timeout", "rb": "not_run", "na": "not_run"},
        texts={"rb": SLOW, "na": SLOW},
    ),
    "out of time: a net is no hindrance to its layers": Row(
        "na rc", {"na": "timeout"}, ["na", "rc", "rc"], outcomes={"na": "timeout"}
    ),
    "out of time: the item comes before its needs": Row(
        "na ra nc", {"na": "timeout", "ra": "timeout"}, ["ra na"],
        outcomes={"ra": "timeout", "na": "timeout", "nc": "not_run"},
        texts={"nc": "TwoLayerNet runs out of time"},
    ),
    "not run without a reason": Row(
        "ra aa", {"ra": "not_run"}, ["ra aa", "aa"], outcomes={"ra": "not_run"},
        texts={"ra": SLOW},
    ),
    "not run for a reason of its own": Row(
        "ra aa", {"ra": ({"outcome": "not_run", "text": "no time"}, {})}, ["ra aa", "aa"],
        outcomes={"ra": "not_run"}, texts={"ra": "no time"},
    ),
    "text without an answer, and no time out": Row(
        "ra aa", {"ra": "not_written", "aa": ({"outcome": "answered", "text": "hi"}, RIGHT)},
        ["ra aa", "aa"], outcomes={"ra": "not_written"}, texts={"aa": "hi"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_runs_again_and_what_is_believed(row: Row, rubric: Rubric) -> None:
    replies = {name(short): reply for short, reply in row.replies.items()}
    groups, seen = observed(row.asked, end.Worker(replies, RIGHT), rubric, row.large)
    assert groups == list(row.groups)
    asked = row.asked.split()
    assert {short: seen[name(short)].outcome for short in asked} == {
        **dict.fromkeys(asked, "answered"), **row.outcomes,
    }  # fmt: skip
    assert {one: seen[name(one)].text for one in asked} == {**dict.fromkeys(asked, ""), **row.texts}
    assert [one for one in asked if seen[name(one)].unstable] == row.unstable.split()
    for short in asked:
        if short not in row.outcomes and short not in row.replies:
            assert seen[name(short)].arrays == RIGHT


TRIED_OVER: dict[str, tuple[str, Mapping[str, Any], list[str]]] = {
    # cases, replies -> the groups that run; the last looks again
    "what it needs is wrong again": (
        "ra rb na", {"rb": WRONG, "na": WRONG}, ["ra rb na", "rb", "ra"],
    ),
    "hidden, behind the public net": (
        "na rc rd", {"rd": WRONG, "na": WRONG}, ["na", "rc rd", "rd", "rc"],
    ),
    "what it needs is right by itself": (
        "ra rb na", {"rb": [WRONG, RIGHT, RIGHT], "na": WRONG},
        ["ra rb na", "rb", "na", "ra rb", "rb"],
    ),
    "what it needs stops": (
        "ra rb na", {"rb": DIED, "na": WRONG}, ["ra rb na", "na", "rb", "ra"],
    ),
    "another one is wrong": (
        "aa ab na", {"ab": WRONG, "na": WRONG}, ["aa ab na", "ab", "na", "aa"],
    ),
    "it alone is wrong": ("ra na", {"na": WRONG}, ["ra na", "na", "ra"]),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "replies", "groups"), TRIED_OVER.values(), ids=TRIED_OVER)
def test_what_is_tried_over_right_layers_runs_again_unless_one_it_needs_is_wrong_again(
    asked: str, replies: Mapping[str, Any], groups: list[str], rubric: Rubric
) -> None:
    worker = end.Worker({name(short): reply for short, reply in replies.items()}, RIGHT)
    found, seen = observed(asked, worker, rubric, over=["TwoLayerNet"])
    assert found == groups
    assert seen[name("na")].arrays == WRONG and not seen[name("na")].unstable


NEEDED: dict[str, tuple[Mapping[str, Any], list[str]]] = {
    # replies -> what runs again, before the last look
    "what it needs is wrong again": ({"ra": WRONG, "ab": WRONG}, ["ra"]),
    "what it needs is right by itself": (
        {"ra": [WRONG, RIGHT, RIGHT], "ab": WRONG}, ["ra", "ab", "rb ra"],
    ),
    "what it needs is right": ({"ab": WRONG}, ["ab"]),
    "another case of it counts": ({"ra": WRONG, "aa": WRONG, "ab": WRONG}, ["ra", "aa"]),
    "what it needs is left to right layers": ({"ra": WRONG, "na": WRONG, "fa": WRONG}, ["ra"]),
    "what it needs is wrong where that may not count": (
        {"ra": WRONG, "nb": WRONG, "fa": WRONG}, ["ra", "fa"],
    ),
    "what it needs stops": ({"ra": DIED, "ab": WRONG}, ["ab", "ra"]),
    "what it needs needs what stops": (
        {"ra": DIED, "ab": WRONG, "nb": WRONG}, ["ab", "nb", "ra"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("replies", "groups"), NEEDED.values(), ids=NEEDED)
def test_a_case_that_says_nothing_without_what_it_needs_does_not_run_again(
    replies: Mapping[str, Any], groups: list[str]
) -> None:
    rubric = end.rubric(
        end.item("relu_forward", ["a", "b"]),
        end.item("affine_forward", ["a", {"id": "b", "needs": ["relu_forward"]}]),
        end.item("TwoLayerNet", ["a", {"id": "b", "needs": ["affine_forward"]}],
                 needs=["relu_forward"]),
        end.item("FullyConnectedNet", [{"id": "a", "needs": ["TwoLayerNet"]}, "b"]),
    )  # fmt: skip
    items = {**SHORT, "f": "FullyConnectedNet"}
    known = {f"{item}/{case}": short + case for short, item in items.items() for case in "ab"}
    names = {short: one for one, short in known.items()}
    worker = end.Worker({names[short]: reply for short, reply in replies.items()}, RIGHT)
    seen = end.session(worker, rubric).observe(
        rubric.cases, is_right, tried_over=[*items.values()][2:]
    )
    assert [" ".join(known[one] for one in group) for group in worker.ran[1:-1]] == groups
    assert all(seen[names[one]].arrays == WRONG for one in replies if replies[one] is WRONG)


@pytest.mark.parametrize(("reply", "right"), [(RIGHT, True), (WRONG, False), ("raised", False)])
def test_the_last_wrong_case_of_an_item_is_asked_otherwise_behind_them(
    reply: Any, right: bool, rubric: Rubric
) -> None:
    other = f"{name('rd')}/otherwise"
    worker = end.Worker(
        {**dict.fromkeys(map(name, ("rb", "rd", "ab")), WRONG), other: reply}, RIGHT
    )
    session = end.session(worker, rubric)

    def otherwise(case: Case) -> Case | None:
        asked = replace(case, id=f"{case.id}/otherwise")
        return asked if case.item == "relu_forward" else None

    seen = session.observe(rubric.cases, is_right, otherwise=otherwise)
    assert [name("rd"), name("rb"), other] in worker.ran and [name("ab")] in worker.ran
    ((case, evidence),) = session.otherwise.values()
    assert case.id == evidence.case == other and is_right(case, evidence) is right
    assert other not in seen and seen[name("rd")].arrays == WRONG


def test_what_a_public_case_says_by_itself_comes_from_where_no_hidden_input_has_been(
    rubric: Rubric,
) -> None:
    worker = end.Worker({name("rb"): [WRONG, RIGHT, RIGHT]}, RIGHT)
    observed("ra rb rc", worker, rubric)
    runs = [call for call in worker.calls if call != "run"]
    assert runs == ["open", "close", "open"]
    at = worker.calls.index("close")
    before, behind = (
        [one for group in ran for one in group]
        for ran in (worker.ran[: at - 1], worker.ran[at - 1 :])
    )
    assert name("rc") in before and behind[:3] == [name("rb"), name("ra"), name("rb")]
    assert worker.jobs[1].known is None  # these files have no code that could be used again


def test_public_wrong_answers_that_stay_the_same_are_those_from_before_any_hidden_input(
    rubric: Rubric,
) -> None:
    first = ({"outcome": "answered", "text": "first"}, WRONG)
    worker = end.Worker({name("ra"): first, name("rb"): [first, ({"outcome": "answered"}, WRONG)]})
    _, seen = observed("ra rb rc", worker, rubric)
    assert worker.calls.count("open") == 2 and seen[name("ra")].text == "first"
    worker = end.Worker({name("ra"): first, name("rb"): first})
    _, seen = observed("ra rb rc", worker, rubric)
    assert worker.calls.count("open") == 1
    assert {seen[name(one)].text for one in ("ra", "rb")} == {"first"}


UNLOADED: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    # what some modules come to -> cases that do not run, the groups that do
    "layers": ({"layers": "raised"}, "ra rb na", []),
    "nets": ({"fc_net": "absent"}, "na", ["ra rb", "rb r+"]),
    "another file": ({"optim": "raised"}, "", ["ra rb na", "rb na r+"]),
}


@pytest.mark.parametrize(("modules", "without", "groups"), UNLOADED.values(), ids=UNLOADED)
def test_a_case_whose_file_cannot_be_imported_does_not_run_nor_does_its_large_input(
    modules: dict[str, Any], without: str, groups: list[str], rubric: Rubric
) -> None:
    worker = end.Worker(otherwise=RIGHT, modules=modules)
    found, seen = observed("ra rb na", worker, rubric, "r+")
    assert found == groups
    ended = {"raised", "missing"}
    assert [one for one in ("ra", "rb", "na") if seen[name(one)].outcome in ended] == (
        without.split()
    )
    assert all(bool(seen[name(one)].unloaded) for one in without.split())


def test_a_case_that_cannot_run_is_not_put_before_another() -> None:
    cases = [{"id": "net", "probe": "nets.net_scores"}, "a", "b"]
    both = end.rubric(end.item("softmax_loss", cases, probe="layers.relu_forward"))
    worker = end.Worker({"softmax_loss/b": [WRONG, RIGHT]}, RIGHT, modules={"fc_net": "raised"})
    end.session(worker, both).observe(both.cases, is_right)
    a, b = "softmax_loss/a", "softmax_loss/b"
    assert worker.ran == [[a, b], [b], [a, b], [b]]


def test_of_an_unstable_case_the_wrong_answer_is_kept_and_of_a_stable_one_the_right(
    rubric: Rubric,
) -> None:
    asked = "ra rb"
    _, seen = observed(asked, end.Worker({name("rb"): [WRONG, RIGHT, WRONG]}, RIGHT), rubric)
    assert seen[name("rb")].arrays == WRONG
    _, seen = observed(asked, end.Worker({name("rb"): [WRONG, RIGHT]}, RIGHT), rubric)
    assert seen[name("rb")].arrays == RIGHT and not seen[name("rb")].unstable


# ---------------------------------------------------------------- a worker that is lost

KILLED = ({"outcome": "died", "signal": "SIGKILL"}, {})
SEGMENT = ({"outcome": "died", "signal": "SIGSEGV"}, {})
LOST: dict[str, tuple[list[Any], str, str]] = {
    # what "rb" comes to each time -> its outcome, the cases of each run
    "gone for good": ([Gone, Gone], "died", "abcd cd b"),
    "gone once": ([Gone, RIGHT], "answered", "abcd cd b"),
    "gone, then another way": ([Gone, "timeout"], "timeout", "abcd cd b"),
    "late": ([Late, RIGHT], "timeout", "abcd cd"),
    "killed for good": ([KILLED, KILLED], "died", "abcd b"),
    "killed once": ([KILLED, RIGHT], "answered", "abcd b"),
    "ended by itself": ([SEGMENT, RIGHT], "died", "abcd"),
}


@pytest.mark.parametrize(("replies", "outcome", "runs"), LOST.values(), ids=LOST)
def test_a_lost_worker_costs_one_case_at_most_and_what_was_killed_is_asked_once_more(
    replies: list[Any], outcome: str, runs: str, rubric: Rubric
) -> None:
    worker = end.Worker({name("rb"): replies}, RIGHT)
    seen = end.session(worker, rubric).once(rubric.cases[:4])
    assert worker.ran == [[name(f"r{n}") for n in run] for run in runs.split()]
    assert [one.outcome for one in seen.values()] == ["answered", outcome, "answered", "answered"]
    assert [one.case for one in seen.values()] == [name(f"r{n}") for n in "abcd"]
    lost = sum(isinstance(reply, type) for reply in replies)
    assert worker.calls.count("restart") == worker.calls.count("open") - 1 == lost


def test_a_submission_that_ends_every_worker_is_given_up(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=Gone)
    seen = end.session(worker, rubric).once(rubric.cases)
    assert worker.calls.count("restart") == 6
    assert [one.outcome for one in seen.values()] == ["died"] * 6 + ["not_run"] * 7
    assert {one.text for one in seen.values()} == {"", "the time for the whole submission was up"}


def test_lost_workers_are_counted_over_all_runs(rubric: Rubric) -> None:
    session = end.session(end.Worker(otherwise=Gone), rubric)
    ended = [session.once([case])[case.id].outcome for case in rubric.cases[:8]]
    assert ended == ["died"] * 3 + ["not_run"] * 5


def test_when_time_is_up_nothing_runs(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=RIGHT)
    seen = end.session(worker, rubric, seconds=-1).once(rubric.cases[:2])
    assert worker.ran == []
    assert {one.text for one in seen.values()} == {"the time for the whole submission was up"}
    assert [(key, one.case, one.outcome) for key, one in seen.items()] == [
        (name(one), name(one), "not_run") for one in ("ra", "rb")
    ]


def test_nothing_asked_is_nothing_run(rubric: Rubric) -> None:
    worker = end.Worker()
    assert end.session(worker, rubric).once([]) == {} and worker.calls == ["open"]


TIMES: dict[str, tuple[float, int, float, float]] = {
    # seconds left, cases -> seconds until opening is late, until running is
    "much time": (1000.0, 2, 8 * 2.0 + 5.0, PATIENCE * 2 * 3.0 + 5.0),
    "little time": (4.0, 2, 4.0, 4.0 + 5.0),
    "many cases": (20.0, 6, 20.0, 20.0 + 5.0),
}


@pytest.mark.parametrize(("left", "cases", "opening", "running"), TIMES.values(), ids=TIMES)
def test_waiting_is_bounded_by_the_limits_of_the_cases_and_of_the_submission(
    left: float, cases: int, opening: float, running: float, rubric: Rubric
) -> None:
    worker, now = end.Worker(otherwise=RIGHT), time.monotonic()
    end.session(worker, rubric, seconds=left).once(rubric.cases[:cases])
    assert [limit - now for limit in worker.deadlines] == pytest.approx([opening, running], abs=0.5)


# ---------------------------------------------------------------- opening and closing

KILLED_FILE = {"outcome": "died", "signal": "SIGKILL"}
OPENINGS: dict[str, tuple[list[Any], float, list[str], str]] = {
    # how the first openings end, seconds left -> calls until closed, what became of the modules
    "at once": ([], 60, ["open", "close"], "loaded"),
    "the second time": ([Gone], 60, ["open", "restart", "open", "close"], "loaded"),
    "late, then": ([Late], 60, ["open", "restart", "open", "close"], "loaded"),
    "a file killed": ([KILLED_FILE], 60, ["open", "close", "open", "close"], "loaded"),
    "killed twice": ([KILLED_FILE] * 2, 60, ["open", "close", "open", "close"], "died"),
    "never": ([Gone, Late], 60, ["open", "restart", "open", "restart"], "died"),
    "never in time": ([Late, Late], -1, ["open", "restart", "open", "restart"], "timeout"),
}


@pytest.mark.parametrize(("lost", "left", "calls", "outcome"), OPENINGS.values(), ids=OPENINGS)
def test_a_submission_is_opened_twice_at_most_and_closed_once(
    lost: list[Any], left: float, calls: list[str], outcome: str, rubric: Rubric
) -> None:
    worker = end.Worker(opening=lost)
    session = end.session(worker, rubric, seconds=left)
    session.close()
    session.close()
    assert worker.calls == calls
    assert {one: say["outcome"] for one, say in session.loaded.modules.items()} == dict.fromkeys(
        GRADED, outcome
    )
    assert session.repaired == (("as read",) if outcome == "loaded" else ())


def test_a_worker_lost_on_the_way_that_cannot_be_opened_again_is_not_closed(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=Gone, opening=[None, Gone, Gone])
    session = end.session(worker, rubric)
    session.once(rubric.cases[:1])
    session.close()
    assert worker.calls == ["open", "run", "restart", "open", "restart", "open", "restart"]


def test_later_sessions_are_spared_the_files_that_cannot_be_imported(rubric: Rubric) -> None:
    paths = {one: f"cs231n/{path}" for one, path in GRADED.items()}
    job = replace(end.JOB, files={**{path: b"" for path in paths.values()}, "cs231n/a.py": b""})
    modules = {"layers": "timeout", "layer_utils": "died", "optim": "raised", "fc_net": "loaded"}
    session = end.session(end.Worker(modules=modules), rubric, job)
    assert set(session.later.files) == {paths["optim"], paths["fc_net"], "cs231n/a.py"}
    assert replace(session.later, files=job.files) == job
    assert session.files == job.files


def test_what_older_numpy_read_is_said_whether_importing_or_running_told_of_it(
    rubric: Rubric,
) -> None:
    job = replace(end.JOB, files={"cs231n/layers.py": b"a\nb\nc\n"})
    importing = {"outcome": "loaded", "older": [["sum", "cs231n/layers.py", 1]]}
    running = {"outcome": "answered", "older": [["copy", "cs231n/layers.py", 2], ["copy", "x", 1]]}
    worker = end.Worker({name("ra"): (running, RIGHT)}, RIGHT, modules={"layers": importing})
    session = end.session(worker, rubric, job)
    first = session.repaired
    assert len(first) == 2 and first[0] == "as read" and "layers.py" in first[1]
    session.once(rubric.cases[:2])
    assert session.repaired[0] == "as read" and len(session.repaired) == 3


def test_which_line_ran_is_not_told_once_a_hidden_input_is_in_the_box(rubric: Rubric) -> None:
    job = replace(end.JOB, files={"cs231n/layers.py": b"a\nb\nc\n"})
    running = {"outcome": "answered", "older": [["copy", "cs231n/layers.py", 2]]}
    worker = end.Worker({name("rc"): (running, RIGHT), name("ra"): (running, RIGHT)}, RIGHT)
    session = end.session(worker, rubric, job)
    public, hidden = (
        [case for case in rubric.cases if case.id == name(short)] for short in ("ra", "rc")
    )
    session.once(hidden)
    session.once(public)  # whose process may remember
    assert session.repaired == ("as read",)


def test_cases_took_no_more_seconds_of_the_processor_than_have_passed(rubric: Rubric) -> None:
    said = {**RIGHT, "cpu_s": 445_027.25}
    began = time.monotonic()
    _, seen = observed("ra rb rc", end.Worker(otherwise=said), rubric)
    assert sum(one.cpu_s for one in seen.values()) <= time.monotonic() - began


# ---------------------------------------------------------------- after other numbers, in float32


def test_what_is_looked_at_again_is_asked_of_other_numbers_first_but_for_large_inputs(
    rubric: Rubric,
) -> None:
    worker = end.Worker(otherwise=RIGHT)
    observed("ra rc", worker, rubric, "r+")
    warm = [(row["id"], row.get("warm", False)) for row in worker.rows]
    assert [one for one in warm if one[1]] == [(name("rc"), True)] and warm[-1] == (
        name("r+"),
        False,
    )


SINGLES: dict[str, tuple[list[Any], int, tuple[bool, bool]]] = {
    # replies of relu_forward/c: alone, in float32, there alone, there without other numbers
    # -> times that it ran in float32; whether it is wrong there, and wrong after others only
    "right": ([RIGHT], 1, (False, False)),
    "wrong": ([RIGHT, WRONG], 3, (True, False)),
    "wrong behind another item": ([RIGHT, WRONG, RIGHT], 2, (False, False)),
    "wrong after other numbers": ([RIGHT, WRONG, WRONG, RIGHT], 3, (True, True)),
    "stopped": ([RIGHT, "raised"], 3, (True, False)),
    "out of time": ([RIGHT, "timeout"], 1, (False, False)),
}


@pytest.mark.parametrize(("replies", "times", "wrong"), SINGLES.values(), ids=SINGLES)
def test_the_largest_right_case_is_asked_in_float32_too(
    replies: list[Any], times: int, wrong: tuple[bool, bool], rubric: Rubric
) -> None:
    worker = end.Worker({name("rc"): replies}, RIGHT)
    run = [case for case in rubric.cases if case.id in (name("ra"), name("rc"))]
    seen = end.session(worker, rubric).observe(run, is_right, (), {name("ra"), name("rc")})
    arrays = [array for group in worker.inputs for array in group.values()]
    assert sum(array.dtype == np.float32 for array in arrays) == times
    assert worker.ran[2] == [name("rc")] and len(worker.ran) == 2 + times
    assert (seen[name("rc")].single, seen[name("rc")].unstable) == wrong
    assert not seen[name("ra")].single


def test_the_first_in_float32_of_an_item_is_asked_after_other_numbers_and_no_other(
    rubric: Rubric,
) -> None:
    worker = end.Worker(otherwise=RIGHT)
    cases = [replace(c, part=c.id) for c in rubric.cases if c.item == "relu_forward"]
    end.session(worker, rubric).observe(cases, is_right, (), {case.id for case in cases})
    asked = worker.rows[len(cases) :]
    assert [row["id"] for row in asked] == [case.id for case in cases]
    assert [row.get("warm", False) for row in asked] == [True, False, False, False]


def test_what_may_not_be_asked_in_float32_is_not(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=RIGHT)
    observed("ra rc", worker, rubric)
    kinds = {array.dtype for arrays in worker.inputs for array in arrays.values()}
    assert kinds == {np.dtype(float)}


def test_lines_of_one_case_are_asked_for_once_for_each_set_of_files(rubric: Rubric) -> None:
    worker = end.Worker(otherwise=RIGHT)
    case, other = (next(c for c in rubric.cases if c.id == name(n)) for n in ("ra", "aa"))
    asked = [(case, ["a.py"]), (other, ["a.py"]), (case, ["a.py"]), (case, ["b.py"])]
    assert len(end.session(worker, rubric).steps(asked)) == 4
    assert worker.children == ["there", "there"]
    assert sorted(len(group) for group in worker.ran) == [1, 2]
    assert all(len(set(group)) == len(group) for group in worker.ran)
