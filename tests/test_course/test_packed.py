"""Whatever was handed in is one zip, the same bytes on every machine, within the usual bounds."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from grader import resources
from grader.box.plan import choose
from grader.box.worker import Worker
from grader.course import tarballs
from grader.course.packed import pack
from grader.course.records import Attempt, File, Person
from grader.engine import grade_one
from grader.errors import UnusableSubmission
from grader.grading.assignment import Assignment
from grader.submission.intake import read_submission
from grader.submission.upload import UploadLimits
from tests.support.exports import homework, package, tarred, zipped

REFERENCE = Path(__file__).resolve().parents[2] / "reference" / "cs231n"
NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
MB = 1_000_000


def attempt(files: Mapping[str, bytes]) -> Attempt:
    received = (File(name, len(data), lambda data=data: data) for name, data in files.items())
    return Attempt(Person("7"), "export.zip/x", tuple(received))


def held(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


WINDOWS = {path.replace("/", "\\"): data for path, data in package().items()}
LOOSE = {path.rpartition("/")[2]: data for path, data in package().items()}
# what was handed in -> what the zip holds
HANDED_IN: dict[str, tuple[dict[str, bytes], dict[str, bytes]]] = {
    "a zip": ({"a2.zip": homework()}, package()),
    "a zip whose name an LMS changed": ({"a2.zip-1": homework()}, package()),
    "a zip beside a PDF": ({"a2.zip": homework(), "answers.pdf": b"%PDF"}, package()),
    "a tar.gz": ({"a2.tar-1.gz": tarred(package())}, package()),
    "a tar": ({"a2.tar": tarred(package(), "w:")}, package()),
    "a tar.bz2": ({"a2": tarred(package(), "w:bz2")}, package()),
    "a tar.xz": ({"a2.zip": tarred(package(), "w:xz")}, package()),
    "a gzipped file": ({"layers.py.gz": gzip.compress(b"#")}, {"layers.py": b"#"}),
    "loose files": (LOOSE, LOOSE),
    "a lone notebook": ({"Dropout.ipynb": NOTEBOOK}, {"Dropout.ipynb": NOTEBOOK}),
    "a lone file": ({"layers.py": b"#"}, {"layers.py": b"#"}),
    "a folder": ({**package(), "a.txt": b"a", ".git/x.py": b""}, {**package(), "a.txt": b"a"}),
    "a folder with its own zip": (
        {**package(), "a2.zip": homework()}, {**package(), "a2.zip": homework()},
    ),
    "backslashes": ({"a2.zip": zipped(WINDOWS)}, package()),
    "backslashes beside a folder": (
        {"a2.zip": zipped({"cs231n/": b"", **WINDOWS})}, {"cs231n/": b"", **package()}
    ),
    "a zip in a zip": ({"a2.zip": zipped({"x/a2.zip": homework()})}, package()),
    "a tar in a zip": ({"a2.zip": zipped({"x/a2.tgz": tarred(package())})}, package()),
    "notebooks beside a zip": (
        {"Dropout.ipynb": NOTEBOOK, "cs231n.zip": homework()},
        {"Dropout.ipynb": NOTEBOOK, **package()},
    ),
    "two zips": (
        {"code.zip": homework(), "books.zip": zipped({"Dropout.ipynb": NOTEBOOK})},
        {**{f"code/{path}": data for path, data in package().items()},
         "books/Dropout.ipynb": NOTEBOOK},
    ),
    "a zip that holds itself": (
        {"a2.zip": zipped({**package(), "old.zip": homework()})},
        {**package(), "old.zip": homework()},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", HANDED_IN)
def test_what_was_handed_in_is_one_zip(what: str) -> None:
    files, expected = HANDED_IN[what]
    packed = pack(attempt(files))
    assert held(packed.data) == expected
    shuffled = random.Random(3).sample(sorted(files.items()), len(files))
    assert pack(attempt(dict(shuffled))) == packed


def test_a_zip_stays_as_it_was_received() -> None:
    for data in (homework(), b"PK\x03\x04 damaged", zipped({}), zipped({"a.txt": b""})):
        assert pack(attempt({"my a2.zip": data})).data == data


def linked() -> bytes:
    """Return a tar of a link."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:") as archive:
        info = tarfile.TarInfo("cs231n/layers.py")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    return stream.getvalue()


Files = dict[str, bytes]
# what was handed in, or what makes it where that takes time -> what is said
UNPACKABLE: dict[str, tuple[Files | Callable[[], Files], str]] = {
    "RAR": ({"a2.rar": b"Rar!\x1a\x07"}, "a RAR archive"),
    "a text": ({"answers.docx": b"PK\x03\x04"}, "no Python file and no notebook in it"),
    "a damaged tar.gz": ({"a2.tgz": tarred(package())[:-30]}, "truncated or damaged"),
    "a damaged gzip in the middle": ({"a.tgz": b"\x1f\x8b\x08\0" + bytes(99)}, "damaged"),
    "a bomb": (lambda: {"a2.tgz": gzip.compress(bytes(90 * MB))}, "holds more than"),
    "a bomb of xz": (lambda: {"a2.xz": tarred({"a.py": bytes(80 * MB)}, "w:xz")}, "holds more"),
    "a link": (lambda: {"a2.tar": linked()}, "is a link"),
    "a way out": ({"a2.tar": tarred({"../../layers.py": b""}, "w:")}, "outside"),
    "Layers.py and layers.py": ({"Layers.py": b"", "layers.py": b""}, "the same name"),
    "nothing": ({}, "it is empty"),
}


@pytest.mark.parametrize("what", UNPACKABLE)
def test_what_cannot_be_packed_is_one_line(what: str) -> None:
    files, says = UNPACKABLE[what]
    with pytest.raises(UnusableSubmission, match=says) as caught:
        pack(attempt(files() if callable(files) else files))
    assert "\n" not in str(caught.value)


def test_nothing_is_read_before_its_size_is_known_to_be_allowed() -> None:
    def never() -> bytes:
        raise AssertionError("read")

    large = Attempt(Person("7"), "x", (File("a2.zip", 65 * MB, never),))
    with pytest.raises(UnusableSubmission, match="more than 64 MB large"):
        pack(large)
    many = Attempt(Person("7"), "x", tuple(File(f"{n}.py", 20, never) for n in range(9)))
    with pytest.raises(UnusableSubmission, match="large"):
        pack(many, UploadLimits(archive_bytes=100, total_bytes=100))


def test_what_a_tar_holds_is_bounded_as_a_whole() -> None:
    data = tarred({f"{number}.py": bytes(400) for number in range(4)}, "w:")
    limits = UploadLimits(total_bytes=1500, archive_bytes=1_000_000)
    with pytest.raises(UnusableSubmission, match="holds more than"):
        tarballs.unpacked(data, "a.tar", limits)


# --------------------------------------------------------------- graded as far as it goes

LAYERS = ("affine_forward", "batchnorm_backward", "dropout_forward")
# what was handed in -> items that pass, items that are missing
PARTS = {
    "layers.py": (LAYERS, ("adam", "TwoLayerNet")),
    "optim.py": (("adam", "sgd_momentum", "rmsprop"), (*LAYERS, "FullyConnectedNet")),
    "classifiers/fc_net.py": ((), (*LAYERS, "adam")),
    "Dropout.ipynb": ((), (*LAYERS, "adam", "TwoLayerNet")),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_the_homework_is_graded_as_far_as_it_goes(
    name: str, assignments: Mapping[str, Assignment]
) -> None:
    data = NOTEBOOK if name.endswith(".ipynb") else (REFERENCE / name).read_bytes()
    packed = pack(attempt({name.rpartition("/")[2]: data}))
    whole = {"data": packed.data, "given": resources.given_files()}
    submission = read_submission(Path(packed.name), partial=True, **whole)
    with Worker(choose("auto")) as worker:
        report = grade_one(submission, assignments["cs231n-a2"], worker)
    status = {item.id: item.status for item in report.items}
    passed, missing = PARTS[name]
    assert {item: status[item] for item in passed} == dict.fromkeys(passed, "passed")
    assert {item: status[item] for item in missing} == dict.fromkeys(missing, "missing")
    assert sum(item.earned for item in report.items if item.status != "passed") == 0
    if name != "layers.py":
        with pytest.raises(UnusableSubmission, match="no layers.py"):
            read_submission(Path(packed.name), **whole)


def test_a_file_that_is_no_homework_is_refused_in_a_class_as_well() -> None:
    data = pack(attempt({"main.py": b"#", "Untitled.ipynb": NOTEBOOK})).data
    with pytest.raises(UnusableSubmission, match="no layers.py"):
        read_submission(Path("x.zip"), data=data, partial=True)
