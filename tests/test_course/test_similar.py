"""Who shares what: recall of disguised copies, and nothing said without evidence."""

from __future__ import annotations

import csv
import functools
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.course import sources as read_from
from grader.course.classroom import Course
from grader.course.records import Person
from grader.course.similarity import (
    answers,
    canonical,
    exports,
    given,
    pairs,
    prints,
    run,
    sources,
    tokens,
    traces,
)
from grader.course.similarity import page as pairs_page
from grader.course.similarity.evidence import Entry, Usual
from grader.course.similarity.traces import Traces
from grader.course.store import Student
from grader.course.tasks import Outcome
from grader.errors import UsageError
from tests.support import authors, classes, disguises

MANY = 36
# Recall at 0.1 % of innocent pairs that each disguise must leave.
RECALL = {1: 0.94, 2: 0.92, 3: 0.81, 4: 0.76}


NOTHING = Traces()


# What takes long to make is made by the first test of a process that needs it.
@functools.cache
def homeworks() -> tuple[dict[str, bytes], ...]:
    return tuple(authors.author(number) for number in range(MANY))


@functools.cache
def handed_out() -> Traces:
    return given.of([authors.handed_out()])


@functools.cache
def originals() -> tuple[Entry, ...]:
    every = enumerate(homeworks())
    return tuple(Entry(f"a{number}", traces.of_files(files)) for number, files in every)


def entry(label: str = "S", left: Traces = NOTHING, **changes: object) -> Entry:
    return replace(Entry(label, left), **changes)  # type: ignore[arg-type]


def filled(*special: Entry) -> list[Entry]:
    """Return a class of which the first have something special and the others nothing."""
    others = [entry(f"o{number}") for number in range(50)]
    return [*special, *others]


def kinds(found: list[pairs.Pair]) -> dict[tuple[int, int], set[str]]:
    return {(one.one, one.other): {r.kind for r in one.reasons} for one in found}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("level", disguises.LEVELS)
def test_disguised_copies_are_above_all_but_one_in_a_thousand_innocent_pairs(level: int) -> None:
    copies = [
        Entry(f"c{n}", traces.of_files(disguises.disguised(files, level, str(n))))
        for n, files in enumerate(homeworks())
    ]
    both = pairs.scores([*originals(), *copies], handed_out())
    recall = []
    for matrix in (both.alike, both.rare):
        innocent = np.sort(matrix[:MANY, :MANY][np.triu_indices(MANY, 1)])[::-1]
        limit = innocent[max(1, int(0.001 * len(innocent)))]
        recall.append(np.mean([matrix[n, MANY + n] > limit for n in range(MANY)]))
    assert max(recall) >= RECALL[level]


def test_a_class_in_which_nobody_copied_is_not_full_of_pairs() -> None:
    found, usual, _ = pairs.found(originals(), handed_out(), 1000)
    assert usual.pairs == MANY * (MANY - 1) // 2
    assert len(found) < 20


def test_planted_copies_lead_the_list_and_are_a_group() -> None:
    copies = [
        Entry(f"c{n}", traces.of_files(disguises.disguised(homeworks()[3], n, "x"))) for n in (1, 2)
    ]
    found, _, _ = pairs.found([*originals(), *copies], handed_out(), 100)
    assert {(one.one, one.other) for one in found[:3]} == {
        (3, MANY), (3, MANY + 1), (MANY, MANY + 1),
    }  # fmt: skip
    assert pairs.clusters(found[:3]) == [[3, MANY, MANY + 1]]


@pytest.mark.parametrize("many", [2, 8, 30])
def test_equal_uploads_and_equal_code_are_told_however_many_they_are(many: int) -> None:
    rings = [replace(originals()[0], upload="u" * 64) for _ in range(many)]
    found, _, _ = pairs.found([*rings, *originals()[1:]], handed_out(), 1000)
    told = kinds(found)
    for pair in [(0, 1), (0, many - 1)]:
        assert "bytes" in told[pair]
    copies = [replace(one, upload="") for one in rings]
    if many < 0.2 * (many + MANY - 1):  # what more have is common, and says nothing
        told = kinds(pairs.found([*copies, *originals()[1:]], handed_out(), 1000)[0])
        assert "shape" in told[0, many - 1]


def test_what_was_handed_out_is_no_evidence() -> None:
    stub = Entry("stub", traces.of_files(authors.handed_out()))
    assert pairs.without(stub.traces, handed_out()) == frozenset()
    assert kinds(pairs.found(filled(stub, stub), handed_out(), 10)[0]) == {}


def test_a_nearly_empty_submission_is_like_nobody() -> None:
    few = Entry("few", Traces(prints=frozenset(range(100, 107))))
    enough = Entry("enough", Traces(prints=frozenset(range(8))))
    assert pairs.scores([few, few, enough, enough], Traces()).alike.max(axis=1).tolist() == [
        0, 0, 1, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({}, {}, True),
        ({"apart": frozenset({"group 7"})}, {"apart": frozenset({"group 7"})}, False),
        ({"apart": frozenset({"group 7"})}, {"apart": frozenset({"group 8"})}, True),
        ({"earlier": True}, {}, True),
        ({"earlier": True}, {"earlier": True}, False),
    ],
)
def test_partners_and_two_of_earlier_terms_are_left_out(
    one: dict[str, object], other: dict[str, object], told: bool
) -> None:
    left = replace(
        originals()[0].traces, comments=frozenset(f"a rare comment number {n}" for n in range(6))
    )
    found, _, _ = pairs.found(
        filled(entry("a", left, **one), entry("b", left, **other)), handed_out(), 9
    )
    assert ((0, 1) in kinds(found)) == told


def test_the_code_of_partners_is_not_compared() -> None:
    prints_of = Traces(prints=frozenset(range(20)))
    two = [entry("a", prints_of, apart=frozenset({"g"})), entry("b", prints_of)]
    both = pairs.scores(two, Traces())
    assert (both.alike[0, 1], both.rare[0, 1]) == (1, 20)
    both = pairs.scores([two[0], replace(two[1], apart=frozenset({"g"}))], Traces())
    assert (both.alike[0, 1], both.rare[0, 1]) == (0, 0)


@pytest.mark.parametrize(
    ("holders", "known", "weight"),
    [(2, False, np.log(52 / 2)), (3, False, np.log(53 / 3)), (2, True, np.log(52 / 2) / 4),
     (4, False, None)],
)  # fmt: skip
def test_the_same_wrong_numbers_weigh_by_how_rare_they_are(
    holders: int, known: bool, weight: float | None
) -> None:
    wrong = {"adam": frozenset({("adam/default", "a" * 16), ("adam/given", "b" * 16)})}
    special = [
        entry(wrong=wrong, known=frozenset({"adam"} if known else ())) for _ in range(holders)
    ]
    found, _, _ = pairs.found(filled(*special), Traces(), 99)
    if weight is None:
        assert found == []
        return
    assert len(found) == holders * (holders - 1) // 2
    (reason,) = found[0].reasons
    assert reason.weight == pytest.approx(weight)
    assert f"{holders} of {50 + holders} have them" in reason.says


def result(items: tuple[tuple[str, str, float, float, str, str], ...], *cases: str) -> Outcome:
    wrong = tuple((case, "answered", "c" * 16) for case in cases)
    return Outcome("u", "p", "graded", items=items, cases=wrong)


@pytest.mark.parametrize(
    ("item", "outcome", "counts"),
    [
        (("adam", "failed", 0.0, 4.0, "", ""), "answered", True),
        (("adam", "passed", 4.0, 4.0, "", ""), "answered", False),
        (("adam", "failed", 0.0, 4.0, "", "rmsprop"), "answered", False),
        (("adam", "error", 0.0, 4.0, "", ""), "raised", False),
    ],
)
def test_only_wrong_numbers_of_ones_own_are_evidence(
    item: tuple[str, str, float, float, str, str], outcome: str, counts: bool
) -> None:
    found = Outcome("u", "p", "graded", items=(item,), cases=(("adam/x", outcome, "c" * 16),))
    student = Student(1, "ada", Person("1", "ada"), "")
    row = sources.Row(1, 1, 1, "a", "", None, "u", "", "", False, "")
    made = sources._entry(sources.Handed((student,), row, "", found), "S1", Traces(), {})
    assert bool(made.wrong) == counts


@pytest.mark.parametrize(("shared", "told"), [(4, False), (5, True)])
def test_comments_count_from_five_rare_ones_on(shared: int, told: bool) -> None:
    rare = frozenset(f"comment number {n} that is rare" for n in range(shared))
    left = Traces(comments=rare | {"a comment that all have"})
    others = [
        entry(f"o{n}", Traces(comments=frozenset({"a comment that all have"}))) for n in range(9)
    ]
    found, _, _ = pairs.found([entry("a", left), entry("b", left), *others], Traces(), 99)
    assert ((0, 1) in kinds(found)) == told
    assert len(found) <= 1


def notebook(picture: str, counts: list[int]) -> bytes:
    outputs = [{"output_type": "display_data", "data": {"image/png": picture}}]
    cells = [
        {
            "cell_type": "code",
            "execution_count": n,
            "outputs": outputs if n == 3 else [],
            "source": "",
        }
        for n in counts
    ]
    return json.dumps({"cells": cells}).encode()


def test_the_same_picture_and_order_of_cells_are_told() -> None:
    odd = [1, 9, 3, 4, 22, 5, 7]
    files = {"a/Dropout.ipynb": notebook("AAAA", odd)}
    plain = {"a/Dropout.ipynb": notebook("BBBB", [1, 2, 3, 4, 5, 6, 7])}
    special = [entry("a", traces.of_files(files)), entry("b", traces.of_files(files))]
    others = [entry("c", traces.of_files(plain)), entry("d", traces.of_files({}))]
    found, _, _ = pairs.found([*special, *others], Traces(), 9)
    (one,) = found
    (reason,) = one.reasons
    assert reason.kind == "notebooks" and len(reason.detail) == 2
    assert any("1 9 3 4 22 5 7" in each for each in reason.detail)


@pytest.mark.parametrize(
    "data", [b"", b"{", b'{"cells": 3}', b'{"cells": [null, {"outputs": 5}]}', b"[" * 10_000,
             b'{"cells": [{"cell_type": "code", "outputs": [{"data": [], "text": {"a": 1}}]}]}'],
)  # fmt: skip
def test_a_broken_notebook_leaves_no_trace(data: bytes) -> None:
    assert traces.of_files({"a/Dropout.ipynb": data}).books == frozenset()


LONG = (
    "Dropout makes a net learn several ways to see the same thing, because a unit cannot count on "
    "another unit being there, so it works like many small nets whose votes are averaged."
)
OTHER = (
    "With a small batch the mean and the variance are noisy estimates of those of the whole set: "
    "training gets worse until the batch holds enough examples for stable statistics."
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LONG, True),
        (LONG.replace("votes", "opinions").upper(), True),
        (OTHER, False),
        (f"{LONG.partition(',')[0]}. {OTHER}", False),
        ("It helps.", False),
    ],
)
def test_answers_that_are_nearly_the_same_are_told(text: str, told: bool) -> None:
    first = "It helps." if text == "It helps." else LONG
    two = [entry(left=Traces(answers={"Dropout/1": each})) for each in (first, text)]
    others = [entry(left=Traces(answers={"Dropout/1": OTHER + str(n)})) for n in range(8)]
    found = [place for place, _ in answers.near([*two, *others])]
    assert ((0, 1) in found) == told


# ------------------------------------------------------------------------------------- tokens

SAME = {
    "names": ("def f(a, b):\n    return a + b * 2\n", "def f(x, y):\n    return x + y * 3\n"),
    "order": ("def f(a, b):\n    return a * b[0] + 1\n", "def f(a, b):\n    return 1 + b[0] * a\n"),
    "a temporary": (
        "def f(a):\n    return np.sum(a ** 2) / len(a)\n",
        "def f(a):\n    s = a ** 2\n    t = np.sum(s)\n    n = len(a)\n    return t / n\n",
    ),
    "one name for all": (
        "def f(a):\n    return np.sum(a ** 2 - 1) / len(a)\n",
        "def f(a):\n    t = a ** 2\n    t -= 1\n    t = np.sum(t)\n    t /= len(a)\n    return t\n",
    ),
    "dead code": (
        "def f(a):\n    a = a.T\n    return a\n",
        "def f(a):\n    a = a.T\n    u = 7\n    if False:\n        u = a\n    print('x')\n"
        "    if a is None:\n        a = a\n    return a\n",
    ),
    "in place": (
        "def f(a, b):\n    a += b\n    return a\n",
        "def f(a, b):\n    a = b + a\n    return a\n",
    ),
    "Python 2": (
        "def f(a):\n    return a.dot(a)\n",
        "def f(a):\n    print 'a'\n    return a.dot(a)\n",
    ),
    "comments": (
        "def f(a):\n    return a\n",
        'def f(a):\n    """It is."""\n    # said\n    return a\n',
    ),
}


@pytest.mark.parametrize("what", SAME)
def test_a_usual_disguise_changes_no_token(what: str) -> None:
    one, other = (canonical.functions(text) for text in SAME[what])
    assert one and other
    assert [t.kind for t in one[0].tokens] == [t.kind for t in other[0].tokens]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("return a - 2", "return 2 - a"),
        ("return a.sum(axis=0)", "return a.mean(axis=0)"),
        ("return a / b", "return b * a"),
        ("if a:\n        b = 2\n    return b", "b = 2\n    return b"),
    ],
)
def test_what_computes_something_else_has_other_tokens(one: str, other: str) -> None:
    texts = [canonical.functions(f"def f(a, b):\n    {body}\n") for body in (one, other)]
    kinds = [[t.kind for t in each[0].tokens] for each in texts if each]
    assert kinds[0] != kinds[1]


@pytest.mark.parametrize(
    "text",
    ["def f(:\n", "def f():\n    x = " + "(" * 500, "def f():\n    return " + "+".join("a" * 5000),
     "\0def f(): pass", "def f():\n    '''never closed\n", "class A:\n  def", "def"],
)  # fmt: skip
def test_any_text_is_read(text: str) -> None:
    left = traces.of_files({"cs231n/layers.py": text.encode()})
    assert isinstance(left.prints, frozenset)


def test_functions_are_found_where_nothing_parses() -> None:
    text = "class A(object):\n    def f(self, a):\n        print a\n        return a <> 1\n\n"
    text += "    def g(self):\n        exec 'x'\n"
    assert canonical.functions(text) is None
    assert [one.name for one in tokens.functions(text)] == ["A.f", "A.g"]


def test_names_and_comments_are_those_of_the_source() -> None:
    code = b"def f(weights):\n    'quoted_name'\n    my_gradeint = weights  # gradient of the net\n"
    left = traces.of_files({"cs231n/layers.py": code + b"    return my_gradeint\n"})
    assert left.names == {"weights", "my_gradeint"}
    assert left.comments == {"gradient of the net"}


def test_each_run_of_eleven_tokens_has_a_fingerprint() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        hashes = rng.integers(0, 2**63, 40).astype(np.uint64)
        chosen = prints.winnowed(hashes)
        gaps = np.diff([-1, *chosen, len(hashes)])
        assert gaps.max() <= prints.W


# --------------------------------------------------------------------------------- the command


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a class of 12: two share a disguised source, and one hands in nothing readable."""
    folder = tmp_path_factory.mktemp("similar")
    students: list[tuple[str, Mapping[str, bytes]]] = [
        (f"student{n}", homeworks()[n]) for n in range(10)
    ]
    students.append(("copier", disguises.disguised(homeworks()[4], 3, "y")))
    students.append(("nothing", {"cs231n/layers.py": b"def f(:"}))
    source = classes.write(folder / "source", students)
    with Course(folder / "a2") as one:
        one.enrol(read_from.read([source], "folders", None))
    return folder / "a2"


def page(folder: Path) -> str:
    return (folder / run.FOLDER / "index.html").read_text("utf-8")


def labels(folder: Path) -> dict[str, str]:
    rows = csv.reader((folder / run.FOLDER / "names.csv").open(encoding="utf-8"))
    return {name: label for label, name, _ in list(rows)[1:]}


def test_the_page_is_blind_and_accuses_nobody(course: Path) -> None:
    told = run.run(run.Asked(course))
    assert "12 submissions compared" in told
    source, names = page(course), labels(course)
    first = source.split("<tbody>")[1].split("</tr>")[0]
    assert names["student4"] in first and names["copier"] in first
    assert "student4" not in source and "copier" not in source
    text = re.sub(r"<style>.*?</style>|<pre>.*?</pre>", "", source, flags=re.DOTALL).lower()
    assert not re.search(r"plagiar|cheat|guilty|suspect|copied", text)
    percents = re.findall(r"[\d.]+ %", text)
    assert set(percents) <= {"0.1 %", "20 %"}, "the class's top and what is common, no verdict"


def test_names_are_shown_when_asked_for(course: Path) -> None:
    run.run(run.Asked(course, names=True))
    assert "student4" in page(course) and "../../reports/student4/report.html" in page(course)


def test_nothing_is_written_where_students_look(course: Path) -> None:
    run.run(run.Asked(course, export=("jplag", "dolos")))
    written = {path.relative_to(course).parts[0] for path in course.rglob("*")}
    assert written <= {"staff", "submissions", "class.sqlite", ".driver"}
    target = course / run.FOLDER
    assert (target / "jplag" / labels(course)["copier"] / "layers.py").is_file()
    assert (target / "jplag-base").is_dir()
    with zipfile.ZipFile(target / "dolos.zip") as archive:
        info = list(csv.reader(archive.read("info.csv").decode().splitlines()))
        assert info[0] == ["filename", "label", "created_at", "full_name"]
        assert {row[0] for row in info[1:]} | {"info.csv"} == set(archive.namelist())


def test_an_earlier_term_is_hashes_and_is_found_again(course: Path, tmp_path: Path) -> None:
    run.run(run.Asked(course, keep=tmp_path / "term.json"))
    kept = (tmp_path / "term.json").read_text("utf-8")
    assert "student" not in kept and "affine" not in json.loads(kept)["submissions"][0]["comments"]
    told = run.run(run.Asked(course, earlier=(tmp_path / "term.json",)))
    assert "12 submissions compared" in told
    rows = list(csv.reader((course / run.FOLDER / "pairs.csv").open(encoding="utf-8")))[1:]
    again = {row[0] for row in rows if row[1] == f"a2 {row[0]}"}
    assert len(again) >= 10


@pytest.mark.parametrize("text", ["", "[]", '{"format": "other"}', '{"format": 3}'])
def test_a_file_that_is_no_earlier_term_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="--keep"):
        list(sources.earlier(path))


def test_declared_partners_are_left_out(course: Path, tmp_path: Path) -> None:
    path = tmp_path / "partners.csv"
    path.write_text("Student4,copier\nstudent1,student2\n")
    run.run(run.Asked(course, partners=path))
    names = labels(course)
    rows = csv.reader((course / run.FOLDER / "pairs.csv").open(encoding="utf-8"))
    told = [{row[0], row[1]} for row in rows]
    assert {names["student4"], names["copier"]} not in told


def test_a_cell_of_a_table_is_no_formula() -> None:
    one = entry("=1+1", name="=cmd()")
    assert "'=cmd()" in exports.names_csv([one])


def test_a_small_class_is_told_what_is_listed_in_it_and_not_what_is_usual() -> None:
    small = " ".join(pairs_page._facts(Usual(3, 3, 0.0, 0), []))
    assert "more than 20 % of their code in common, or more than 5 pieces" in small
    assert "too few pairs to say" in small and "0.00" not in small
    large = " ".join(pairs_page._facts(Usual(600, 179_700, 0.35, 9), []))
    assert "more than 35 %" in large and "more than 9 pieces" in large and "top 0.1 %" in large


def test_lines_without_code_are_counted_where_many_stand_together() -> None:
    block = 'def f(x):\n    """One.\n\n    Two.\n    Three.\n    """\n    # short\n    return x\n'
    lines = pairs_page._lines(11, block, {1: "s", 8: "r"})
    assert [(one.number, one.text, one.mark) for one in lines] == [
        (11, "def f(x):", "s"), (12, "… 6 lines without code", ""), (18, "    return x", "r"),
    ]  # fmt: skip
    assert [one.text for one in pairs_page._lines(1, "a\n# b\nc", {1: "", 3: "r"})] == [
        "a",
        "# b",
        "c",
    ]
