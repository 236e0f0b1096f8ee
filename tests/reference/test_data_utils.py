"""The data: the same made-up bytes everywhere; real files read without running them."""

import hashlib
import io
import os
import pickle

import numpy as np
import pytest
from cs231n import data_utils, synthetic
from cs231n.data_utils import get_CIFAR10_data, load_CIFAR10, read_python_batch


def sha(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def made_up(n, seed=0):
    """n random images (n, 3072) with labels, for files of our own."""
    rng = np.random.RandomState(seed)
    return rng.randint(256, size=(n, 3072)).astype(np.uint8), rng.randint(10, size=n).tolist()


def write_folder(folder, dump, n=20):
    """Write six batches of n images each, by dump(path, pixels, labels)."""
    for i, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        dump(folder / name, *made_up(n, seed=i))


def dump_python(path, pixels, labels, protocol=2):
    path.write_bytes(pickle.dumps({b"data": pixels, b"labels": labels}, protocol))


def dump_binary(path, pixels, labels):
    records = np.concatenate([np.array(labels, np.uint8)[:, None], pixels], axis=1)
    path.with_suffix(".bin").write_bytes(records.tobytes())


@pytest.mark.parametrize("split, expected", [
    ("train", "359d8b7b6437be640e541169955204548911aadfb372cd068b3f31e792f42735"),
    ("test", "1995a2190eea511e0d8e82325ca99a3c28004793251211700c41f51dd84867aa"),
])  # fmt: skip
def test_made_up_images_have_the_same_bytes_everywhere(split, expected):
    images, labels = synthetic.synthetic_images(500, split, seed=231)
    assert (images.shape, images.dtype, labels.dtype) == ((500, 3, 32, 32), np.uint8, np.int64)
    assert sha(images) == expected
    assert np.array_equal(np.bincount(labels), np.full(10, 50))


def test_more_images_change_none_of_the_earlier_ones():
    few, few_labels = synthetic.synthetic_images(30)
    more, more_labels = synthetic.synthetic_images(700)
    assert np.array_equal(few, more[:30]) and np.array_equal(few_labels, more_labels[:30])
    assert synthetic.synthetic_images(0)[0].shape == (0, 3, 32, 32)


def test_splits_and_seeds_differ():
    images = [synthetic.synthetic_images(1, split)[0] for split in synthetic.SPLITS]
    images.append(synthetic.synthetic_images(1, seed=7)[0])
    assert len({sha(image) for image in images}) == 4


def test_the_cache_is_used_and_a_damaged_one_is_mended(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first, _ = synthetic.synthetic_images(10)
    [path] = tmp_path.rglob("*.npy")
    assert not list(tmp_path.rglob("*.part"))
    np.save(path, np.full((500, 3, 32, 32), 9, np.uint8))
    assert np.all(synthetic.synthetic_images(10)[0] == 9)
    other_shape = io.BytesIO()
    np.save(other_shape, np.zeros((20, 3, 32, 32), np.uint8))
    whole = path.read_bytes()
    for damage in (whole[:1000], b"", pickle.dumps([1]), other_shape.getvalue()):
        path.write_bytes(damage)
        assert np.array_equal(synthetic.synthetic_images(10)[0], first)
    assert np.array_equal(np.load(path)[:10], first)


@pytest.mark.parametrize("place", ["a file/below", "relative"])
def test_no_place_for_a_cache_does_no_harm(place, tmp_path, monkeypatch):
    expected, _ = synthetic.synthetic_images(10)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file").touch()
    root = place if place == "relative" else str(tmp_path / place)
    monkeypatch.setenv("XDG_CACHE_HOME", root)
    assert np.array_equal(synthetic.synthetic_images(10)[0], expected)
    assert os.listdir(tmp_path) == ["a file"]


def test_a_failed_write_leaves_no_half_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def full_disk(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    assert len(synthetic.synthetic_images(10)[0]) == 10
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_data_come_in_three_splits_about_the_training_mean():
    data = get_CIFAR10_data(60, 20, 10)
    raw = get_CIFAR10_data(60, 20, 10, subtract_mean=False)
    shapes = {name: value.shape for name, value in data.items()}
    assert shapes == {"X_train": (60, 3, 32, 32), "y_train": (60,), "X_val": (20, 3, 32, 32),
                      "y_val": (20,), "X_test": (10, 3, 32, 32), "y_test": (10,)}  # fmt: skip
    assert data["X_train"].dtype == np.float64
    assert np.max(np.abs(data["X_train"].mean(0))) < 1e-12
    assert raw["X_train"].min() >= 0 and raw["X_train"].max() <= 255
    assert np.allclose(raw["X_test"] - raw["X_train"].mean(0), data["X_test"])


@pytest.mark.parametrize("dump", [dump_python, dump_binary])
def test_both_published_forms_are_read(dump, tmp_path):
    write_folder(tmp_path, dump)
    X, y, X_test, y_test = load_CIFAR10(tmp_path)
    assert (X.shape, X_test.shape, X.dtype) == ((100, 3, 32, 32), (20, 3, 32, 32), np.uint8)
    pixels, labels = made_up(20, seed=4)
    assert np.array_equal(X[80:].reshape(20, 3072), pixels)
    assert y[80:].tolist() == labels
    assert y_test.tolist() == made_up(20, seed=5)[1]


def test_the_folder_above_and_the_environment_are_understood(tmp_path, monkeypatch):
    below = tmp_path / "cifar-10-batches-py"
    below.mkdir()
    write_folder(below, dump_python)
    monkeypatch.setenv("BACKGRADE_DATA", str(tmp_path))
    data = get_CIFAR10_data(50, 30, 20, subtract_mean=False)
    assert np.array_equal(data["X_val"].astype(np.uint8), load_CIFAR10(below)[0][50:80])


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_every_protocol_that_carries_plain_arrays_is_read(protocol, tmp_path):
    pixels, labels = made_up(3)
    dump_python(tmp_path / "batch", pixels, labels, protocol)
    assert np.array_equal(read_python_batch(tmp_path / "batch")[0].reshape(3, 3072), pixels)


def test_fortran_order_is_read_rightly(tmp_path):
    pixels, labels = made_up(3)
    dump_python(tmp_path / "batch", np.asfortranarray(pixels), labels)
    assert np.array_equal(read_python_batch(tmp_path / "batch")[0].reshape(3, 3072), pixels)


class Call:
    """Pickles into a call of a function."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


class Reference(pickle.Pickler):
    def persistent_id(self, obj):
        return "elsewhere" if obj == "outside" else None


ATTACKS = {
    "system": lambda mark: Call(os.system, f"touch {mark}"),
    "system inside": lambda mark: {b"data": Call(os.system, f"touch {mark}"), b"labels": []},
    "eval": lambda mark: [Call(eval, f"open({str(mark)!r}, 'w')")],
    "open": lambda mark: Call(open, str(mark), "w"),
    "getattr": lambda mark: Call(getattr, "text", "upper"),
    "numpy load": lambda mark: Call(np.load, str(mark)),
    "huge array": lambda mark: {b"data": Call(np.ndarray, (10**12,)), b"labels": []},
    "object array": lambda mark: {b"data": np.array([[None]]), b"labels": [0]},
    "signed bytes": lambda mark: {b"data": np.zeros((1, 3072), np.int8), b"labels": [0]},
    "floats": lambda mark: {b"data": np.zeros((1, 3072)), b"labels": [0]},
}


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pickles_that_are_not_data_are_refused(name, protocol, tmp_path):
    mark = tmp_path / "mark"
    (tmp_path / "batch").write_bytes(pickle.dumps(ATTACKS[name](mark), protocol))
    with pytest.raises(ValueError, match=r"batch: .*; use a CIFAR-10 batch as published"):
        read_python_batch(tmp_path / "batch")
    assert not mark.exists()


def test_references_out_of_the_file_are_refused(tmp_path):
    with open(tmp_path / "batch", "wb") as file:
        Reference(file, 2).dump("outside")
    with pytest.raises(ValueError, match="reference out of the file"):
        read_python_batch(tmp_path / "batch")


@pytest.mark.parametrize("pixels, labels", [
    (np.zeros((2, 3072), np.uint8), [0, 10]),
    (np.zeros((2, 3072), np.uint8), [-1, 0]),
    (np.zeros((2, 3072), np.uint8), [0.5, 0.5]),
    (np.zeros((2, 3072), np.uint8), [0]),
    (np.zeros((2, 3071), np.uint8), [0, 0]),
    (np.zeros(3072, np.uint8), [0]),
])  # fmt: skip
def test_pickles_that_are_not_images_are_refused(pixels, labels, tmp_path):
    dump_python(tmp_path / "batch", pixels, labels)
    with pytest.raises(ValueError, match=r"batch: not images .*; unpack"):
        read_python_batch(tmp_path / "batch")


@pytest.mark.parametrize("content", [b"", b"\x80\x02}", b"\x00" * 100, b"\x80\x02]."])
def test_damaged_pickles_are_refused(content, tmp_path):
    (tmp_path / "batch").write_bytes(content)
    with pytest.raises(ValueError, match="batch: "):
        read_python_batch(tmp_path / "batch")


@pytest.mark.parametrize("content", [b"", b"\x00" * 3072, b"\x0a" + b"\x00" * 3072])
def test_damaged_binary_batches_are_refused(content, tmp_path):
    (tmp_path / "batch.bin").write_bytes(content)
    with pytest.raises(ValueError, match=r"batch.bin: .*; unpack"):
        data_utils.read_binary_batch(tmp_path / "batch.bin")


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(data_utils, "MAX_BYTES", 3072)
    dump_binary(tmp_path / "batch", *made_up(1))
    with pytest.raises(ValueError, match="over 3072 bytes"):
        data_utils.read_binary_batch(tmp_path / "batch.bin")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no data_batch_1 .*; give the folder"):
        load_CIFAR10(tmp_path)
    write_folder(tmp_path, dump_binary)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(FileNotFoundError, match="data_batch_3.bin: missing; unpack"):
        load_CIFAR10(tmp_path)


def test_too_few_images_are_named(tmp_path):
    write_folder(tmp_path, dump_binary)
    with pytest.raises(ValueError, match="has 100 training images, 101 are asked for; ask for"):
        get_CIFAR10_data(90, 11, 5, data_dir=tmp_path)
    with pytest.raises(ValueError, match="has 20 test images, 21 are asked for"):
        get_CIFAR10_data(50, 10, 21, data_dir=tmp_path)


def test_without_a_number_a_small_folder_gives_what_it_has(tmp_path, monkeypatch):
    write_folder(tmp_path, dump_binary)
    data = get_CIFAR10_data(num_validation=30, num_test=5, data_dir=tmp_path)
    assert (len(data["X_train"]), len(data["y_val"])) == (70, 30)
    assert np.max(np.abs(data["X_train"].mean(0))) < 1e-12
    with pytest.raises(ValueError, match="101 are asked for"):
        get_CIFAR10_data(num_validation=100, num_test=5, data_dir=tmp_path)
    monkeypatch.setattr(data_utils, "NUM_TRAINING", 60)
    for place in (tmp_path, None):
        data = get_CIFAR10_data(num_validation=30, num_test=5, data_dir=place)
        assert (len(data["y_train"]), len(data["y_val"])) == (60, 30)


def test_real_images_are_read(real_cifar):
    X, y, X_test, y_test = load_CIFAR10(real_cifar)
    assert X.shape[1:] == X_test.shape[1:] == (3, 32, 32)
    assert set(y) == set(y_test) == set(range(10))
    means = X.mean(axis=(0, 2, 3))  # of all 50,000: 125.3, 122.95, 113.9
    assert np.all(np.abs(means - [125.3, 122.95, 113.9]) < 5)
    data = get_CIFAR10_data(200, 50, 50, subtract_mean=False, data_dir=real_cifar)
    assert np.array_equal(data["X_val"], X[200:250])
