"""What staff see, and students never: `--staff`, `grade staff`, `grade case`."""

from __future__ import annotations

import io
import re
import stat
import sys
import zipfile
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import resources, staff
from grader.course import place, sources
from grader.course.classroom import Course
from grader.course.settings import Settings
from grader.diagnosis import snippets
from grader.report import staff_page
from tests.test_cli.running import run
from tests.test_report import samples

pytestmark = pytest.mark.usefixtures("lent_box")

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo" / "submission"
HIDDEN = "adam/hyper"


def page_of(folder: Path) -> str:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (page,) = folder.iterdir()
    return page.read_text(encoding="utf-8")


def test_the_page_for_staff_lies_beside_the_student_s_folder_and_says_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out, skip = tmp_path / "ada", ("--notebooks", "skip", "--only", "adam")
    done = run(monkeypatch, capfd, str(DEMO), "-o", str(out), *skip, "--staff")
    assert done.code == 0 and f"{out}-staff/staff.html" in done.err
    text = page_of(tmp_path / "ada-staff")
    assert "For staff." in text and "FOR STAFF: hidden checks" in text
    assert "Right: 0 of 2 public checks, 0 of 4 hidden." in text
    source = text.partition("The student’s code: look at line 62 first")[2].partition("</details>")[
        0
    ]
    assert "(cs231n/optim.py, adam)" in source and '<span class="look"><i>62</i>' in source
    assert f"{HIDDEN} (hidden)" in text and "next_w has wrong values" in text
    mine = "".join(path.read_text(encoding="utf-8") for path in out.iterdir())
    assert "For staff" not in mine and sorted(p.name for p in out.iterdir()) == [
        "report.html", "result.json",
    ]  # fmt: skip
    secret = resources.assignment("cs231n-a2").golden.expected(
        next(c for c in resources.assignment("cs231n-a2").rubric.cases if c.id == HIDDEN)
    )[0]["next_w"]
    assert repr(float(f"{secret.flat[-1]:.6g}"))[:7] not in mine


def test_the_lines_to_paste_show_the_student_s_wrong_numbers(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ("--notebooks", "skip", "--only", "batchnorm_backward", "--staff")
    run(monkeypatch, capfd, str(DEMO), "-o", str(tmp_path / "b"), *asked)
    cards = re.findall(r"<article.*?</article>", page_of(tmp_path / "b-staff"), re.S)
    card = next(c for c in cards if "batchnorm_backward/strided (hidden)" in c)
    code = unescape(re.search(r"Python for.*?<pre>(.*?)</pre>", card, re.S)[1])  # type: ignore[index]
    monkeypatch.syspath_prepend(str(DEMO))
    said = io.StringIO()
    names: dict[str, object] = {"print": lambda *words, **_: print(*words, file=said)}
    monkeypatch.delitem(__import__("sys").modules, "cs231n", raising=False)
    exec(code, names)
    assert "the student's:" in said.getvalue() and np.shape(names["dx"]) == (4, 3) or "dx" in names


CASES = {  # words -> exit code, what is said
    ("adam/hyper",): (0, "hidden: for staff alone"),
    ("adam/default",): (0, "(public), optim.update"),
    ("adam/hypr",): (2, "use adam/hyper"),
    ("adam/zzzzzzzzz",): (2, "use one of adam/default, "),
    ("nothing",): (2, "use one of affine_forward, "),
}


@pytest.mark.parametrize("words", CASES)
def test_a_case_is_printed_or_said_not_to_be_there(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    code, says = CASES[words]
    done = run(monkeypatch, capfd, "case", *words)
    assert done.code == code and says in (done.err if code else done.out), done


def test_a_case_is_saved_with_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "case.npz"
    assert run(monkeypatch, capfd, "case", HIDDEN, "-o", str(file)).code == 0
    whole = resources.assignment("cs231n-a2")
    case = next(c for c in whole.rubric.cases if c.id == HIDDEN)
    with np.load(file) as saved:
        np.testing.assert_array_equal(saved["dw"], whole.rubric.case_inputs(case)["dw"])
        want = whole.golden.expected(case)[0]["next_w"]
        np.testing.assert_array_equal(saved["expected_next_w"], want)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_staff_look_at_one_student_of_a_class_and_no_student_s_folder_has_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    uploads, folder = tmp_path / "uploads", tmp_path / "a2"
    uploads.mkdir()
    with zipfile.ZipFile(uploads / "ada_a2.zip", "w") as archive:
        for path in sorted(DEMO.rglob("*.py")):
            archive.write(path, path.relative_to(DEMO))
    place.make(folder)
    with Course(folder) as course:
        course.enrol(sources.read([uploads]))
        course.decide(Settings(rubric="cs231n-a2"))
        (student,) = course.store.students()
    done = run(monkeypatch, capfd, "staff", str(folder), student.folder)
    assert done.code == 0, done
    text = page_of(folder / "staff" / student.folder)
    assert f"{HIDDEN} (hidden)" in text and f'<p class="who">{student.folder}' in text
    # why it cost what it cost, above the checks, of which the hidden ones come first
    assert "Adam, 1 of 4 points" in text and "The correction divides by 1 - beta" in text
    assert "Points lost: the weights after each step, with bias correction: 0 of 2" in text
    assert "Follows from Batch normalization, backward: costs nothing." in text
    assert text.index(f"{HIDDEN} (hidden)") < text.index("adam/default</h3>")
    (upload,) = (folder / "submissions").iterdir()
    assert str(upload) in text
    assert [p.name for p in folder.rglob("*.html")] == ["staff.html"]
    for words, says in ((("nobody",), "0 students of the class have"), (("x", "y"), "unexpected")):
        assert says in run(monkeypatch, capfd, "staff", str(folder), *words).err
    done = run(monkeypatch, capfd, "staff", str(tmp_path), "ada")
    assert done.code == 2 and "holds no class" in done.err
    with Course(folder) as course:
        course.forget(student)
    assert not list(folder.rglob("staff.html"))


def test_a_check_without_a_call_of_its_own_has_lines_that_ask_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = resources.assignment("cs231n-a2")
    case = next(c for c in whole.rubric.cases if c.probe == "nets.two_layer_regularization")
    place = snippets.Place("cs231n", {})
    code = staff._probe(case, whole.rubric, place)
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, capfd, "case", case.id, "-o", "case.npz").code == 0
    for name in [name for name in sys.modules if name.partition(".")[0] == "cs231n"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(ROOT / "reference"))
    said = io.StringIO()
    exec(code, {"print": lambda *words, **_: print(*words, file=said)})
    assert said.getvalue().count("the student's:") == said.getvalue().count("expected:") > 0
    assert "None" not in said.getvalue()


def test_what_a_class_has_of_notebooks_stands_on_the_page() -> None:
    fault = {"says": "The loss is <nan>."}
    run_ = {
        "cell": 18, "cell_name": "In [7]", "says": "50-50, adam.", "recomputed_val_accuracy": 0.25,
    }  # fmt: skip
    result: Any = {
        "items": [
            {"id": "best_model", "title": "Best model", "earned": 0.0, "possible": 4.0,
             "status": "failed", "faults": [fault, fault]},
            {"id": "update_rules", "earned": 2.0, "possible": 2.0, "status": "passed",
             "faults": []},
            {"id": "adam", "earned": 0, "possible": 4.0, "status": "failed", "faults": []},
        ],
        "notebooks": [{"name": "FullyConnectedNets.ipynb", "status": "executed", "runs": [run_]}],
    }  # fmt: skip
    model, book = staff_page.trained(result, ["best_model", "update_rules"])
    assert model.title == "Best model, 0 of 4 points, failed"
    assert model.says == ("The loss is <nan>.",)
    assert book.title == "FullyConnectedNets.ipynb: executed"
    assert book.says == ("Cell In [7]: 50-50, adam. Its parameters on our images: val 0.250.",)
    report = samples.report()
    page = staff_page.render(report, [], "seed", "", (model, book))
    assert "The loss is &lt;nan&gt;." in page and "Cell In [7]" in page


def test_what_cost_nothing_is_listed_apart(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = ("--notebooks", "skip", "--only", "FullyConnectedNet.batchnorm", "--staff")
    run(monkeypatch, capfd, str(DEMO), "-o", str(tmp_path / "b"), *asked)
    text = page_of(tmp_path / "b-staff")
    lost, _, free = text.partition("Not right, but no points are lost:")
    assert "Batch normalization, backward" in lost and "costs nothing" in free
    assert "Yours" not in text and "The student’s" in text
