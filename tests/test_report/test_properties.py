"""What a good report does, property by property, and the tests that would fail if ours did not."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.report import html
from tests.support import handed_in
from tests.support.assignments import asking
from tests.test_report.reading import words
from tests.test_report.samples import ALL

TESTS = Path(__file__).resolve().parents[1]
# number and property: tests as package/module::name, those without a package stand in this one
PROPERTIES: Mapping[str, str] = {
    "1 the verdict comes first": """
    test_html::test_verdict_comes_first
    test_browser::test_the_demo_is_six_sheets_at_most_150_kB_and_each_card_a_screen""",
    "2 by gain and dependency, one mistake is one thing to fix": """
    test_html::test_roots_come_by_points_with_their_consequences_inside
    test_properties::test_one_mistake_is_one_thing_to_fix
    test_diagnosis/test_consequence::test_who_pays_and_because_of_whom""",
    "3 every item with a word, a mark, points and a link": """
    test_properties::test_each_item_of_the_map_has_a_mark_a_word_and_points
    test_html::test_headings_ids_and_tables_are_in_order""",
    "4 what is wrong in one plain sentence": """
    test_html::test_the_smallest_public_example_is_shown_with_marks_and_limits
    test_diagnosis/test_diagnosis::test_every_symptom_is_one_plain_sentence_without_a_hidden_number
    test_diagnosis/test_misconceptions::test_a_mistake_is_told_in_sentences""",
    "5 the smallest case that fails, and lines that show it": """
    test_html::test_the_smallest_case_comes_after_the_cause_and_before_all_else
    test_html::test_the_example_runs_as_python
    test_diagnosis/test_find_minimal::test_the_first_case_that_fails_twice_is_shown
    test_diagnosis/test_minimal_example::test_no_usual_mistake_is_shown_by_a_number_that_is_right""",
    "6 the error beside its limit, and where": """
    test_html::test_the_smallest_public_example_is_shown_with_marks_and_limits
    test_result::test_error_and_limit_keep_every_digit""",
    "7 the student's own lines, the suspect one marked": """
    test_html::test_an_exception_shows_the_students_own_lines
    test_listing::test_a_function_has_its_numbers_its_marks_and_no_docstring
    test_diagnosis/test_changed_line::test_the_line_of_a_planted_mistake_is_marked_first""",
    "8 the likely cause, and how sure it is": """
    test_diagnosis/test_diagnosis::test_a_usual_mistake_is_named_in_any_style
    test_diagnosis/test_diagnosis::test_what_is_called_certain_agrees_to_the_last_digit
    test_diagnosis/test_diagnosis::test_a_mistake_that_is_nearly_a_usual_one_is_not_called_certain""",
    "9 three folded hints at most, never the solution": """
    test_html::test_hints_are_folded_and_at_most_three
    test_diagnosis/test_diagnosis::test_the_hints_are_those_of_the_mistake_up_to_the_rubrics_level
    test_diagnosis/test_misconceptions::test_no_hint_is_a_line_of_the_solution""",
    "10 the next step: a command, a place in the notebook, a note": """
    test_listing::test_the_next_step_has_the_command_the_lesson_and_the_note
    test_cli/test_explain::test_a_lesson_is_a_heading_of_a_notebook_that_is_handed_out
    test_cli/test_explain::test_each_function_has_a_short_note_with_its_formulas
    test_release/test_selfcheck::test_a_name_is_a_function_a_file_or_a_section""",
    "11 what each point was for": """
    test_html::test_points_of_the_parts_add_up
    test_cli/test_cli::test_result_json_adds_up_and_charges_the_two_mistakes""",
    "12 what is right stays, short and folded, with its margin": """
    test_html::test_what_is_right_says_by_how_much_and_what_it_took
    test_html::test_what_else_is_said
    test_grading/test_margins::test_digits_that_agree""",
    "13 pictures with a title and their numbers in words": """
    test_training_page::test_each_chart_says_what_it_shows_to_those_who_cannot_see_it
    test_html::test_heat_map_has_a_pixel_for_each_cell_and_darker_is_worse""",
    "14 accessible: WCAG 2.2 AA, 320 pixels": """
    test_browser::test_axe_finds_nothing
    test_browser::test_no_sideways_scroll_at_320_pixels
    test_html::test_headings_ids_and_tables_are_in_order""",
    "15 no script, nothing loaded, a strict policy": """
    test_html::test_nothing_active_and_nothing_from_elsewhere
    test_notebook_page::test_the_page_is_as_closed_as_the_report""",
    "16 one small file": """
    test_html::test_size
    test_properties::test_a_report_on_code_alone_is_small_though_all_is_wrong
    test_browser::test_the_demo_is_six_sheets_at_most_150_kB_and_each_card_a_screen
    test_notebook_page::test_a_page_is_bounded_whatever_a_notebook_holds""",
    "17 dark, and on paper": """
    test_browser::test_axe_finds_nothing
    test_browser::test_paper_shows_cause_and_next_step_no_hint_and_the_stamp_on_each_page
    test_browser::test_paper_shows_the_whole_notebook_and_the_chart_without_its_numbers""",
    "18 nothing hidden": """
    test_html::test_hidden_checks_leak_neither_inputs_nor_values
    test_release/test_what_students_read::test_what_is_written_about_a_submission_gives_nothing_hidden_away
    test_release/test_leaks::test_the_error_of_a_hidden_case_has_two_digits
    test_cli/test_staff::test_staff_look_at_one_student_of_a_class_and_no_student_s_folder_has_it""",
    "19 a stranger's text is text": """
    test_html::test_hostile_text_is_shown_not_run
    test_nothing_runs::test_nothing_runs_in_any_page_though_no_policy_keeps_it_out
    test_exporters::test_hostile_text_is_text_everywhere""",
    "20 honest, and the same again": """
    test_html::test_how_the_result_came_about_is_told
    test_html::test_same_report_same_bytes_but_for_the_measured_field
    test_cli/test_cli::test_grading_twice_gives_the_same_bytes_but_for_measured
    test_html::test_our_fault_is_said_to_be_ours_and_costs_nothing
    test_html::test_a_box_that_did_not_isolate_is_stamped_on_every_page
    test_html::test_what_else_is_said
    test_grading/test_verdicts::test_a_case_without_an_answer_earns_no_part""",
}  # fmt: skip


@functools.cache
def names_in(module: str) -> set[str]:
    """Return the functions of a test module."""
    place = module if "/" in module else f"test_report/{module}"
    tree = ast.parse((TESTS / f"{place}.py").read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_property_has_its_tests() -> None:
    assert [name.partition(" ")[0] for name in PROPERTIES] == [str(n) for n in range(1, 21)]
    for about, tests in PROPERTIES.items():
        for test in tests.split():
            module, _, name = test.partition("::")
            assert name in names_in(module), f"{about}: {test} is nowhere"


@pytest.mark.parametrize("name", ALL)
def test_each_item_of_the_map_has_a_mark_a_word_and_points(name: str) -> None:
    """A result is told by a word and by a shape of its own; colour alone says nothing."""
    source = html.render(ALL[name](), version="")
    every = source.partition('<div class="map">')[2].partition("</section>")[0]
    rows = re.findall(r'<td class="r">(.*?)</td><td class="n">(.*?)</td>', every)
    shapes: dict[str, set[str]] = {}
    for result, points in rows:
        status = re.search(r'href="#m-(\w+)"', result)
        assert status and re.fullmatch(r"(–|[\d.]+) of [\d.]+", points)
        drawn = re.search(rf'<symbol id="m-{status[1]}".*?</symbol>', source, re.DOTALL)
        assert drawn
        shapes.setdefault(drawn[0].partition(">")[2], set()).add(words(f"<p>{result}</p>"))
    assert len(rows) == len(ALL[name]().items)
    assert all(len(told) == 1 and "" not in told for told in shapes.values())


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


MISTAKES = [
    "affine_backward/db-mean",
    "batchnorm_forward/momentum-swapped",
    "adam/no-bias-correction",
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_one_mistake_is_one_thing_to_fix(
    mistake: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    planted = handed_in.mistake(handed_in.usual_mistakes()[mistake])
    asked = asking(assignments["cs231n-a2"], *planted.fails, "FullyConnectedNet.batchnorm")
    report = grade_one(planted.submission, asked, worker)
    assert html.render(report, version="").count('<article class="card"') == 1


def test_a_report_on_code_alone_is_small_though_all_is_wrong(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    one_each = {one.item: one for one in handed_in.usual_mistakes().values()}
    submission = handed_in.with_mistakes(handed_in.reference(), one_each.values())
    page = html.render(grade_one(submission, assignments["cs231n-a2"], worker), version="")
    assert page.count('<article class="card"') > 10
    assert len(page.encode()) < 400_000
