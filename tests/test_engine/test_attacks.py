"""Every known attack has a test, and the table that says which one points to nothing that is gone.

The rows are those of a list of attacks on graders: A archives, B import and process, C tampering
and stealing, E notebooks, F numbers, G text. D (cheating by computation) has tables of its own.
What test_runner holds runs in bubblewrap and in the inner layers alone. A covering entry is the
name of a file under submissions/hostile, "module:function" for a test, or "module:TABLE:" with the
start of a row of it.
"""

from __future__ import annotations

import importlib

import pytest

from tests.support import hostile
from tests.support.handed_in import ROOT

ROWS = {"A": 24, "B": 24, "C": 25, "E": 18, "F": 14, "G": 12}
HIDDEN = "test_hostile:test_hidden_inputs_never_come_out"
FORGED = "test_hostile:FORGED:"
CELL = "test_runner:HOSTILE:"
TOLD_OF_ITSELF = "test_runner:test_what_a_file_says_of_itself_counts_for_nothing"
FILE = "test_ipynb:"
NBCLIENT = "test_nbclient:"
PAGE = "report.test_html:"
TERMINAL = "report.test_terminal:test_hostile_text_has_no_effect"
COVERED: dict[str, tuple[str, ...]] = {
    "B1": ("endless_function", "endless_import", "endless_in_hidden_cases"),
    "B2": ("daemon", "forks_by_number"),
    "B3": ("exit_at_import", "exit_in_function"),
    "B4": ("sys_exit",),
    "B5": ("raises_unprintable", "raises_unprintable_at_import"),
    "B6": ("raises_keyboard_interrupt",),
    "B7": ("segfault",),
    "B8": ("recursion", "recursion_limit_lifted"),
    "B9": ("prints_100_mb", "prints_to_every_descriptor"),
    "B10": ("descriptors_closed",),
    "B11": ("endless_sleep_deaf", "test_limits:test_a_case_that_ignores_every_signal_ends_in_time"),
    "B12": ("daemon",),
    "B13": ("threads",),
    "B14": ("thread_bomb",),
    "B15": ("memory_4_gb", "memory_grows", "stack_and_maps"),
    "B16": ("disk_fill",),
    "B17": ("subprocesses", "becomes_another_program"),
    "B18": ("kills_everyone", "kills_parent", "kills_parent_at_import", "signals_by_detours"),
    "B19": ("reads_stdin",),
    "B20": ("alarm_in_our_code",),
    "B21": ("end_hooks", "exit_patched"),
    "B22": ("test_hostile:test_the_time_of_the_whole_submission_is_bounded",),
    "B23": ("blas_threads",),
    "B24": ("stops_itself",),
    "C1": ("allclose_patched", "tools_patched"),
    "C2": ("returns_subclass",),
    "C3": ("frames_searched", "judge_imported"),
    "C4": ("golden_read", "files_read", "files_read_by_name"),
    "C5": ("parent_inspected",),
    "C6": ("secrets_in_environment",),
    "C7": ("secrets_in_environment", "climbs_out_of_descriptors"),
    "C8": ("frames_forged_for_others", "test_hostile:test_a_forged_answer_costs_its_own_item_only"),
    "C9": ("results_written",),
    "C10": ("sources_edited", "pages_changed"),
    "C11": ("shadows_standard_library", "shadows_grader"),
    "C12": ("forged_pyc", "stale_bytecode"),
    "C13": ("returns_pickle", "returns_objects", FORGED + "object dtype"),
    "C14": ("test_wire:test_nothing_is_allocated_for_a_shape_that_lies", FORGED + "an impossible"),
    "C15": (FORGED + "a zip of arrays",),
    "C16": ("shares_memory", "namespaces"),
    "C17": (FORGED + "message is deep", FORGED + "a line of 4000 digits", FORGED + "NaN"),
    "C18": ("clocks_patched", "probes_patched", "probes_patched_by_a_case"),
    "C19": ("environment_set",),
    "C20": (
        "test_leaks:test_nothing_is_left_for_the_next_submission",
        "test_leaks:test_the_memory_of_a_worker_holds_no_other_submission_and_no_reference",
        "test_leaks:test_two_submissions_at_once_do_not_meet",
    ),
    "C21": ("results_written",),
    "C22": (HIDDEN,),
    "C23": (
        "test_leaks:test_the_error_of_a_hidden_case_has_two_digits",
        "test_leaks:test_an_exception_of_a_hidden_case_tells_one_line",
        "test_leaks:test_how_a_hidden_case_died_is_not_told",
    ),
    "C24": ("text_for_a_reader",),
    "C25": ("files_changed",),
    "E1": (
        TOLD_OF_ITSELF,
        "test_training:EARNED:a forged claim",
        "test_graded_notebooks:test_what_was_learned_earns_and_what_was_only_told_does_not",
    ),
    "E2": (CELL + "HTML", CELL + "a script", CELL + "SVG"),
    "E3": (
        CELL + "a shell command",
        CELL + "a shell of IPython's",
        CELL + "a shell in a cell",
        FILE + "RUNNABLE:a shell's cell",
    ),
    "E4": (TOLD_OF_ITSELF,),
    "E5": (CELL + "input",),
    "E6": (
        "test_runner:test_a_kernel_that_ends_keeps_what_ran_before",
        NBCLIENT + "test_a_kernel_that_dies_is_told_by_nbclients_own_error_at_once",
    ),
    "E7": (CELL + "100 MB of text", NBCLIENT + "FORGED:a flood of texts"),
    "E8": (
        CELL + "a nap",
        "test_runner:test_the_time_of_a_notebook_is_bounded",
        NBCLIENT + "test_a_cell_that_takes_too_long_is_interrupted_or_ends_all",
    ),
    "E9": (
        "test_runner:REWIRED:the shell",
        "test_runner:REWIRED:every function of ours",
        "test_runner:test_a_log_that_is_forged_comes_out_as_a_claim_with_the_parameters_it_has",
        "test_recompute:test_the_same_parameters_count_once",
    ),
    "E10": (FILE + "READ:a version from the future", FILE + "REFUSED:cells that are no list"),
    "E11": (TOLD_OF_ITSELF,),
    "E12": (TOLD_OF_ITSELF, "test_training:test_every_item_can_be_earned_and_none_is_without_runs"),
    "E13": (
        FILE + "REFUSED:deep",
        FILE + "REFUSED:too many cells",
        FILE + "test_a_huge_cell_is_cut",
    ),
    "E14": (
        CELL + "a forged picture",
        "test_outputs:test_a_picture_of_absurd_size_is_dropped",
        "test_outputs:test_what_is_no_whole_picture_is_dropped",
        NBCLIENT + "FORGED:a picture that is none",
    ),
    "E15": (CELL + "widgets and markup", NBCLIENT + "FORGED:a kind that there is not"),
    "E16": (TOLD_OF_ITSELF, PAGE + "UNSAFE:link", PAGE + "UNSAFE:picture"),
    "E17": (
        CELL + "a file that is run",
        CELL + "a file that is loaded",
        CELL + "another environment",
        CELL + "files of an earlier IPython",
        FILE + "RUNNABLE:a change of folder",
    ),
    "E18": (
        CELL + "an update of an earlier display",
        CELL + "cleared outputs",
        NBCLIENT + "test_an_update_changes_an_earlier_cell_and_a_cleared_one_stays_as_it_is",
        NBCLIENT + "FORGED:clearing without an end",
    ),
    "F1": ("nan",),
    "F2": ("infinite",),
    "F3": ("returns_broadcast",),
    "F4": ("float16", "float32", "returns_objects"),
    "F5": ("returns_objects", "returns_nested_list", "returns_one_bad_output"),
    "F6": ("returns_80_mb", "returns_20_mb_of_bytes"),
    "F7": ("returns_1_tb",),
    "F8": ("inputs_changed", "inputs_reshaped"),
    "F9": ("returns_views",),
    "F10": ("not_deterministic", "counts_calls"),
    "F11": ("loops", "endless_function"),
    "F12": ("overflows",),
    "F13": ("raises_in_hidden_cases",),
    "F14": ("warnings_flood", "runtime_warning"),
    "G1": ("raises_strange_text", PAGE + "test_hostile_text_is_shown_not_run"),
    "G2": ("raises_strange_text", TERMINAL),
    "G3": ("raises_strange_text", PAGE + "test_shown_text"),
    "G6": ("text_for_a_reader", PAGE + "test_hostile_text_is_shown_not_run"),
    "G7": ("text_for_a_reader", PAGE + "test_nothing_active_and_nothing_from_elsewhere"),
    "G8": ("raises_10_mb", "raises_deep"),
    "G9": ("raises_strange_text",),
    "G10": ("text_for_a_reader",),
    "G11": ("text_with_formats", TERMINAL),
    "G12": ("text_with_formats", PAGE + "test_nothing_active_and_nothing_from_elsewhere"),
}
NOT_YET = {
    "G4": "there is no CSV or spreadsheet export: no cell that a program could take for a formula",
    "G5": "there are no ids of students: one submission is graded by its path",
}
# Inventions that are in no list of attacks, each a file.
BEYOND = (
    "answers_by_order", "answers_twice", "calls_of_another_abi", "calls_of_i386",
    "codec_that_takes_its_time", "frames_by_the_hundred_thousand", "imports_without_end",
    "inotify_and_locks", "interpreter_rewired", "later_inputs_spoiled", "limits_lifted",
    "memory_mapped_over", "module_lies", "names_of_arrays", "own_strict_filter", "priorities",
    "root_again", "sockets_opened", "stops_parent", "stops_worker_in_last_case", "tracing",
    "wakeup_descriptor",
)  # fmt: skip


def rows() -> list[str]:
    return [f"{letter}{n}" for letter, count in ROWS.items() for n in range(1, count + 1)]


@pytest.mark.parametrize("row", [row for row in rows() if row[0] != "A"])
def test_a_row_is_covered_or_says_why_not(row: str) -> None:
    assert (row in COVERED) != (row in NOT_YET), f"{row} has no test, or two answers"


@pytest.mark.parametrize("row", [row for row in rows() if row[0] == "A"])
def test_an_archive_row_is_in_the_table_of_archives(row: str) -> None:
    archive = importlib.import_module("tests.test_submission.test_archive")
    assert any(name.startswith(f"{row} ") for name in (*archive.REFUSED, *archive.ACCEPTED))


@pytest.mark.parametrize("row", COVERED)
def test_what_covers_a_row_exists(row: str) -> None:
    assert row in rows()
    for entry in COVERED[row]:
        assert exists(entry), entry


def test_inventions_exist() -> None:
    assert [name for name in BEYOND if not exists(name)] == []


def exists(entry: str) -> bool:
    if ":" not in entry:
        return (hostile.HOSTILE / f"{entry}.py").exists()
    module, name, *start = entry.split(":")
    [path] = (ROOT / "tests").rglob(f"{module.rpartition('.')[2]}.py")
    dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    found = getattr(importlib.import_module(dotted), name, None)
    if start:
        return any(str(key).startswith(start[0]) for key in found or ())
    return callable(found)
