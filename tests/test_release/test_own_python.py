"""What is said of files at which Python itself stops, by the self-check and make_submission."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from grader.release.selfcheck import own_python, public, run
from grader.release.selfcheck.children import Pool
from grader.release.selfcheck.screen import Screen
from tests.support import handed_in, student_folder

OPTIM = "cs231n/optim.py"


@pytest.fixture(scope="module")
def assignment(released: Path) -> public.Public:
    return public.read(released / student_folder.FRAME)


def files(**changed: bytes) -> dict[str, bytes]:
    """Return the reference's sources; `layers` and `optim` put before or instead of its own."""
    found = {n: d for n, d in handed_in.reference().files.items() if n.endswith(".py")}
    return found | {f"cs231n/{name}.py": data for name, data in changed.items()}


def said(root: Path, assignment: public.Public, *names: str) -> str:
    """Return what the self-check of a folder says."""
    out = io.StringIO()
    with Pool(0) as pool:
        context = run.Context(assignment, pool, Screen(out))
        run.folder(root, run.chosen(assignment, names), context)
    return out.getvalue()


REMARKS = {
    "a package": ("import nosuchpackage.inner\n", "line 1 imports nosuchpackage"),
    "a name of older NumPy": ("one = lambda x: np.msort(x)\n", "uses np.msort, which NumPy no"),
    "an alias of older NumPy": ("one = lambda x: np.product(x)\n", "(write np.prod)"),
    "a type": ("one = lambda x: np.float(x)\n", "(write float)"),
    "ours is no word": ("one = lambda x: np.asfarray(x)\n", "no longer has:"),
}
SILENT = {
    "declared": b"# -*- coding: cp1252 -*-\n# \xfcber\n",
    "guarded": b"try:\n    import nosuchpackage\nexcept ImportError:\n    pass\n",
    "a comment": b"# np.product, import nosuchpackage\n",
    "one's own": b"from cs231n import layers\nimport os.path, numpy.linalg\n",
}


@pytest.mark.parametrize("what", REMARKS)
def test_what_stops_the_student_s_own_python_is_said(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, expected = REMARKS[what]
    monkeypatch.setattr(own_python, "_has", lambda name: False)  # whatever NumPy this one is
    data = head.encode() + files()[OPTIM]
    [note] = own_python.remarks("cs231n", files(optim=data), tmp_path)
    assert expected in note.message and note.message.startswith(f"{OPTIM}, line 1 ")
    assert not note.serious


@pytest.mark.parametrize("what", SILENT)
def test_what_the_student_s_own_python_reads_is_no_remark(what: str, tmp_path: Path) -> None:
    data = SILENT[what] + files()[OPTIM]
    assert list(own_python.remarks("cs231n", files(optim=data), tmp_path)) == []


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be"])
def test_a_file_in_utf_16_is_checked_and_told(
    codec: str, tmp_path: Path, assignment: public.Public
) -> None:
    text = "# ü\n" + files()[OPTIM].decode()
    student_folder.put(tmp_path, files(optim=text.encode(codec, "replace")))
    lines = said(tmp_path, assignment, "adam")
    assert lines.startswith("  ok   adam")
    assert f"{OPTIM}: Python cannot read this file (it is saved as UTF-16)" in lines


def test_packing_needs_no_numpy(tmp_path: Path) -> None:
    home = Path(run.__file__).parents[3]
    code = (
        f"import sys; sys.path.insert(0, {str(home)!r}); sys.modules['numpy'] = None\n"
        "from grader.release.selfcheck import main\n"
        "main.importlib.util.find_spec = lambda name: None\n"
        "from pathlib import Path\n"
        "sys.exit(main.make_submission(Path('homework'), Path('nowhere')))"
    )
    student_folder.put(tmp_path / "homework", files())
    done = student_folder.run(tmp_path, "-S", "-c", code)
    zip_name = str(Path("homework", "submission.zip"))
    assert (done.code, done.err) == (0, "") and (tmp_path / zip_name).exists()
    assert f"{zip_name} is written" in done.out
    assert f"NumPy is not installed for {sys.executable}" in done.out
