"""check() in a student's notebook: what a cell shows, whatever the functions do."""

from __future__ import annotations

import html
import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.release import template
from grader.rubric.reading import read_rubric
from tests.support import handed_in, student_folder
from tests.support.processes import gone, mine
from tests.support.short_run import Part
from tests.support.student_folder import run, write_function

AFFINE = "return x.reshape(len(x), -1).dot(w) + b, (x, w, b)"
# Runs cells as a notebook does; prints what each shows, as [text, html], in one line of JSON.
SHELL = """
import json, sys
from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
shell, shown = InteractiveShell.instance(), []
DisplayHook.write_format_data = lambda self, data, md=None: shown.append(data)
for cell in json.loads(sys.argv[1]):
    shell.run_cell(cell, store_history=False).raise_error()
said = [[one.get("text/plain"), one.get("text/html")] for one in shown]
print("\\n" + json.dumps(said))
"""
ROOT = Path(__file__).resolve().parents[2]
IMPORT = "from selfcheck import check"


@pytest.fixture
def folder(released: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(released, tmp_path / "homework"))


def shown(folder: Path, *cells: str) -> list[list[str]]:
    """Return the [text, html] that cells show in a kernel whose notebook lies in the folder."""
    done = run(folder, "-c", SHELL, json.dumps(cells))
    assert done.code == 0, done.err
    return list(json.loads(done.out.splitlines()[-1]))


def words(page: str) -> str:
    """Return the words of a piece of HTML."""
    text = re.sub(r"(?s)<style>.*?</style>|<[^>]+>", " ", page)
    return " ".join(html.unescape(text).split())


def test_a_cell_shows_the_state_of_the_file_as_it_is_saved_now(folder: Path) -> None:
    path = folder / "cs231n" / "layers.py"
    stub = 'raise NotImplementedError("affine_forward: write this")'
    save = (
        f"path = {str(path)!r}; text = open(path).read()\n"
        f"open(path, 'w').write(text.replace({stub!r}, {AFFINE!r})); None"
    )
    before, after, everything = shown(
        folder, f"{IMPORT}\nfrom cs231n.layers import affine_forward", "check(affine_forward)",
        save, "%cd -q cs231n\ncheck('affine_forward')", "check()",
    )  # fmt: skip
    assert "affine_forward not written yet" in " ".join(before[0].split())
    assert "not written yet" in words(before[1])
    assert "ok affine_forward 3 of 3 right" in " ".join(after[0].split())
    assert "ok 3 of 3 right" in words(after[1])
    assert everything[0].count("not written yet") == 18 == everything[1].count("not written yet")
    assert "Next: write affine_backward" in words(everything[1])


def test_a_card_says_in_both_forms_what_a_terminal_says(folder: Path) -> None:
    student_folder.limited(folder, only=("affine_forward", "affine_backward", "relu_forward"))
    usual = handed_in.usual_mistakes()
    mistakes = [usual["affine_backward/db-mean"], usual["relu_forward/leaky"]]
    sub = handed_in.with_mistakes(handed_in.reference(), mistakes)
    student_folder.put(folder, {n: d for n, d in sub.files.items() if n.endswith(".py")})
    names = ("layers.py", "affine_backward")
    both = shown(folder, IMPORT, *(f"check({name!r})" for name in names))
    for name, [text, _] in zip(names, both, strict=True):
        terminal = run(folder, "selfcheck.py", name).out
        said, asked = (re.split("Hint 1|For the hint|Next:", one)[0] for one in (text, terminal))
        assert said == asked
    text, page = both[1]
    assert "≠" in page and mistakes[0].says in page and mistakes[0].hints[0] in page
    for line in text.splitlines():
        line = line.strip(" ()")
        if line and not re.match(r"no |expected |yours |-?\d|\* is", line):
            assert re.sub(r"^(Hint \d|check \S+): ", "", line) in words(page), line


UGLY = 'print("\\x1b[31m<script>alert(1)</script>"); raise ValueError("<img src=x onerror=y>")'


def test_the_card_runs_nothing_loads_nothing_and_is_escaped(folder: Path) -> None:
    write_function(folder, "relu_forward", UGLY)
    [[text, page], _] = shown(folder, f"{IMPORT}; check('relu_forward')", "check()")
    assert "<script>" in text and "&lt;script&gt;" in page and "&lt;img" in page
    for bad in ("<script", "<img", "\x1b", "http", "@import", "url(", "onerror=y>"):
        assert bad not in page, bad
    assert len(page) < 30_000


def broken_frame(folder: Path) -> None:
    (folder / student_folder.FRAME).write_bytes(b"BGF1")


def broken_grader(folder: Path) -> None:
    path = folder / ".selfcheck/grader/release/selfcheck/run.py"
    path.write_text("raise RuntimeError('ours')\n", encoding="utf-8")


UNUSABLE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no package": (lambda f: shutil.rmtree(f / "cs231n"), "", "keep selfcheck.py beside"),
    "no self-check": (lambda f: shutil.rmtree(f / ".selfcheck"), "", "unpack student.zip again"),
    "public cases cut off": (broken_frame, "", "unpack student.zip again"),
    "a fault of ours": (broken_grader, "'adam'", "has failed (RuntimeError: ours)"),
}  # fmt: skip


NAMES = {
    "'bachnorm_forward'": "did you mean batchnorm_forward or ",
    "'xyzzy'": "use one of affine_forward, ",
    "'--watch'": "--watch: no function",
    "'submission.zip'": "submission.zip: no function",
    "None, 'two\\nlines'": "None: no function",
}


def test_a_name_of_nothing_is_told_with_a_near_one_or_all_that_there_are(
    released: Path, part: Part[str]
) -> None:
    names = ["'bachnorm_forward'", *part("names of nothing", list(NAMES)[1:], 0.5)]
    said = shown(released, IMPORT, *(f"check({name})" for name in names))
    for (text, page), says in zip(said, map(NAMES.get, names), strict=True):
        assert says and says in text and page is None
        assert (", dropout_backward, " in text) is ("did you mean" not in text)
        assert len(text.splitlines()) == 1


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("what", UNUSABLE)
def test_what_cannot_be_used_is_told_in_a_line_and_stops_no_cell(what: str, folder: Path) -> None:
    spoil, arguments, says = UNUSABLE[what]
    spoil(folder)
    [[text, page], [after, _]] = shown(folder, f"{IMPORT}; check({arguments})", "'goes on'")
    assert says in text and "Traceback" not in text and page is None
    assert len(text.splitlines()) <= 2 and after == "'goes on'"


def hanging(folder: Path, limit_s: float) -> None:
    """Let a function never end, and check() wait so long."""
    write_function(folder, "relu_forward", "import time; time.sleep(1000)")
    path = folder / "selfcheck.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("LIMIT_S = 120", f"LIMIT_S = {limit_s}"), encoding="utf-8")


def test_a_check_that_takes_too_long_is_stopped_with_all_that_it_started(folder: Path) -> None:
    student_folder.limited(folder, 600)
    hanging(folder, 2)
    before, started = mine(), time.monotonic()
    [[text, _]] = shown(folder, f"{IMPORT}; check('relu_forward')")
    assert "was stopped after 2 s" in text and "python selfcheck.py relu_forward" in text
    assert time.monotonic() - started < 20 and gone(mine() - before)


def test_a_kernel_that_is_interrupted_or_killed_leaves_no_process(folder: Path) -> None:
    student_folder.limited(folder, 600)
    hanging(folder, 100)
    before = mine()
    interrupt = (
        "import _thread, os, signal, threading\n"
        "threading.Timer(1.5, os.kill, [os.getpid(), signal.SIGINT]).start()\n"
        "try:\n    check('relu_forward')\nexcept KeyboardInterrupt:\n    'interrupted'\n"
    )
    assert shown(folder, IMPORT, f"{interrupt}\n'goes on'") == [["'goes on'", None]]
    assert gone(mine() - before)
    kill = interrupt.replace("SIGINT", "SIGKILL")
    assert run(folder, "-c", f"{IMPORT}\n{kill}").code == -9
    assert gone(mine() - before)


@pytest.mark.parametrize("name", [path.stem for path in sorted((ROOT / "rubrics").glob("*.toml"))])
def test_the_notebooks_check_each_function_that_they_ask_for(name: str) -> None:
    rubric = read_rubric(ROOT / "rubrics" / f"{name}.toml").table
    books = {
        path: json.loads(text)
        for path, text in template.template_files(ROOT / "reference", rubric).items()
        if path.endswith(".ipynb")
    }
    cells = [c for book in books.values() for c in book["cells"] if c["cell_type"] == "code"]
    checks = [c["source"] for c in cells if re.search(r"(?m)^check\(", "".join(c["source"]))]
    single = [source for source in checks if source != ["check()"]]
    assert len(single) == len(checks) - 1
    assert all(len(one) == 2 and one[0].startswith("# The public checks") for one in single)
    names = [re.findall(r'check\("([\w.]+)"\)', source[-1]) for source in single]
    asked = [item.id for item in rubric.items if item.kind == "code"]
    if "FullyConnectedNets.ipynb" not in books:  # these were asked for there
        elsewhere = ("affine", "relu", "softmax", "sgd_", "rmsprop", "adam")
        asked = [one for one in asked if not one.startswith(elsewhere)]
        asked = [one for one in asked if one != "FullyConnectedNet"]
    assert sorted(one for found in names for one in found) == sorted(asked)
