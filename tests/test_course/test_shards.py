"""A class graded in parts, on machines that share nothing, comes to what one run comes to."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from grader.course import archive
from tests.support import classes, homes
from tests.support.commands import no_server_is_left, run  # noqa: F401 - a fixture
from tests.support.homes import brief_home  # noqa: F401 - a fixture

STUDENTS = 3
HOW = ("--notebooks", "skip", "--rubric", "cs231n-a2")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a class handed in."""
    folder = tmp_path_factory.mktemp("parts")
    source = classes.write(folder / "source", classes.submissions(STUDENTS, homes.SOME))
    shutil.copy(source / "s00000.zip", source / "twin.zip")  # two students, one upload
    (source / "broken.zip").write_bytes(b"PK no zip")
    return source


@pytest.fixture(scope="module")
def parts(source: Path) -> Path:
    """A source, the class as one run grades it (`whole`), and three parts of it: `0`, `1`, `2`.

    An array that counts from 1 asks for 3/3 where one that counts from 0 asks for 0/3.
    """
    folder = source.parent
    assert run("class", source, "-o", folder / "whole", "--yes", "--jobs", "2", *HOW).code
    for number in range(3):
        out = folder / str(number)
        done = run(
            "class", source, "-o", out, "--yes", "--jobs", "1", *HOW, "--shard", f"{number}/3"
        )
        assert (done.code, done.err) == (0, ""), done
    return folder


def test_every_upload_is_in_one_part_and_no_part_has_a_database(parts: Path) -> None:
    each = [set(classes.results(parts / str(number))) for number in range(3)]
    assert set.union(*each) == set(classes.results(parts / "whole"))
    assert sum(map(len, each)) == len(set.union(*each))
    for number in range(3):
        assert {one.name for one in (parts / str(number)).iterdir()} <= {"results"}


def test_counting_from_one_asks_for_the_same_parts(parts: Path, tmp_path: Path) -> None:
    """Nothing is graded: all of part 0 is there already, under its other name."""
    shutil.copytree(parts / "0", tmp_path / "3")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.zip")}
    source = parts / "source"
    done = run("class", source, "-o", tmp_path / "3", "--yes", *HOW, "--shard", "3/3")
    assert done.code == 0 and "Part 3 of 3" in done.out
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.zip")} == before


def test_parts_joined_are_what_one_run_comes_to(parts: Path, tmp_path: Path) -> None:
    """Joined in any order and twice, whether the class was begun before or not."""
    folder = tmp_path / "whole"
    shards = [parts / str(number) for number in (2, 0, 1, 0)]
    done = run("merge", folder, *shards)
    assert (done.code, done.err) == (0, "")
    done = run("class", parts / "source", "-o", folder, "--yes", *HOW)
    assert done.code == 1  # one upload is broken
    assert classes.left(folder) == classes.left(parts / "whole")
    done = run("merge", folder, *shards)
    assert done.out.startswith("0 results joined")
    assert classes.left(folder) == classes.left(parts / "whole")


def test_a_damaged_result_of_a_part_is_named_and_graded_again(parts: Path, tmp_path: Path) -> None:
    full, *others = sorted(
        (parts / str(n) for n in range(3)), key=lambda one: len(classes.results(one)), reverse=True
    )
    shutil.copytree(full, tmp_path / "1")
    damaged = sorted((tmp_path / "1").rglob("*.zip"))[0]
    damaged.write_bytes(damaged.read_bytes()[:100])
    folder = tmp_path / "whole"
    done = run("merge", folder, *others, tmp_path / "1")
    assert done.err.count("\n") == 1 and damaged.name in done.err
    assert not archive.place_of(folder, damaged.stem).exists()
    run("class", parts / "source", "-o", folder, "--yes", "--jobs", "1", *HOW)
    assert classes.left(folder) == classes.left(parts / "whole")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--shard", "4/3", *HOW), "--shard 4/3: write I/N"),
        (("--shard", "1/0", *HOW), "--shard 1/0: write I/N"),
        (("--shard", "one", *HOW), "--shard one: write I/N"),
        (("--shard", "1/3"), "name the --rubric"),
    ],
)
def test_a_part_that_is_none_is_refused_in_one_line(
    words: tuple[str, ...], said: str, source: Path, tmp_path: Path
) -> None:
    done = run("class", source, "-o", tmp_path / "out", "--yes", *words)
    assert done.code == 2 and said in done.err and done.err.count("\n") == 1


def test_a_folder_that_no_part_wrote_is_refused_in_one_line(tmp_path: Path) -> None:
    done = run("merge", tmp_path / "whole", tmp_path / "nowhere")
    assert done.code == 2 and done.err.count("\n") == 1 and "--shard" in done.err
