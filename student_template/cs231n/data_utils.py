"""Data: images and labels, split into training, validation and test.

By default the images are made up (see synthetic.py). Real CIFAR-10 is used once you have fetched
it:

    python -m cs231n.data_utils download

or when you point at a folder that holds it, in either form in which it is published:

- the python version: files data_batch_1 ... data_batch_5 and test_batch, each a pickle
- the binary version: the same names with .bin, each a row of records of 1 + 3072 bytes

A pickle is a program, and opening one runs it. The reader here lets it build dictionaries, lists,
numbers, text and byte arrays, and refuses everything else before it is run.
"""

import io
import os
import pickle
import sys

import numpy as np

from .synthetic import synthetic_images

NUM_TRAINING = 5000  # few enough to train on in seconds
MAX_BYTES = 40_000_000  # the real batches have about 31 million
# Beside the package: where `download` puts the real images.
DOWNLOADED = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "datasets")


def get_CIFAR10_data(
    num_training=None,
    num_validation=1000,
    num_test=1000,
    subtract_mean=True,
    data_dir=None,
    seed=231,
):
    """Return images ready for training.

    - num_training: how many images to train on; None means NUM_TRAINING, or all but the validation
      images in a folder that has fewer
    - num_validation, num_test: how many of these
    - subtract_mean: take the mean training image from every image
    - data_dir: folder of real CIFAR-10. None means the folder in the environment variable
      BACKGRADE_DATA; without it what was downloaded; and made-up images if nothing was.
    - seed: of the made-up images

    Returns a dictionary: X_train, X_val, X_test, float64 of shape (N, 3, 32, 32), values 0..255
    before the mean is taken away; y_train, y_val, y_test, int64 in 0..9, shape (N,). In real data
    the validation images are those which follow the training images.

    Raises FileNotFoundError if the folder does not hold CIFAR-10, ValueError if a file is damaged,
    holds something that is not data, or has too few images.
    """
    data_dir = data_dir or os.environ.get("BACKGRADE_DATA") or _downloaded()
    if data_dir is None:
        num_training = NUM_TRAINING if num_training is None else num_training
        train = synthetic_images(num_training, "train", seed)
        val = synthetic_images(num_validation, "val", seed)
        test = synthetic_images(num_test, "test", seed)
    else:
        train, val, test = _real_splits(data_dir, num_training, num_validation, num_test)

    data = {}
    for name, (images, labels) in (("train", train), ("val", val), ("test", test)):
        data[f"X_{name}"], data[f"y_{name}"] = images.astype(np.float64), labels
    if subtract_mean:
        # Whole numbers are summed exactly, in any order: the mean is the same on every machine.
        mean_image = train[0].sum(axis=0, dtype=np.int64) / max(len(train[0]), 1)
        for name in ("X_train", "X_val", "X_test"):
            data[name] -= mean_image
    return data


def _downloaded():
    """Return the folder of downloaded images, or None where there are none."""
    whole = os.path.join(DOWNLOADED, "cifar-10-batches-py", "test_batch")  # the last to be written
    return DOWNLOADED if os.path.isfile(whole) else None


def _real_splits(data_dir, num_training, num_validation, num_test):
    """Return (images, labels) of the three splits, out of real CIFAR-10."""
    X, y, X_test, y_test = load_CIFAR10(data_dir)
    if num_training is None:
        num_training = min(NUM_TRAINING, max(len(y) - num_validation, 1))
    wanted = num_training + num_validation
    for what, want, have in (("training", wanted, len(y)), ("test", num_test, len(y_test))):
        if want > have:
            raise ValueError(f"{data_dir}: has {have} {what} images, {want} are asked for; ask for "
                             "fewer, or use the whole data set")  # fmt: skip
    train, val = slice(num_training), slice(num_training, wanted)
    return (X[train], y[train]), (X[val], y[val]), (X_test[:num_test], y_test[:num_test])


def load_CIFAR10(data_dir):
    """Read CIFAR-10 as published, from a folder or from the folder it was unpacked into.

    Returns a tuple X, y, X_test, y_test: images uint8, shape (N, 3, 32, 32); labels int64, (N,).
    Batches may have any number of images. Raises as get_CIFAR10_data does.
    """
    for folder in ("", "cifar-10-batches-bin", "cifar-10-batches-py"):
        for suffix, read in ((".bin", read_binary_batch), ("", read_python_batch)):
            place = os.path.join(data_dir, folder)
            if os.path.isfile(os.path.join(place, f"data_batch_1{suffix}")):
                return _load(place, suffix, read)
    raise FileNotFoundError(
        f"{data_dir}: no data_batch_1 or data_batch_1.bin here; give the folder into which "
        "cifar-10-binary.tar.gz or cifar-10-python.tar.gz was unpacked"
    )


def _load(place, suffix, read):
    """Read the six files of one form."""
    batches = [read(os.path.join(place, f"data_batch_{i}{suffix}")) for i in range(1, 6)]
    X, y = (np.concatenate(parts) for parts in zip(*batches))
    return X, y, *read(os.path.join(place, f"test_batch{suffix}"))


def _bytes_of(path):
    """Return the content of a file that is not unreasonably large."""
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{path}: missing; unpack the CIFAR-10 archive again")
    with open(path, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path}: over {MAX_BYTES} bytes; this is no CIFAR-10 batch")
    return content


def _checked(path, pixels, labels):
    """Return images (N, 3, 32, 32) and labels (N,), if pixels are (N, 3072) and labels are 0..9."""
    good = pixels.ndim == 2 and pixels.shape == (len(labels), 3072) and labels.ndim == 1
    if not good or labels.dtype.kind not in "iu" or np.any((labels < 0) | (labels > 9)):
        raise ValueError(f"{path}: not images of 3072 bytes with labels 0..9; "
                         "unpack the CIFAR-10 archive again")  # fmt: skip
    return pixels.reshape(-1, 3, 32, 32), labels.astype(np.int64)


def read_binary_batch(path):
    """Read one .bin file. Returns images uint8 (N, 3, 32, 32) and labels int64 (N,)."""
    content = np.frombuffer(_bytes_of(path), dtype=np.uint8)
    if content.size == 0 or content.size % 3073:
        raise ValueError(f"{path}: {content.size} bytes are no records of 3073; "
                         "unpack the CIFAR-10 archive again")  # fmt: skip
    records = content.reshape(-1, 3073)
    return _checked(path, records[:, 1:], records[:, 0])


def read_python_batch(path):
    """Read one pickled batch, safely. Returns images uint8 (N, 3, 32, 32) and labels int64 (N,)."""
    try:
        batch = _DataUnpickler(io.BytesIO(_bytes_of(path)), encoding="bytes").load()
        pixels, labels = batch[b"data"].array(), np.array(batch[b"labels"])
    except OSError:
        raise
    except Exception as error:  # a damaged pickle may raise nearly anything
        raise ValueError(f"{path}: {error}; use a CIFAR-10 batch as published") from error
    return _checked(path, pixels, labels)


class _PickledArray:
    """Stands in for numpy.ndarray in a pickle: only byte arrays, and no NumPy code is run."""

    def __init__(self, *ignored):
        self.state = None

    def __setstate__(self, state):
        self.state = state

    def array(self):
        """Return the uint8 array that was pickled."""
        _, shape, dtype, fortran, raw = self.state
        if not isinstance(dtype, _PickledDtype) or dtype.name not in (b"u1", "u1"):
            raise ValueError("holds an array that is not of bytes")
        pixels = np.frombuffer(raw, dtype=np.uint8)
        return pixels.reshape(shape, order="F" if fortran else "C")


class _PickledDtype:
    """Stands in for numpy.dtype in a pickle: a name, nothing else."""

    def __init__(self, name, *ignored):
        self.name = name

    def __setstate__(self, state):
        """Leave out byte order and alignment: a byte has neither."""


def _latin1(text, *ignored):
    """Stands in for _codecs.encode, by which Python 3 writes bytes at protocol 2."""
    return text.encode("latin-1")


class _DataUnpickler(pickle.Unpickler):
    """An unpickler to which four names mean something harmless and all others are refused."""

    def find_class(self, module, name):
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return _PickledArray
        known = {
            ("numpy", "ndarray"): None,
            ("numpy", "dtype"): _PickledDtype,
            ("_codecs", "encode"): _latin1,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"refused to load {module}.{name}, which is not data")
        return known[module, name]

    def persistent_load(self, pid):
        raise pickle.UnpicklingError("refused to follow a reference out of the file")


if __name__ == "__main__":
    from .download import main

    sys.exit(main(sys.argv[1:], DOWNLOADED))
