"""Honest uploads of every shape seen in seven years of courses end up as the same homework."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from grader.errors import UnusableSubmission
from grader.submission.intake import read_submission
from grader.submission.layout import find_layout, homework_name, is_package_name
from grader.submission.upload import UploadLimits
from grader.types import Submission

PACKAGE = ("layers.py", "optim.py", "classifiers/fc_net.py", "layer_utils.py")
BOOKS = ("FullyConnectedNets.ipynb", "BatchNormalization.ipynb", "Dropout.ipynb")
WHOLE = (*(f"cs231n/{name}" for name in PACKAGE), *BOOKS)


def zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return stream.getvalue()


def toy(paths: Iterable[str]) -> dict[str, bytes]:
    """Files whose content says where they lay."""
    return {path: f"# {path}\n".encode() for path in paths}


def spread(root: Path, files: Mapping[str, bytes]) -> Path:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def below(folder: str, paths: Iterable[str]) -> list[str]:
    return [f"{folder}/{path}" for path in paths]


def came_from(got: Submission) -> dict[str, str]:
    return {path: data.decode()[2:-1] for path, data in got.files.items()}


# what lies in the upload -> (package, {path graded: where it lay}, fragments of repaired, of
# ignored); paths graded from their own place under `home` may be left out
LAYOUTS: dict[str, tuple[list[str], str, str, dict[str, str], list[str], list[str]]] = {
    "2016: everything at the top": (
        [*WHOLE, "cs231n/setup.py", "cs231n/im2col_cython.pyx", "start_ipython_osx.sh"],
        "cs231n", "", {"cs231n/setup.py": "cs231n/setup.py"}, [],
        ["'cs231n/im2col_cython.pyx', 'start_ipython_osx.sh' were not needed"],
    ),
    "2018: nested top folder": (
        below("spring1718_assignment2_v2", WHOLE), "cs231n", "spring1718_assignment2_v2/", {}, [],
        [],
    ),
    "2016: two top folders": (
        below("winter1516_assignment2/assignment2", WHOLE), "cs231n",
        "winter1516_assignment2/assignment2/", {}, [], [],
    ),
    "2019: flat copies beside the package": (
        below("cs231n-2019-assignment2", [*WHOLE, "layers.py", "fc_net.py", "optim.py", "cnn.py"]),
        "cs231n", "cs231n-2019-assignment2/", {},
        ["2 folders hold a layers.py; graded was 'cs231n-2019-assignment2/cs231n'"],
        [
            "'cs231n-2019-assignment2/fc_net.py' is another version; graded was "
            "'cs231n-2019-assignment2/cs231n/classifiers/fc_net.py'",
            "'cs231n-2019-assignment2/layers.py' is another version",
            "'cs231n-2019-assignment2/cnn.py' was not needed",
        ],
    ),
    "2020: other notebooks and PDFs": (
        [*WHOLE, "ConvolutionalNetworks.ipynb", "PyTorch.ipynb", "a2.pdf", "makepdf.py"],
        "cs231n", "",
        {"ConvolutionalNetworks.ipynb": "ConvolutionalNetworks.ipynb",
         "PyTorch.ipynb": "PyTorch.ipynb"},
        [], ["'makepdf.py' was not needed", "'a2.pdf' was not needed"],
    ),
    "2026: flattened by Gradescope": (
        below("all/code_submission/a2_code_submission",
              ["layers.py", "optim.py", "fc_net.py", "layer_utils.py", "solver.py", *BOOKS]),
        "cs231n", "-",
        {
            **{f"cs231n/{name}": f"all/code_submission/a2_code_submission/{name}"
               for name in ("layers.py", "optim.py", "layer_utils.py", "solver.py")},
            "cs231n/classifiers/fc_net.py":
                "all/code_submission/a2_code_submission/fc_net.py",
            **{name: f"all/code_submission/a2_code_submission/{name}" for name in BOOKS},
        },
        ["'all/code_submission/a2_code_submission' was read as the package cs231n",
         "fc_net.py' was put where it belongs: cs231n/classifiers/fc_net.py"],
        [],
    ),
    "flat files at the top": (
        ["layers.py", "optim.py", "fc_net.py", "Dropout.ipynb"], "cs231n", "-",
        {"cs231n/layers.py": "layers.py", "cs231n/optim.py": "optim.py",
         "cs231n/classifiers/fc_net.py": "fc_net.py", "Dropout.ipynb": "Dropout.ipynb"},
        ["the top folder was read as the package cs231n",
         "'fc_net.py' was put where it belongs: cs231n/classifiers/fc_net.py"],
        [],
    ),
    "the package without its folder": (
        [*PACKAGE, *BOOKS], "cs231n", "-",
        {**{f"cs231n/{name}": name for name in PACKAGE}, **{name: name for name in BOOKS}},
        ["the top folder was read as the package cs231n"], [],
    ),
    "the package is the repository": (
        below("assignment2", [*PACKAGE, *BOOKS]), "assignment2", "-",
        {**{f"assignment2/{name}": f"assignment2/{name}" for name in PACKAGE},
         **{name: f"assignment2/{name}" for name in BOOKS}},
        [], [],
    ),
    "only layers.py": (["layers.py"], "cs231n", "-", {"cs231n/layers.py": "layers.py"}, [], []),
    "fc_net.py beside layers.py": (
        ["hw/cs231n/layers.py", "hw/cs231n/optim.py", "hw/cs231n/fc_net.py", "hw/Dropout.ipynb"],
        "cs231n", "-",
        {"cs231n/layers.py": "hw/cs231n/layers.py", "cs231n/optim.py": "hw/cs231n/optim.py",
         "cs231n/classifiers/fc_net.py": "hw/cs231n/fc_net.py",
         "Dropout.ipynb": "hw/Dropout.ipynb"},
        ["put where it belongs"], [],
    ),
    "fc_net.py beside layers.py at UMass": (
        ["cs682/layers.py", "cs682/fc_net.py", "Dropout.ipynb"], "cs682", "-",
        {"cs682/layers.py": "cs682/layers.py", "cs682/classifiers/fc_net.py": "cs682/fc_net.py",
         "Dropout.ipynb": "Dropout.ipynb"},
        ["put where it belongs"], [],
    ),
    "optim.py strayed": (
        ["cs231n/layers.py", "cs231n/classifiers/fc_net.py", "cs231n/layer_utils.py", "optim.py"],
        "cs231n", "-",
        {**{f"cs231n/{name}": f"cs231n/{name}" for name in PACKAGE},
         "cs231n/optim.py": "optim.py"},
        ["'optim.py' was put where it belongs: cs231n/optim.py"], [],
    ),
    "two that strayed": (
        ["cs231n/layers.py", "a/optim.py", "b/optim.py"], "cs231n", "-",
        {"cs231n/layers.py": "cs231n/layers.py"}, [],
        ["'a/optim.py' is not in the package nor the only optim.py"],
    ),
    "UMass": (
        [path.replace("cs231n", "cs682") for path in WHOLE], "cs682", "", {}, [], [],
    ),
    "a name with blanks": (
        below("my homework (2)", [path.replace("cs231n", "my package") for path in WHOLE]),
        "cs231n", "-",
        {**{f"cs231n/{name}": f"my homework (2)/my package/{name}" for name in PACKAGE},
         **{name: f"my homework (2)/{name}" for name in BOOKS}},
        ["'my homework (2)/my package' was read as the package cs231n"], [],
    ),
    "a name of Python's own": (
        below("code", PACKAGE), "cs231n", "-",
        {f"cs231n/{name}": f"code/{name}" for name in PACKAGE},
        ["'code' was read as the package cs231n"], [],
    ),
    "a copy beside it": (
        [*WHOLE, *below("cs231n copy", PACKAGE)], "cs231n", "", {},
        ["2 folders hold a layers.py; graded was 'cs231n'"],
        ["'cs231n copy/layers.py' is another version; graded was 'cs231n/layers.py'",
         "'cs231n copy/classifiers/fc_net.py' is another version"],
    ),
    "versions with numbers": (
        [path for n in (2, 1, 10) for path in below(f"Version {n}/hw", PACKAGE)], "hw", "-",
        {f"hw/{name}": f"Version 10/hw/{name}" for name in PACKAGE},
        ["3 folders hold a layers.py; graded was 'Version 10/hw'"], ["is another version"],
    ),
    "one that is called final": (
        [path for name in ("cs231n", "cs231n_final") for path in below(name, PACKAGE)],
        "cs231n_final", "-",
        {f"cs231n_final/{name}": f"cs231n_final/{name}" for name in PACKAGE},
        ["graded was 'cs231n_final'"], ["'cs231n/layers.py' is another version"],
    ),
    "later homework with a number": (
        [path for n in (2, 3) for path in below(f"assignment{n}/cs231n", PACKAGE)], "cs231n",
        "-", {f"cs231n/{name}": f"assignment2/cs231n/{name}" for name in PACKAGE},
        ["graded was 'assignment2/cs231n'"], ["'assignment3/cs231n/layers.py' is another version"],
    ),
    "a copy that is less deep": (
        [*below("hw/a2", WHOLE), *below("backup", PACKAGE)], "cs231n", "hw/a2/", {},
        ["graded was 'hw/a2/cs231n'"], ["'backup/layers.py' is another version"],
    ),
    "a copy inside the package": (
        [*WHOLE, *below("cs231n/old", [*PACKAGE, "helper.py"])], "cs231n", "", {},
        ["graded was 'cs231n'"], ["'cs231n/old/layers.py' is another version"],
    ),
    "the one with a net": (
        ["a/layers.py", "a/optim.py", "b/layers.py", "b/optim.py", "b/fc_net.py"], "cs231n", "-",
        {"cs231n/layers.py": "b/layers.py", "cs231n/optim.py": "b/optim.py",
         "cs231n/classifiers/fc_net.py": "b/fc_net.py"},
        ["graded was 'b'"], [],
    ),
    "the shallower one": (
        ["a/b/layers.py", "z/layers.py"], "z", "-", {"z/layers.py": "z/layers.py"},
        ["graded was 'z'"], [],
    ),
    "a copy by a German system": (
        [*below("a2", WHOLE), *below("a2 - Kopie", WHOLE), "a2/cs231n/layers - Kopie (2).py"],
        "cs231n", "a2/", {},
        ["graded was 'a2/cs231n'"],
        ["'a2 - Kopie/Dropout.ipynb' is another version",
         "'a2/cs231n/layers - Kopie (2).py' is another version"],
    ),
    "a copy by browser": (
        [*below("a2", WHOLE), *below("a2 (1)", WHOLE)], "cs231n", "a2/", {},
        ["graded was 'a2/cs231n'"], ["'a2 (1)/Dropout.ipynb' is another version"],
    ),
    "a stray copy in classifiers": (
        [*WHOLE, "cs231n/classifiers/layers.py", "cs231n/classifiers/cnn.py"], "cs231n", "",
        {"cs231n/classifiers/cnn.py": "cs231n/classifiers/cnn.py"}, [],
        ["'cs231n/classifiers/layers.py' is another version"],
    ),
    "the assignment before as well": (
        [*below("assignment1/cs231n", PACKAGE), "assignment1/FullyConnectedNets.ipynb",
         *below("assignment2/cs231n", PACKAGE), *below("assignment2", BOOKS[1:]),
         "assignment1/knn.ipynb"],
        "cs231n", "-",
        {**{f"cs231n/{name}": f"assignment2/cs231n/{name}" for name in PACKAGE},
         **{name: f"assignment2/{name}" for name in BOOKS[1:]},
         BOOKS[0]: f"assignment1/{BOOKS[0]}"},
        ["graded was 'assignment2/cs231n'",
         "'assignment1/FullyConnectedNets.ipynb' was read as the notebook"],
        ["'assignment1/knn.ipynb' was not needed"],
    ),
    "rubbish of Macs, editors and Python": (
        [*WHOLE, "__MACOSX/._cs231n", *below("__MACOSX", WHOLE), ".DS_Store", ".git/config",
         ".ipynb_checkpoints/Dropout-checkpoint.ipynb", "cs231n/.ipynb_checkpoints/layers.py",
         "cs231n/__pycache__/layers.cpython-311.pyc", "cs231n/build/lib/layers.py",
         "cs231n/._layers.py", "cs231n/datasets/a.bin", "cs231n/datasets/b/c.py",
         "cs231n/im2col_cython.so", "venv/lib/site-packages/layers.py"],
        "cs231n", "", {}, [],
        ["2 files under cs231n/datasets were not needed", "1 file under .git was not needed",
         "2 files under 2 folders .ipynb_checkpoints were not needed",
         "8 files under __MACOSX were not needed"],
    ),
    "names as a browser gives them": (
        ["cs231n/layers (1).py", "cs231n/Optim.py", "cs231n/classifiers/fc_net copy.py",
         "cs231n/layer_utils-2.py", "FullyConnectedNets(3).ipynb",
         "Copy of BatchNormalization.ipynb", "Dropout-Copy1.ipynb"],
        "cs231n", "-",
        {"cs231n/layers.py": "cs231n/layers (1).py", "cs231n/optim.py": "cs231n/Optim.py",
         "cs231n/classifiers/fc_net.py": "cs231n/classifiers/fc_net copy.py",
         "cs231n/layer_utils.py": "cs231n/layer_utils-2.py",
         "FullyConnectedNets.ipynb": "FullyConnectedNets(3).ipynb",
         "BatchNormalization.ipynb": "Copy of BatchNormalization.ipynb",
         "Dropout.ipynb": "Dropout-Copy1.ipynb"},
        ["'cs231n/layers (1).py' was read as cs231n/layers.py"], [],
    ),
    "the plain name wins": (
        [*WHOLE, "cs231n/layers (1).py", "Dropout (1).ipynb"], "cs231n", "", {}, [],
        ["'cs231n/layers (1).py' is another version; graded was 'cs231n/layers.py'",
         "'Dropout (1).ipynb' is another version; graded was 'Dropout.ipynb'"],
    ),
    "the latest of several": (
        ["layers (2).py", "layers (10).py", "layers (1).py"], "cs231n", "-",
        {"cs231n/layers.py": "layers (10).py"}, ["'layers (10).py' was read as cs231n/layers.py"],
        ["'layers (2).py' is another version; graded was 'layers (10).py'"],
    ),
    "notebooks in a folder of their own": (
        [*below("cs231n", PACKAGE), *below("notebooks", BOOKS), "notebooks/more.ipynb"],
        "cs231n", "-",
        {**{f"cs231n/{name}": f"cs231n/{name}" for name in PACKAGE},
         **{name: f"notebooks/{name}" for name in BOOKS},
         "notebooks/more.ipynb": "notebooks/more.ipynb"},
        ["'notebooks/Dropout.ipynb' was read as the notebook Dropout.ipynb"], [],
    ),
    "names beyond ASCII": (
        below("\u4f5c\u4e1a/\u00fcbung 2", WHOLE), "cs231n", "\u4f5c\u4e1a/\u00fcbung 2/", {}, [],
        [],
    ),
    "seven deep": (below("a/b/c/d/e", WHOLE), "cs231n", "a/b/c/d/e/", {}, [], []),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["zip", "folder", "zip in a folder", "zip in a zip"])
@pytest.mark.parametrize("case", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layouts(
    tmp_path: Path,
    case: tuple[list[str], str, str, dict[str, str], list[str], list[str]],
    kind: str,
) -> None:
    paths, package, home, places, repaired, ignored = case
    upload = tmp_path / "upload"
    if kind == "folder":
        spread(upload, toy(paths))
    elif kind == "zip":
        upload.write_bytes(zipped(toy(paths)))
    else:
        beside = {"inline.pdf": b"", "a.ipynb": b"", "conv_layers.py": b""}
        files = {"x/hw (1).zip": zipped(toy(paths)), **beside}
        spread(upload, files) if "folder" in kind else upload.write_bytes(zipped(files))
    before = sorted(tmp_path.rglob("*"))
    got = read_submission(upload)
    expected = dict(places)
    if home != "-":
        names = [path.replace("cs231n", package) for path in WHOLE]
        expected.update({name: f"{home}{name}" for name in names})
    assert got.package == package
    if upload.is_file():
        assert got.sha256 == hashlib.sha256(upload.read_bytes()).hexdigest()
    assert came_from(got) == expected
    assert list(got.files) == sorted(got.files)
    for fragment in repaired:
        assert any(fragment in said for said in got.repaired), got.repaired
    if not repaired and home != "-":
        assert got.repaired == (("'x/hw (1).zip' in the upload was read",) * ("in" in kind))
    if kind != "folder":  # a folder that is skipped is not counted
        for fragment in ignored:
            assert any(fragment in said for said in got.ignored), got.ignored
    assert sorted(tmp_path.rglob("*")) == before


def test_the_order_in_the_zip_does_not_matter(tmp_path: Path) -> None:
    dice = random.Random(3)
    upload = tmp_path / "hw.zip"
    for paths, *_ in LAYOUTS.values():
        seen = []
        for _ in range(4):
            shuffled = dice.sample(paths, len(paths))
            upload.write_bytes(zipped(toy(shuffled)))
            seen.append(replace(read_submission(upload), sha256=""))
            assert find_layout(shuffled) == find_layout(paths)
        assert all(one == seen[0] for one in seen)


@pytest.mark.parametrize(
    ("upload", "name"),
    [("hw (1).zip", "hw (1)"), ("a2.final.ZIP", "a2.final"), ("no suffix", "no suffix"),
     (".zip", ".zip"), ("a\u202eb.zip", "a\\u202eb")],
)  # fmt: skip
def test_the_name_is_that_of_the_upload(tmp_path: Path, upload: str, name: str) -> None:
    (tmp_path / upload).write_bytes(zipped(toy(WHOLE)))
    assert read_submission(tmp_path / upload).name == name


def test_the_hash_is_that_of_the_zip_or_of_the_files(tmp_path: Path) -> None:
    data = zipped(toy(WHOLE))
    (tmp_path / "hw.zip").write_bytes(data)
    one = read_submission(spread(tmp_path / "one", toy(WHOLE)))
    two = read_submission(spread(tmp_path / "two", {**toy(reversed(WHOLE)), "note.txt": b""}))
    other = read_submission(spread(tmp_path / "other", {**toy(WHOLE), "cs231n/optim.py": b"x"}))
    assert read_submission(tmp_path / "hw.zip").sha256 == hashlib.sha256(data).hexdigest()
    assert one.sha256 == two.sha256 != other.sha256
    given = read_submission(tmp_path / "one", given={"optim.py": b"ours"})
    assert given.sha256 == one.sha256


def test_what_is_handed_out_is_ours(tmp_path: Path) -> None:
    theirs = {"cs231n/solver.py": b"changed", "cs231n/data_utils.py": b"same\r\nas ours\r\n",
              "cs231n/Im2col.py": b"theirs", "cs231n/layer_utils.py": b"helpers"}  # fmt: skip
    ours = {"solver.py": b"ours", "data_utils.py": b"same\nas ours\n", "im2col.py": b"ours",
            "gradient_check.py": b"ours", "classifiers/__init__.py": b""}  # fmt: skip
    got = read_submission(spread(tmp_path, {**toy(WHOLE), **theirs}), given=ours)
    assert {path: got.files[path] for path in (f"cs231n/{name}" for name in ours)} == {
        f"cs231n/{name}": data for name, data in ours.items()
    }
    assert "cs231n/Im2col.py" not in got.files
    assert got.files["cs231n/layer_utils.py"] == b"helpers"
    assert got.repaired == ("solver.py is handed out: graded with ours",)


def test_modules_beside_the_package_are_taken_if_its_notebooks_import_them(tmp_path: Path) -> None:
    book = json.dumps({"cells": [
        {"cell_type": "code", "source": ["x = 1\n", "from my_training import train\n"]},
        {"cell_type": "code", "source": "import numpy as np\nimport random, own_plots as p"},
        {"cell_type": "markdown", "source": ["I wrote prose about unused, not import unused"]},
        {"cell_type": "code", "source": "from selfcheck import check  # not unused"},
    ]})  # fmt: skip
    loose = ["random.py", "own_plots.py", "deeper.py", "unused.py", "selfcheck.py", "x/deep.py"]
    home = {**toy([*WHOLE, *loose]), "Dropout.ipynb": book.encode(),
            "my_training.py": b"def train():\n    from deeper import f\n"}  # fmt: skip
    got = read_submission(spread(tmp_path, {f"hw/{path}": data for path, data in home.items()}))
    beside = {path for path in got.files if path.endswith(".py") and "/" not in path}
    assert beside == {"my_training.py", "own_plots.py", "deeper.py"}
    assert got.files["own_plots.py"] == b"# own_plots.py\n" and got.repaired == ()
    assert any("unused.py" in said or "4 files" in said for said in got.ignored), got.ignored


def test_a_second_copy_is_not_another_version(tmp_path: Path) -> None:
    files = toy(WHOLE)
    files["layers.py"] = files["cs231n/layers.py"]
    got = read_submission(spread(tmp_path, files))
    assert got.ignored == ("'layers.py' is a second copy; graded was 'cs231n/layers.py'",)


def test_a_lost_package_name_is_found_in_the_imports(tmp_path: Path) -> None:
    flat = {"layers.py": b"", "fc_net.py": b"from cs682.layers import *\nfrom os.path import x"}
    got = read_submission(spread(tmp_path / "cs", flat))
    assert set(got.files) == {"cs682/layers.py", "cs682/classifiers/fc_net.py"}
    for line in (b"from numpy.layers import *", b"from .layers import *", b"\xff\0"):
        flat["fc_net.py"] = line
        assert read_submission(spread(tmp_path / "cs", flat)).package == "cs231n"


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    files = {**toy(WHOLE), "cs231n/huge.py": bytes(2_000_001), "Dropout.ipynb": bytes(9),
             "cs231n/latin.py": b"# \xe9", "cs231n/empty.py": b""}  # fmt: skip
    (tmp_path / "hw.zip").write_bytes(zipped(files))
    for upload in (tmp_path / "hw.zip", spread(tmp_path / "hw", files)):
        got = read_submission(upload)
        assert set(got.files) == files.keys() - {"cs231n/huge.py"}
        assert all(got.files[path] == files[path] for path in got.files)
        assert [said for said in got.ignored if "huge.py' is" in said]


def test_a_broken_upload_does_not_stop_the_class(tmp_path: Path) -> None:
    for name, data in {"a": b"", "b": zipped(toy(WHOLE))[:-9], "c": zipped(toy(WHOLE))}.items():
        (tmp_path / f"{name}.zip").write_bytes(data)
    graded = []
    for upload in sorted(tmp_path.iterdir()):
        try:
            graded.append(read_submission(upload).name)
        except UnusableSubmission:
            continue
    assert graded == ["c"]


def test_a_bad_zip_in_a_zip_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableSubmission, match=r"^hw\.zip/x/a\.zip: not a zip"):
        read_submission(tmp_path / "hw.zip", data=zipped({"x/a.zip": b"PK no"}))


ELSEWHERE = {
    "UTF-16": ("x = 1\n".encode("utf-16"), "is saved as UTF-16", b"x = 1\n"),
    "UTF-16 without its mark": ("x = 1\n".encode("utf-16-be"), "is saved as UTF-16", b"x = 1\n"),
    "cp1252": (b"# \xfc\n", "is not saved as UTF-8", b"# \xfc\n"),
    "declared": (b"# coding: cp1252\n# \xfc\n", "", b"# coding: cp1252\n# \xfc\n"),
    "a package": (b"import os, torch.nn\n", "line 1 imports torch: where", None),
    "one's own": (b"import os\nfrom optim import *\n", "", b"import os\nfrom optim import *\n"),
    "guarded": (b"import re\ntry:\n import torch\nexcept ImportError: pass\n", "", None),
    "zeros": (b"\0" * 8, "", None),
    "lines of a cell": (
        b"import re\r\n%%writefile cs231n/layers.py\r\n!pip install x\r\nx = 1\r\n",
        "line 2 is a notebook's (%%writefile cs231n/layers.py), and Python stops there",
        b"import re\r\n# %%writefile cs231n/layers.py\r\n# !pip install x\r\nx = 1\r\n",
    ),
    "such lines in a text": (b'"""\n%%time\n!x\n"""\n', "", b'"""\n%%time\n!x\n"""\n'),
    "such a line, and another mistake": (b"%time\nx = = 1\n", "", b"%time\nx = = 1\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", ELSEWHERE)
def test_where_python_itself_stops_is_said(what: str, tmp_path: Path) -> None:
    data, says, read = ELSEWHERE[what]
    files = {**toy(["cs231n/optim.py", "cs231n/classifiers/fc_net.py"]), "cs231n/layers.py": data}
    got = read_submission(spread(tmp_path / "hw", files))
    assert [says in one for one in got.repaired] == ([True] if says else [])
    assert read is None or got.files["cs231n/layers.py"] == read


REFUSED_FOLDERS = {
    "two zips": ({"a.zip": b"", "b.zip": b""}, "holds 2 zips and no layers.py"),
    "a bad zip": ({"a.zip": b"x"}, "hw/a.zip: not a zip"),
    "nothing": ({"note.txt": b""}, "no layers.py in it"),
    "a tar": ({"hw.tgz": b""}, "the archive 'hw.tgz', which is not opened"),
    "a name with a line end": ({"a\nb.py": b"", "layers.py": b""}, "'a\\nb.py' has a control"),
    "backslashes": ({"cs231n\\layers.py": b""}, "has a backslash in its name"),
    "two cases": ({"layers.py": b"", "Layers.py": b""}, "are the same name to some computers"),
    "too deep": ({"a/" * 13 + "layers.py": b""}, "no layers.py in it"),
    "only optim.py": ({"optim.py": b"", "fc_net.py": b""}, "no layers.py in it"),
    "conv_layers.py": ({"cs231n/conv_layers.py": b""}, "only 'cs231n/conv_layers.py'"),
}


@pytest.mark.parametrize(
    ("files", "says"), REFUSED_FOLDERS.values(), ids=REFUSED_FOLDERS.keys()
)  # fmt: skip
def test_folders_refused(tmp_path: Path, files: dict[str, bytes], says: str) -> None:
    with pytest.raises(UnusableSubmission) as caught:
        read_submission(spread(tmp_path / "hw", files))
    assert says in str(caught.value) and str(caught.value).startswith("hw")
    assert str(caught.value).isprintable() and len(str(caught.value)) <= 300


def test_a_zip_beside_the_homework_is_left_aside(tmp_path: Path) -> None:
    got = read_submission(spread(tmp_path, {**toy(WHOLE), "a2.zip": zipped({"layers.py": b"x"})}))
    assert set(got.files) == set(WHOLE)
    assert got.ignored == ("'a2.zip' was not needed",)


def test_data_in_a_folder_is_not_looked_into(tmp_path: Path) -> None:
    data = toy(f"cs231n/datasets/{n}.py" for n in range(30))
    got = read_submission(spread(tmp_path, {**toy(WHOLE), **data}), limits=UploadLimits(entries=20))
    assert got.ignored == ("cs231n/datasets was not needed",)


def test_what_is_said_is_bounded(tmp_path: Path) -> None:
    files = toy(path for n in range(200) for path in below(f"copy {n}", PACKAGE))
    got = read_submission(spread(tmp_path, {**toy(WHOLE), **files}))
    assert len(got.ignored) == 41 and got.ignored[-1] == "and 760 more like these"
    assert all(len(said) < 250 and said.isprintable() for said in got.ignored)


def test_names_of_homework() -> None:
    for name in ("layers2.py", "mylayers.py", "layers_1.py", "layers.py.txt", "conv_layers.py"):
        assert homework_name(name) is None
    for name in ("layers.py", "LAYERS.PY", "a/layers (1) copy 2.py", "Copy of Copy of layers.py"):
        assert homework_name(name) == "layers.py"
    for unit in ("copy (1)", " copy 1", "-1", "(1)", "copy of ", "a_copy_"):  # soon answered
        assert homework_name("a" + unit * 999 + "!") is None
    assert homework_name("(" * 200) is None and homework_name("a copy" * 33 + ".py") is None
    assert [is_package_name(name) for name in ("cs231n", "class", "code", "numpy", "a b", "")] == [
        True, False, False, False, False, False,
    ]  # fmt: skip
