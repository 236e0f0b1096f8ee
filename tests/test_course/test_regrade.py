"""A regrade: what runs again, who gains and loses, what counts afterwards, and the way back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from grader.course import archive, comparison, current, generations, regrade, settings
from grader.course.classroom import Course
from grader.course.deciding import deciding
from grader.course.records import Person
from grader.course.regrade import dependents, merged, plan
from grader.course.store import Store
from grader.course.tasks import Outcome, Policy
from grader.errors import GraderFault, UsageError
from grader.report.text import one_line
from tests.support import classes, graded, handed_in, processes
from tests.support.graded import Upload
from tests.test_course.test_gradebooks import grade

SAME = {"affine_forward": (4.0, 4.0), "rmsprop": (4.0, 4.0)}
# login -> points of adam before and after
MOVES = {"gains": (2.0, 4.0), "loses": (3.0, 1.0), "stays": (4.0, 4.0), "crosses": (1.0, 0.0)}


def policy() -> Policy:
    return Policy("cs231n-a2", notebooks="skip")


@pytest.fixture(scope="module", autouse=True)
def no_server_is_left() -> Iterator[None]:
    """End what multiprocessing keeps for the next command."""
    yield
    processes.end_servers()


@pytest.fixture(scope="module")
def whole() -> Policy:
    """Return the policy of the shipped rubric, whose answers are read once."""
    return policy()


@pytest.fixture(scope="module")
def decides(whole: Policy) -> list[tuple[str, str]]:
    """Return what decides each item, but for `adam`, which was another."""
    found = deciding(whole.assignment)
    return [(item, "old" if item == "adam" else sha) for item, sha in found]


@pytest.fixture
def taught(tmp_path: Path, whole: Policy, decides: list[tuple[str, str]]) -> Iterator[Path]:
    """Yield a class whose rubric has another `adam` since it was graded, and its new results."""
    folder = tmp_path / "class"
    toml = 'rubric = "cs231n-a2"\nnotebooks = "skip"\n[grades]\nborders = [75]\n'
    people = [(Person(str(n), login, login), [Upload({**SAME, "adam": (was, 4.0)})])
              for n, (login, (was, _)) in enumerate(MOVES.items(), 1)]  # fmt: skip
    graded.class_of(folder, people, "folders", toml)
    with Store(folder) as store, store.writing():
        store.run("UPDATE generation SET common = ?", [(whole.common,)])
        store.keep_decides(graded.POLICY, decides)
        part = regrade.replace(whole, only=("adam",))
        for row, (_, now) in zip(store.attempts(), MOVES.values()):
            upload = row.upload or ""
            for one, items in ((part, {"adam": (now, 4.0)}), (whole, {**SAME, "adam": (now, 4.0)})):
                graded.keep(folder, store, graded.outcome(Upload(items), upload, one.sha256))
    yield folder


def finals(folder: Path) -> dict[str, float]:
    """Return what counts for each student."""
    with Store(folder, reading=True) as store:
        found = current.read(folder, store, settings.read(folder))
    return {one.folder: found.scores[one.number][1].final or 0.0 for one in found.ledger.students}


def generation(folder: Path) -> int:
    with Store(folder, reading=True) as store:
        found = generations.current(store)
    return found.number if found else 0


BEFORE = {"gains": 10.0, "loses": 11.0, "stays": 12.0, "crosses": 9.0}
AFTER = {"gains": 12.0, "loses": 9.0, "stays": 12.0, "crosses": 8.0}


def test_a_regrade_shows_who_moves_and_changes_nothing_that_counts(taught: Path) -> None:
    done = grade("regrade", taught)
    assert done.code == 0, done
    assert "Grading again: adam\n" in done.out
    assert "1 up, 2 down, 1 same, mean -0.25" in done.out
    assert "crosses: 9 to 8 (adam 1 to 0); falls below 75 %" in done.out
    assert finals(taught) == BEFORE and generation(taught) == 1
    text = (taught / "regrade" / "students.csv").read_text()
    rows = {row["login"]: row for row in csv.DictReader(io.StringIO(text))}
    assert (rows["gains"]["counted"], rows["gains"]["counts"], rows["gains"]["difference"]) == (
        "10", "12", "2"
    )  # fmt: skip
    page = (taught / "regrade" / "index.html").read_text()
    assert "Who loses" in page and "adam 3 to 1" in one_line(page)


def test_applied_it_counts_and_the_way_back_is_there(taught: Path) -> None:
    done = grade("regrade", taught, "--apply", "--reason", "The moments were judged too hard")
    assert done.code == 0, done
    assert finals(taught) == AFTER and generation(taught) == 2
    assert "The moments were judged" in grade("status", taught).out
    scores = {row["login"]: row["final"] for row in
              csv.DictReader(io.StringIO((taught / "grades.csv").read_text()))}  # fmt: skip
    assert {who: float(text) for who, text in scores.items()} == AFTER
    told = grade("notices", taught)
    assert "3 notices" in told.out
    text = (taught / "regrade" / "notices" / "loses.txt").read_text()
    assert text.startswith("Your homework was graded again on ")
    assert text.endswith(
        "The reason: The moments were judged too hard. 1 item changed: Adam: 3 to 1. Your score is "
        "9 of 12 now; it was 11 of 12.\n"
    )
    assert grade("regrade", taught).code == 2  # nothing has changed since
    assert grade("regrade", taught, "--revert", "1").code == 0
    assert finals(taught) == BEFORE
    assert grade("regrade", taught, "--revert", "2").code == 0
    assert finals(taught) == AFTER
    assert grade("regrade", taught, "--revert", "3").code == 2


def with_other_maximum(folder: Path, whole: Policy) -> None:
    """Have `adam` bring 6 points in the new results: who had not all keeps what there was."""
    with Store(folder) as store, store.writing():
        for row, (was, now) in zip(store.attempts(), MOVES.values()):
            upload, part = row.upload or "", regrade.replace(whole, only=("adam",))
            new = 6.0 if was == now else was
            for one, items in (
                (part, {"adam": (new, 6.0)}), (whole, {**SAME, "adam": (new, 6.0)}),
            ):  # fmt: skip
                key = generations.key_of(upload, one.sha256)
                store.run("DELETE FROM result WHERE key = ?", [(key,)])
                graded.keep(folder, store, graded.outcome(Upload(items), upload, one.sha256))


def test_who_loses_is_told_by_what_goes_to_the_gradebook(taught: Path, whole: Policy) -> None:
    with_other_maximum(taught, whole)
    done = grade("regrade", taught)
    assert "1 up, 0 down, 3 same, mean +0.50\n" in done.out, done
    assert "12 points were possible, 14 are now" in done.out
    assert "3 students without less points have a smaller share of all points" in done.out
    toml = (taught / "course.toml").read_text()
    (taught / "course.toml").write_text(toml.replace("[grades]\n", '[grades]\nscale = "percent"\n'))
    done = grade("regrade", taught)
    assert "0 up, 3 down, 1 same, mean -8.93 %" in done.out, done
    assert "down loses: 91.67 to 78.57 % (adam 3 of 4 to 3 of 6)" in done.out
    assert grade("regrade", taught, "--apply", "--never-lower").code == 0
    text = (taught / "regrade" / "students.csv").read_text()
    rows = {row["login"]: row for row in csv.DictReader(io.StringIO(text))}
    assert [rows["loses"][name] for name in ("counted", "counts", "difference")] == [
        "91.67", "91.67", "0"
    ]  # fmt: skip
    assert finals(taught) == {**BEFORE, "stays": 14.0}
    told = grade("notices", taught)
    assert told.out.startswith("1 notice: ")
    assert (
        "Adam: 4 of 4 to 6 of 6. Your score is 14 of 14 now; it was 12 of 12."
        in (taught / "regrade" / "notices" / "stays.txt").read_text()
    )


def named(folder: Path) -> dict[str, dict[str, object]]:
    """Return what each student's result.json says of its generation."""
    found = {}
    for path in sorted((folder / "reports").glob("*/result.json")):
        found[path.parent.name] = json.loads(path.read_text())["generation"]
    return found


def test_each_result_names_the_generation_that_it_was_graded_in(
    taught: Path, whole: Policy
) -> None:
    why = "<b>moments</b> & all"
    assert grade("regrade", taught, "--apply", "--reason", why).code == 0
    found, rubric = named(taught), whole.assignment.rubric
    assert {who: one["number"] for who, one in found.items()} == {
        "gains": 2, "loses": 2, "crosses": 2, "stays": 1  # whose result did not move
    }  # fmt: skip
    one = found["gains"]
    with Store(taught, reading=True) as store:
        now = generations.current(store)
    assert now and (one["at"], one["who"], one["reason"]) == (now.at, now.who, why)
    assert one["rubric"] == rubric.sha256 and one["golden"] == whole.assignment.golden.sha256
    page = (taught / "reports" / "gains" / "report.html").read_text()
    assert '<dd id="generation">2, begun ' in page
    assert "because: &lt;b&gt;moments&lt;/b&gt; &amp; all</dd>" in page
    stored = {path: path.read_bytes() for path in (taught / "results").rglob("*.zip")}
    assert not any(b"moments" in text.encode() for data in stored.values()
                   for text in archive.unpack(data).values())  # fmt: skip
    assert grade("regrade", taught, "--revert", "1").code == 0
    assert {one["number"] for one in named(taught).values()} == {1}
    assert stored == {path: path.read_bytes() for path in (taught / "results").rglob("*.zip")}


CHOSEN: Mapping[str, tuple[tuple[str, ...], Mapping[str, float]]] = {
    "nobody may lose": (("--never-lower",), {**BEFORE, "gains": 12.0}),
    "some students": (("--students", "gains,3"), {**BEFORE, "gains": 12.0}),
    "students of a file": (("--students", "FILE"), {**BEFORE, "loses": 9.0}),
    "some items": (("--only", "adam"), AFTER),
}


@pytest.mark.parametrize("what", CHOSEN)
def test_only_whom_it_is_for_moves(what: str, taught: Path, tmp_path: Path) -> None:
    options, expected = CHOSEN[what]
    (tmp_path / "list.txt").write_text("loses\n\nstays\n")
    words = [str(tmp_path / "list.txt") if word == "FILE" else word for word in options]
    assert grade("regrade", taught, "--apply", *words).code == 0
    assert finals(taught) == expected


REFUSED = {
    "an unknown item": (("--only", "adamm"), "--only adamm: there is no such item"),
    "an item that did not change": (("--only", "rmsprop"), "has not changed; changed are adam"),
    "an unknown student": (("--students", "adda"), "--students adda: 0 students are called so"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_regraded_is_told(what: str, taught: Path) -> None:
    options, says = REFUSED[what]
    done = grade("regrade", taught, *options)
    assert done.code == 2 and says in done.err


@pytest.mark.parametrize("at", ["add", "keep_decides", "lost"])
def test_an_apply_that_is_stopped_leaves_the_old_generation(
    at: str, taught: Path, whole: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Course(taught) as one:
        asked = plan(one, whole)
        by_upload = {row.upload: whole.key(row.upload or "") for row in one.store.attempts()}
        found = comparison.compared(
            one, asked, lambda row: one.store.result(by_upload[row.upload]), {1, 2, 3, 4}, False
        )
        if at == "lost":
            monkeypatch.setattr(regrade.generations, "keys", _first_then_nothing())
            with pytest.raises((GraderFault, UsageError)):
                regrade.apply(one, found, "")
        else:
            target = regrade.generations if at == "add" else one.store
            monkeypatch.setattr(target, at, _stops)
            with pytest.raises(KeyboardInterrupt):
                regrade.apply(one, found, "")
    monkeypatch.undo()
    assert finals(taught) == BEFORE and generation(taught) == 1


def _stops(*_: object) -> None:
    raise KeyboardInterrupt


def _first_then_nothing():  # type: ignore[no-untyped-def]
    """Return what gives keys that are there, and afterwards keys that are nowhere."""
    calls = []

    def keys(*_: object):  # type: ignore[no-untyped-def]
        calls.append(1)
        if len(calls) == 1:
            return lambda row: "old"
        raise GraderFault("lost")

    return keys


def test_a_decision_of_a_person_stays_and_is_told_where_its_item_moved(
    taught: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from grader.course import decisions

    given = decisions.People({1: {"adam": decisions.Judged(3.5, 4.0)}})
    monkeypatch.setattr(decisions, "people", lambda db: given)
    done = grade("regrade", taught, "--apply")
    assert done.code == 0 and "look again: gains: adam" in done.out
    assert finals(taught)["gains"] == 11.5


def test_what_was_graded_last_counts_and_nothing_undoes_a_way_back(
    taught: Path, whole: Policy
) -> None:
    assert grade("regrade", taught, "--apply", "--never-lower").code == 0
    kept = finals(taught)
    with Course(taught) as one:
        one.check_generation(whole)
        regrade.revert(one, 1)
        with pytest.raises(UsageError, match="generation 1 counts, as you went back to it"):
            one.check_generation(whole)
        one._settle(whole)  # as `grade class` does, where it may
    assert generation(taught) == 3 and finals(taught) == kept


def test_who_depends_on_an_item_is_graded_again_with_it(whole: Policy) -> None:
    rubric = whole.assignment.rubric
    assert dependents(rubric, ["adam"]) == ("adam", "update_rules")
    again = dependents(rubric, ["affine_forward"])
    assert {"affine_forward", "affine_backward", "FullyConnectedNet"} <= set(again)
    assert "sgd_momentum" not in again and "relu_forward" not in again


def test_another_grader_grades_everything_again(taught: Path, whole: Policy) -> None:
    with Store(taught) as store, store.writing():
        store.run("UPDATE generation SET common = 'another'", [()])
    with Course(taught) as one:
        found = plan(one, whole)
    assert found.part == whole and "the grader" in found.why


# ------------------------------------------------------------------------------ for real


def rubric_of(folder: Path) -> Path:
    """Write a rubric with the update rules alone; return its place."""
    rubrics = handed_in.ROOT / "rubrics"
    text = (rubrics / "cs231n-a2.toml").read_text()
    for part in ("fully_connected", "batchnorm", "layernorm", "dropout", "training", "questions"):
        text = text.replace(f'  "cs231n-a2/{part}.toml",\n', "")
    (folder / "cs231n-a2").mkdir(parents=True)
    rules = rubrics / "cs231n-a2" / "update_rules.toml"
    (folder / "cs231n-a2" / "update_rules.toml").write_text(rules.read_text())
    (folder / "mine.toml").write_text(text)
    return folder / "mine.toml"


def test_what_runs_again_is_one_item_and_the_whole_comes_to_the_same(tmp_path: Path) -> None:
    wrong = [handed_in.usual_mistakes()["adam/no-bias-correction"]]  # its averages are right
    uploads = [
        (f"s{number}", handed_in.with_mistakes(handed_in.reference(), planned).files)
        for number, planned in enumerate(([], wrong))
    ]
    source = classes.write(tmp_path / "zips", uploads)
    rubric, folder = rubric_of(tmp_path / "rubric"), tmp_path / "out"
    options = ("--rubric", rubric, "--notebooks", "skip", "--jobs", "1")
    assert grade("class", source, "-o", folder, *options).code == 0
    rules = rubric.parent / "cs231n-a2" / "update_rules.toml"
    start, found, rest = rules.read_text().partition('id = "adam"')
    rest = rest.replace('points = 1\nabout = "both', 'points = 2\nabout = "both', 1)
    rest = rest.replace('points = 2\nabout = "the weights', 'points = 1\nabout = "the weights', 1)
    rules.write_text(start + found + rest)
    done = grade("regrade", folder, "--jobs", "1")
    said = "Grading again: nothing\nOnly points or words are others: adam\n"
    assert done.code == 0 and said in done.out, done
    with Store(folder, reading=True) as store:
        rows = store.rows("SELECT policy, items FROM result")
    new = [items for policy_, items in rows if '["rmsprop"' not in items]
    assert len(new) == 2 and all(items.count("[[") + items.count(",[") == 1 for items in new)
    assert grade("regrade", folder, "--apply", "--jobs", "1").code == 0
    assert grade("class", source, "-o", tmp_path / "fresh", *options).code == 0
    fresh, regraded = classes.results(tmp_path / "fresh"), classes.results(folder)
    same = fresh.keys() & regraded.keys()
    assert same and all(fresh[name] == regraded[name] for name in same)
    assert {path.name for path in (folder / "reports" / "s1").iterdir()} == {
        "report.html", "result.json"
    }  # fmt: skip
    with Course(folder) as one:
        asked = current.policy_of(one.settings)
        part = regrade.replace(asked, only=("adam",))
        moved = [
            row for row in one.store.attempts() if one.store.result(asked.key(row.upload or ""))
        ]
        assert moved
        for row in moved:
            upload = row.upload or ""
            old = one.store.result(
                generations.key_of(upload, generations.every(one.store)[0].policy)
            )
            again, full = one.store.result(part.key(upload)), one.store.result(asked.key(upload))
            assert isinstance(old, Outcome) and again and full
            adam, first = ("adam",), generations.every(one.store)[0]
            made = merged(old, again, regrade.Plan(first, asked, adam, adam, adam, ""))
            assert (made.items, made.earned, made.possible, sorted(made.cases)) == (
                full.items, full.earned, full.possible, sorted(full.cases)
            )  # fmt: skip
