"""The image for students: it checks a folder with NumPy alone; no layer of it holds an answer."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from grader.release import secret_scan, shape
from tests.docker.containers import IMAGE, PLAIN, docker
from tests.support import student_folder

pytestmark = pytest.mark.skipif(
    not IMAGE, reason="NOT TESTED in containers: `make test-docker` builds the image and runs these"
)
STUDENT = f"{IMAGE}-student"
RIGHT = 'raise NotImplementedError("affine_forward: write this")'


@pytest.fixture
def homework(tmp_path: Path) -> Path:
    """Return what a student has unpacked."""
    with zipfile.ZipFile(io.BytesIO(student_folder.student_zip())) as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    return folder


def checked(*words: str) -> tuple[int, str]:
    done = docker("run", *PLAIN, *words)
    return done.returncode, done.stdout + done.stderr


def test_the_untouched_template_is_checked_without_any_folder() -> None:
    code, said = checked(STUDENT)
    assert (code, "not written" in said, "Traceback" in said) == (1, True, False)


def test_a_function_that_is_written_is_right(homework: Path) -> None:
    layers = homework / "cs231n" / "layers.py"
    text = layers.read_text(encoding="utf-8")
    assert RIGHT in text
    written = text.replace(RIGHT, "return x.reshape(len(x), -1) @ w + b, (x, w, b)")
    layers.write_text(written, encoding="utf-8")
    code, said = checked("--volume", f"{homework}:/homework", STUDENT, "affine_forward")
    assert code == 0, said


def layers_of(image: str) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of every file in every layer of an image, as it is handed out."""
    saved = subprocess.run(["docker", "save", image], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(saved)) as outer:
        manifest = json.load(outer.extractfile("manifest.json"))  # type: ignore[arg-type]
        for layer in manifest[0]["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                for one in inner:
                    file = inner.extractfile(one) if one.isfile() else None
                    if file is not None:
                        yield one.name.removeprefix("./"), file.read()


def test_no_layer_holds_an_answer() -> None:
    source = student_folder.source()
    rubric, golden = source.assignment.rubric, source.assignment.golden
    solution = shape.marked(source.home / "reference", rubric.table)
    secrets = secret_scan.secrets([rubric], golden, source.assignment.wrong, solution)
    hidden = [case for case in rubric.cases if not case.public and case.judge == "values.close"]
    answers = [
        np.ravel(array)[:2].tobytes()
        for case in hidden[::7]
        for array in golden.expected(case)[0].values()
        if array.size > 1 and np.ravel(array)[:2].all()
    ]
    looked_at = 0
    for path, data in layers_of(STUDENT):
        assert rubric.table.seed.encode() not in data, path
        assert not [answer for answer in answers if answer in data], path
        if path.startswith("homework/"):
            assert not secrets.leaks(path, data), path
            looked_at += 1
        names = path.split("/")
        assert not {"golden", "misconceptions", "rubrics", "reference"} & set(names[:3]), path
    assert looked_at > 80 and len(answers) > 5


def test_it_is_small() -> None:
    size = docker("inspect", "--format", "{{.Size}}", STUDENT).stdout
    assert int(size) < 350e6
