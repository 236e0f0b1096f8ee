"""The self-check in the released folder: what a student types, and what comes back."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import selfcheck
from grader.box.plan import choose
from grader.box.worker import Worker
from grader.grading.assignment import Assignment
from grader.release.selfcheck import drawn, public, screen, show, sources, watch
from grader.release.selfcheck.check import Checker
from grader.release.selfcheck.children import Pool
from grader.release.selfcheck.run import chosen
from grader.rubric.records import TimeLimits
from grader.types import Submission
from tests.support import browser, handed_in, student_folder
from tests.support.student_folder import run, write_function

AFFINE = "return x.reshape(len(x), -1).dot(w) + b, (x, w, b)"


@pytest.fixture
def folder(released: Path, tmp_path: Path) -> Path:
    """A student's folder of one's own."""
    return Path(shutil.copytree(released, tmp_path / "homework"))


@pytest.fixture(scope="module")
def assignment(released: Path) -> public.Public:
    return public.read(released / student_folder.FRAME)


# --------------------------------------------------------------------------------- the way


def test_hints_are_shown_on_demand_one_after_the_other(folder: Path) -> None:
    mistake = handed_in.usual_mistakes()["affine_backward/db-mean"]
    sub = handed_in.with_mistakes(handed_in.reference(), [mistake])
    student_folder.put(folder, {n: d for n, d in sub.files.items() if n.endswith(".py")})
    for asked, told in ((0, 0), (1, 1), (3, 3)):
        said = " ".join(
            run(folder, "selfcheck.py", "affine_backward", *["--hint"] * asked).out.split()
        )
        assert [" ".join(h.split()) in said for h in mistake.hints] == [n < told for n in range(3)]
        assert ("For the " in said) is (told < 3)
        causes = said.index(mistake.says), said.index("The smallest case that fails")
        assert causes == tuple(sorted(causes))


def test_an_unwritten_function_gets_a_hint_about_itself_and_no_process(folder: Path) -> None:
    said = run(folder, "selfcheck.py", "adam", "--hint").out
    assert "adam not written yet" in " ".join(said.split()) and "Hint 1:" in said
    assert "Look at the shapes" not in said
    with Pool(0) as pool:
        files = {
            f"cs231n/{n}": (folder / "cs231n" / n).read_bytes() for n in ("optim.py", "layers.py")
        }
        known = public.read(folder / student_folder.FRAME)
        items = chosen(known, ["adam", "relu_forward"])
        found = list(Checker(known, "cs231n", files, pool).check(items))
        assert [one.status for one in found] == ["not_written"] * 2 and not pool._busy


def test_a_reader_that_has_enough_gets_no_traceback(folder: Path) -> None:
    command = (
        f"{sys.executable} selfcheck.py | head -n 1; {sys.executable} make_submission.py | true"
    )
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True)
    assert "Traceback" not in done.stderr and "Broken" not in done.stderr


def test_asking_for_help_writes_no_zip(folder: Path) -> None:
    done = run(folder, "make_submission.py", "--help")
    assert done.code == 0 and "usage:" in done.out and not (folder / "submission.zip").exists()
    assert run(folder, "selfcheck.py", "--help").code == 0


def test_the_page_has_the_report_s_own_style(folder: Path) -> None:
    run(folder, "selfcheck.py", "adam", "--html")
    page = (folder / "selfcheck.html").read_text(encoding="utf-8")
    colours = (folder / ".selfcheck/grader/report/templates/colors.css").read_text("utf-8")
    assert colours.split("#}")[1].strip() in page and "{#" not in page


def test_one_written_function_is_checked_by_itself(folder: Path) -> None:
    before = run(folder, "selfcheck.py", "affine_forward")
    assert (before.code, before.rows) == (1, {"affine_forward": "- not written yet"})
    write_function(folder, "affine_forward", AFFINE)
    done = run(folder, "selfcheck.py", "affine_forward")
    assert (done.code, done.err) == (0, "")
    assert done.rows == {"affine_forward": "ok 3 of 3 right"}
    assert "Public checks: 3 of 3 right. 5 more run when you hand in." in done.out
    assert done.out.splitlines()[-1] == "Next: python selfcheck.py checks all that there is."


@pytest.fixture(scope="module")
def template_done(released: Path) -> student_folder.Done:
    return run(released, "selfcheck.py")


def test_the_untouched_template_says_where_to_begin(template_done: student_folder.Done) -> None:
    assert template_done.code == 1 and template_done.err == ""
    assert set(template_done.rows.values()) == {"- not written yet"}
    assert len(template_done.rows) == 19
    assert "Public checks: 0 of 48 right. 100 more run when you hand in." in template_done.out
    assert "Next: write affine_forward, cs231n/layers.py:" in template_done.out


def test_outside_of_a_terminal_there_is_neither_colour_nor_progress(
    template_done: student_folder.Done,
) -> None:
    assert "\x1b" not in template_done.out and "\r" not in template_done.out
    assert "checking" not in template_done.out


CALAMITIES = """
import os, signal, time
import numpy as np
def affine_forward(x, w, b):
    time.sleep(1000)
def relu_forward(x):
    print("seen", x.shape)
    return np.maximum(x, 0), x
def relu_backward(dout, cache):
    os.kill(os.getpid(), signal.SIGSEGV)
def batchnorm_forward(x, gamma, beta, bn_param):
    raise SystemExit("over")
def layernorm_forward(x, gamma, beta, ln_param):
    os.write(1, b"BGF1" * 100)
    return x / 0
def dropout_forward(x, dropout_param):
    os._exit(3)
"""


def test_what_hangs_or_crashes_is_told_and_the_rest_is_checked(folder: Path) -> None:
    student_folder.limited(folder, 0.7)
    path = folder / "cs231n" / "layers.py"
    path.write_text(path.read_text(encoding="utf-8") + CALAMITIES, encoding="utf-8")
    done = run(folder, "selfcheck.py", "layers.py")
    assert (done.code, done.err) == (1, "")
    assert done.rows["relu_forward"] == "ok 2 of 2 right"
    for said in (
        "affine_forward did not finish within 0.7 s",
        "dropout_forward ended its Python process (exit code 3)",
        "relu_backward ended its Python process (SIGSEGV)",
        "batchnorm_forward stopped with SystemExit at cs231n/layers.py:",
    ):
        assert said in done.out
    assert {name for name, row in done.rows.items() if row.startswith("no")} >= {
        "affine_forward", "relu_backward", "batchnorm_forward",
        "layernorm_forward", "dropout_forward",
    }  # fmt: skip
    alone = run(folder, "selfcheck.py", "relu_forward")
    assert "Your code printed:" in alone.out and "seen (3, 4)" in alone.out


def test_ctrl_c_does_not_wait_for_what_hangs(folder: Path) -> None:
    student_folder.limited(folder, 60)
    write_function(
        folder, "relu_forward", 'open("reached", "w").close(); import time; time.sleep(60)'
    )
    process = subprocess.Popen(
        [sys.executable, "selfcheck.py", "relu_forward"], cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not (folder / "reached").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err.strip()) == (130, "selfcheck: stopped")


def test_an_import_that_never_ends_is_waited_for_once(folder: Path) -> None:
    path = folder / student_folder.FRAME
    known = public.read(path)
    files = {"cs231n/layers.py": b"import time\ntime.sleep(1000)\n"}
    table = replace(known.table, limits=TimeLimits(load_s=0.5, case_s=5))
    hanging = public.Public(table, known.golden, known.wrong, known.given, known.hidden)
    with Pool(1) as pool:
        checked = list(Checker(hanging, "cs231n", files, pool).check(hanging.code[:4]))
    assert {one.status for one in checked} == {"timeout"}
    assert "within" in checked[0].verdict.faults[0].message


def test_files_that_bear_names_of_python_s_own_do_no_harm(folder: Path) -> None:
    for name in ("random", "types", "copy", "json", "queue", "numpy"):
        (folder / f"{name}.py").write_text("raise RuntimeError('mine')\n", encoding="utf-8")
    write_function(folder, "affine_forward", AFFINE)
    assert run(folder, "selfcheck.py", "affine_forward").code == 0
    elsewhere = run(folder.parent, "-P", "homework/selfcheck.py", "affine_forward")
    assert (elsewhere.code, elsewhere.err) == (0, "")


UNUSABLE: dict[str, tuple[Callable[[Path], object], tuple[str, ...], str]] = {
    "a name that is nearly one": (
        lambda f: None, ("bachnorm_forward",), "did you mean batchnorm_forward or "),
    "a name of nothing": (lambda f: None, ("xyzzy",), "use one of affine_forward, "),
    "a zip that is not there": (lambda f: None, ("gone.zip",), "make_submission.py"),
    "no package": (lambda f: shutil.rmtree(f / "cs231n"), (), "keep selfcheck.py beside"),
    "public cases cut off": (
        lambda f: (f / student_folder.FRAME).write_bytes(b"BGF1"), (), "unpack student.zip again"),
    "no public cases": (
        lambda f: (f / student_folder.FRAME).unlink(), (), "unpack student.zip again"),
    "no self-check": (lambda f: shutil.rmtree(f / ".selfcheck"), (), "unpack student.zip again"),
}  # fmt: skip


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("what", UNUSABLE)
def test_what_cannot_be_used_ends_with_one_line(what: str, folder: Path) -> None:
    spoil, arguments, says = UNUSABLE[what]
    spoil(folder)
    done = run(folder, "selfcheck.py", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err and len(done.err.splitlines()) == 1


def test_an_unknown_option_is_a_usage_error(released: Path) -> None:
    assert run(released, "selfcheck.py", "--fast").code == 2


def test_without_numpy_it_says_what_to_install(folder: Path) -> None:
    shadow = folder / "elsewhere"
    shadow.mkdir()
    code = (
        "import importlib.util as u, runpy, sys; real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'numpy' else real(name, *a)\n"
        "sys.argv = ['selfcheck.py']; sys.path[0] = '.'; runpy.run_path('selfcheck.py', "
        "run_name='__main__')"
    )
    done = run(folder, "-c", code)
    assert done.code == 2 and "python -m pip install numpy" in done.err


# -------------------------------------------------------------------------------- how fast


def test_it_starts_without_numpy(released: Path) -> None:
    done = run(released, "-X", "importtime", "selfcheck.py", "--help")
    assert done.code == 0 and "numpy" not in done.err


def test_it_is_quick(released: Path) -> None:
    """In processor seconds, which a busy machine does not change much; the better of two."""
    assert min(student_folder.cpu_s(released, "selfcheck.py", "--help") for _ in range(2)) < 0.15
    one = (student_folder.cpu_s(released, "selfcheck.py", "relu_forward") for _ in range(2))
    assert min(one) < 0.8  # of two processes that start side by side


# ----------------------------------------------------------------- the same as the grader


def one_mistake_each() -> Submission:
    """Return the reference with one usual mistake in each function that stands by itself."""
    chosen = {}
    for one in handed_in.usual_mistakes().values():
        if "." not in one.item and not one.item.endswith("Net"):
            chosen.setdefault(one.item, one)
    return handed_in.with_mistakes(handed_in.reference(), chosen.values())


SUBMISSIONS: dict[str, Callable[[], Submission]] = {
    "an accepted style": lambda: handed_in.accepted_submission("float32_minded"),
    "one usual mistake in each function": one_mistake_each,
}


@pytest.mark.parametrize("what", SUBMISSIONS)
def test_it_agrees_with_the_grader_on_every_public_case(
    what: str, assignment: public.Public, assignments: dict[str, Assignment]
) -> None:
    submission = SUBMISSIONS[what]()
    with Worker(choose("auto")) as worker:
        expected = selfcheck.graded(submission, assignments["cs231n-a2"], worker)
    assert selfcheck.checked(submission, assignment) == expected
    assert len(expected) == 48
    assert all(expected.values()) == (what == "an accepted style")


def test_it_names_the_mistake_and_what_is_right_beside_it(assignment: public.Public) -> None:
    usual = handed_in.usual_mistakes()
    mistake, other = usual["affine_backward/db-mean"], usual["affine_forward/bias-forgotten"]
    submission = handed_in.with_mistakes(handed_in.reference(), [mistake, other])
    with Pool(1) as pool:
        checker = Checker(assignment, "cs231n", dict(submission.files), pool)
        items = chosen(assignment, ["affine_backward", "TwoLayerNet"])
        backward, net = checker.check(items)
    assert backward.waits_for is None  # it rests on a wrong function, and has a mistake of its own
    assert backward.cause and backward.cause.certain and backward.cause.message == mistake.says
    assert backward.hints == tuple(mistake.hints)
    assert net.waits_for == "affine_forward"  # found though nobody asked for it
    said = lines(backward, in_full=True)
    abouts = {part.id: part.about for part in items[0].parts}
    ledes = [line.strip() for line in said if line.strip().startswith("Not right yet: ")]
    assert ledes == [
        f"Not right yet: {abouts['db']}. Right already: {abouts['dx']}; {abouts['dw']}."
    ]
    assert sum("*" in line for line in said) >= 2  # wrong numbers are marked


def test_one_function_comes_with_the_smallest_case_that_fails(assignment: public.Public) -> None:
    mistake = handed_in.usual_mistakes()["relu_forward/leaky"]
    submission = handed_in.with_mistakes(handed_in.reference(), [mistake])
    with Pool(1) as pool:
        checker = Checker(assignment, "cs231n", dict(submission.files), pool, in_full=True)
        right, wrong = checker.check(chosen(assignment, ["relu_forward", "affine_forward"]))
    assert right.smallest is None and wrong.smallest is not None
    assert wrong.smallest.expected.size <= 2  # where its public cases have a dozen numbers
    said = [line.strip() for line in lines(wrong, in_full=True)]
    place = next(n for n, line in enumerate(said) if line.startswith(show.SMALLEST))
    assert f"with x, shape {wrong.smallest.expected.shape}" == said[place + 1]
    code = said[said.index(show.TO_SEE) + 1 :][:3]
    assert "from cs231n.layers import relu_forward" in code[0] and code[2].startswith("print(")
    shown: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cs231n", type(sys)("cs231n"))
        layers = type(sys)("cs231n.layers")
        exec(submission.files["cs231n/layers.py"], vars(layers))
        patch.setitem(sys.modules, "cs231n.layers", layers)
        exec("\n".join(code[:2]), shown)
    assert np.array_equal(np.asarray(shown["out"]), wrong.smallest.got)


def test_what_has_no_public_case_is_passed_over(assignment: public.Public) -> None:
    """An instructor may keep all cases of a function hidden, also of one that others rest on."""
    items = [
        replace(item, cases=()) if item.id == "relu_forward" else item
        for item in assignment.table.items
    ]
    table = replace(assignment.table, items=tuple(items))
    rest = (assignment.golden, assignment.wrong, assignment.given, assignment.hidden)
    known = public.Public(table, *rest)
    mistake = handed_in.usual_mistakes()["affine_backward/db-mean"]
    submission = handed_in.with_mistakes(handed_in.reference(), [mistake])
    assert "relu_forward" not in {item.id for item in known.code}
    with Pool(1) as pool:
        checker = Checker(known, "cs231n", dict(submission.files), pool)
        [net] = checker.check([known.item("TwoLayerNet")])
    assert net.waits_for == "affine_backward"


# ------------------------------------------------------------------------------- how it says


def lines(checked: object, in_full: bool, terminal: bool = False) -> list[str]:
    """Return what is written about one item."""
    out = io.StringIO()
    out.isatty = lambda: terminal  # type: ignore[method-assign]
    show.item(screen.Screen(out), checked, "cs231n/layers.py:1", in_full)  # type: ignore[arg-type]
    return out.getvalue().splitlines()


def test_a_terminal_has_colour_and_its_lines_fit(
    assignment: public.Public, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    mistake = handed_in.usual_mistakes()["affine_backward/db-mean"]
    submission = handed_in.with_mistakes(handed_in.reference(), [mistake])
    with Pool(1) as pool:
        checker = Checker(assignment, "cs231n", dict(submission.files), pool)
        [one] = checker.check([assignment.item("affine_backward")])
    coloured = lines(one, in_full=True, terminal=True)
    assert "\x1b[31mno" in coloured[0]
    assert max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in coloured) <= 80
    monkeypatch.setenv("NO_COLOR", "1")
    assert not any("\x1b" in line for line in lines(one, in_full=True, terminal=True))


def test_arrays_are_drawn_where_rich_is_and_say_the_same_where_it_is_not(
    assignment: public.Public, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    mistake = handed_in.usual_mistakes()["affine_backward/db-mean"]
    submission = handed_in.with_mistakes(handed_in.reference(), [mistake])
    with Pool(1) as pool:
        checker = Checker(assignment, "cs231n", dict(submission.files), pool, in_full=True)
        [one] = checker.check([assignment.item("affine_backward")])

    def told(terminal: bool) -> set[str]:
        said = " ".join(lines(one, in_full=True, terminal=terminal))
        return set(re.sub("[╭─┬╮│╰┴╯├┼┤]", " ", said).split())

    coloured = "\n".join(lines(one, in_full=True, terminal=True))
    assert "╭" in coloured and "* is where the numbers differ" in coloured
    assert one.smallest and f"\n         {one.smallest.snippet.splitlines()[-1]}\n" in coloured
    plain = told(terminal=False)
    assert "╭" not in "".join(lines(one, in_full=True))
    assert told(terminal=True) >= plain - {"given)", "shape"}
    for name in ("rich.columns", "rich.syntax"):
        monkeypatch.setitem(sys.modules, name, None)  # as where it is not installed
    assert drawn.code("x = 1", 80, True) == "" and told(terminal=True) == plain


def test_a_file_that_is_no_python_is_one_thing_to_mend(folder: Path) -> None:
    student_folder.put(folder, dict(handed_in.reference().files))
    student_folder.limited(folder, only=("affine_forward", "affine_backward", "sgd_momentum"))
    path = folder / "cs231n" / "layers.py"
    path.write_text(path.read_text(encoding="utf-8") + "\ndef f(:\n", encoding="utf-8")
    number = len(path.read_text(encoding="utf-8").splitlines())
    done = run(folder, "selfcheck.py", "--html")
    assert done.out.count("is no valid Python") == 1
    assert (
        "which is not right" not in done.out
        and "affine_forward               waits for" in done.out
    )
    assert f"Next: mend cs231n/layers.py:{number}\n      python selfcheck.py\n" in done.out
    page = (folder / "selfcheck.html").read_text(encoding="utf-8")
    assert page.count("is no valid Python") == 1 and "<section" not in page
    alone = run(folder, "selfcheck.py", "affine_backward").out
    assert "def f(:" in alone and "affine_forward" not in alone and "--hint" not in alone


def test_what_python_itself_cannot_read_is_told_where_the_grader_can(folder: Path) -> None:
    student_folder.put(folder, dict(handed_in.reference().files))
    path = folder / "cs231n" / "optim.py"
    path.write_bytes(path.read_bytes() + "\n# für Ada\n".encode("cp1252"))
    done = run(folder, "selfcheck.py", "sgd_momentum")
    assert "2 of 2 right" in done.out
    assert "optim.py" in done.out and "Python cannot read this file" in done.out
    assert done.code == 1 and "Next: cs231n/optim.py" in done.out


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"print 'x'\n", "a.py, line 1: Python cannot read this file (Missing parentheses"),
     ("x = 1".encode("utf-16"), "a.py: Python cannot read this file"),
     (b"x = '\xfc'\n", "a.py"), (b"if x:\n\ty\n        z\n", "a.py, line 3: Python cannot")],
)  # fmt: skip
def test_each_kind_of_file_that_python_cannot_read_has_its_note(data: bytes, says: str) -> None:
    [note] = sources.unread({"a.py": data, "b.py": b"assert (1, 2)\n"})
    assert note.message.startswith(says) and note.serious


def test_what_to_do_next_is_what_costs_most_with_all_that_rests_on_it(folder: Path) -> None:
    """The net is first in the rubric; the layer takes more with it."""
    usual = handed_in.usual_mistakes()
    names = ("FullyConnectedNet/last-layer-not-in-loss", "batchnorm_backward/mean-forgotten")
    mistakes = [usual[one] for one in names if one in usual]
    assert len(mistakes) == 2
    sub = handed_in.with_mistakes(handed_in.reference(), mistakes)
    student_folder.put(folder, {n: d for n, d in sub.files.items() if n.endswith(".py")})
    done = run(folder, "selfcheck.py", "FullyConnectedNet", "batchnorm")
    assert "Next: mend batchnorm_backward, " in done.out


@pytest.mark.parametrize(
    ("name", "many", "first"),
    [("optim.py", 3, "sgd_momentum"), ("cs231n/optim.py", 3, "sgd_momentum"),
     ("cs231n\\optim.py", 3, "sgd_momentum"), ("dropout", 3, "dropout_forward"),
     ("ADAM", 1, "adam"), ("fc_net", 5, "TwoLayerNet")],
)  # fmt: skip
def test_a_name_is_a_function_a_file_or_a_section(
    name: str, many: int, first: str, assignment: public.Public
) -> None:
    found = chosen(assignment, [name])
    assert (len(found), found[0].id) == (many, first)


def test_the_page_loads_nothing_and_runs_nothing(folder: Path) -> None:
    body = 'raise ValueError("<script>alert(1)</script>")'
    write_function(folder, "relu_forward", body)
    done = run(folder, "selfcheck.py", "relu_forward", "--html")
    assert done.code == 1
    page = (folder / "selfcheck.html").read_text(encoding="utf-8")
    assert "Public checks: 0 of 2 right" in page and "3 more checks run" in page
    assert "&lt;script&gt;" in page and "<script" not in page
    assert "http:" not in page and "https:" not in page and "url(" not in page
    assert len(page) < 50_000


# ---------------------------------------------------------------------------------- watching


@pytest.mark.parametrize(
    ("changed", "expected"),
    [(["cs231n/optim.py"], {"sgd_momentum", "rmsprop", "adam"}),
     (["cs231n/classifiers/fc_net.py"], {"TwoLayerNet", "FullyConnectedNet",
      "FullyConnectedNet.batchnorm", "FullyConnectedNet.layernorm", "FullyConnectedNet.dropout"})],
)  # fmt: skip
def test_a_saved_file_affects_what_reaches_it(
    changed: list[str], expected: set[str], assignment: public.Public
) -> None:
    assert {item.id for item in watch.affected(changed, assignment.code, assignment)} == expected
    assert len(watch.affected([*changed, "cs231n/helpers.py"], assignment.code, assignment)) == 19


def test_watching_checks_again_what_was_saved_until_it_is_stopped(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "selfcheck.py", "affine_forward", "relu_forward", "adam", "--watch"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
    )  # fmt: skip
    assert process.stdout
    try:
        first = list(iter(lambda: process.stdout.readline(), f"{watch.STOP}\n"))
        assert sum("not written yet" in line for line in first) == 3
        write_function(folder, "affine_forward", AFFINE)
        again = list(iter(lambda: process.stdout.readline(), f"{watch.STOP}\n"))
        assert any("cs231n/layers.py saved" in line for line in again)
        rows = [line.split()[:2] for line in again if line.startswith("  ")]
        assert ["ok", "affine_forward"] in rows and ["-", "relu_forward"] in rows
        assert not any("adam" in row for row in rows)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 1  # relu_forward is not written yet
    finally:
        process.kill()
        process.communicate()


def test_the_page_of_many_has_smallest_cases_and_can_be_read_by_all(
    folder: Path, tmp_path: Path
) -> None:
    mistake = handed_in.usual_mistakes()["affine_backward/db-mean"]
    sub = handed_in.with_mistakes(handed_in.reference(), [mistake])
    student_folder.put(folder, {n: d for n, d in sub.files.items() if n.endswith(".py")})
    run(folder, "selfcheck.py", "fully_connected", "--html")
    page = (folder / "selfcheck.html").read_text(encoding="utf-8")
    assert (
        "The smallest case that fails:" in page
        and "class='numbers'" in page
        and "<th scope='row'></th>" not in page
    )
    with browser.opened(tmp_path) as shown:
        shown.call("Page.setBypassCSP", enabled=True)
        shown.size(320)
        shown.open((folder / "selfcheck.html").as_uri())
        assert shown.run("document.documentElement.scrollWidth") == 320
        inside = (
            "[...document.querySelectorAll('.selfcheck')].map(e => e.scrollWidth - e.clientWidth)"
        )
        assert shown.run(inside)[0] == 0  # the words of the table are in sight
        shown.size(1200)
        for dark in (False, True):
            shown.dark(dark)
            assert browser.axe(shown).violations == ()
