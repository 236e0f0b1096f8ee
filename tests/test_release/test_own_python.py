"""What is said of files at which Python itself stops, by the self-check and make_submission."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from grader.release.selfcheck import handin, own_python, packing, public, run
from grader.release.selfcheck.check import Checked
from grader.release.selfcheck.children import Pool
from grader.release.selfcheck.screen import Screen, command, seen_from_here
from grader.release.selfcheck.show import in_short, waits
from tests.support import handed_in, student_folder

LAYERS, OPTIM = "cs231n/layers.py", "cs231n/optim.py"


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


def test_a_file_that_cannot_be_read_is_told_once_and_accuses_no_function(
    tmp_path: Path, assignment: public.Public
) -> None:
    broken = files()[LAYERS] + b"\nx = (1\n"
    student_folder.put(tmp_path, files(layers=broken))
    lines = said(tmp_path, assignment, "affine_forward", "affine_backward").splitlines()
    number = broken.count(b"\n")
    assert lines[0].startswith(f"{LAYERS} cannot be read: line {number}: ")
    assert lines[0].endswith("Nothing in it can be checked until that is mended.")
    rest = "\n".join(lines[1:])
    assert rest.count(f"waits for {LAYERS}, which cannot be read") == 2
    assert "no valid Python" not in rest and "affine_forward," not in rest
    assert f"Next: mend {LAYERS}:{number}" in lines
    assert said(tmp_path, assignment, "adam").startswith("  ok   adam")  # it reaches no layers.py


def test_what_waits_for_another_is_not_called_wrong(assignment: public.Public) -> None:
    item = assignment.code[0]
    one = Checked(item, None, "failed", (), 0, 0, waits_for="relu_forward")  # type: ignore[arg-type]
    words = " ".join([waits(one), *in_short(one)])
    assert "wrong" not in words and "waits for relu_forward, which is not right yet" in words


REMARKS = {
    "Python 2": (b"print 'x'\n", "line 1 is Python 2"),
    "cp1252": (b"# \xfcber\n", "not saved as UTF-8"),
    "utf-16": (None, "saved as UTF-16"),
    "a package": (b"import nosuchpackage.inner\n", "line 1 imports nosuchpackage"),
    "a name of older NumPy": (b"one = lambda x: np.msort(x)\n", "no longer has np.msort"),
    "an alias of older NumPy": (b"one = lambda x: np.product(x)\n", "np.product: write np.prod"),
}
SILENT = {
    "declared": b"# -*- coding: cp1252 -*-\n# \xfcber\n",
    "guarded": b"try:\n    import nosuchpackage\nexcept ImportError:\n    pass\n",
    "a comment": b"# np.product, import nosuchpackage\n",
    "one's own": b"from cs231n import layers\nimport os.path, numpy.linalg\n",
}


@pytest.mark.parametrize("what", REMARKS)
def test_what_stops_the_student_s_own_python_is_said(what: str, tmp_path: Path) -> None:
    head, expected = REMARKS[what]
    plain = files()[OPTIM]
    data = plain.decode().encode("utf-16") if head is None else head + plain
    [remark] = own_python.remarks("cs231n", files(optim=data), tmp_path)
    assert expected in remark and OPTIM in remark


@pytest.mark.parametrize("what", SILENT)
def test_what_the_student_s_own_python_reads_is_no_remark(what: str, tmp_path: Path) -> None:
    data = SILENT[what] + files()[OPTIM]
    assert own_python.remarks("cs231n", files(optim=data), tmp_path) == []


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_file_in_another_encoding_is_checked_and_costs_nothing(
    codec: str, tmp_path: Path, assignment: public.Public
) -> None:
    text = "# ü\n" + files()[OPTIM].decode()
    student_folder.put(tmp_path, files(optim=text.encode(codec, "replace")))
    lines = said(tmp_path, assignment, "adam")
    assert lines.startswith("  ok   adam") and f"It costs nothing, but: {OPTIM} is " in lines


def test_a_zip_of_no_python_or_of_nothing_is_told(
    tmp_path: Path, assignment: public.Public
) -> None:
    stubs = {n: d.encode() for n, d in student_folder.template().items() if n.endswith(".py")}
    student_folder.put(tmp_path, {**stubs, OPTIM: files()[OPTIM] + b"x = (\n"})
    path, _ = packing.make(tmp_path)
    notes = list(handin.source_notes(handin.read(path), assignment, {}, tmp_path))
    first, second = (note.message for note in notes if note.serious)
    assert first.startswith(f"{OPTIM} is no valid Python (line ")
    assert second.startswith("16 of 19 functions are not written yet: affine_forward, ")


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
    assert (
        f"{zip_name} is written" in done.out and f"not installed for {sys.executable}" in done.out
    )
    assert f"Next: python {Path('homework', 'selfcheck.py')} {zip_name}" in done.out


def test_paths_are_those_of_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my hw").mkdir()
    monkeypatch.chdir(tmp_path)
    assert seen_from_here(tmp_path / "hw" / "submission.zip") == str(Path("hw", "submission.zip"))
    assert command(tmp_path) == "python selfcheck.py"
    assert command(tmp_path / "my hw") == f'python "{Path("my hw", "selfcheck.py")}"'
