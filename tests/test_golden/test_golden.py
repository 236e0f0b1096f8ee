"""Golden fixtures: the same bytes everywhere, refused when damaged, checked before written."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grader import judges, resources
from grader.authoring.fixtures import build, portable, reference
from grader.errors import GoldenError
from grader.golden import store
from grader.golden.store import MAIN, Golden
from grader.judges.tolerances import TOLERANCES
from grader.rubric import inputs
from grader.rubric.cases import Rubric, expanded
from grader.rubric.reading import read_rubric
from grader.rubric.validation import FILE
from grader.types import Case
from tests.support.assignments import shipped

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "reference"
Built = tuple[dict[str, Any], dict[str, np.ndarray]]


def golden(built: Built) -> Golden:
    return Golden(*built, sha256="")


def with_golden(rubric: Rubric) -> tuple[Case, ...]:
    cases = (*rubric.cases, *rubric.ladder)
    return tuple(case for case in cases if judges.find(case.judge).golden)


def needs_long_double() -> None:
    if np.finfo(np.longdouble).nmant <= np.finfo(np.float64).nmant:
        pytest.skip("LONG DOUBLE IS NO WIDER THAN DOUBLE HERE: fixtures cannot be built")


@pytest.fixture(scope="module")
def built() -> Built:
    """A fresh build of all that is shipped."""
    needs_long_double()
    return build.build(shipped(), REFERENCE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the committed fixtures, to be damaged."""
    return Path(shutil.copytree(REFERENCE / "golden", tmp_path / "golden"))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of reference/, to be changed."""
    needs_long_double()
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(REFERENCE, tmp_path / "reference", ignore=ignored))


def patched(copied: Path, file: str, old: str, new: str) -> Path:
    path = copied / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file}: {old!r} is there {text.count(old)} times; mend this test"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return copied


def changed_rubric(rubric: Rubric, change: Callable[[dict[str, Any]], None]) -> Rubric:
    table = asdict(rubric.table)
    change(table)
    return Rubric(FILE.validate_python(table), "changed")


# --------------------------------------------------------------------- the same bytes everywhere


def test_the_committed_fixtures_are_those_of_a_fresh_build(built: Built) -> None:
    manifest, files = built
    committed = REFERENCE / "golden"
    names = {path.name for path in committed.iterdir() if path.is_file()}
    assert names == {*files, "manifest.json", "curves.json"}
    for name, flat in files.items():
        assert (committed / name).read_bytes() == store.npy_bytes(flat), name
    stored = json.loads((committed / "manifest.json").read_text(encoding="utf-8"))
    assert stored["built_with"].keys() == manifest["built_with"].keys()
    as_here = store.manifest_bytes({**manifest, "built_with": stored["built_with"]})
    assert (committed / "manifest.json").read_bytes() == as_here


def test_writing_twice_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    """Another build does too, in another process: below."""
    first, second = tmp_path / "first", tmp_path / "second"
    store.write(first, *built)
    store.write(second, *built)
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


DIGEST = """
import hashlib
from grader import resources
from grader.authoring.fixtures import build
from grader.golden import store

manifest, files = build.build(resources.rubrics(), resources.home() / "reference")
print("manifest", hashlib.sha256(store.manifest_bytes({**manifest, "built_with": {}})).hexdigest())
for name, flat in files.items():
    print(name, hashlib.sha256(store.npy_bytes(flat)).hexdigest())
"""
MACHINES = {
    "one thread": {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    "four threads": {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"},
    "Sandybridge": {"OPENBLAS_CORETYPE": "Sandybridge"},
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    # The names of NumPy 2.4 and some earlier ones; a name that it does not know does nothing.
    "NumPy without AVX2": {
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR AVX2 FMA3 AVX512F"
    },
    "another hash seed": {"PYTHONHASHSEED": "4242"},
}


# `make test` has one thread: four are always tried, and a share of the others.
TRIED = [
    pytest.param(name, marks=() if name == "four threads" else pytest.mark.long_trial(0.1))
    for name in MACHINES
]


@pytest.mark.parametrize("machine", TRIED)
def test_another_machine_builds_the_same_bytes(machine: str, built: Built) -> None:
    """Other kernels and threads are chosen in a process of its own: NumPy reads them once."""
    environment = {**os.environ, "OPENBLAS_VERBOSE": "2", "PYTHONPATH": str(ROOT)}
    environment |= MACHINES[machine]
    environment.pop("BACKGRADE_HOME", None)
    done = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode == -signal.SIGILL:
        pytest.skip(f"THIS CPU CANNOT RUN {machine}: its instructions were illegal (SIGILL)")
    core = MACHINES[machine].get("OPENBLAS_CORETYPE")
    if core and f"Core: {core}" not in done.stderr:
        pytest.skip(f"THIS NUMPY HAS NO OpenBLAS KERNELS FOR {machine}: {done.stderr[:80]!r}")
    assert done.returncode == 0, done.stderr
    found = dict(line.split() for line in done.stdout.splitlines())
    manifest, files = built
    expected = {
        name: hashlib.sha256(store.npy_bytes(flat)).hexdigest() for name, flat in files.items()
    }
    same_head = store.manifest_bytes({**manifest, "built_with": {}})
    assert found == {"manifest": hashlib.sha256(same_head).hexdigest(), **expected}


def test_the_manifest_says_where_each_array_comes_from(built: Built) -> None:
    manifest, files = built
    for name, flat in files.items():
        assert flat.dtype == np.float64 and flat.ndim == 1, name
    tolerances = {row.float64 for row in TOLERANCES.values()}
    rows = {case.id: case for rubric in shipped() for case in with_golden(rubric)}
    seeds = {rubric.table.seed for rubric in shipped()}
    assert set(manifest["cases"]) == set(rows)
    for case_id, entry in manifest["cases"].items():
        assert entry["tolerance"] in tolerances
        assert entry["seed"] in ({"public"} if rows[case_id].public else seeds)
    for name, array in golden(built).arrays():
        case_id, alternative, output = name.split(":")
        answers = manifest["cases"][case_id]["answers"]
        first = answers[alternative]  # the name of an alternative before it that it equals, or rows
        row = (answers[first] if isinstance(first, str) else first)[output]
        assert row["sha256"] == hashlib.sha256(array.tobytes()).hexdigest()
        assert (row["dtype"], row["shape"]) == ("float64", list(array.shape))


def test_no_two_arrays_share_a_number_and_none_is_left_over(built: Built) -> None:
    manifest, files = built
    covered = {name: np.zeros(flat.size, int) for name, flat in files.items()}
    for entry in manifest["cases"].values():
        for outputs in entry["answers"].values():
            for row in () if isinstance(outputs, str) else outputs.values():
                stop = row["offset"] + int(np.prod(row["shape"]))
                covered[entry["file"]][row["offset"] : stop] += 1
    assert {name: set(times) for name, times in covered.items()} == dict.fromkeys(files, {1})


# ----------------------------------------------------------------------------- damaged fixtures


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def flip_in_array(folder: Path) -> None:
    """Flip the lowest bit of one number of one array."""
    path = folder / "affine_backward.npy"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    row = manifest["cases"]["affine_backward/images"]["answers"][MAIN]["dw"]
    size = np.load(path).size
    flip(path, path.stat().st_size - 8 * (size - row["offset"] - 3))


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def affine_row(manifest: dict[str, Any]) -> dict[str, Any]:
    return manifest["cases"]["affine_backward/images"]["answers"][MAIN]["dw"]  # type: ignore[no-any-return]


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def swap(one: Path, other: Path) -> None:
    mine, theirs = one.read_bytes(), other.read_bytes()
    one.write_bytes(theirs)
    other.write_bytes(mine)


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    # what is wrong: (how it is made, what the message must hold)
    "a flipped bit": (flip_in_array, "affine_backward.npy"),
    "a flipped bit in a header": (lambda f: flip(f / "adam.npy", 20), "adam.npy"),
    "a truncated file": (lambda f: cut(f / "rmsprop.npy", 300), "rmsprop.npy"),
    "a file cut inside its header": (lambda f: cut(f / "rmsprop.npy", 30), "rmsprop.npy"),
    "an empty file": (lambda f: cut(f / "rmsprop.npy", 0), "rmsprop.npy"),
    "a longer file": (
        lambda f: (f / "adam.npy").write_bytes((f / "adam.npy").read_bytes() + b"\0"), "adam.npy"),
    "a missing file": (lambda f: (f / "relu_forward.npy").unlink(), "relu_forward.npy"),
    "a folder in the place of a file": (
        lambda f: ((f / "adam.npy").unlink(), (f / "adam.npy").mkdir()), "adam.npy"),
    "two files swapped": (
        lambda f: swap(f / "batchnorm_backward.npy", f / "batchnorm_backward_alt.npy"),
        "batchnorm_backward"),
    "a foreign file": (lambda f: np.save(f / "extra.npy", np.zeros(3)), "extra.npy"),
    "a pickle under a known name": (
        lambda f: np.save(f / "adam.npy", np.array([{}], object), allow_pickle=True), "adam.npy"),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "manifest.json"),
    "an empty manifest": (lambda f: cut(f / "manifest.json", 0), "manifest.json"),
    "half a manifest": (lambda f: cut(f / "manifest.json", 5_000), "manifest.json"),
    "a manifest that is no text": (
        lambda f: (f / "manifest.json").write_bytes(b"\xff\xfe\x00"), "manifest.json"),
    "a manifest that is a list": (
        lambda f: (f / "manifest.json").write_text("[]"), "manifest.json"),
    "a manifest without cases": (
        lambda f: edit_manifest(f, lambda m: m.pop("cases")), "manifest.json"),
    "a manifest of another format": (
        lambda f: edit_manifest(f, lambda m: m.update(format=2)), "format 2"),
    "a manifest without a format": (
        lambda f: edit_manifest(f, lambda m: m.pop("format")), "manifest.json"),
    "a hash that was changed": (
        lambda f: edit_manifest(f, lambda m: m["files"].update({"adam.npy": "0" * 64})),
        "adam.npy"),
    "an array that was moved": (
        lambda f: edit_manifest(f, lambda m: affine_row(m).update(offset=1)), "affine_backward"),
    "an array of another shape": (
        lambda f: edit_manifest(f, lambda m: affine_row(m).update(shape=[9, 5])),
        "affine_backward"),
    "an array outside of its file": (
        lambda f: edit_manifest(f, lambda m: affine_row(m).update(offset=10**6)),
        "affine_backward"),
    "a case whose file is not listed": (
        lambda f: edit_manifest(
            f, lambda m: m["cases"]["affine_backward/images"].update(file="gone.npy")),
        "affine_backward/images"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_fixtures_are_refused_by_name(damage: str, folder: Path) -> None:
    make, named = DAMAGE[damage]
    make(folder)
    with pytest.raises(GoldenError) as caught:
        Golden.read(folder)
    message = str(caught.value)
    assert named in message
    assert "\n" not in message
    assert any(word in message for word in ("restore", "rebuild", "build`", "remove"))


def test_a_flipped_bit_names_its_array_and_no_other(folder: Path) -> None:
    flip_in_array(folder)
    with pytest.raises(GoldenError, match=r"\(affine_backward/images:reference:dw\)"):
        Golden.read(folder)


def test_nothing_is_read_from_a_file_by_unpickling(folder: Path) -> None:
    """A pickled array whose hash is in the manifest is refused all the same."""
    np.save(folder / "adam.npy", np.array([{}], object), allow_pickle=True)
    digest = hashlib.sha256((folder / "adam.npy").read_bytes()).hexdigest()
    edit_manifest(folder, lambda m: m["files"].update({"adam.npy": digest}))
    with pytest.raises(GoldenError, match="adam.npy"):
        Golden.read(folder)


# ---------------------------------------------------------------------- fixtures of other rubrics


def first_hidden(rubric: Rubric) -> Case:
    return next(case for case in with_golden(rubric) if not case.public)


def with_input(case: Case) -> Case:
    name = next(iter(case.inputs))
    return replace(case, inputs={**case.inputs, name: case.inputs[name] + " *2"})


FOREIGN: dict[str, tuple[Callable[[Case], Case], str]] = {
    "another input": (with_input, "has changed"),
    "another option": (lambda c: replace(c, options={**c.options, "reg": 7.5}), "has changed"),
    "another probe": (lambda c: replace(c, probe="layers.relu_forward"), "has changed"),
    "public that was hidden": (lambda c: replace(c, public=True), "has changed"),
    "a new name": (lambda c: replace(c, id="affine_forward/new"), "no golden answers"),
    "another alternative": (
        lambda c: replace(c, alternatives=("relu_slope_one",)), "alternative relu_slope_one"),
}  # fmt: skip


@pytest.mark.parametrize("change", FOREIGN)
def test_a_case_that_was_built_otherwise_is_refused_by_name(change: str) -> None:
    rubric = shipped()[0]
    stored = Golden.read(REFERENCE / "golden")
    make, says = FOREIGN[change]
    foreign = make(first_hidden(rubric))
    stored.check(with_golden(rubric), rubric.table.seed)
    with pytest.raises(GoldenError, match=f"case {foreign.id} .*{says}.*`grade fixtures build`"):
        stored.check((*with_golden(rubric), foreign), rubric.table.seed)


def test_fixtures_of_another_seed_are_refused_for_hidden_cases_only() -> None:
    rubric = shipped()[0]
    stored = Golden.read(REFERENCE / "golden")
    public = tuple(case for case in with_golden(rubric) if case.public)
    stored.check(public, "another seed")
    with pytest.raises(GoldenError, match=f"case {first_hidden(rubric).id} has changed"):
        stored.check(with_golden(rubric), "another seed")


def test_what_does_not_change_an_answer_needs_no_new_fixtures() -> None:
    rubric = shipped()[0]
    case = first_hidden(rubric)
    other = replace(case, part="other", only=("dx",), judge="values.other", item="other")
    Golden.read(REFERENCE / "golden").check((other,), rubric.table.seed)


def test_two_rubrics_that_define_one_case_differently_are_refused(built: Built) -> None:
    first = shipped()[0]

    def grow(table: dict[str, Any]) -> None:
        table["id"] = "grown"
        next(i for i in table["items"] if i["id"] == "relu_forward")["cases"][0]["inputs"] = {
            "x": "30x4"
        }

    expected = f"rubrics {first.table.id} and grown define case relu_forward/matrix differently"
    with pytest.raises(GoldenError, match=expected):
        build.build([first, changed_rubric(first, grow)], REFERENCE)


# -------------------------------------------------------------------------------------- diff


def array_of(golden: Golden, name: str) -> np.ndarray:
    return dict(golden.arrays())[name]


def test_equal_fixtures_have_no_differences(built: Built) -> None:
    assert Golden.read(REFERENCE / "golden").differences(golden(built)) == []


def test_differences_name_the_array_and_by_how_much(built: Built) -> None:
    """The largest value of the array is made 4, and moved by a half: an eighth of it."""
    name = "affine_backward/images:reference:dw"
    manifest, files = built

    def with_entry(value: float) -> Golden:
        row = manifest["cases"]["affine_backward/images"]["answers"][MAIN]["dw"]
        flat = files["affine_backward.npy"].copy()
        flat[row["offset"] : row["offset"] + int(np.prod(row["shape"]))] = -1.0
        flat[row["offset"] + 2] = value
        return Golden(manifest, {**files, "affine_backward.npy": flat}, "")

    (found,) = with_entry(-4.0).differences(with_entry(-4.5))
    assert found.array == name
    assert "0.5 " in found.message and "0.125 " in found.message


def test_differences_name_what_is_new_gone_or_of_another_shape(built: Built) -> None:
    manifest, files = built
    other = json.loads(json.dumps(manifest))
    answers = other["cases"]["affine_forward/matrix"]["answers"]
    answers["odd"] = {"out": answers[MAIN]["out"]}
    del other["cases"]["relu_forward/vector"]
    other["cases"]["affine_forward/images"]["answers"][MAIN]["out"]["shape"] = [5, 2]
    found = {d.array: d.message for d in golden(built).differences(Golden(other, files, ""))}
    assert found == {
        "affine_forward/matrix:odd:out": "is new",
        "relu_forward/vector:reference:out": "is gone",
        "affine_forward/images:reference:out": "shape (2, 5) -> (5, 2)",
    }


# ------------------------------------------------------------------------ the gradient cross-check

LAYERS, NETS = "cs231n/layers.py", "cs231n/classifiers/fc_net.py"
WRONG_GRADIENTS = {
    # what is wrong: (file, right, wrong, the array that the message must name)
    "affine dx by a factor": (
        LAYERS, "dx = (dout @ w.T).reshape(x.shape)", "dx = 2 * (dout @ w.T).reshape(x.shape)",
        "affine_backward/small: dx"),
    "affine dx as rows": (
        LAYERS, "dx = (dout @ w.T).reshape(x.shape)", "dx = dout @ w.T",
        "affine_backward/images: dx"),
    "affine dw transposed": (
        LAYERS, "dw = rows.T @ dout", "dw = (rows.T @ dout).T", "affine_backward/small: dw"),
    "affine db as a mean": (
        LAYERS, "    dw = rows.T @ dout\n    db = dout.sum(axis=0)",
        "    dw = rows.T @ dout\n    db = dout.mean(axis=0)", "affine_backward/small: db"),
    "affine db keeps its axis": (
        LAYERS, "    dw = rows.T @ dout\n    db = dout.sum(axis=0)",
        "    dw = rows.T @ dout\n    db = dout.sum(axis=0, keepdims=True)",
        "affine_backward/small: db"),
    "relu without a mask": (
        LAYERS, "np.where(x > 0, dout, np.zeros_like(dout))", "dout", "relu_backward/matrix: dx"),
    "relu masked by dout": (
        LAYERS, "np.where(x > 0, dout,", "np.where(dout > 0, dout,", "relu_backward/matrix: dx"),
    "batchnorm dx without 1/N": (
        LAYERS, "dx = dcentred + dmean / n", "dx = dcentred + dmean",
        "batchnorm_backward/small: dx"),
    "batchnorm dx without the mean": (
        LAYERS, "dx = dcentred + dmean / n", "dx = dcentred", "batchnorm_backward/small: dx"),
    "batchnorm dgamma off by a little": (
        LAYERS, "dgamma = (dout * centred * inv_std).sum(axis=0)",
        "dgamma = (dout * centred * inv_std).sum(axis=0) * (1 + 1e-8)",
        "batchnorm_backward/small: dgamma"),
    "batchnorm_alt dx without the second sum": (
        LAYERS, "(dbeta + x_hat * dgamma) / n", "dbeta / n", "batchnorm_backward_alt/small: dx"),
    "layernorm dx along the wrong axis": (
        LAYERS, "dx_hat.mean(axis=1, keepdims=True)", "dx_hat.mean(axis=0, keepdims=True)",
        "layernorm_backward/small: dx"),
    "layernorm dgamma along the wrong axis": (
        LAYERS, "    dgamma = (dout * x_hat).sum(axis=0)\n    dx_hat = dout * gamma",
        "    dgamma = (dout * x_hat).sum(axis=1)\n    dx_hat = dout * gamma",
        "layernorm_backward/small: dgamma"),
    "two-layer net without the penalty": (
        NETS, '"W1": dW1 + self.reg * W1', '"W1": dW1', "TwoLayerNet/reg: theta"),
    "two-layer net with two gradients swapped": (
        NETS, "dhidden, dW2, db2 = affine_backward(dscores, scores_cache)",
        "dhidden, dW2, db2 = affine_backward(dscores, scores_cache)\n        dW2 = dW2 / 2",
        "TwoLayerNet/loss: theta"),
    "deep net without the penalty": (
        NETS, '            grads[f"W{i}"] += self.reg * W\n', "", "FullyConnectedNet/reg: theta"),
    "deep net without one gradient": (
        NETS, "        return loss, grads\n",
        "        del grads['b1']\n        return loss, grads\n", "FullyConnectedNet/loss: theta"),
}  # fmt: skip


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("mistake", WRONG_GRADIENTS)
def test_a_wrong_gradient_in_the_reference_is_refused_by_name(mistake: str, copied: Path) -> None:
    file, right, wrong, named = WRONG_GRADIENTS[mistake]
    patched(copied, file, right, wrong)
    named = named.replace("theta", r"(theta|d[Wb]\d)")
    with pytest.raises(GoldenError, match=f"{named} .*mend the reference"):
        build.build([read_rubric(ROOT / "rubrics" / "cs231n-a2.toml")], copied)


RELU = "return np.maximum(0, x), x"
BROKEN_REFERENCES = {
    # what is wrong: (file, right, wrong, what the message must hold)
    "an answer that is not finite": (
        LAYERS, RELU, "return x / 0, x", "relu_forward/matrix .*not finite"),
    "a file that cannot be compiled": (
        LAYERS, RELU, "return np.maximum(0, x), (x", r"layers\.py: .*compiled"),
    "a function that raises": (
        LAYERS, RELU, "return np.maximum(0, xx), x", "relu_forward/matrix"),
    "an alternative that is gone": (
        "alternatives/relu.py", '{"relu_slope_one"', '{"relu_slope_two"', "'relu_slope_one'"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", BROKEN_REFERENCES)
def test_a_broken_reference_is_our_fault_and_says_where(mistake: str, copied: Path) -> None:
    file, right, wrong, says = BROKEN_REFERENCES[mistake]
    with pytest.raises(GoldenError, match=says):
        build.build(shipped()[:1], patched(copied, file, right, wrong))


@pytest.mark.parametrize("gone", ["cs231n", "alternatives"])
def test_a_missing_half_of_the_reference_is_named(gone: str, copied: Path) -> None:
    shutil.rmtree(copied / gone)
    with pytest.raises(GoldenError, match=gone):
        build.build(shipped()[:1], copied)


def test_fixtures_are_not_built_where_long_double_is_double(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(np, "longdouble", np.float64)
    with pytest.raises(GoldenError, match="long double is no wider"):
        build.build(shipped()[:1], REFERENCE)


@pytest.mark.parametrize("alternative", ["", "relu_slope_one", "adam_eps_hat+adam_first_t_two"])
def test_the_reference_leaves_nothing_imported(alternative: str) -> None:
    finders = list(sys.meta_path)
    with pytest.raises(ZeroDivisionError):
        with reference.implementation(REFERENCE, alternative) as nn:
            assert callable(nn.relu_forward)
            raise ZeroDivisionError
    assert sys.meta_path == finders
    assert [name for name in sys.modules if name.startswith(reference.PACKAGE)] == []


# ---------------------------------------------------------------------- what a new case may move


def extra_cases(table: dict[str, Any]) -> None:
    """Put a twin of its first case before the cases of every item."""
    for item in table["items"]:
        if item["cases"]:
            item["cases"] = [{**item["cases"][0], "id": "extra"}, *item["cases"]]


def test_adding_cases_changes_no_other_array(built: Built) -> None:
    needs_long_double()
    before = dict(golden(built).arrays())
    more = [changed_rubric(rubric, extra_cases) for rubric in shipped()]
    after = dict(golden(build.build(more, REFERENCE)).arrays())
    added = {name for name in after if "/extra:" in name}
    assert set(after) == set(before) | added and added
    assert [name for name in before if before[name].tobytes() != after[name].tobytes()] == []


def test_a_case_has_inputs_of_its_own() -> None:
    """Twins draw other numbers, and so do the arguments of one case that share a shape."""
    rubric = changed_rubric(shipped()[0], extra_cases)
    arrays = [
        (f"{case.id}:{name}", rubric.case_inputs(case)[name].tobytes())
        for case in rubric.cases
        for name in case.inputs
        if rubric.case_inputs(case)[name].size > 2 and "labels" not in case.inputs[name]
    ]
    seen: dict[bytes, str] = {}
    twins = [(name, seen[data]) for name, data in arrays if seen.setdefault(data, name) != name]
    assert twins == []


# Arrays that depend on no input: counts, the variance of a batch of one, and the gradients by what
# is not regularized.
CONSTANT = re.compile(
    r":parameters_without_gradient$|:t$|^batchnorm_forward/one:\w+:running_var$"
    r"|/reg\w*:reference:d(b|gamma|beta)\d$"
)


def test_another_seed_changes_hidden_arrays_and_no_public_one(built: Built) -> None:
    rubric = shipped()[0]
    other = changed_rubric(rubric, lambda table: table.update(seed="another seed"))
    before = dict(golden(build.build([rubric], REFERENCE)).arrays())
    after = dict(golden(build.build([other], REFERENCE)).arrays())
    public = {case.id: case.public for case in with_golden(rubric)}
    kept = {
        name for name in before if name in after and before[name].tobytes() == after[name].tobytes()
    }
    mains = {name for name in before if f":{MAIN}:" in name}
    assert {name for name in before if public[name.split(":")[0]]} <= kept
    expected = {n for n in mains if public[n.split(":")[0]] or CONSTANT.search(n)}
    assert kept & mains == expected


# ------------------------------------------------------------------------------- alternatives


def named_alternatives() -> Iterator[tuple[str, str, Rubric]]:
    for rubric in shipped():
        for item in rubric.table.items:
            for alternative in item.alternatives:
                yield item.id, alternative, rubric


PAIRS = sorted({(item, alternative) for item, alternative, _ in named_alternatives()})


def gaps(arrays: dict[str, np.ndarray], item: str, alternative: str) -> dict[str, float]:
    """Return, for each stored array of an alternative, its distance from the reference's."""
    found = {}
    for name, array in arrays.items():
        case_id, its, output = name.split(":")
        if its == alternative and case_id.startswith(f"{item}/"):
            main = arrays[f"{case_id}:{MAIN}:{output}"]
            scale = float(np.max(np.abs(main))) or 1.0
            found[name] = float(np.max(np.abs(array - main))) / scale
    return found


@pytest.fixture(scope="module")
def stored() -> dict[str, np.ndarray]:
    return dict(Golden.read(REFERENCE / "golden").arrays())


@pytest.mark.parametrize(("item", "alternative"), PAIRS, ids=":".join)
def test_every_alternative_is_told_from_the_reference_by_some_case(
    item: str, alternative: str, stored: dict[str, np.ndarray]
) -> None:
    """An alternative within the tolerance of the reference everywhere would not be needed."""
    rubric = next(r for i, a, r in named_alternatives() if (i, a) == (item, alternative))
    tolerance = TOLERANCES[rubric.item(item).tolerance].float64
    found = [gap for one in expanded([alternative]) for gap in gaps(stored, item, one).values()]
    assert max(found, default=0) > tolerance


@pytest.mark.parametrize("alternative", ["norm_eps_outside", "norm_eps_omitted"])
@pytest.mark.parametrize(
    ("name", "axis"),
    [("batchnorm_backward/batch:{}:dx", 0), ("layernorm_backward/batch:{}:dx", 1),
     ("layernorm_forward/batch:{}:out", 1)],
)  # fmt: skip
def test_the_place_of_eps_moves_an_answer_by_about_eps_over_the_variance(
    name: str, axis: int, alternative: str, stored: dict[str, np.ndarray]
) -> None:
    """With eps = 1e-5 that is some millionths: far above rounding and far below any mistake."""
    rubric = read_rubric(ROOT / "rubrics" / "cs231n-a2.toml")
    case = next(case for case in rubric.cases if name.startswith(f"{case.id}:"))
    smallest = np.min(np.var(rubric.case_inputs(case)["x"], axis=axis))
    main, other = stored[name.format(MAIN)], stored[name.format(alternative)]
    relative = np.max(np.abs(other - main)) / np.max(np.abs(main))
    assert 1e-7 < relative < 4 * 1e-5 / smallest < 1e-2


def test_relu_alternatives_differ_at_zeros_only(stored: dict[str, np.ndarray]) -> None:
    rubric = read_rubric(ROOT / "rubrics" / "cs231n-a2.toml")
    differing = set()
    for case in rubric.cases:
        if case.item == "relu_backward":
            x = rubric.case_inputs(case)["x"]
            main = stored[f"{case.id}:{MAIN}:dx"]
            other = stored.get(f"{case.id}:relu_slope_one:dx", main)
            assert np.all((main == other) | (x == 0)), case.id
            differing |= {case.id} if np.any(main != other) else set()
    assert differing == {"relu_backward/zeros"}


def test_adam_that_starts_at_two_shows_in_t_and_only_where_t_was_not_given(
    stored: dict[str, np.ndarray],
) -> None:
    rubric = read_rubric(ROOT / "rubrics" / "cs231n-a2-2017.toml")
    for case in rubric.cases:
        if case.item == "adam":
            given = "t" in case.options.get("config", {})
            later = stored.get(f"{case.id}:adam_first_t_two:t")
            assert (later is None) == given, case.id
            if later is not None:
                steps = len(rubric.case_inputs(case)["dw"])
                assert later.tolist() == [t + 2.0 for t in range(steps)]
                assert stored[f"{case.id}:{MAIN}:t"].tolist() == [t + 1.0 for t in range(steps)]


def test_expected_gives_the_reference_first_and_only_the_case_s_own_alternatives() -> None:
    rubric = {r.table.id: r for r in shipped()}
    stored = Golden.read(REFERENCE / "golden")
    for name, count in (("cs231n-a2", 4), ("cs231n-a2-2017", 8)):
        case = next(c for c in rubric[name].cases if c.id == "adam/default")
        answers = stored.expected(case)
        assert len(answers) == count  # of the eight that are stored for both rubrics together
        assert {"next_w", "m", "v", "t"} == set(answers[0])
        assert answers[0]["t"][0] == 1


# ------------------------------------------------------------------ without the reference at hand


def test_grading_needs_the_golden_files_and_not_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(REFERENCE / "golden", tmp_path / "reference" / "golden")
    shutil.copytree(ROOT / "rubrics", tmp_path / "rubrics")
    monkeypatch.setenv("BACKGRADE_HOME", str(tmp_path))
    assert resources.golden_folder() == tmp_path / "reference" / "golden"
    for path in sorted((tmp_path / "rubrics").glob("*.toml")):
        found = resources.assignment(path.stem)
        assert (
            found.golden.sha256
            == hashlib.sha256((REFERENCE / "golden" / "manifest.json").read_bytes()).hexdigest()
        )
        for case in with_golden(found.rubric):
            assert found.golden.expected(case)[0]


def test_writing_removes_stale_arrays_and_leaves_a_readable_folder(
    built: Built, tmp_path: Path
) -> None:
    np.save(tmp_path / "stale.npy", np.zeros(3))
    store.write(tmp_path, *built)
    assert not (tmp_path / "stale.npy").exists()
    assert Golden.read(tmp_path).differences(golden(built)) == []


def test_hidden_answers_cannot_be_made_from_public_names() -> None:
    """The seed is in the key of a hidden input and not in that of a public one."""
    assert inputs.case_key("s", "adam/tiny", "w", public=False) == "s/adam/tiny/w"
    assert inputs.case_key("s", "adam/tiny", "w", public=True) == "public/adam/tiny/w"


# ------------------------------------------------------------------- exp and log, the same anywhere


@pytest.mark.parametrize("value", ["-30.5", "-1", "-1e-9", "0", "0.3", "1", "22.75", "600"])
def test_exp_and_log_are_right_to_the_last_bits_of_long_double(value: str) -> None:
    needs_long_double()
    x = np.longdouble(value)
    exact = Decimal(value).exp(Context(prec=40))
    got = Decimal(np.format_float_scientific(portable.exp(x), precision=36, unique=False))
    assert abs(got / exact - 1) < Decimal("3e-19")
    back = portable.log(portable.exp(x))
    assert abs(back - x) <= 2e-19 * max(1, abs(x)) + 2e-19


def test_numbers_of_single_and_double_precision_are_left_to_numpy() -> None:
    for dtype in (np.float32, np.float64):
        x = np.linspace(0.1, 3, 7, dtype=dtype)
        assert portable.exp(x).dtype == portable.log(x).dtype == dtype
        assert np.array_equal(portable.exp(x), np.exp(x))
        assert np.array_equal(portable.log(x), np.log(x))
