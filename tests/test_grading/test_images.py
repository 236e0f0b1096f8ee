"""The images that training is judged on: the student's, bit for bit, and hidden ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grader import resources
from grader.errors import GraderFault, UsageError
from grader.grading.training.images import BATCH, Images
from grader.rubric.records import ImageProfile
from tests.reference.conftest import ROOT

PACKAGE = resources.home() / "student_template" / "cs231n"
SMALL = ImageProfile(training=300, validation=250, test=100, hidden=210)
AS_STUDENTS_HAVE_THEM = """
import json, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from cs231n.data_utils import get_CIFAR10_data
data = get_CIFAR10_data(*json.loads(sys.argv[2]), data_dir=sys.argv[3] or None)
np.savez(sys.argv[4], **data)
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def images(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Images:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return Images(SMALL, "a seed", PACKAGE)


def whole(images: Images, split: str) -> tuple[np.ndarray, np.ndarray]:
    pairs = list(images.batches(split, np.arange(images.count(split))))  # type: ignore[arg-type]
    return np.concatenate([x for x, _ in pairs]), np.concatenate([y for _, y in pairs])


def students(tmp_path: Path, sizes: tuple[int, int, int], data_dir: str) -> dict[str, np.ndarray]:
    """What get_CIFAR10_data gives a student, in a process of its own."""
    kept = tmp_path / "kept.npz"
    subprocess.run(
        [sys.executable, "-B", "-c", AS_STUDENTS_HAVE_THEM, str(PACKAGE.parent), json.dumps(sizes),
         data_dir, str(kept)], check=True,
    )  # fmt: skip
    with np.load(kept) as saved:
        return dict(saved)


def test_training_and_validation_images_are_those_of_students(
    images: Images, tmp_path: Path
) -> None:
    data = students(tmp_path, (300, 250, 100), "")
    for split, name in (("training", "train"), ("validation", "val")):
        pixels, labels = whole(images, split)
        assert np.array_equal(labels, data[f"y_{name}"])
        assert np.abs(pixels - data[f"X_{name}"].reshape(len(labels), -1)).max() < 1e-4
        assert pixels.dtype == np.float32


def test_batches_are_of_the_rows_that_are_asked_for_in_their_order(images: Images) -> None:
    pixels, labels = whole(images, "training")
    rows = np.array([299, 3, 3, 120])
    ((chosen, chosen_labels),) = images.batches("training", rows)
    assert np.array_equal(chosen, pixels[rows]) and np.array_equal(chosen_labels, labels[rows])
    many = np.arange(2 * BATCH + 7) % 300
    parts = list(images.batches("training", many))
    assert [len(labels) for _, labels in parts] == [BATCH, BATCH, 7]
    assert np.array_equal(np.concatenate([part for part, _ in parts]), pixels[many])


def test_hidden_images_follow_from_the_secret_and_are_none_of_the_others(images: Images) -> None:
    hidden = {row.tobytes() for row in whole(images, "hidden")[0]}
    assert len(hidden) == 210
    for split in ("training", "validation"):
        assert not hidden & {row.tobytes() for row in whole(images, split)[0]}
    again, other = (Images(SMALL, secret, PACKAGE) for secret in ("a seed", "another"))
    assert np.array_equal(whole(again, "hidden")[0], whole(images, "hidden")[0])
    assert not hidden & {row.tobytes() for row in whole(other, "hidden")[0]}


def test_hidden_images_do_not_lie_where_those_of_students_do(images: Images, cache: Path) -> None:
    images.count("hidden")
    seeds = {path.name.split("-")[0] for path in (cache / "backgrade").rglob("*.npy")}
    assert seeds <= {"231"}


def test_the_user_of_the_box_may_read_the_images_of_students(images: Images) -> None:
    folder, _ = images.for_the_box()
    files = [path for path in (folder, *folder.rglob("*")) if path.is_file()]
    assert len(files) == 3  # a chunk of each split
    assert all(path.stat().st_mode & 0o004 for path in files)
    assert all(path.parent.stat().st_mode & 0o005 == 0o005 for path in files)


def test_images_are_prepared_once(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    images.count("training")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("prepared again")

    monkeypatch.setattr(subprocess, "run", never)
    assert Images(SMALL, "a seed", PACKAGE).count("training") == 300


def test_without_a_cache_folder_images_are_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    few = ImageProfile(training=20, validation=10, test=10, hidden=10)
    assert Images(few, "a seed", PACKAGE).count("validation") == 10


def test_a_damaged_file_is_our_fault_and_says_which(images: Images) -> None:
    images.count("training")
    assert images._folder is not None
    damaged = images._folder / "validation.npy"
    sound = damaged.read_bytes()
    damaged.write_bytes(sound[:50])
    try:
        with pytest.raises(GraderFault, match=r"validation\.npy: cannot be read .*; delete"):
            list(images.batches("validation", np.arange(3)))
    finally:
        damaged.write_bytes(sound)


@pytest.mark.parametrize("data", [None, Path("/dev/null")], ids=["made-up", "real"])
def test_a_full_disk_is_named_and_nobody_is_blamed(
    data: Path | None, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    failed = subprocess.CompletedProcess([], 1, "", "15360000 requested and 204672 written")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    full = shutil.disk_usage("/")._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(GraderFault, match="grader: the disk is full; make room, or set XDG_CACHE"):
        Images(SMALL, "of a full disk", PACKAGE, data).count("training")
    assert [path for path in cache.rglob("backgrade-*-*")] == []


def test_a_folder_without_cifar10_is_the_users_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(UsageError, match=r"--data: .*no data_batch_1"):
        Images(SMALL, "a seed", PACKAGE, tmp_path).count("training")


REAL = ROOT.parent / "shared" / "data"


@pytest.mark.long_trial(0)
@pytest.mark.skipif(not REAL.is_dir(), reason=f"NO REAL CIFAR-10 at {REAL}")
def test_real_images_are_split_as_students_have_them_and_hidden_ones_are_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    profile = ImageProfile(training=50_000, validation=1000, test=700, hidden=10_000)
    images = Images(profile, "a seed", PACKAGE, REAL)
    assert (images.count("training"), images.count("hidden")) == (4000, 300)  # all that there are
    data = students(tmp_path, (4000, 1000, 1000), str(REAL))
    for split, name in (("training", "train"), ("validation", "val")):
        assert np.array_equal(whole(images, split)[1], data[f"y_{name}"])
    left = np.round(data["X_test"][700:].reshape(300, -1)).sum(axis=1)
    found = np.round(whole(images, "hidden")[0]).astype(np.float64).sum(axis=1)
    assert np.abs(np.sort(found) - np.sort(left)).max() <= 2  # pixels at a half round either way
