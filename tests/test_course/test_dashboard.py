"""The page of a class: its numbers against an independent count of what was planted."""

from __future__ import annotations

import json
import math
import statistics
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest

from grader.course.dashboard import checks, facts, numbers, page, same_answer
from grader.course.dashboard.facts import Facts
from grader.course.dashboard.pupils import Pupil, answers_of
from grader.course.settings import Sentence
from grader.report import class_page, result
from grader.report.class_page import ClassPage, ClassRow, Understood
from tests.support import made_class
from tests.support.made_class import (
    NAMED,
    PLANTED,
    TOGETHER,
    UNNAMED,
    WRONG_CHECK,
    Mistake,
    Truth,
    rubric,
)  # fmt: skip
from tests.test_report import samples

TRUTH = made_class.truth()
PUPILS = made_class.pupils(TRUTH)
ANSWERS = answers_of(PUPILS, rubric())


def made(pupils: Sequence[Pupil] = PUPILS, sentences: tuple[Sentence, ...] = ()) -> ClassPage:
    return page.make(pupils, page.Setting("a2", rubric(), sentences=sentences))


PAGE = made()


def item_of(name: str) -> Understood:
    return next(one for one in PAGE.items if one.title == rubric().item(name).title)


def lost(one: Truth) -> dict[str, float]:
    """Return item -> points lost, by what was planted."""
    found = {m.item: made_class.points_of(m.item, m.part) for m in one.mistakes}
    if one.unwritten:
        found[one.unwritten] = rubric().item(one.unwritten).points
    if one.style:
        found[WRONG_CHECK] = rubric().item(WRONG_CHECK).points
    return found


POSSIBLE = sum(item.points for item in rubric().table.items if item.kind == "code")
SHARES = [1 - sum(lost(one).values()) / POSSIBLE for one in TRUTH]


def test_the_scores_are_those_of_an_independent_count() -> None:
    assert PAGE.histogram is not None
    bins = Counter(min(19, math.floor(share * 20 + 1e-9)) for share in SHARES)
    told = {bar.title.split(" % and")[0]: bar.title.rpartition(": ")[2] for bar in
            PAGE.histogram.bars}  # fmt: skip
    assert told == {str(5 * place): str(many) for place, many in bins.items()}
    ordered = sorted(SHARES)
    low, middle, high = ((ordered[n - 1] + ordered[n]) / 2 for n in (150, 300, 450))
    assert PAGE.spread == (
        f"half of them between {100 * low:.0f} % and {100 * high:.0f} %, "
        f"the median at {100 * middle:.0f} %"
    )
    assert f"{100 * statistics.fmean(SHARES):.0f} % of the points" in class_page.render(PAGE)


def test_groups_and_sections_are_those_of_an_independent_count() -> None:
    sections, groups = PAGE.scores
    for number, name in enumerate(("Mon", "Tue", "Wed")):
        row = next(row for row in groups.rows if row[0].text == name)
        mean = statistics.fmean(SHARES[number::3])
        assert [cell.text for cell in row[1:3]] == ["200 students", f"{100 * mean:.0f} %"]
    for section in rubric().table.sections:
        items = [i for i in rubric().table.items if i.section == section.id and i.kind == "code"]
        worth = sum(item.points for item in items)
        rows = [row for row in sections.rows if row[0].text == section.title]
        assert len(rows) == bool(items)
        if items:
            gone = sum(lost(one).get(item.id, 0.0) for one in TRUTH for item in items)
            assert rows[0][1].text == f"{100 - 100 * gone / worth / len(TRUTH):.0f} %"


@pytest.mark.parametrize("item", [i.id for i in rubric().table.items if i.kind == "code"])
def test_each_item_has_who_got_all_of_it_and_why_others_did_not(item: str) -> None:
    one = item_of(item)
    full = sum(item not in lost(each) for each in TRUTH)
    assert one.full == f"{full} of 600 all points"
    assert one.share == full / 600
    worth = rubric().item(item).points
    mean = 100 - 100 * sum(lost(each).get(item, 0.0) for each in TRUTH) / worth / 600
    assert one.mean == f"{mean:.0f} % of points"
    told = {reason.says: (reason.who.count, reason.named) for reason in one.reasons}
    known = {
        m.says or "wrong in a way without a name": (
            sum(m in t.mistakes for t in TRUTH),
            bool(m.says),
        )
        for m in PLANTED
        if m.item == item
    }
    if item == WRONG_CHECK:
        known["wrong in a way without a name"] = (sum(t.style for t in TRUTH), False)
    if unwritten := sum(t.unwritten == item for t in TRUTH):
        known["is not written yet"] = (unwritten, False)
    assert told == known


def test_discrimination_is_the_correlation_with_all_other_items() -> None:
    item = "adam"
    worth = rubric().item(item).points
    own = [1 - lost(one).get(item, 0.0) / worth for one in TRUTH]
    rest = [
        1 - (sum(lost(o).values()) - lost(o).get(item, 0.0)) / (POSSIBLE - worth) for o in TRUTH
    ]
    expected = statistics.correlation(own, rest)
    assert item_of(item).discrimination == f"discrimination {expected:.2f}"
    assert expected > 0.2


def test_a_check_counts_those_who_wrote_its_item() -> None:
    name = "FullyConnectedNet.layernorm"
    wrote = sum(one.unwritten != name for one in TRUTH)
    assert 0 < wrote < 600
    for row in item_of(name).checks.rows:
        assert [cell.text for cell in row[1:3]] == [str(wrote), str(wrote)]
    first = item_of("adam").checks.rows[0]
    wrong = sum(m.item == "adam" for one in TRUTH for m in one.mistakes)
    assert [cell.text for cell in first[1:3]] == ["600", str(600 - wrong)]


def test_every_planted_group_is_found_and_named_and_none_is_invented() -> None:
    style = sum(one.style for one in TRUTH)
    expected = {
        (rubric().item(m.item).title, sum(m in one.mistakes for one in TRUTH), m.says)
        for m in PLANTED
    } | {(rubric().item(WRONG_CHECK).title, style, "")}
    assert {(one.title, one.who.count, one.says) for one in PAGE.same} == expected
    assert len(PAGE.same) == len(PLANTED) + 1 and PAGE.same_left == 0


def test_an_unnamed_group_has_the_lines_that_name_it() -> None:
    mistake = UNNAMED[0]
    title = rubric().item(mistake.item).title
    one = next(one for one in PAGE.same if one.title == title)
    (said,) = tomllib.loads(one.paste)["sentences"]
    case = mistake.cases[0]
    assert said == {
        "item": mistake.item, "case": case, "hash": mistake.hash(case), "says": "…",
    }  # fmt: skip
    named = made(sentences=(Sentence(**{**said, "says": "Look at the cache."}),))
    (again,) = [one for one in named.same if one.title == title]
    assert (again.says, again.by_teacher, again.paste) == ("Look at the cache.", True, "")


def test_students_of_a_group_are_those_with_the_mistake() -> None:
    mistake = NAMED[0]
    one = next(one for one in PAGE.same if one.says == mistake.says)
    theirs = [n for n, each in enumerate(TRUTH) if mistake in each.mistakes]
    assert [n for n, row in enumerate(PAGE.rows) if one.who.number in row.who] == theirs
    assert [name for name, _ in one.who.first] == [PUPILS[n].row.name for n in theirs[:3]]


def test_different_known_mistakes_with_equal_numbers_are_no_group() -> None:
    two = [made_class.pupils([Truth(0.5, [m])])[0] for m in NAMED[:2]]
    for place, pupil in enumerate(two):
        assert pupil.outcome is not None
        cases = [("batchnorm_backward/small", "answered", "a" * 16)]
        two[place] = replace(pupil, outcome=replace(pupil.outcome, cases=tuple(cases)))
    assert made(two).same == ()
    found = same_answer.clusters(answers_of(two, rubric()))
    assert [one.many for one in found] == [2], "they would be one else"


def test_what_raises_the_same_exception_is_no_equal_number() -> None:
    one = made_class.pupils([Truth(0.5, [UNNAMED[0]])])[0]
    assert one.outcome is not None
    raised = tuple((case, "raised", digest) for case, _, digest in one.outcome.cases)
    two = [replace(one, outcome=replace(one.outcome, cases=raised)) for _ in range(2)]
    assert made(two).same == ()


def test_the_planted_wrong_check_is_suspected_and_no_other() -> None:
    (found,) = checks.suspects(ANSWERS)
    style = [n for n, one in enumerate(TRUTH) if one.style]
    assert ANSWERS.cases[found.case] == made_class.cases(WRONG_CHECK)[-1]
    assert (found.fails, found.alone, found.same, found.unnamed) == (len(style),) * 4
    rest = [1 - sum(v for k, v in lost(one).items() if k != WRONG_CHECK)
            / (POSSIBLE - rubric().item(WRONG_CHECK).points) for one in TRUTH]  # fmt: skip
    assert found.here == pytest.approx(statistics.fmean(rest[n] for n in style))
    others = [share for n, share in enumerate(rest) if n not in set(style)]
    assert found.others == pytest.approx(statistics.fmean(others))


@pytest.mark.parametrize(
    ("checks_failed", "says", "suspected"),
    [(1, "", True), (1, "a sentence", False), (3, "", False)],
)
def test_a_check_is_suspected_only_if_it_stands_alone_and_nothing_explains_it(
    checks_failed: int, says: str, suspected: bool
) -> None:
    odd = Mistake("relu_forward", "odd", checks_failed, "out", 1.0, says)
    weak = NAMED[3]
    given = [Truth(0.9, [odd]) for _ in range(6)] + [Truth(0.1, [weak]) for _ in range(20)]
    found = checks.suspects(answers_of(made_class.pupils(given), rubric()))
    assert [one.fails for one in found] == ([6] if suspected else [])


def test_checks_that_could_go_change_nobodys_points_and_no_more_could() -> None:
    lost = checks.costs(ANSWERS)
    gone = set(checks.needless(lost, ANSWERS.many))
    assert all(cases - gone for cases in lost.values()), "everybody loses the same parts"
    for case in set().union(*lost.values()) - gone:
        assert any(not cases - gone - {case} for cases in lost.values()), ANSWERS.cases[case]
    unwritten = {ANSWERS.column[case] for case in made_class.cases("FullyConnectedNet.layernorm")}
    assert not gone & unwritten, "what nobody wrote says nothing of its checks"
    planted = [ANSWERS.column[case] for case in TOGETHER.cases]
    assert len(gone & set(planted)) == 3
    assert tuple(planted) in checks.alike(ANSWERS)
    alone = checks.decides(lost, ANSWERS.many)
    first = ANSWERS.column[made_class.cases("affine_backward")[0]]
    assert alone[first] == sum(NAMED[4] in one.mistakes for one in TRUTH)
    assert all(alone[case] == 0 for case in planted)


def test_checks_of_one_part_that_different_students_fail_disagree() -> None:
    one, other = (replace(UNNAMED[0], name=name) for name in ("low", "high"))
    pupils = []
    for number in range(40):
        pupil = made_class.pupils([Truth(0.5, [one] if number < 10 else [])])[0]
        if 10 <= number < 16:
            pupil = made_class.pupils([Truth(0.5, [replace(other, checks=2)])])[0]
            assert pupil.outcome is not None
            kept = pupil.outcome.cases[1:]
            parts = {case: ("next_w",) for case, *_ in kept}
            pupil = replace(
                pupil, outcome=replace(pupil.outcome, cases=kept), facts=Facts(parts=parts)
            )
        pupils.append(pupil)
    answers = answers_of(pupils, rubric())
    (found,) = checks.disagreeing(answers, checks.costs(answers))
    names = [answers.cases[case] for case in found[:2]]
    assert (names, found[2:]) == (made_class.cases("rmsprop")[:2], (10, 6))
    assert list(checks.disagreeing(ANSWERS, checks.costs(ANSWERS))) == []
    both = [replace(UNNAMED[0], checks=2)]
    more = [*pupils, *made_class.pupils([Truth(0.5, both)] * 40)]
    answers = answers_of(more, rubric())
    assert list(checks.disagreeing(answers, checks.costs(answers))) == [], "most fail both"


def test_training_is_held_against_what_is_asked() -> None:
    rows = []
    for number, reached in enumerate((0.61, 0.48, 0.3, None)):
        pupil = made_class.pupils([Truth(1.0)])[0]
        assert pupil.outcome is not None
        status, earned = ("passed", 3.0) if number == 0 else ("failed", 0.0)
        items = [
            (i[0], status, earned, i[3], "", "") if i[0] == "two_layer_training" else i
            for i in pupil.outcome.items
        ]
        run = (2, 5000, 10, "sgd", "none", 1.0, 0.9, reached)
        deep = (5, 5000, 10, "sgd", "none", 1.0, 0.9, 0.99)
        facts = Facts(runs=(run, deep) if reached else (deep,))
        rows.append(replace(pupil, outcome=replace(pupil.outcome, items=tuple(items)), facts=facts))
    table = next(one for one in made(rows).tables if one.id == "training")
    row = next(row for row in table.rows if "two-layer" in row[0].text)
    assert [row[n].text for n in (1, 2, 4)] == ["50 %", "1 of 4", "30.0 %, 48.0 %, 61.0 %"]
    assert row[5].who is not None and row[5].who.count == 3


def test_progress_is_of_those_with_several_attempts() -> None:
    shares = (((1, 0.5), (2, 0.7)), ((1, 0.7), (3, 0.8)), ((2, 0.1),))
    pupils = [replace(PUPILS[n], shares=each) for n, each in enumerate(shares)]
    table = next(one for one in made(pupils).tables if one.id == "attempts")
    told = [[cell.text for cell in row] for row in table.rows]
    assert told == [
        ["graded attempt 1", "2 students", "60 %", "", ""],
        ["graded attempt 2", "2 students", "75 %", "", "+15 points of 100"],
    ]


def test_flags_and_points_that_wait_name_their_students() -> None:
    waiting = replace(PUPILS[0], row=replace(PUPILS[0].row, pending="15"))
    table = next(one for one in made([waiting, *PUPILS[1:]]).tables if one.id == "flags")
    told = {row[0].text: (row[1].text, row[2].who.first) for row in table.rows if row[2].who}
    flagged = [PUPILS[n].row for n in range(7, 600, 50)]
    assert told["numeric gradient"] == ("12", tuple((r.name, r.link) for r in flagged[:3]))
    assert told["points wait for a person"][0] == "1"


def test_a_class_without_scores_is_the_list_of_students() -> None:
    rows = [Pupil(ClassRow("Ada", "waiting")), Pupil(ClassRow("<b>", "refused", reason="bad zip"))]
    source = class_page.render(made(rows))
    assert "2 students: 1 cannot be graded, 1 not graded yet" in source
    assert "&lt;b&gt;" in source and "<b>, " not in source


def test_one_student_or_equal_ones_break_nothing() -> None:
    for many in (1, 2, 30):
        assert "of 600" not in class_page.render(made(PUPILS[:1] * 1 + PUPILS[:1] * (many - 1)))


def test_two_thousand_students_stay_below_two_megabytes() -> None:
    pupils = made_class.pupils([*TRUTH, *TRUTH, *TRUTH, *TRUTH[:200]])
    assert len(class_page.render(made(pupils)).encode()) < 2e6


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([0.0, 0.049, 0.05, 0.999, 1.0], {0: 2, 1: 1, 19: 2}),
        ([0.15, 0.15 + 1e-12, 0.1499999], {3: 2, 2: 1}),
    ],
)
def test_a_score_at_the_border_of_a_bin_is_in_the_upper_one(
    shares: list[float], expected: dict[int, int]
) -> None:
    found = numbers.histogram(np.array(shares), 20)
    assert {place: many for place, many in enumerate(found) if many} == expected


def test_being_ahead_counts_equal_ones_by_half() -> None:
    assert numbers.ahead(np.array([1.0, 0.5]), np.array([0.5, 0.0])) == (1 + 1 + 0.5 + 1) / 4


def test_facts_of_a_result_are_those_of_its_report() -> None:
    report = samples.executed()
    found = facts.of_result(json.loads(result.write(report)))
    told = [(run[0], run[1], run[3], run[7]) for run in found.runs]
    ran = [
        (len(one.training.layer_sizes) - 1, one.training.num_train, one.training.update_rule,
         one.val_accuracy)
        for one in report.trained
    ]  # fmt: skip
    assert Counter(told) == Counter(ran) and len(set(ran)) > 3
    wrong = samples.three_mistakes()
    found = facts.of_result(json.loads(result.write(wrong)))
    assert found.says == {
        item.id: (item.cause.message, item.cause.certain) for item in wrong.items if item.cause
    }
    assert found.parts and all(
        fault.part in found.parts[fault.case] for item in wrong.items for fault in item.faults
    )
    assert facts._read(json.dumps(asdict(found))) == found
