"""Submissions of older Pythons and NumPys: what they relied on is given back, and told."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from grader.box.evidence import older_places
from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.guest import sources
from grader.guest.legacy import old_names, old_numpy
from grader.types import ItemResult, Report
from tests.support import handed_in, worlds
from tests.support.worlds import LINE, X, layers, run

SAME = X.tolist()
LOOP = "out = np.zeros(2)\n    for i in range(2):\n        out[i] {} x[i:i+1, 0]\n    return out, x"

# ------------------------------------------------------------------------------ NumPy

# The row of old_numpy, a body, what it gives.
DROPPED: dict[str, tuple[str, str, object]] = {
    "newshape": ("newshape", "return np.reshape(x, newshape=(3, 2)), x", X.reshape(3, 2).tolist()),
    "newshape and order": (
        "newshape", "return np.reshape(x, newshape=(3, 2), order='F'), x",
        X.reshape((3, 2), order="F").tolist(),
    ),
    "sum of a generator": ("sum", "return np.sum(v for v in x[0]), x", -3.0),
    "vstack of a generator": ("stack", "return np.vstack(r for r in x), x", SAME),
    "stack of a map": ("stack", "return np.stack(map(np.abs, x)), x", abs(X).tolist()),
    "ragged array": ("ragged", "return len(np.array([[1, 2], [3]])), x", 2),
    "ragged copy": ("ragged", "return np.copy((x, np.ones(3)))[0], x", SAME),
    "if an empty array": ("empty", "if x[x > 99]:\n        return 0, x\n    return x, x", SAME),
    "not an empty array": ("empty", "return float(not x[x > 99]), x", 1.0),
    "while an empty array": ("empty", "while np.array([]):\n        pass\n    return x, x", SAME),
    "or of an empty array": ("empty", "return x[x > 99] or x, x", SAME),
    "bool of an empty array": ("empty", "return float(bool(x[x > 99])), x", 0.0),
    "a comprehension": ("empty", "return len([1 for r in x if r[r > 99]]), x", 0),
    "float of one number": ("scalar", "return float(x[:1, 0]), x", -2.0),
    "math of one number": ("scalar", "import math; return math.sqrt(x[1:, 1]), x", 2**0.5),
    "format of one number": ("scalar", "y = '%f' % x[:1, 0]; return float(y), x", -2.0),
    "one number in a cell": ("scalar", LOOP.format("="), [-2.0, 1.0]),
    "one number added to a cell": ("scalar", LOOP.format("+="), [-2.0, 1.0]),
    "unequal shapes": ("equal", "return float(x == np.ones(7)), x", 0.0),
    "unlike shapes": ("equal", "return float(x != np.ones(7)), x", 1.0),
    "copy where needed": ("copy", "return np.array(x.tolist(), copy=False), x", SAME),
    "ptp": ("method", "return x.ptp(axis=0), x", [3.0, 3.0, 3.0]),
    "itemset": ("method", "y = x * 1; y.itemset((0, 0), 7.); return y[0], x", [7.0, -1.0, 0.0]),
    "tostring": ("method", "return len(x.tostring()), x", 48),
    "fromstring": ("fromstring", "return np.fromstring(x.tobytes()), x", X.ravel().tolist()),
    "interpolation": ("keyword", "return np.percentile(x, 50, interpolation='lower'), x", 0.0),
    "a list of slices": ("slices", "return x[[slice(0, 1), slice(0, 2)]], x", [[-2.0, -1.0]]),
}  # fmt: skip
# The same for what NumPy accepted in 2016 and 2017 only.
DROPPED_EARLY: dict[str, tuple[str, str, object]] = {
    "minus a mask": ("negative", "return -(x > 0), x", (X <= 0).tolist()),
    "np.negative": ("negative", "return np.negative(x > 0), x", (X <= 0).tolist()),
    "mask minus mask": ("subtract", "return (x > 0) - (x > 1), x", (X == 1).tolist()),
    "np.subtract": ("subtract", "return np.subtract(x > 0, x > 1), x", (X == 1).tolist()),
    "a float as a size": ("float", "return np.zeros((2.0, 3)), x", np.zeros((2, 3)).tolist()),
    "a float as a shape": ("float", "return np.reshape(x, (3., 2)), x", X.reshape(3, 2).tolist()),
    "a float as an index": ("float", "return x[1.0], x", X[1].tolist()),
    "a float in a slice": ("float", "return x[:1.0], x", X[:1].tolist()),
}  # fmt: skip
YEAR_2017 = {"classifiers/fc_net.py": "def __init__(self, use_batchnorm=False): pass"}


@pytest.mark.parametrize("name", [*DROPPED, *DROPPED_EARLY])
def test_what_older_numpy_accepted_works_and_its_line_is_told(name: str) -> None:
    row, body, wanted = {**DROPPED, **DROPPED_EARLY}[name]
    say = run(layers(body), YEAR_2017 if name in DROPPED_EARLY else None)
    assert (say["outcome"], say["out"]) == ("answered", wanted), say
    (place,) = [place for place in say["older"] if place[0] == row]
    assert place[1] == "hw/layers.py" and LINE <= place[2] <= LINE + body.count("\n")
    assert body.split("\n")[place[2] - LINE].strip() not in ("", "pass")


@pytest.mark.parametrize("name", DROPPED_EARLY)
def test_what_numpy_refused_since_2018_stays_refused_in_later_years(name: str) -> None:
    say = run(layers(DROPPED_EARLY[name][1]))
    assert say["outcome"] == "raised" and lines(say) == [LINE]


def lines(say: dict[str, object]) -> object:
    return worlds.lines(say)


def test_every_row_is_tried() -> None:
    tried = {row for row, _, _ in (*DROPPED.values(), *DROPPED_EARLY.values())}
    assert tried == set(old_numpy.ROWS)


WRONG_ALWAYS = {
    "shapes that do not fit": "return x + np.ones(7), x",
    "several numbers as one": "return float(x), x",
    "a mask of another length": "return x[np.array([True, False, True])], x",
    "the truth of several numbers": "if x > 0:\n        return x, x",
    "rows in a number array": "return np.array([[1, 2], [3]], dtype=float), x",
    "floats into whole numbers": "y = np.arange(3); y += 1.5; return y, x",
    "an unknown argument": "return np.reshape(x, oldshape=(3, 2)), x",
    "an unknown name": "return np.flaot(3), x",
    "a float as an index of a list": "return [1, 2][1.0], x",
}


@pytest.mark.parametrize("name", WRONG_ALWAYS)
def test_what_numpy_never_accepted_is_the_students_own_exception(name: str) -> None:
    body = WRONG_ALWAYS[name]
    say = run(layers(body), YEAR_2017)
    assert say["outcome"] == "raised" and "older" not in say
    assert lines(say) == [LINE]


def test_an_array_of_objects_is_no_answer_and_the_first_error_is_told() -> None:
    say = run(layers("return np.array([[1, 2], [3]]), x"))
    assert (say["outcome"], say["type"]) == ("raised", "ValueError")
    assert "inhomogeneous" in say["message"]


def test_a_file_that_stops_at_import_with_an_old_error_is_imported_all_the_same() -> None:
    text = "import numpy as np\nSHAPE = np.reshape([1, 2], newshape=(2, 1)).shape\n"
    say = run(text + "def relu_forward(x):\n    return SHAPE[0] * x, x\n")
    assert say["out"] == (2 * X).tolist()


def test_numpy_itself_is_not_changed_for_the_probes() -> None:
    say = run(layers("import sys\n    np.reshape(x, newshape=6)\n    return x, x"))
    assert say["outcome"] == "answered"
    with pytest.raises(TypeError):
        np.reshape(X, newshape=6)  # type: ignore[call-overload]


@pytest.mark.parametrize("name", [*old_names.NAMES, *old_names.EXCEPTIONS])
def test_every_name_that_numpy_dropped_is_there_again(name: str) -> None:
    assert hasattr(np, name)


NAMED: dict[str, tuple[object, object]] = {
    "np.float_": (np.float_(2), 2.0), "np.int": (np.int(2.5), 2), "np.NaN": (np.isnan(np.NaN), True),  # noqa: E501
    "np.PINF": (np.PINF, np.inf), "np.NINF": (np.NINF, -np.inf),
    "np.product": (np.product([2, 3]), 6), "np.cumproduct": (np.cumproduct([2, 3]), [2, 6]),
    "np.alltrue": (np.alltrue([1, 0]), False), "np.sometrue": (np.sometrue([1, 0]), True),
    "np.in1d": (np.in1d([1, 2], [2]), [False, True]), "np.trapz": (np.trapz([1.0, 3.0]), 2.0),
    "np.asscalar": (np.asscalar(np.ones(1)), 1.0), "np.rank": (np.rank(X), 2),
    "np.asfarray": (np.asfarray([1, 2]).dtype, np.float64), "np.msort": (np.msort([2, 1]), [1, 2]),
    "np.find_common_type": (np.find_common_type([np.float32], [np.int64]), np.float64),
    "np.round_": (np.round_(1.26, 1), 1.3),
    "np.math": (np.math.sqrt(4), 2.0), "np.cast": (np.cast[np.float32](1).dtype, np.float32),
}  # type: ignore[attr-defined] # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_a_name_that_is_given_back_means_what_it_meant(name: str) -> None:
    got, wanted = NAMED[name]
    assert np.array_equal(got, wanted)  # type: ignore[arg-type]


def test_lines_with_names_that_were_missing_are_told() -> None:
    texts = {"hw/layers.py": "import numpy as np\n\nx = np.zeros(3)\ny = np.float(3)\n"}
    told = list(old_names.names_used(texts, frozenset({"float", "zeroes"})))
    assert told == ["hw/layers.py:4: np.float was read as older NumPy meant it"]


def test_a_place_that_a_child_makes_up_is_not_told() -> None:
    files = {"hw/layers.py": b"a\nb\n"}
    good = ["newshape", "hw/layers.py", 2]
    made_up: list[object] = [
        ["nonsense", "hw/layers.py", 1], ["newshape", "other.py", 1], ["newshape", "hw/layers.py", 9],  # noqa: E501
        ["newshape", "hw/layers.py", True], ["newshape", ["hw/layers.py"], 1], [{}, {}, {}], 3,
        ["newshape", "hw/layers.py"], {},
    ]  # fmt: skip
    assert older_places({"older": [*made_up, good]}, files) == {tuple(good)}
    assert older_places({"older": "newshape"}, files) == older_places({}, files) == set()


# ------------------------------------------------------------------------------ Python 2

PRINTED = "print 'old'; "  # makes a body Python 2
MEANT: dict[str, tuple[str, object]] = {
    "print": ("print 'a', \\\n        x.shape\n    print\n    print ('%d') % 3\n    return x, x", SAME),  # noqa: E501
    "print into a file": ("import sys\n    print >>sys.stderr, 'x', 1\n    return x, x", SAME),
    "print after a colon": ("if True: print 'y'\n    else: print 'z'\n    return x, x", SAME),
    "except and raise": (
        "try:\n        raise ValueError, 'no'\n    except (ValueError, KeyError), e:\n"
        "        return len(str(e)), x", 2,
    ),
    "backticks": ("return len(`12`), x", 2),
    "not equal": ("return float(1 <> 2), x", 1.0),
    "exec": ("space = {}\n    exec 'y = 3' in space\n    return space['y'], x", 3),
    "old numbers": ("return [10L, 0777, 1e-05 * 1e5], x", [10.0, 511.0, 1.0]),
    "ur": ("return len(ur'\\a'), x", 2),
    "parameters in brackets": (
        "def f(a, (b, c)):\n        'text'\n        return a + b * c\n    g = lambda (a, b): a - b\n"  # noqa: E501
        "    return [f(1, (2, 3)), g((5, 2))], x", [7, 3],
    ),
    "tabs and spaces": ("if True:\n\tx = x + 0\n        y = x\n    return y, x", SAME),
    "a path in a string": (PRINTED + "return len('C:\\Users'), x", 8),
    "strings stay": (PRINTED + "return len('print 3; except A, b: <> `x` 0777'), x # print 'x'", 33),  # noqa: E501
    "range is a list": (PRINTED + "a = range(3); a[0] = 7; return a, x", [7, 1, 2]),
    "zip, map and filter are lists": (
        PRINTED + "return [zip([1], [2])[0][1], map(None, [5])[0], filter(None, [0, 4])[0]], x",
        [2, 5, 4],
    ),
    "keys are a list": (
        PRINTED + "d = {'b': 1, 'a': 2}; k = d.keys(); k.sort(); return d[k[0]] + d.items()[0][1], x",  # noqa: E501
        3,
    ),
    "has_key, iteritems and next": (
        PRINTED + "d = {'a': 2}; return [d.has_key('a'), iter([4]).next(), d.iteritems().next()[1]], x",  # noqa: E501
        [1, 4, 2],
    ),
    "sorted by cmp": (
        PRINTED + "a = sorted([1, 3], cmp=lambda p, q: q - p); a.sort(lambda p, q: cmp(p, q)); "
        "return a, x", [1, 3],
    ),
    "whole numbers": (
        PRINTED + "a = 7; a /= 2; b = np.array([7, 8]); b /= 2; "
        "return [a, b[0], 7 / 2, np.arange(4)[3] / 2], x", [3, 3, 3, 1],
    ),
    "halves": (PRINTED + "b = np.array([7.0]); b /= 2; return [7 / 2.0, b[0]], x", [3.5, 3.5]),
    "division of the future": ("print 'x' or 7 / 2\n    return 7 / 2, x", 3),
    "everything has an order": (PRINTED + "return [[1] > 5, None < 0, 'a' > 3, 2 > 1], x",
                                [True, True, True, True]),
    "rounding": (PRINTED + "return [round(2.5), round(-2.5), round(1.25, 1)], x", [3.0, -3.0, 1.3]),
    "builtins": (
        PRINTED + "return [reduce(lambda p, q: p + q, range(4)), long(2), ord(unichr(7)), "
        "isinstance(unicode(3), basestring)], x", [6, 2, 7, 1],
    ),
    "the library": (
        PRINTED + "import cPickle, string, sys\n    from itertools import izip, imap\n"
        "    return [len(string.letters), sys.maxint > 0, list(izip([1], [2]))[0][1]], x", [52, 1, 2],  # noqa: E501
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEANT)
def test_python_2_means_what_it_meant(name: str) -> None:
    body, wanted = MEANT[name]
    say = run(layers(body))
    assert (say["outcome"], say["out"]) == ("answered", wanted), say


@pytest.mark.parametrize("name", MEANT)
def test_lines_of_python_2_stay_where_they_are(name: str) -> None:
    text = layers(MEANT[name][0])
    stopped = run(text + "1 / 0\n")
    assert (stopped["type"], lines(stopped)) == ("ZeroDivisionError", [text.count("\n") + 1])


NOT_PYTHON_2 = {
    "range": "return range(3) * 2, x",
    "keys": "k = {1: 2}.keys(); k.sort(); return x, x",
    "order": "return float([1] > 5), x",
    "reduce": "return reduce(max, [1, 2]), x",
    "cmp": "return cmp(1, 2), x",
}


@pytest.mark.parametrize("name", NOT_PYTHON_2)
def test_a_file_of_python_3_gets_nothing_of_python_2(name: str) -> None:
    say = run("from builtins import range\n" + layers(NOT_PYTHON_2[name]))
    assert say["outcome"] == "raised" and lines(say) == [LINE + 1]


def test_an_error_in_a_source_of_python_2_names_its_own_line() -> None:
    source = sources.Source("a.py", "print 'x'\n\nx = (1,\n  2))\n")
    assert source.error is not None and source.error[2] in (1, 4)


# ------------------------------------------------------------------------------ whole submissions


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


def lost(report: Report) -> dict[str, float]:
    code: list[ItemResult] = [item for item in report.items if item.parts]
    return {item.id: item.possible - item.earned for item in code if item.earned < item.possible}


def changed(text: bytes, changes: dict[str, str]) -> bytes:
    """Return a source with each text replaced, of which every one must occur."""
    read = text.decode()
    for old, new in changes.items():
        assert old in read, old
        read = read.replace(old, new)
    return read.encode()


OLD_NUMPY = {
    "return np.maximum(0, x), x": "if not x[x > np.Inf]:\n        return np.maximum(np.float(0), x), x",  # noqa: E501
    "rows = x.reshape(x.shape[0], -1)\n    dx": "rows = np.reshape(x, newshape=(len(x), -1))\n    dx",  # noqa: E501
    "db = dout.sum(axis=0)": "db = np.vstack(row for row in dout).sum(axis=0)",
}


def test_a_right_submission_of_its_time_gets_full_marks_and_its_lines_are_told(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    files = dict(handed_in.reference().files)
    files["cs231n/layers.py"] = changed(files["cs231n/layers.py"], OLD_NUMPY)
    report = grade_one(handed_in.of_files("old", files), assignments["cs231n-a2"], worker)
    assert lost(report) == {} and not report.flags
    text = files["cs231n/layers.py"].decode().splitlines()
    told = [line for line in report.submission.repaired if line.startswith("cs231n/layers.py:")]
    assert told == list(report.submission.repaired)
    places = [int(line.split(":")[1]) for line in told]
    assert [word in text[place - 1] for place, word in zip(places, ("np.Inf", "np.float"))]
    for sign, about in (("x[x > np.Inf]", "empty"), ("newshape", "newshape"), ("vstack", "stack")):
        line = next(n for n, one in enumerate(text, 1) if sign in one)
        assert f"cs231n/layers.py:{line}: {old_numpy.ROWS[about][0]}" in told


PYTHON_2 = {
    "return out, cache\n\n\ndef affine_backward": (
        "print 'affine', \\\n    x.shape\n  return out, cache\n\n\ndef affine_backward"
    ),
    "np.reshape(x, (N, -1)), w)": "np.reshape(x, (N, reduce(lambda p, q: p * q, x.shape) / N)), w)",
    "dx[x < 0] = 0": "for i in range(3)[:0] + map(int, [0])[1:]:\n    print >>None, `i` <> 0777L\n"
    "  dx[x < 0] = 0",
}


def test_a_right_submission_in_python_2_gets_full_marks(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    given = handed_in.accepted_submission("year2016")
    path = f"{given.package}/layers.py"
    files = {**given.files, path: changed(given.files[path], PYTHON_2)}
    report = grade_one(
        handed_in.of_files("old", files, given.package), assignments["cs231n-a2-2016"], worker
    )
    assert lost(report) == {}
    assert f"{path}: Python 2 syntax was read as Python 3" in report.submission.repaired


def test_a_submission_of_today_is_not_repaired(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    report = grade_one(handed_in.reference(), assignments["cs231n-a2"], worker)
    assert report.submission.repaired == ()
