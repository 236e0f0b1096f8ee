"""Prepare the images of one profile, in a process of its own: `python -m` with this module.

Reads one line of JSON from stdin and writes six .npy files into the folder `into`, which is there:

    training.npy validation.npy hidden.npy   uint8, (N, 3, 32, 32)
    *_labels.npy                             int64, (N,)
    mean.npy                                 float64, (3, 32, 32): the mean training image
    box/                                     what data_utils reads beside a student: no hidden image

It is a process because whole data sets are large for a moment, and the one that grades stays small.
The images come from the handed-out `data_utils` and `synthetic`, so that they are the student's,
bit for bit. The hidden ones are of the same kind, and neither training, validation nor test images.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

PACKAGE = "handed_out_data"
Split = tuple[np.ndarray, np.ndarray]


def splits(asked: dict[str, Any]) -> dict[str, Split]:
    """Return images and labels by split. Raises OSError or ValueError, as data_utils does."""
    package = Path(asked["package"])
    if asked["data_dir"]:
        return _real(_module(package, "data_utils"), asked)
    synthetic = _module(package, "synthetic")
    os.environ["XDG_CACHE_HOME"] = str(Path(asked["into"]) / "box")
    synthetic.synthetic_images(asked["test"], "test", asked["seed"])
    seen = {
        "training": synthetic.synthetic_images(asked["training"], "train", asked["seed"]),
        "validation": synthetic.synthetic_images(asked["validation"], "val", asked["seed"]),
    }
    # A relative folder is none: hidden images are not to lie where students' are, which the box
    # may show.
    os.environ["XDG_CACHE_HOME"] = "none"
    hidden = synthetic.synthetic_images(asked["hidden"], "test", asked["hidden_seed"])
    return {**seen, "hidden": hidden}


def _real(data_utils: ModuleType, asked: dict[str, Any]) -> dict[str, Split]:
    """Split real CIFAR-10 as data_utils does; hidden images are drawn from all that is left."""
    images, labels, more, more_labels = data_utils.load_CIFAR10(asked["data_dir"])
    training = min(asked["training"], len(labels) - asked["validation"])  # a small folder has fewer
    if training < 1:
        split = f"has {len(labels)} training images, of which {asked['validation']} are for"
        raise ValueError(f"{asked['data_dir']}: {split} validation; ask for fewer in the rubric")
    seen = training + asked["validation"]
    box = Path(asked["into"]) / "box"
    box.mkdir()
    for number, rows in enumerate(np.array_split(np.arange(seen), 5), start=1):
        _write_batch(box / f"data_batch_{number}.bin", images[rows], labels[rows])
    tested = slice(asked["test"])
    _write_batch(box / "test_batch.bin", more[tested], more_labels[tested])
    left = np.concatenate([images[seen:], more[asked["test"] :]])
    left_labels = np.concatenate([labels[seen:], more_labels[asked["test"] :]])
    drawn = np.random.RandomState(asked["hidden_seed"]).permutation(len(left))[: asked["hidden"]]
    return {
        "training": (images[:training], labels[:training]),
        "validation": (images[training:seen], labels[training:seen]),
        "hidden": (left[drawn], left_labels[drawn]),
    }


def _write_batch(path: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Write one file of CIFAR-10's binary version."""
    pixels = images.reshape(len(images), -1)
    path.write_bytes(np.column_stack([labels.astype(np.uint8), pixels]).tobytes())


def _for_all(folder: Path) -> None:
    """Let everyone read a folder: the user of the box is another one, who would draw anew."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _module(folder: Path, name: str) -> ModuleType:
    """Import a handed-out module, and its neighbours, under a name of our own."""
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise OSError(f"{folder}: is no package; restore student_template/")
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{PACKAGE}.{name}")


def main() -> None:
    """Write the files that stdin asks for; exit 1 with one line if that cannot be."""
    asked = json.load(sys.stdin)
    into = Path(asked["into"])
    try:
        for name, (images, labels) in splits(asked).items():
            np.save(into / f"{name}.npy", images)
            np.save(into / f"{name}_labels.npy", labels)
            if name == "training":
                total = images.sum(axis=0, dtype=np.int64)
                np.save(into / "mean.npy", total / len(images))
        _for_all(into / "box")
    except (OSError, ValueError, ImportError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
