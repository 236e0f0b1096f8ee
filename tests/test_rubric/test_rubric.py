"""Rubrics: the shipped ones say what they must, and a broken one says where and why."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from grader.errors import BackgradeError, RubricError
from grader.grading.assignment import Assignment
from grader.grading.verdicts import Evaluator
from grader.rubric.cases import Rubric
from grader.rubric.reading import read_rubric
from grader.rubric.validation import json_schema

RUBRICS = Path(__file__).resolve().parents[2] / "rubrics"
YEARS = {
    "cs231n-a2": "2018-2020", "cs231n-a2-2016": "2016", "cs231n-a2-2017": "2017",
    "cs231n-a2-2021": "2021-2024", "cs231n-a2-2025": "2025", "cs231n-a2-2026": "2026",
}  # fmt: skip
NAMES = tuple(YEARS)

# DESIGN, section 5.
CODE = """affine_forward affine_backward relu_forward relu_backward TwoLayerNet FullyConnectedNet
sgd_momentum rmsprop adam batchnorm_forward batchnorm_backward batchnorm_backward_alt
FullyConnectedNet.batchnorm layernorm_forward layernorm_backward FullyConnectedNet.layernorm
dropout_forward dropout_backward FullyConnectedNet.dropout""".split()
NOTEBOOKS = """two_layer_training overfit_three_layer overfit_five_layer update_rules best_model
batchnorm_training batchnorm_init_scale batchnorm_batch_size layernorm_batch_size
dropout_training""".split()
QUESTIONS = """FullyConnectedNets/1 FullyConnectedNets/2 FullyConnectedNets/3 BatchNormalization/1
BatchNormalization/2 BatchNormalization/3 BatchNormalization/4 Dropout/1 Dropout/2
Dropout/3""".split()
# Layer normalization, the batch sizes and seven of the questions came in 2018.
LATER = """layernorm_forward layernorm_backward FullyConnectedNet.layernorm batchnorm_batch_size
layernorm_batch_size FullyConnectedNets/1 FullyConnectedNets/3 BatchNormalization/2
BatchNormalization/3 BatchNormalization/4 Dropout/1 Dropout/3""".split()
# In 2021 the two-layer net moved to assignment 1, in 2025 the notebook of the nets did.
MOVED = "TwoLayerNet two_layer_training FullyConnectedNets/1 Dropout/3".split()
NETS = """overfit_three_layer overfit_five_layer update_rules best_model FullyConnectedNets/2
FullyConnectedNets/3""".split()
RULES = "sgd_momentum rmsprop adam".split()
WITHOUT = {
    "cs231n-a2": [], "cs231n-a2-2016": LATER, "cs231n-a2-2017": LATER, "cs231n-a2-2021": MOVED,
    "cs231n-a2-2025": [*MOVED, *NETS, *RULES], "cs231n-a2-2026": [*MOVED, *NETS],
}  # fmt: skip
# Points for code, notebooks and questions.
POINTS = {
    "cs231n-a2": (64, 20, 16), "cs231n-a2-2016": (57, 18, 4.8), "cs231n-a2-2017": (57, 18, 4.8),
    "cs231n-a2-2021": (61, 17, 12.8), "cs231n-a2-2025": (51, 7, 9.6),
    "cs231n-a2-2026": (61, 7, 9.6),
}  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> dict[str, Rubric]:
    return {name: read_rubric(RUBRICS / f"{name}.toml") for name in NAMES}


# ---------------------------------------------------------------- the shipped rubrics


def test_no_line_of_a_rubric_is_too_long_to_read() -> None:
    files = sorted(RUBRICS.rglob("*.toml"))
    lines = [(file.name, line) for file in files for line in file.read_text("utf-8").splitlines()]
    assert len(files) > len(NAMES) and [one for one in lines if len(one[1]) > 120] == []


def test_every_shipped_rubric_is_read_and_has_its_file_s_name(shipped: dict[str, Rubric]) -> None:
    assert {path.stem for path in RUBRICS.glob("*.toml")} == set(NAMES)
    assert {name: rubric.table.id for name, rubric in shipped.items()} == {n: n for n in NAMES}


@pytest.mark.parametrize(("name", "without"), WITHOUT.items())
def test_the_items_are_those_of_the_contract(
    name: str, without: list[str], shipped: dict[str, Rubric]
) -> None:
    by_kind: dict[str, set[str]] = {"code": set(), "notebook": set(), "question": set()}
    for item in shipped[name].table.items:
        by_kind[item.kind].add(item.id)
    own = {"softmax_loss"} if YEARS[name] >= "2021" else set()
    assert by_kind["code"] == set(CODE) - set(without) | own
    assert by_kind["notebook"] == set(NOTEBOOKS) - set(without)
    assert by_kind["question"] == set(QUESTIONS) - set(without)


@pytest.mark.parametrize("name", NAMES)
def test_the_points_of_a_course_year_are_what_its_items_sum_to(
    name: str, shipped: dict[str, Rubric]
) -> None:
    points = {"code": 0.0, "notebook": 0.0, "question": 0.0}
    for item in shipped[name].table.items:
        assert not item.bonus
        points[item.kind] += item.points
    assert tuple(points.values()) == pytest.approx(POINTS[name], abs=1e-12)


def test_every_rubric_says_whose_files_it_is_made_for(shipped: dict[str, Rubric]) -> None:
    assert {name: rubric.table.years for name, rubric in shipped.items()} == YEARS


@pytest.mark.parametrize("name", [name for name in NAMES if YEARS[name] >= "2021"])
def test_nets_need_the_students_own_loss_since_2021(name: str, shipped: dict[str, Rubric]) -> None:
    rubric = shipped[name]
    ids = [item.id for item in rubric.table.items]
    assert ids.index("softmax_loss") < ids.index("FullyConnectedNet")
    for item in rubric.table.items:
        if item.id.startswith("FullyConnectedNet") and item.kind == "code":
            assert "softmax_loss" in rubric.all_needs(item.id)
    stable = next(part for part in rubric.item("softmax_loss").parts if part.id == "stable")
    assert stable.points == 0  # an overflow is only said


# Words that hold where p is the share of units that is kept, and not where it is dropped.
OF_KEEPING = ("p is the share of units that is kept", "kept with probability p", "divided by p")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_of_p_is_what_p_is_in_that_year(name: str, shipped: dict[str, Rubric]) -> None:
    table = shipped[name].table
    item = shipped[name].item("dropout_forward")
    said = " ".join([*item.hints, *(part.about for part in item.parts)])
    keeps = table.conventions.dropout_p == "keep"
    assert all((words in said) is keeps for words in OF_KEEPING)
    assert ("p is the share of units that is dropped" in said) is not keeps
    nets = [item.where for item in table.items if item.id == "FullyConnectedNet.batchnorm"]
    assert ("use_batchnorm" in nets[0]) is not keeps


def test_a_new_item_stands_above_the_first_that_needs_it(tmp_path: Path) -> None:
    new = ITEM.replace('"relu"', '"new"')
    more = f'extends = "small"\n{new}[[items]]\nid = "relu"\nneeds = ["new"]\n'
    (tmp_path / "small.toml").write_text(SMALL + OTHER, encoding="utf-8")
    path = tmp_path / "more.toml"
    path.write_text(more, encoding="utf-8")
    assert [item.id for item in read_rubric(path).table.items] == ["new", "relu", "other"]
    path.write_text(f'extends = "small"\n{new}', encoding="utf-8")
    assert [item.id for item in read_rubric(path).table.items] == ["relu", "other", "new"]


def test_a_goal_beside_an_item_that_is_left_out_stands_alone(shipped: dict[str, Rubric]) -> None:
    def besides(name: str) -> set[str | None]:
        parts = shipped[name].item("best_model").parts
        return {part.goal.besides for part in parts if part.goal}

    assert besides("cs231n-a2") == {"two_layer_training"} and besides("cs231n-a2-2021") == {None}


@pytest.mark.parametrize("name", NAMES)
def test_the_points_of_an_item_are_those_of_its_parts(
    name: str, shipped: dict[str, Rubric]
) -> None:
    for item in shipped[name].table.items:
        if item.kind == "question":
            assert not item.parts and not item.cases
        else:
            assert sum(p.points for p in item.parts if not p.bonus) == item.points
        assert item.points > 0
        assert len({part.id for part in item.parts}) == len(item.parts)


@pytest.mark.parametrize("name", NAMES)
def test_every_code_item_has_public_and_hidden_cases_and_three_hints(
    name: str, shipped: dict[str, Rubric]
) -> None:
    for item in shipped[name].table.items:
        if item.kind == "code":
            public = [case.public for case in item.cases]
            assert len(public) >= 3 and any(public) and not all(public), item.id
            assert len(item.hints) == 3 and all(len(hint.split()) > 3 for hint in item.hints)
            assert len(set(item.hints)) == 3
            assert re.fullmatch(r"(layers|optim|classifiers/fc_net)\.py: \S.*", item.where)
        assert item.title and item.where


@pytest.mark.parametrize("name", NAMES)
def test_every_part_is_decided_by_a_case(name: str, assignments: dict[str, Assignment]) -> None:
    rubric = assignments[name].rubric
    evaluator = Evaluator(rubric, assignments[name].golden)
    for item in rubric.table.items:
        decided = {
            item.part_of(output, case)
            for case in rubric.cases
            if case.item == item.id
            for output in evaluator.names(case)
        }
        assert decided == {part.id for part in item.parts if part.goal is None}, item.id


@pytest.mark.parametrize("name", NAMES)
def test_every_case_decides_something_and_no_output_is_left_out_by_mistake(
    name: str, assignments: dict[str, Assignment]
) -> None:
    rubric, golden = assignments[name].rubric, assignments[name].golden
    evaluator = Evaluator(rubric, golden)
    for case in rubric.cases:
        assert evaluator.names(case), case.id
        if case.judge == "values.close" and not case.only:
            assert set(evaluator.names(case)) == set(golden.expected(case)[0]), case.id


@pytest.mark.parametrize("name", NAMES)
def test_every_case_has_inputs_that_differ_from_those_of_every_other(
    name: str, shipped: dict[str, Rubric]
) -> None:
    rubric = shipped[name]
    seen: dict[bytes, str] = {}
    for case in rubric.cases:
        for argument, array in rubric.case_inputs(case).items():
            if array.dtype == np.float64 and array.size > 4:
                other = seen.setdefault(array.tobytes(), f"{case.id}:{argument}")
                assert other == f"{case.id}:{argument}"


def test_inputs_of_a_case_are_made_once_and_cannot_be_changed(shipped: dict[str, Rubric]) -> None:
    rubric = shipped["cs231n-a2"]
    first, again = (rubric.case_inputs(rubric.cases[0]) for _ in range(2))
    assert first is again and set(first) == {"x", "w", "b"}
    for array in first.values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_the_years_differ_as_the_course_did(shipped: dict[str, Rubric]) -> None:
    now, y2016, y2017 = (shipped[name] for name in NAMES[:3])
    assert now.table.conventions.dropout_p == "keep"
    assert y2017.table.conventions.dropout_p == y2016.table.conventions.dropout_p == "drop"
    same = ("adam_eps_hat", "adam_eps_inside", "adam_eps_omitted")
    assert now.item("adam").alternatives == same
    assert "adam_first_t_two" in y2017.item("adam").alternatives
    assert y2016.item("adam").alternatives == same
    assert "starter_2016" in y2016.item("FullyConnectedNet.batchnorm").alternatives
    # what a year does not change stays: points, parts, cases, judging
    assert y2016.item("adam").parts == now.item("adam").parts
    assert y2016.table.judging == now.table.judging and y2016.table.seed == now.table.seed
    assert len({rubric.sha256 for rubric in shipped.values()}) == len(NAMES)


def test_what_a_case_refuses_it_refuses_joined_with_others_too(shipped: dict[str, Rubric]) -> None:
    case = next(c for c in shipped["cs231n-a2-2017"].cases if c.id == "adam/tiny")
    assert "adam_eps_inside+adam_first_t_two" in case.alternatives
    assert not [name for name in case.alternatives if "adam_eps_omitted" in name]


def test_only_judged_outputs_have_names_in_part_of(shipped: dict[str, Rubric]) -> None:
    rubric = shipped["cs231n-a2"]
    cases = {case.id: case for case in rubric.cases}
    table = [
        ("FullyConnectedNet/loss", "dW1", "gradients"),
        ("FullyConnectedNet/loss", "loss", "loss"),
        ("FullyConnectedNet/loss", "accuracy", None),
        ("FullyConnectedNet/reg", "dW1", "regularization"),
        ("FullyConnectedNet.batchnorm/reg", "dgamma1", "gradients"),
        ("FullyConnectedNet.batchnorm/reg", "dW1", None),  # `only`
        ("FullyConnectedNet.batchnorm/reg", "loss", None),
        ("FullyConnectedNet.batchnorm/init", "gamma1", "init"),
        ("FullyConnectedNet.batchnorm/init", "W1", None),
        ("FullyConnectedNet.batchnorm/test_mode", "scores_again", "test_mode"),
        ("batchnorm_forward/train", "running_var", "running"),
        ("batchnorm_forward/one", "running_var", "single"),
        ("adam/default", "t", "moments"),
        ("adam/default", "next_w", "next_w"),
        ("dropout_forward/train", "draws", "mask"),
    ]
    for case_id, output, part in table:
        case = cases[case_id]
        assert rubric.item(case.item).part_of(output, case) == part, (case_id, output)


# ---------------------------------------------------------------- a small rubric, broken

HEAD = """format = 1
id = "small"
title = "Small"
seed = "secret"
[[sections]]
id = "s"
title = "S"
"""
ITEM = """[[items]]
id = "relu"
section = "s"
title = "ReLU"
where = "layers.py: relu_forward"
points = 2
probe = "layers.relu_forward"
parts = [{ id = "out", points = 2, about = "right" }]
cases = [
  { id = "one", public = true, inputs = { x = "3x4" } },
  { id = "two", inputs = { x = "2x5" } },
]
"""
ROOT = Path(__file__).resolve().parents[2]
SMALL = HEAD + ITEM
OTHER = ITEM.replace('"relu"', '"other"')
NEW = ITEM.replace('"relu"', '"new"')


def written(folder: Path, text: str, **others: str) -> Path:
    for name, other in others.items():
        (folder / f"{name}.toml").write_text(other, encoding="utf-8")
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    return path


def copied(folder: Path, old: str, new: str) -> Path:
    """Copy the default rubric with its sections, `old` replaced once; return its file."""
    rubric = shutil.copytree(RUBRICS, folder, dirs_exist_ok=True) / "cs231n-a2.toml"
    files = [rubric, *sorted((folder / rubric.stem).glob("*.toml"))]
    file = next(file for file in files if old in file.read_text(encoding="utf-8"))
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    return rubric


def put(old: str, new: str, text: str = SMALL) -> str:
    assert text.count(old) == 1, f"{old!r} must be there once"
    return text.replace(old, new)


IN_ITEM = 'probe = "layers.relu_forward"'
PARTS = 'parts = [{ id = "out", points = 2, about = "right" }]'
ONE = '{ id = "one", public = true, inputs = { x = "3x4" } },'


def with_line(line: str) -> str:
    """The small rubric with one more line in its item."""
    return put(IN_ITEM, f"{IN_ITEM}\n{line}")


def with_table(lines: str) -> str:
    """The small rubric with one more table."""
    return f"{HEAD}{lines}\n{ITEM}"


def with_case(field: str) -> str:
    """The small rubric with one more field in its first case."""
    return put(ONE, ONE.replace("id", f"{field}, id", 1))


TWO_PARTS = PARTS.replace("points = 2", "points = 3").replace("]", ", {}]")
NEGATIVE = TWO_PARTS.replace("{},", "").replace("{}", '{ id = "b", points = -1, about = "b" }')
TWICE = PARTS.replace("points = 2", "points = 1").replace("[", "[{}, ", 1)
TWICE = TWICE.replace("{}", '{ id = "out", points = 1, about = "again" }')
NO_CASE = SMALL[: SMALL.index("cases")] + "cases = []\n"
# what is wrong -> (the file, what the message must hold, apart from the file's name)
BROKEN: dict[str, tuple[str, str]] = {
    "no TOML": (SMALL + "points =\n", "is no valid TOML|line 20"),
    "key twice": (put("points = 2\n", "points = 2\npoints = 2\n"), "is no valid TOML|line 14"),
    "empty": ("", "format|required"),
    "format 2": (put("format = 1", "format = 2"), "format: |1"),
    "no seed": (put('seed = "secret"\n', ""), "seed: |required"),
    "empty seed": (put('"secret"', '""'), "seed: |at least 1"),
    "unknown field at the top": ("colour = 1\n" + SMALL, "colour: |no such field|conventions"),
    "unknown field of an item": (with_line("pionts = 2"), "'relu'|pionts: |no such field|points"),
    "unknown field of a case": (
        with_case("secret = 1"),
        "'relu'|'one'|secret: |no such field|public",
    ),
    "unknown field of a part": (put("about =", "why = 1, about ="), "'relu'|'out'|why: "),
    "unknown field of a table": (with_table("[judging]\nstrict = true"), "judging, strict: "),
    "points as text": (put("points = 2\n", 'points = "two"\n'), "'relu'|points: |number"),
    "public as text": (put("public = true", 'public = "no?"'), "'relu'|'one'|public: |boolean"),
    "cases as text": (put(ONE, '"one",'), "'relu'|cases"),
    "input as number": (put('x = "3x4"', "x = 3"), "'relu'|'one'|inputs, x: |string"),
    "no place": (
        put('where = "layers.py: relu_forward"\n', ""),
        "'relu'|where is missing|file and function",
    ),
    "no title": (put('title = "ReLU"\n', ""), "'relu'|title: |required"),
    "item without id": (put('id = "relu"\n', ""), "items, 0, id: |required"),
    "case behind no part": (
        put(ONE, ONE.replace("id =", 'behind = "nothing", id =', 1)),
        "'relu'|case 'one'|behind 'nothing'|none of",
    ),
    "refused convention": (
        put(ONE, ONE.replace("id =", 'refuses = ["no_eps"], id =', 1)),
        "'relu'|case 'one'|refuses 'no_eps'|does not accept",
    ),
    "points too many": (put("points = 2\n", "points = 3\n"), "'relu'|points is 3|add up to 2"),
    "points a little off": (put("points = 2\n", "points = 2.001\n"), "'relu'|2.001|add up to 2"),
    "negative points": (put("points = 2\n", "points = -2\n"), "'relu'|points: |equal to 0"),
    "negative points of a part": (put(PARTS, NEGATIVE), "'relu'|'b'|points: |equal to 0"),
    "points nan": (put("points = 2\n", "points = nan\n"), "'relu'|points: "),
    "no case": (NO_CASE, "'relu'|at least one case"),
    "no probe": (put(IN_ITEM + "\n", ""), "'relu'|'one'|name a probe"),
    "unknown part": (with_case('part = "dx"'), "'relu'|'one'|'dx'|['out']"),
    "part twice": (put(PARTS, TWICE), "'relu'|two parts|'out'"),
    "input that the probe does not take": (
        put('x = "3x4"', 'x = "3x4", w = "4"'),
        "'relu'|'one'|layers.relu_forward|'w'|inputs and options",
    ),
    "input that the probe lacks": (
        put('x = "3x4"', ""),
        "'relu'|'one'|layers.relu_forward|'x'|inputs and options",
    ),
    "option that the probe does not take": (
        with_case("options = { p = 1 }"),
        "'relu'|'one'|layers.relu_forward|'p'",
    ),
    "option of another type": (
        put(IN_ITEM, 'probe = "dropout.dropout_test"').replace(
            "inputs =", 'options = { keep = "much" }, inputs ='
        ),
        "'relu'|'one'|options, keep: 'much' is not a number|dropout.dropout_test",
    ),
    "probe that is no probe": (put(IN_ITEM, 'probe = "layers.np"'), "'relu'|'layers.np'|none of"),
    "needs as text": (with_line('needs = "a"'), "'relu'|needs: |write a list"),
    "unknown tolerance": (
        with_line('tolerance = "loose"'),
        "'relu'|tolerance: |exact, layer, norm",
    ),
    "unknown kind": (with_line('kind = "exam"'), "'relu'|kind: |'code', 'notebook' or 'question'"),
    "unknown section": (put('section = "s"', 'section = "z"'), "'relu'|'z'|[[sections]]"),
    "unknown need": (with_line('needs = ["sigmoid"]'), "'relu'|'sigmoid'|no item above"),
    "need itself": (with_line('needs = ["relu"]'), "'relu'|no item above"),
    "unknown need of a case": (with_case('needs = ["sigmoid"]'), "'relu'|'sigmoid'|no item above"),
    "need below": (with_line('needs = ["other"]') + OTHER, "'relu'|'other'|no item above"),
    "item twice": (SMALL + ITEM, "'relu'|two items"),
    "case twice": (put('"two"', '"one"'), "'relu'|'one'|two cases"),
    "four hints": (with_line('hints = ["a", "b", "c", "d"]'), "'relu'|hints: |at most 3"),
    "bad shape": (put('"3x4"', '"3 by 4"'), "'relu'|'one'|'x'|unknown word 'by'"),
    "bad input": (put('"2x5"', '"2x5 random"'), "'relu'|'two'|'x'|'random'|use one of positive"),
    "bad fraction": (put('"2x5"', '"2x5 *1/3"'), "'relu'|'two'|'x'|power-of-two"),
    "bad unit_axes": (with_table('[judging]\nunit_axes = "x"'), "unit_axes: |'warn' or 'fail'"),
    "bad float32": (with_table('[judging]\nfloat32 = "x"'), "float32: |'warn' or 'fail'"),
    "bad mutated_input": (
        with_table('[judging]\nmutated_input = "x"'),
        "mutated_input: |'allow', 'warn' or 'fail'",
    ),
    "bad dropout_p": (with_table('[conventions]\ndropout_p = "p"'), "dropout_p: |'keep' or 'drop'"),
    "hint level 4": ("hint_level = 4\n" + SMALL, "hint_level: |equal to 3"),
    "follow_through 2": ("follow_through = 2\n" + SMALL, "follow_through: |equal to 1"),
    "no time": (with_table("[limits]\ncase_s = 0"), "limits, case_s: |greater than 0"),
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rubric_says_where_and_what_would_be_right(
    text: str, says: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(RubricError) as caught:
        read_rubric(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    assert [word for word in says.split("|") if word not in message] == [], message


EXTENDS = 'extends = "base"\nid = "small"\n'
# what is wrong -> (the file, the file it extends, what the message must hold)
BROKEN_EXTENDS = {
    "missing file": ('extends = "nowhere"\n', SMALL, ("nowhere.toml", "cannot be read")),
    "itself": ('extends = "small"\n', SMALL, ("small.toml", "circle")),
    "a circle": (EXTENDS, 'extends = "small"\n', ("small.toml", "circle")),
    "base is no TOML": (EXTENDS, "=", ("base.toml", "no valid TOML")),
    "without unknown": (
        'extends = "base"\nwithout = ["tanh"]\n', SMALL, ("small.toml", "without", "'tanh'"),
    ),
    "item without id": (
        EXTENDS + "[[items]]\npoints = 2\n", SMALL, ("small.toml", "[[items]] has no id"),
    ),
    "changed points do not add up": (
        EXTENDS + '[[items]]\nid = "relu"\npoints = 3\n', SMALL, ("'relu'", "points is 3"),
    ),
    "a new item lacks fields": (
        EXTENDS + '[[items]]\nid = "new"\n', SMALL, ("'new'", "section", "required"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "base", "says"), BROKEN_EXTENDS.values(), ids=BROKEN_EXTENDS.keys()
)
def test_a_broken_extension_says_where(
    text: str, base: str, says: tuple[str, ...], tmp_path: Path
) -> None:
    path = written(tmp_path, text, base=base)
    with pytest.raises(RubricError) as caught:
        read_rubric(path)
    assert str(caught.value).startswith(str(tmp_path))
    assert all(word in str(caught.value) for word in says), str(caught.value)


def test_included_items_are_read_as_if_they_stood_in_the_rubric(tmp_path: Path) -> None:
    """They stand above its own, in the order of the files; another rubric may extend the whole."""
    whole = read_rubric(written(tmp_path, HEAD + ITEM + OTHER + NEW)).table
    parts = {"relu": ITEM, "other": OTHER, "year": 'extends = "small"\nid = "year"\n'}
    path = written(tmp_path, 'include = ["relu.toml", "other.toml"]\n' + HEAD + NEW, **parts)
    assert read_rubric(path).table == whole
    assert read_rubric(tmp_path / "year.toml").table.items == whole.items


# what is wrong -> (what is included, the file of that name, what the message must hold)
BROKEN_INCLUDES = {
    "no list": ('"part.toml"', ITEM, ("small.toml: include: ", "a list")),
    "no names": ("[1]", ITEM, ("small.toml: include: ", "a list")),
    "missing file": ('["gone.toml"]', ITEM, ("gone.toml: ", "cannot be read")),
    "no TOML": ('["part.toml"]', "=", ("part.toml: ", "no valid TOML")),
    "a setting": ('["part.toml"]', "seed = 's'\n" + ITEM, ("part.toml: ", "small.toml")),
    "nothing": ('["part.toml"]', "", ("part.toml: ", "[[items]]")),
    "an item without id": ('["part.toml"]', "[[items]]", ("part.toml: ", "has no id")),
    "an item of its own again": ('["part.toml"]', ITEM, ("small.toml: ", "'relu'", "two items")),
}


@pytest.mark.parametrize(
    ("names", "part", "says"), BROKEN_INCLUDES.values(), ids=BROKEN_INCLUDES.keys()
)
def test_a_broken_include_says_where(
    names: str, part: str, says: tuple[str, ...], tmp_path: Path
) -> None:
    path = written(tmp_path, f"include = {names}\n{SMALL}", part=part)
    with pytest.raises(RubricError) as caught:
        read_rubric(path)
    assert str(caught.value).startswith(str(tmp_path))
    assert all(word in str(caught.value) for word in says), str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(RubricError, match="cannot be read .*; check "):
            read_rubric(path)
    path = tmp_path / "binary.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RubricError, match="binary.toml: is no valid TOML"):
        read_rubric(path)


# ---- names that point nowhere

LAST = put('id = "two",', 'id = "two", {},')
NOWHERE = {
    "unknown judge": LAST.replace("{},", 'judge = "values.closest",'),
    "unknown module of judges": LAST.replace("{},", 'judge = "colours.close",'),
    "unknown probe": LAST.replace("{},", 'probe = "layers.relu_forwards",'),
    "unknown module of probes": LAST.replace("{},", 'probe = "pictures.draw",'),
}


@pytest.mark.parametrize("text", NOWHERE.values(), ids=NOWHERE.keys())
def test_a_name_that_points_nowhere_is_refused_when_the_rubric_is_read(
    text: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(RubricError) as caught:
        read_rubric(path)
    assert all(word in str(caught.value) for word in ("small.toml", "'relu'", "'two'"))


NO_SUCH_OUTPUT = {
    "only": (
        'only = ["gamma*", "beta*"]', "gamma*",
        "FullyConnectedNet.batchnorm|init|only: |'gama*'|W1, b1, gamma1",
    ),
    "outputs of a part": (
        'outputs = ["m", "v", "t"]', '"t"', "adam|moments|outputs: |'tt'|next_w, m, v, t",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "name", "says"), NO_SUCH_OUTPUT.values(), ids=NO_SUCH_OUTPUT.keys()
)
def test_an_output_that_no_case_gives_is_refused_before_grading(
    line: str, name: str, says: str, assignments: dict[str, Assignment], tmp_path: Path
) -> None:
    wrong = {"gamma*": "gama*", '"t"': '"tt"'}[name]
    path = copied(tmp_path, line, line.replace(name, wrong))
    changed = replace(assignments["cs231n-a2"], rubric=read_rubric(path))
    with pytest.raises(RubricError) as caught:
        changed.check()
    message = str(caught.value)
    assert message.startswith(str(path))
    assert [word for word in says.split("|") if word not in message] == [], message


UNREFUSED = {
    "part twice": (
        put(PARTS, 'parts = [{ id = "out", points = 1, about = "a" }, '
            '{ id = "out", points = 1, about = "b" }]'), "",
    ),
    "section twice": (SMALL + '[[sections]]\nid = "s"\ntitle = "again"\n', ""),
    "infinite points": (SMALL.replace("points = 2", "points = inf"), ""),
    "a factor of 1/0": (put('"2x5"', '"2x5 *1/0"'), ""),
    "without, but no extends": ('without = ["relu"]\n' + SMALL, ""),
    "without is a number": ('extends = "base"\nwithout = 3\n', SMALL),
    "extends is a number": ("extends = 3\n", SMALL),
    "base without items": (EXTENDS, HEAD),
    "base item without id": (EXTENDS, put('id = "relu"\n', "")),
    "base with an item twice": (EXTENDS, SMALL + ITEM),
    "items is a number": (EXTENDS + "items = 3\n", SMALL),
    "needs is a number": (EXTENDS + '[[items]]\nid = "relu"\nneeds = 3\n', SMALL),
}  # fmt: skip


@pytest.mark.parametrize(("text", "base"), UNREFUSED.values(), ids=UNREFUSED.keys())
def test_a_rubric_that_cannot_be_meant_is_refused(text: str, base: str, tmp_path: Path) -> None:
    with pytest.raises(RubricError) as caught:
        read_rubric(written(tmp_path, text, base=base))
    assert not re.search(r"\d\.toml", str(caught.value))


def test_needs_of_a_case_that_are_no_list_are_refused_in_an_extension_too(tmp_path: Path) -> None:
    base = put(ONE, ONE.replace("id", "needs = 3, id", 1))
    with pytest.raises(RubricError, match="'relu', case 'one', needs"):
        read_rubric(written(tmp_path, base))
    with pytest.raises(RubricError, match="'relu', case 'one', needs"):
        read_rubric(written(tmp_path, EXTENDS, base=base))


# ---------------------------------------------------------------- what a right one means


def test_defaults_are_those_of_the_design(tmp_path: Path) -> None:
    table = read_rubric(written(tmp_path, SMALL)).table
    assert (table.follow_through, table.hint_level) == (1.0, 3)
    assert asdict(table.judging) == {
        "unit_axes": "warn", "float32": "warn", "mutated_input": "warn",
    }  # fmt: skip
    assert table.conventions.dropout_p == "keep"


def test_a_case_takes_what_it_does_not_say_from_its_item(tmp_path: Path) -> None:
    item = put(
        IN_ITEM,
        'probe = "dropout.dropout_train"\njudge = "dropout.train"\nalternatives = ["a", "b"]',
    )
    more = 'probe = "layers.relu_forward", judge = "values.close", only = ["o*"], part = "out"'
    item = put('x = "3x4" }', 'x = "3x4" }, options = { keep = 0.5 }', item)
    one, two = read_rubric(written(tmp_path, put('"two",', f'"two", {more},', item))).cases
    assert (one.id, one.item, one.public) == ("relu/one", "relu", True)
    assert (one.probe, one.judge, one.alternatives) == (
        "dropout.dropout_train", "dropout.train", ("a", "b"),
    )  # fmt: skip
    assert (one.part, one.only) == (None, ())
    assert (two.id, two.public, two.probe, two.judge) == (
        "relu/two", False, "layers.relu_forward", "values.close",
    )  # fmt: skip
    assert (two.part, two.only, two.alternatives) == ("out", ("o*",), ("a", "b"))


def test_adding_a_case_or_an_item_moves_no_other(tmp_path: Path) -> None:
    before = read_rubric(written(tmp_path, SMALL))
    kept = {case.id: dict(before.case_inputs(case)) for case in before.cases}
    more = put(ONE, '{ id = "zero", inputs = { x = "3x4" } },\n' + ONE)
    after = read_rubric(written(tmp_path, HEAD + OTHER + more.removeprefix(HEAD)))
    found = {case.id: after.case_inputs(case) for case in after.cases}
    assert len(found) == 5
    for case_id, arrays in kept.items():
        assert all(np.array_equal(found[case_id][name], array) for name, array in arrays.items())


def test_another_seed_moves_the_hidden_inputs_and_leaves_the_public_ones(tmp_path: Path) -> None:
    first = read_rubric(written(tmp_path, SMALL))
    second = read_rubric(written(tmp_path, put("secret", "another")))
    same = [
        np.array_equal(first.case_inputs(a)["x"], second.case_inputs(b)["x"])
        for a, b in zip(first.cases, second.cases, strict=True)
    ]
    assert same == [True, False]


def test_the_hash_follows_what_is_said_and_not_how(tmp_path: Path) -> None:
    first = read_rubric(written(tmp_path, SMALL)).sha256
    assert read_rubric(written(tmp_path, "# a comment\n" + SMALL)).sha256 == first
    assert read_rubric(written(tmp_path, put('"2x5"', '"2x6"'))).sha256 != first
    assert (
        read_rubric(written(tmp_path, put("about = ", 'outputs = ["o"], about = '))).sha256 != first
    )


def test_an_extension_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    base = HEAD.replace("[[sec", "[limits]\nload_s = 3\ncase_s = 2\n[[sec", 1) + ITEM + OTHER
    last = ITEM.replace('"relu"', '"last"').replace(
        IN_ITEM, f'{IN_ITEM}\nneeds = ["relu", "other"]'
    )
    text = """extends = "base"
id = "year"
without = ["other"]
[limits]
case_s = 4
[[items]]
id = "relu"
title = "Rectifier"
[[items]]
id = "new"
section = "s"
kind = "question"
title = "New"
points = 1
"""
    rubric = read_rubric(written(tmp_path, text, base=base + last))
    table = rubric.table
    assert (table.id, table.title, table.seed) == ("year", "Small", "secret")
    assert (table.limits.load_s, table.limits.case_s) == (3, 4)
    assert [item.id for item in table.items] == ["relu", "last", "new"]
    assert rubric.item("relu").title == "Rectifier" and rubric.item("relu").points == 2
    assert [case.id for case in rubric.item("relu").cases] == ["one", "two"]
    assert rubric.item("last").needs == ("relu",)


def test_a_case_that_needs_what_is_left_out_is_left_out_with_it(tmp_path: Path) -> None:
    last = put('id = "one",', 'id = "one", needs = ["relu"],', ITEM).replace(
        '"relu"\ns', '"last"\ns'
    )
    without = 'extends = "base"\nwithout = ["relu"]\n'
    whole = read_rubric(written(tmp_path, SMALL + last))
    assert [(c.id, c.needs) for c in whole.cases][2:] == [("last/one", ("relu",)), ("last/two", ())]
    less = read_rubric(written(tmp_path, without, base=SMALL + last))
    assert [case.id for case in less.cases] == ["last/two"]


def test_extensions_can_be_extended(tmp_path: Path) -> None:
    middle = 'extends = "base"\nid = "middle"\nhint_level = 1\n'
    top = read_rubric(
        written(tmp_path, 'extends = "middle"\nid = "top"\n', middle=middle, base=SMALL)
    )
    assert (top.table.id, top.table.hint_level, top.table.title) == ("top", 1, "Small")


def test_the_schema_for_editors_names_every_table() -> None:
    schema = json_schema()
    assert {"format", "items", "sections", "seed", "judging"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False


# ---------------------------------------------------------------- the rubric and its golden answers


def test_a_case_that_changed_since_the_golden_files_is_refused(
    assignments: dict[str, Assignment], tmp_path: Path
) -> None:
    golden = assignments["cs231n-a2"].golden
    for old, new in (
        ('x = "3x2x2x4"', 'x = "4x2x2x4"'),
        ("a seed that students do not know", "another seed"),
        ('alternatives = ["relu_slope_one"]', 'alternatives = ["relu_slope_half"]'),
    ):
        with pytest.raises(BackgradeError, match="grade fixtures build"):
            Assignment(read_rubric(copied(tmp_path, old, new)), golden).check()
    Assignment(read_rubric(copied(tmp_path, "relu", "relu")), golden).check()


def test_leaving_all_code_of_a_notebook_out_leaves_the_notebook_and_its_questions_out(
    tmp_path: Path,
) -> None:
    shutil.copytree(RUBRICS, tmp_path / "rubrics")
    every = ["dropout_forward", "dropout_backward", "FullyConnectedNet.dropout"]
    left = {}
    for name, gone in (("some", every[:2]), ("all", every)):
        path = tmp_path / "rubrics" / f"{name}.toml"
        text = f'extends = "cs231n-a2"\nid = "{name}"\ntitle = "t"\nwithout = {json.dumps(gone)}\n'
        path.write_text(text, encoding="utf-8")
        left[name] = {item.id for item in read_rubric(path).table.items}
    of_dropout = {"dropout_training", "Dropout/1", "Dropout/2", "Dropout/3"}
    assert of_dropout <= left["some"] and not of_dropout & left["all"]
    assert left["some"] - left["all"] == {*of_dropout, every[2]}
