"""`grade class` as an instructor meets it: whole runs.

The first one and those that are stopped are processes of their own; the others start what grades,
but need no Python of their own to be asked for it.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.report.class_page import paste
from tests.support import classes, exports
from tests.support.commands import Ended, no_server_is_left, run  # noqa: F401 - a fixture
from tests.support.exports import ADA, ALAN, GRACE, HOSTILE
from tests.support.handed_in import ROOT
from tests.support.homes import brief_home  # noqa: F401 - a fixture

RIGHT = {
    f"cs231n/{name}": (ROOT / "reference" / "cs231n" / name).read_bytes()
    for name in ("layers.py", "layer_utils.py", "optim.py", "classifiers/fc_net.py")
}
WRONG = {
    **RIGHT,
    "cs231n/layers.py": RIGHT["cs231n/layers.py"].replace(
        b"dout.sum(axis=0)", b"dout.mean(axis=0)"
    ),
}
SLOW = {**RIGHT, "cs231n/optim.py": RIGHT["cs231n/optim.py"] + b"\nimport time\ntime.sleep(2.0)\n"}
ZOE = HOSTILE[0]


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-P", "-m", "grader", *map(str, arguments)]


def in_a_process(*arguments: object) -> Ended:
    """Run the command as a user does."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command(*arguments), env=env, capture_output=True, text=True)
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def asking(source: Path, folder: Path, jobs: int = 2) -> tuple[object, ...]:
    """Return the arguments that grade a class."""
    asked = ("--rubric", "cs231n-a2", "--notebooks", "skip", "--jobs", jobs)
    return ("class", source, "-o", folder, *asked)


def grade(source: Path, folder: Path, *options: object) -> Ended:
    return run(*asking(source, folder, jobs=1), *options)


def rows(folder: Path) -> dict[str, dict[str, str]]:
    """Return grades.csv by login, or name where there is none."""
    text = (folder / "grades.csv").read_bytes().decode("utf-8")
    table = csv.DictReader(io.StringIO(text, newline=""))
    return {row["id"] or row["login"] or row["name"]: row for row in table}


def files(folder: Path) -> dict[str, int]:
    """Return when each file of results and reports was written."""
    found = (p for name in ("results", "reports") for p in (folder / name).rglob("*"))
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in found if p.is_file()}


def result(folder: Path, student: str) -> dict[str, Any]:
    return json.loads((folder / "reports" / student / "result.json").read_text())  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def class_of_five(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Ended]:
    """A Canvas export, graded: two equal uploads, a wrong one, a damaged one, a text entry."""
    place = tmp_path_factory.mktemp("class")
    export = exports.canvas(
        [
            (ADA, {"hw.zip": exports.zipped(RIGHT)}),
            (GRACE, {"hw.zip": exports.zipped(RIGHT)}),
            (ALAN, {"hw.zip": exports.zipped(WRONG)}),
            (ZOE, {"hw.zip": b"PK\x03\x04 and no more"}),
            (HOSTILE[7], {"text": b"<p>see my repository</p>"}),
        ],
        late=[GRACE.number],
    )
    source = exports.written(place / "export.zip", export)
    return source, place / "out", in_a_process(*asking(source, place / "out"))


def test_everybody_has_a_row_and_nobody_a_false_zero(
    class_of_five: tuple[Path, Path, Ended],
) -> None:
    _, folder, done = class_of_five
    assert done.code == 1, "somebody could not be graded"
    found = rows(folder)
    assert {n: row["status"] for n, row in found.items()} == {
        str(ADA.number): "graded", str(GRACE.number): "graded", str(ALAN.number): "graded",
        str(ZOE.number): "refused", str(HOSTILE[7].number): "nothing to grade",
    }  # fmt: skip
    score = float(found[str(ADA.number)]["score"])
    assert score == float(found[str(ADA.number)]["possible"])
    assert 0.8 * score < float(found[str(ALAN.number)]["score"]) < score
    assert found[str(ALAN.number)]["affine_backward"] < found[str(ADA.number)]["affine_backward"]
    assert (found[str(GRACE.number)]["late"], found[str(ADA.number)]["late"]) == ("late", "in time")
    for number in (ZOE.number, HOSTILE[7].number):
        row = found[str(number)]
        assert row["score"] == "" and row["affine_forward"] == "" and len(row["reason"]) > 20


def test_equal_uploads_share_a_result_and_never_a_page(
    class_of_five: tuple[Path, Path, Ended],
) -> None:
    _, folder, _ = class_of_five
    assert len(list((folder / "results").rglob("*.zip"))) == 3
    pages = {}
    for student in (ADA, GRACE):
        row = rows(folder)[str(student.number)]
        page = (folder / row["report"]).read_text(encoding="utf-8")
        found = json.loads((folder / row["report"]).with_name("result.json").read_text())
        assert found["submission"]["student"]["id"] == str(student.number)
        assert found["submission"]["attempt"]["late"] is (student is GRACE)
        pages[student.number] = page
        assert str(student.number) in page
        other = ADA if student is GRACE else GRACE
        assert str(other.number) not in page and other.last.casefold() not in page.casefold()
    assert len(set(pages.values())) == 2
    assert all("the student of this page" not in page for page in pages.values())


def test_only_the_owner_may_look_into_the_folder(class_of_five: tuple[Path, Path, Ended]) -> None:
    _, folder, _ = class_of_five
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_page_of_the_class_lists_all_and_loads_nothing(
    class_of_five: tuple[Path, Path, Ended],
) -> None:
    _, folder, _ = class_of_five
    page = (folder / "index.html").read_text(encoding="utf-8")
    for row in rows(folder).values():
        assert row["id"] in page
        assert row["reason"] == "" or html.escape(row["reason"]).partition(";")[0] in page
        assert row["report"] == "" or f'href="{row["report"]}"' in page
    assert not re.search(r"src=|https?:|url\(|@import", page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page, "no script but the page's own runs"


def test_the_same_command_again_does_nothing_twice(
    class_of_five: tuple[Path, Path, Ended],
) -> None:
    source, folder, first = class_of_five
    before, table = files(folder), (folder / "grades.csv").read_bytes()
    again = grade(source, folder)
    assert again.code == first.code
    assert files(folder) == before
    assert (folder / "grades.csv").read_bytes() == table


def test_a_damaged_result_is_made_again_with_the_same_bytes(
    class_of_five: tuple[Path, Path, Ended], tmp_path: Path
) -> None:
    """Whatever is lost on the way: the database, half a file, a report."""
    source, folder, _ = class_of_five
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(folder), str(copy)], check=True)
    for path in copy.glob("class.sqlite*"):
        path.unlink()
    kept, gone = sorted((copy / "results").rglob("*.zip"))[:2]
    gone.write_bytes(gone.read_bytes()[:-100])
    changed = kept.stat().st_mtime_ns
    assert grade(source, copy).code == 1
    assert kept.stat().st_mtime_ns == changed, "a whole result is taken as it is"
    with zipfile.ZipFile(gone) as archive:
        assert archive.testzip() is None
    for name in ("grades.csv", "index.html"):
        text = (folder / name).read_text().replace('<h1 id="title">out', '<h1 id="title">copy')
        again = (copy / name).read_text().replace("<title>copy", "<title>out")
        assert classes.TIMES.sub("", again) == classes.TIMES.sub("", text)


def test_a_result_that_is_lost_while_its_row_is_kept_is_made_again(
    class_of_five: tuple[Path, Path, Ended], tmp_path: Path
) -> None:
    source, folder, _ = class_of_five
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(folder), str(copy)], check=True)
    gone, damaged = sorted((copy / "results").rglob("*.zip"))[:2]
    gone.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-100])
    before = rows(copy)
    for path in (copy / "reports").rglob("*.html"):
        path.unlink()
    for path in (copy / "reports").rglob("result.json"):
        path.write_bytes(b"")  # all pages have to be made again
    for _ in range(2):
        assert grade(source, copy).code == 1
    assert gone.is_file() and damaged.is_file()
    assert rows(copy) == before
    assert all((copy / row["report"]).is_file() for row in before.values() if row["report"])


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder of two zips."""
    source = tmp_path / "zips"
    for name, tag in (("zebedee", "1"), ("grace", "2")):
        exports.spread(source, {f"{name}.zip": exports.homework(tag)})
    return source


def test_a_later_upload_counts_and_the_earlier_one_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for number, tag in enumerate(("first", "second"), start=1):
        export = exports.canvas([(ADA, {f"hw-{number}.zip": exports.homework(tag)})])
        source = exports.written(tmp_path / f"{tag}.zip", export)
        assert grade(source, folder).code == 0
    row = rows(folder)[str(ADA.number)]
    assert row["attempt"] == "2"
    earlier = (folder / row["report"]).parent / "attempts" / "1" / "result.json"
    assert json.loads(earlier.read_text())["submission"]["attempt"]["number"] == 1
    assert len(list((folder / "submissions").iterdir())) == 2


def test_a_source_may_move_and_a_roster_come_later(two: Path, tmp_path: Path) -> None:
    folder, moved, roster = tmp_path / "out", tmp_path / "moved", tmp_path / "who.csv"
    grade(two, folder)
    two.rename(moved)
    roster.write_text("login,name,email\ngrace,=Grace Hopper,grace@school.example\nalan,Alan,\n")
    (folder / "course.toml").unlink()
    assert grade(moved, folder, "--roster", roster).code == 0
    assert grade(moved, folder).code == 0, "the roster is in course.toml now"
    found = rows(folder)
    assert set(found) == {"zebedee", "grace"} and found["grace"]["attempt"] == "1"
    assert found["grace"]["name"] == "'=Grace Hopper"
    assert "Grace Hopper" in (folder / found["grace"]["report"]).read_text()
    assert "Alan" in (folder / "index.html").read_text(), "who handed in nothing is named"


def test_whoever_is_forgotten_stays_so_and_keeps_the_points(two: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    grade(two, folder)
    points = rows(folder)["zebedee"]["score"]
    assert run("similar", folder, "--names").code == 0
    assert "zebedee" in (folder / "staff" / "similarity" / "names.csv").read_text("utf-8")
    assert run("forget", folder, "zebedee").code == 0
    for _ in range(2):
        assert "zebedee" not in rows(folder) and len(rows(folder)) == 2
        (forgotten,) = (row for name, row in rows(folder).items() if name != "grace")
        assert (forgotten["score"], forgotten["report"]) == (points, "")
        grade(two, folder)
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"zebedee" not in everything
    assert len(list((folder / "submissions").iterdir())) == 1


def test_what_is_said_stops_before_anything_is_graded(two: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for arguments, word in (
        ((tmp_path / "nothing", "-o", folder), "nothing"),
        ((two, "-o", folder, "--rubric", "cs999"), "cs999"),
        ((two, "-o", folder, "--shard", "3/2", "--rubric", "cs231n-a2"), "--shard"),
        ((two, "-o", folder, "--from", "canvas"), "canvas"),
        ((two, "-o", two / "grace.zip"), "cannot be written"),
    ):
        done = run("class", *arguments, "--notebooks", "skip")
        assert (done.code, done.err.count("\n")) == (2, 1), done
        assert word in done.err
    assert not list(folder.glob("results/*"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rubric = 3\n", "course.toml, line 1: rubric"),
        ("data = 'x'\nlates = 2\n", "course.toml, line 2: lates: there is no such setting"),
        ("data = 'x'\nlate = 2\n", "course.toml, line 2: late: is a table; write [late]"),
        ("rubric = \n", "not valid TOML"),
        ("notebooks = 'maybe'\n", "course.toml, line 1: notebooks"),
    ],
)
def test_a_course_toml_that_is_wrong_is_said_with_its_line(
    text: str, says: str, two: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "course.toml").write_text(text)
    done = run("class", two, "-o", folder)
    assert done.code == 2 and says in done.err, done
    assert (folder / "course.toml").read_text() == text


def test_course_toml_is_written_once_and_obeyed_then(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKGRADE_HOME", raising=False)
    folder = tmp_path / "out"
    grade(two, folder)
    path = folder / "course.toml"
    text = path.read_text()
    assert 'rubric = "cs231n-a2"' in text and 'notebooks = "skip"' in text
    path.write_text(text.replace("cs231n-a2", "cs231n-a2-2016") + "# mine\n")
    done = run("class", two, "-o", folder)
    assert "Graded by cs231n-a2-2016" in done.out
    assert path.read_text().endswith("# mine\n")
    assert result(folder, "grace")["rubric"]["id"] == "cs231n-a2-2016"


@pytest.fixture
def slow_class(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Path, list[str]]]:
    """A class of which one takes seconds, begun; it is ended whatever happens."""
    source = tmp_path / "zips"
    exports.spread(source, {"ada.zip": exports.zipped(SLOW), "bob.zip": exports.homework("b")})
    folder = tmp_path / "out"
    argv = command("class", source, "-o", folder, "--rubric", "cs231n-a2", "--notebooks", "skip")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process, folder, argv
    process.kill()
    process.wait()


def _wait_for_a_result(folder: Path, process: subprocess.Popen[str]) -> None:
    while process.poll() is None and not list(folder.glob("results/*/*.zip")):
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)


def test_ctrl_c_lets_what_runs_end_and_the_same_command_goes_on(
    slow_class: tuple[subprocess.Popen[str], Path, list[str]],
) -> None:
    process, folder, _ = slow_class
    _wait_for_a_result(folder, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130), err  # what ran was all there was, or something is left
    assert "Traceback" not in err and "comes to its end" in err
    assert rows(folder)["bob"]["status"] == "graded"


def test_a_second_driver_is_refused_with_the_number_of_the_first(
    slow_class: tuple[subprocess.Popen[str], Path, list[str]],
) -> None:
    process, folder, argv = slow_class
    _wait_for_a_result(folder, process)
    done = run(*argv[4:])
    assert done.code == 2 and str(process.pid) in done.err, done


def test_a_teachers_sentence_reaches_those_with_the_same_wrong_numbers_and_nobody_else(
    class_of_five: tuple[Path, Path, Ended], tmp_path: Path
) -> None:
    source, folder, _ = class_of_five
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", str(folder), str(copy)], check=True)
    with sqlite3.connect(copy / "class.sqlite") as db:
        (wrong,) = [json.loads(row[0]) for row in db.execute("SELECT cases FROM result") if
                    len(row[0]) > 2]  # fmt: skip
    case, _, digest = next(one for one in wrong if one[0].startswith("affine_backward/"))
    before, decided = files(copy), (copy / "course.toml").read_text("utf-8")
    said = paste("affine_backward", case, digest).replace("…", "Add up, & look at <db>.")
    (copy / "course.toml").write_text(f"{decided}\n{said}\n", "utf-8")
    assert grade(source, copy).code == 1
    pages = {path.parent.name: path.read_text("utf-8") for path in copy.rglob("report.html")}
    told = [name for name, page in pages.items() if "From your instructor" in page]
    assert len(told) == 1 and len(pages) == 3
    assert "Add up, &amp; look at &lt;db&gt;." in pages[told[0]]
    items = {item["id"]: item for item in result(copy, told[0])["items"]}
    assert items["affine_backward"]["teacher_says"] == ["Add up, & look at <db>."]
    after = files(copy)
    changed = {name.split("/")[1] for name in after if after[name] != before[name]}
    assert changed == {told[0]}, "nothing is graded again, and no other page is written"
    (copy / "course.toml").write_text(decided, "utf-8")
    assert grade(source, copy).code == 1
    assert "From your instructor" not in (copy / "reports" / told[0] / "report.html").read_text()
    (copy / "course.toml").write_text(f'{decided}\n[[sentences]]\nitem = "adam"\n', "utf-8")
    refused = grade(source, copy)
    assert refused.code == 2 and "course.toml" in refused.err and "sentences" in refused.err
