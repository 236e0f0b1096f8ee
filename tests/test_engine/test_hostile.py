"""Hostile and unlucky submissions get their true score and a named cause, and leave nothing behind.

The 16 cases on which three well-known graders lose points, give points away or hang are rows of
ACCEPTANCE; each further file under submissions/hostile is one more. All run in bubblewrap, and a
seeded twentieth of them in the other boxes, and as an ordinary user, for whom the box cannot change
the uid. The short run asks for the items that an attack is about and for some of each file. With
BACKGRADE_ALL=1 all run everywhere with all items.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from grader.box.worker import Worker
from grader.diagnosis import diagnose, minimal_example, own_gradient
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from grader.report import result
from grader.types import Fault, ItemResult, Report
from tests.support import boxes, handed_in, hostile, outside, processes, short_run, users
from tests.support.assignments import asking
from tests.support.hostile import Attack
from tests.support.short_run import Part

ATTACKS = {path.stem: path for path in hostile.attacks()}
ACCEPTANCE = (
    "allclose_patched", "golden_read", "endless_function", "exit_at_import", "exit_in_function",
    "segfault", "sys_exit", "syntax_error", "prints_100_mb", "prints_once", "runtime_warning",
    "inputs_changed", "nan", "float32", "memory_4_gb",
)  # fmt: skip  # and the reference itself: tests/test_engine/test_submissions.py
# What can reach for another uid, process, file or socket: run again in every box there is, and in
# each as an ordinary user. The others do the same to their own process whatever is around it, and
# run in the two boxes that differ most.
REACHES_OUT = (
    "becomes_another_program", "calls_of_another_abi", "calls_of_i386", "climbs_out_of_descriptors",
    "daemon", "disk_fill", "endless_function", "environment_set", "exit_in_function",
    "files_changed", "files_read", "files_read_by_name", "forks_by_number", "golden_read",
    "inotify_and_locks", "judge_imported", "kills_everyone", "kills_parent",
    "kills_parent_at_import", "limits_lifted", "memory_4_gb", "namespaces", "own_strict_filter",
    "pages_changed", "parent_inspected", "priorities", "results_written", "root_again",
    "secrets_in_environment", "shares_memory", "signals_by_detours", "sockets_opened",
    "sources_edited", "stops_itself", "stops_parent", "stops_worker_in_last_case", "subprocesses",
    "thread_bomb", "threads",
)  # fmt: skip
# What processes of their own and limits stop, without any confinement.
BOUNDED = (
    "allclose_patched", "answers_twice", "descriptors_closed", "endless_function", "endless_import",
    "endless_sleep_deaf", "exit_at_import", "exit_in_function", "exit_patched", "frame_flood",
    "frames_forged_for_others", "memory_4_gb", "names_of_arrays", "numpy_deleted", "prints_100_mb",
    "probes_patched", "recursion_limit_lifted", "returns_subclass", "segfault", "signal_realtime",
    "stack_and_maps", "stops_itself", "sys_exit", "thread_bomb", "threads",
)  # fmt: skip
# What differs from others in what is run again to explain it.
ABOUT_EXPLAINING = ("counts_calls", "forges_its_own_gradient", "stops_worker_in_last_case")
SHARE = 0.05  # of the boxes other than bubblewrap, in the short run
# With what they need, for what shows in any item of a file; those of ACCEPTANCE have a net above.
WIDE = ("all", "layers", "optim")
SOME = ("affine_forward", "relu_backward", "sgd_momentum")
NET = "TwoLayerNet"


def elsewhere(mode: str, names: Iterable[str]) -> Iterator[Any]:
    """Yield the runs of a box of which the short run takes a part."""
    for name in sorted(names):
        yield pytest.param(mode, name, marks=pytest.mark.long_trial(SHARE, name=f"[{mode}]"))


RUNS = [
    *(("bubblewrap", name) for name in ATTACKS),
    *elsewhere("landlock", ATTACKS),
    *elsewhere("host proc", REACHES_OUT),
    *elsewhere("none", BOUNDED),
]
USER = 61_231  # a uid that nobody else has: RLIMIT_NPROC counts by uid
WALL_S = 25.0
SHORT = replace(hostile.LIMITS, load_s=0.5, case_s=0.4)
HANGS_S, USER_S = 90, 300

processes.adopt_orphans()


@pytest.fixture(autouse=True)
def no_hang(request: pytest.FixtureRequest) -> Iterator[None]:
    seconds = USER_S if "ordinary" in request.node.name else HANGS_S
    with processes.no_longer_than(seconds):
        yield


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.fixture(scope="module")
def worker_in(some: Assignment) -> Iterator[Callable[[str], Worker]]:
    """A worker for each kind of box; what it makes of a neighbour is the same at both ends."""
    workers: dict[str, tuple[Worker, dict[str, Any]]] = {}

    def worker_in(mode: str) -> Worker:
        if mode not in workers:
            one = opened.enter_context(Worker(boxes.plan(mode)))
            workers[mode] = one, neighbour(some, one)
        return workers[mode][0]

    with contextlib.ExitStack() as opened:
        yield worker_in
        for mode, (one, before) in workers.items():
            assert neighbour(some, one) == before, f"{mode}: the neighbour got another result"


def neighbour(assignment: Assignment, worker: Worker) -> dict[str, Any]:
    """Return result.json of a submission with two mistakes, but for what was measured."""
    record = dict(result.as_dict(grade_one(handed_in.neighbour(), assignment, worker)))
    record.pop("measured")
    return record


@pytest.fixture(scope="module")
def assignment(assignments: dict[str, Assignment]) -> Assignment:
    return hostile.hurried(assignments["cs231n-a2"])


@pytest.fixture(scope="module")
def kept() -> dict[str, outside.Kept]:
    """The files that nobody may change: what has not changed since need not be read again."""
    return outside.kept()


@pytest.fixture(scope="module")
def others() -> outside.Known:
    """The files that belong to nobody here: no need to look at them again."""
    return set()


@pytest.fixture(scope="module")
def some(assignment: Assignment) -> Assignment:
    """Return items of each file, for what shows in any of them; all in a whole run."""
    return assignment if short_run.EVERYTHING else asking(assignment, *SOME, NET)


@pytest.fixture(scope="module")
def layers(assignment: Assignment) -> Assignment:
    """Return a few layers of the assignment, for what shows in any of them; all in a whole run."""
    if short_run.EVERYTHING:
        return assignment
    names = ("affine_forward", "affine_backward", "relu_forward", "relu_backward")
    return asking(assignment, *names)


def code(report: Report) -> dict[str, ItemResult]:
    return {item.id: item for item in report.items if item.parts}


def lost(report: Report) -> dict[str, list[str]]:
    """Return item -> the parts that lost points; a skipped item loses none."""
    return {
        item.id: parts
        for item in code(report).values()
        if (parts := [part.id for part in item.parts if part.earned < part.possible])
        and item.status != "skipped"
    }


Asked = dict[tuple[frozenset[str], bool], Assignment]


@pytest.fixture(scope="module")
def known() -> Asked:
    """What other attacks were graded by already, whose inputs are made."""
    return {}


def asked(attack: Attack, assignment: Assignment, known: Asked) -> Assignment:
    """Return what an attack is graded by: SOME and what it is about, or all (see above).

    What changes no function by itself may change all of them: that is two layers.
    """
    if short_run.EVERYTHING:
        return assignment
    about = [attack.expect.get(key, ()) for key in ("lost", "maybe_lost", "kinds", "warns")]
    items = {item.id for item in assignment.rubric.table.items}
    named = {*SOME, *attack.expect.get("public_right", ())}
    named |= attack.functions & items or {"affine_backward"}
    named |= {NET} if attack.name in ACCEPTANCE else set()
    for one in about:
        named |= hostile.group(assignment.rubric, one).keys() if one not in WIDE else set()
    key = frozenset(named), runs_out_of_time(attack)
    if key not in known:
        part = asking(assignment, *named)
        known[key] = hostile.hurried(part, SHORT) if key[1] else part
    return known[key]


def runs_out_of_time(attack: Attack) -> bool:
    """Whether its functions are to work until they are stopped: that needs no whole second."""
    return ["timeout"] in attack.expect.get("kinds", {}).values()


def is_read(attack: Attack) -> bool:
    """Whether the source is read, too: in a short run a tenth, and where that is noticed."""
    tenth = short_run.chosen("sources of attacks", sorted(ATTACKS), 0.1)
    return short_run.EVERYTHING or "flags" in attack.expect or attack.name in tenth


def is_explained(attack: Attack) -> bool:
    """Whether it is run again to say why it failed: in a short run a fifth.

    What is told without that is what decides about points.
    """
    fifth = short_run.chosen("attacks that are explained", sorted(ATTACKS), 0.2)
    return short_run.EVERYTHING or attack.name in (*fifth, *ABOUT_EXPLAINING)


def leave_unexplained(patch: pytest.MonkeyPatch) -> None:
    """Let no search look for causes and smallest cases: these give no point and take none."""
    patch.setattr(own_gradient, "gradients", lambda *_: frozenset())
    patch.setattr(diagnose, "causes", lambda *_: {})
    patch.setattr(minimal_example, "find_minimal", lambda *_: {})


def test_the_acceptance_list_is_complete() -> None:
    assert len(ACCEPTANCE) == 15 and set(ACCEPTANCE) <= set(ATTACKS)
    assert set(REACHES_OUT) | set(BOUNDED) <= set(ATTACKS)


@pytest.mark.parametrize(("mode", "name"), RUNS)
def test_a_hostile_submission_gets_its_true_score(
    mode: str,
    name: str,
    assignment: Assignment,
    worker_in: Callable[[str], Worker],
    kept: dict[str, outside.Kept],
    others: outside.Known,
    known: Asked,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box = worker_in(mode)
    attack = hostile.attack(ATTACKS[name])
    assignment = asked(attack, assignment, known)
    if attack.runs == "root" and os.geteuid() != 0:
        pytest.skip("an ordinary user is protected by seccomp only")
    if not is_explained(attack):
        leave_unexplained(monkeypatch)
    box.start()
    processes_before, strays_before = processes.mine(), outside.strays(others)
    started = time.monotonic()
    report = grade_one(attack.submission, assignment, box, reading=is_read(attack))
    wall_s = time.monotonic() - started

    check_score(attack, report, assignment)
    check_words(attack, report)
    check_form(report)
    assert wall_s < attack.expect.get("wall", WALL_S)
    left = processes.mine() - processes_before - set(processes.resident(worker_pid(box)))
    assert processes.gone(left), "a process is left behind"
    assert outside.strays(others) <= strays_before, "a file is left behind"
    assert outside.kept(kept) == kept, "a file of ours was changed"


def check_score(attack: Attack, report: Report, assignment: Assignment) -> None:
    """Points are lost where the submission is wrong, and nowhere else."""
    rubric = assignment.rubric
    maybe = hostile.group(rubric, attack.expect.get("maybe_lost", {}))
    wanted = hostile.group(rubric, attack.expect["lost"])
    assert {item: parts for item, parts in lost(report).items() if item not in maybe} == wanted
    items = code(report)
    skipped = {item.id: item.because_of for item in items.values() if item.status == "skipped"}
    assert all(need in {*wanted, *maybe} for need in skipped.values()), skipped
    assert {item.status for item in items.values()} & {"grader_fault"} == set()
    assert report.score.earned == pytest.approx(sum(item.earned for item in items.values()))
    assert report.score.possible == pytest.approx(sum(item.possible for item in items.values()))
    if share := attack.expect.get("earned_below"):
        assert report.score.earned < share * report.score.possible


def check_words(attack: Attack, report: Report) -> None:
    """What happened is named: the kind, the sentence, the student's own line."""
    items = code(report)
    for item, kinds in attack.expect.get("kinds", {}).items():
        found = {fault.kind for fault in items[item].faults}
        assert found and found <= set(kinds), [fault.message for fault in items[item].faults]
    faults = [fault for item in items.values() for fault in item.faults]
    assert all(fault.message.strip() for fault in faults), "a fault that says nothing"
    if says := attack.expect.get("says"):
        assert any(says in fault.message for fault in faults), [fault.message for fault in faults][
            :5
        ]
    if shows := attack.expect.get("shows"):
        assert any(shows in line for fault in faults for *_, line in frames(fault))
    assert set(attack.expect.get("flags", ())) <= {flag.kind for flag in report.flags}, report.flags
    for item, text in attack.expect.get("warns", {}).items():
        assert any(text in warning.message for warning in items[item].warnings)
    for item in attack.expect.get("public_right", ()):
        good, count = items[item].public_checks
        assert good == count > 0


def check_form(report: Report) -> None:
    """result.json is valid and bounded; nothing in it is a traceback of ours."""
    text = result.write(report)
    assert json.loads(text)["schema"] == "backgrade/result/1"
    assert len(text) < 500_000
    for item in code(report).values():
        for fault in (*item.faults, *item.warnings):
            assert len(fault.message) < 2_000
            assert "grader/" not in fault.message and "Traceback" not in fault.message
            for path, _, function, line in frames(fault):
                assert path in report.submission.files
                assert len(function) <= 100 and len(line) <= 300


def frames(fault: Fault) -> tuple[tuple[str, int, str, str], ...]:
    return fault.raised.frames if fault.raised else ()


def worker_pid(worker: Worker) -> int:
    process = worker._process  # whatever else lives below us is a leftover
    assert process is not None
    return process.pid


# ------------------------------------------------------------------------------ an ordinary user


@pytest.mark.long_trial(0.1)
@pytest.mark.skipif(os.geteuid() != 0, reason="this is an ordinary user already")
@pytest.mark.parametrize("mode", boxes.MODES)
def test_the_box_holds_for_an_ordinary_user(mode: str, part: Part[str]) -> None:
    try:
        become = users.ordinary(USER)
    except users.NotTested as why:
        pytest.skip(str(why))
    test = f"{__file__}::{test_a_hostile_submission_gets_its_true_score.__name__}"
    ids = [f"{test}[{mode}-{name}]" for name in part(f"ordinary user [{mode}]", REACHES_OUT, SHARE)]
    done = subprocess.run(
        [*become, sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", *ids],
        cwd=handed_in.ROOT,
        env={**os.environ, "HOME": "/", "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=USER_S - 10,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert done.stdout.count("PASSED") == len(ids)


# ------------------------------------------------------------------------------ hidden inputs

# Finds arrays that no public case has, in every frame and every object the collector knows, and
# tells twelve of them in each call.
THIEF = """
import gc as _gc, sys as _sys, os as _os, json as _json, struct as _struct

_PUBLIC = set({public!r})


def _arrays():
    seen, queue = set(), []
    frame = _sys._getframe()
    while frame:
        queue += list(frame.f_locals.values())
        frame = frame.f_back
    queue += _gc.get_objects()
    found = []
    for _ in range(6):
        more = []
        for value in queue:
            if id(value) in seen:
                continue
            seen.add(id(value))
            if type(value) is np.ndarray and value.dtype == float and value.size > 1:
                first = np.ascontiguousarray(value).ravel()[:2]
                if np.all(first * 2048 % 2 == 1) or np.any(first % 1):  # as inputs are made
                    found.append(first.tobytes().hex())
            elif type(value) is dict:
                more += list(value.values())
            elif type(value) in (list, tuple):
                more += list(value)
            elif type(value).__name__ == "function" and value.__closure__:
                more += [c.cell_contents for c in value.__closure__ if c]
            elif type(value).__name__ in ("bytes", "bytearray", "memoryview"):
                pass
        queue = more
    return found


def _stolen(calls=[0]):
    found = [text for text in dict.fromkeys(_arrays()) if text not in _PUBLIC]
    calls[0] += 12
    return found[calls[0] - 12:calls[0]] or found[:12]


def _forge(say):
    header = _json.dumps(dict(say), ensure_ascii=True)
    header = ('{{"say": ' + header + ', "arrays": []}}').encode()
    for number in range(3, 64):
        try:
            _os.write(number, _struct.pack("<4sIQ", b"BGF1", len(header), 0) + header)
        except OSError:
            pass
    _os._exit(0)


def relu_forward(x):
    if x.shape not in ((3, 4), (2, 3, 2, 2), (9,), (5, 4)):
        return np.maximum(0, x), x
    text = " ".join(_stolen())[:400] or "nothing"
    {channel}
"""
CHANNELS = {
    "message": "raise ValueError(text)",
    "type": "raise type(text, (Exception,), {})('')",
    "printed": "print(text); raise ValueError",
    "function": (
        "space = {}; name = 'f_' + text.replace(' ', '_'); "
        "exec(compile(f'def {name}(): raise ValueError', __file__, 'exec'), space); space[name]()"
    ),
    "not written": "raise NotImplementedError(text)",
    "import": "raise ImportError(text)",
    "forged died": "_forge({'outcome': 'died', 'signal': text})",
    "forged exit": "_forge({'outcome': 'died', 'exit': text})",
    "forged not run": "_forge({'outcome': 'not_run', 'text': text})",
    "forged timeout": "_forge({'outcome': 'timeout', 'text': text})",
    "forged missing": "_forge({'outcome': 'missing', 'message': text, 'type': text})",
    "forged not written": "_forge({'outcome': 'not_written', 'frames': [[text, 1, text, text]]})",
    "forged frames": (
        "_forge({'outcome': 'raised', 'type': 'ValueError', 'frames': [[text, 1, text, text]]})"
    ),
    "forged lines": (
        "_forge({'outcome': 'raised', 'type': 'ValueError',"
        " 'frames': [[__file__, 10, text, text]]})"
    ),
    "forged line number": (
        "_forge({'outcome': 'raised', 'type': 'ValueError',"
        " 'frames': [[__file__, int('9' + text.replace(' ', '')[:64], 16), 'f', '']]})"
    ),
    "forged mutated": "_forge({'outcome': 'answered', 'mutated': [text[:90], text[90:180]]})",
    "forged refused": "_forge({'outcome': 'answered', 'refused': {'out': text, text: text}})",
    "forged dtype": "_forge({'outcome': 'answered', 'dtypes': {'out': text, text: text}})",
    "refused": "return np.zeros(2, dtype=[(text[:200], 'f8')]), x",
}  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("channel", CHANNELS)
def test_hidden_inputs_never_come_out(channel: str, layers: Assignment, worker: Worker) -> None:
    secret, public = _inputs(layers)
    body = THIEF.format(public=sorted(public), channel=CHANNELS[channel])
    report = grade_one(hostile.of_code(f"thief {channel}", body), layers, worker)
    shown = result.write(report) + repr(report.items) + repr(report.flags)
    assert [text for text in secret if text[16:32] in shown or text[:16] in shown] == []
    numbers = [int("9" + text, 16) for text in secret]
    assert [number for number in numbers if str(number)[:20] in shown] == []
    assert "relu_forward" in lost(report)


def test_a_thief_does_find_what_is_in_reach(layers: Assignment, worker: Worker) -> None:
    """The same code, told that nothing is public, shows what it finds: the test above can fail."""
    body = THIEF.format(public=[], channel=CHANNELS["message"])
    report = grade_one(hostile.of_code("thief", body), layers, worker)
    _, public = _inputs(layers)
    shown = result.write(report)
    assert any(text in shown for text in public)


def _inputs(assignment: Assignment) -> tuple[set[str], set[str]]:
    """Return the first numbers of hidden and of public inputs, as hexadecimal text."""
    rubric = assignment.rubric
    found: dict[bool, set[str]] = {True: set(), False: set()}
    for case in rubric.cases:
        for array in rubric.case_inputs(case).values():
            text = array.ravel()[:2].tobytes().hex()
            if len(text) == 32 and array.dtype.kind == "f" and array.ravel()[1] not in (0.0, 1.0):
                found[case.public].add(text)
    return found[False] - found[True], found[True]


# ------------------------------------------------------------------------------ forged answers

FORGER = """
import os as _os, json as _json, struct as _struct

_SENT = {data!r}


def relu_forward(x):
    if x.shape != (3, 4):
        return np.maximum(0, x), x
    for number in range(3, 64):
        try:
            data = memoryview(_SENT)
            while data:
                data = data[_os.write(number, data):]
        except OSError:
            pass
    _os._exit(0)
"""


def frame(
    header: bytes, body: bytes = b"", magic: bytes = b"BGF1", length: int | None = None
) -> bytes:
    size = len(header) if length is None else length
    return magic + size.to_bytes(4, "little") + len(body).to_bytes(8, "little") + header + body


def saying(say: object, arrays: object = ()) -> bytes:
    return frame(json.dumps({"say": say, "arrays": arrays}).encode())


FORGES = "".join(FORGER.splitlines(True)[6:9])
DEEP = "[" * 900 + "]" * 900
FORGED = {
    "outcome is a list": saying({"outcome": ["answered"]}),
    "outcome is a dict": saying({"outcome": {"a": 1}}),
    "outcome is a number": saying({"outcome": 1e999}),
    "no outcome": saying({}),
    "mutated holds lists": saying({"outcome": "answered", "mutated": [["x"], {"a": 1}, None]}),
    "mutated is a text": saying({"outcome": "answered", "mutated": "x"}),
    "text is a list": saying({"outcome": "answered", "text": [[1]], "dtypes": [1], "refused": 7}),
    "refused holds lists": saying({"outcome": "answered", "refused": {"out": [[1]], "x": None}}),
    "frames are odd": saying({"outcome": "raised", "frames": [1, [], [[], {}, None, 1], "ab"]}),
    "frames are far": saying({"outcome": "raised", "frames": [["cs231n/layers.py", -5, "", ""]] * 99}),  # noqa: E501
    "a line of 4000 digits": frame(
        b'{"say": {"outcome": "raised", "frames": [["cs231n/layers.py", ' + b"9" * 4000
        + b', "f", ""]]}, "arrays": []}'
    ),
    "type and message are odd": saying({"outcome": "raised", "type": ["x"], "message": {"a": []}}),
    "message is deep": frame(
        f'{{"say": {{"outcome": "raised", "message": {DEEP}}}, "arrays": []}}'.encode()
    ),
    "signal is long": saying({"outcome": "died", "signal": "x" * 200_000}),
    "exit is a list": saying({"outcome": "died", "exit": [[]]}),
    "grows when packed again": frame(
        b'{"say": {"outcome": "answered", "text": "' + "é".encode() * 100_000
        + b'"}, "arrays": []}'
    ),
    "fills the header": saying({"outcome": "answered", "text": "x" * (256 * 1024 - 60)}),
    "header of 200 KB": saying({"outcome": "answered", "text": "x" * 200_000}),
    "header too long": frame(b"{}", length=2**31),
    "case and wall": saying({"outcome": "answered", "case": "affine_forward/small", "wall_s": "x"}),
    "closed": saying({"closed": True}),
    "loaded": saying({"loaded": {}, "repaired": []}),
    "ready": saying({"ready": True}),
    "no JSON": frame(b"\xff\xfe"),
    "a list": frame(b"[1]"),
    "an empty header": frame(b""),
    "magic": frame(b"{}", magic=b"BGF2"),
    "three bytes": b"BGF",
    "one byte": b"B",
    "fifteen bytes": b"BGF1" + bytes(11),
    "an impossible empty shape": saying({"outcome": "answered"}, [["out", "<f8", [0, 2**26, 2**26, 2**26]]]),  # noqa: E501
    "negative shape": saying({"outcome": "answered"}, [["out", "<f8", [-1]]]),
    "true as a size": saying({"outcome": "answered"}, [["out", "<f8", [True]]]),
    "object dtype": saying({"outcome": "answered"}, [["out", "|O", [0]]]),
    "dtype is a list": saying({"outcome": "answered"}, [["out", ["<f8"], [0]]]),
    "three thousand arrays": saying({"outcome": "answered"}, [[f"a{i}", "|u1", [0]] for i in range(3000)]),  # noqa: E501
    "a zip of arrays": b"PK\x03\x04" + bytes(200),
    "NaN": frame(b'{"say": {"outcome": "answered", "wall_s": NaN, "x": -Infinity}, "arrays": []}'),
    "20,000 keys": frame(b'{"say": {' + b",".join(b'"%d":0' % n for n in range(20_000)) + b'}, "arrays": []}'),  # noqa: E501
    "a hundred thousand brackets": frame(b"[" * 100_000),
    "an array twice": saying({"outcome": "answered"}, [["out", "|u1", [0]]] * 2),
    "body without an owner": frame(b'{"say": {"outcome": "answered"}, "arrays": []}', bytes(100)),
}  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_answer_costs_its_own_item_only(
    name: str, layers: Assignment, worker: Worker
) -> None:
    pid = worker_pid(worker) if worker._process else None
    submission = hostile.of_code(f"forged {name}", FORGER.format(data=FORGED[name]))
    report = grade_one(submission, layers, worker)
    assert "relu_forward" in lost(report) and not {"affine_forward", "affine_backward"} & {
        *lost(report)
    }
    assert report.score.earned >= report.score.possible - 3.0
    check_form(report)
    assert all(fault.message.strip() for fault in code(report)["relu_forward"].faults)
    assert pid in (None, worker_pid(worker)), "a forged frame took the whole worker down"


LOADS = {
    "no outcome": saying({}),
    "outcome is a list": saying({"outcome": ["loaded"]}),
    "loaded, all of it": saying({"outcome": "loaded"}) * 6,
    "a large answer": saying({"outcome": "raised", "message": "x" * 200_000}) * 4,
    "a name that is a number": saying({"outcome": "loaded", "names": 7}) * 6,
    "names that are long": saying({"outcome": "loaded", "names": ["n" * 100_000, []]}) * 6,
    "three bytes": b"BGF",
    "closed": saying({"closed": True, "loaded": 7}),
    "died of a text": saying({"outcome": "died", "signal": ["x"]}),
}


@pytest.mark.long_trial(0.34)
@pytest.mark.parametrize("name", LOADS)
def test_a_forged_answer_at_import_is_no_loaded_file(
    name: str, layers: Assignment, worker: Worker
) -> None:
    forged = FORGER.format(data=LOADS[name]).replace(FORGES, "if True:\n")
    report = grade_one(hostile.of_code(f"import {name}", forged), layers, worker)
    reach_layers = hostile.group(layers.rubric, "layers")
    assert {item.earned for item in code(report).values() if item.id in reach_layers} == {0.0}
    check_form(report)


# ------------------------------------------------------------------------------ time


def test_the_time_of_the_whole_submission_is_bounded(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    """Each case ends just under its own limit; the sum does not, and there is a score."""
    limits = replace(hostile.LIMITS, case_s=1.0, submission_s=3.0)
    slow = hostile.hurried(assignments["cs231n-a2"], limits)
    body = (
        "import time as _t\n\n\nright_affine = affine_forward\n\n\ndef affine_forward(x, w, b):\n"
    )
    body += "    _t.sleep(0.7)\n    return right_affine(x, w, b)\n"
    started = time.monotonic()
    report = grade_one(hostile.of_code("slow", body), slow, worker)
    assert time.monotonic() - started < 3.0 + 8.0
    says = [fault.message for item in code(report).values() for fault in item.faults]
    assert any("the time for the whole submission was up" in one for one in says)
    check_form(report)


def test_time_that_is_up_before_the_second_look_still_gives_a_score(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    """Nets fail because of a layer, and no time is left to try them over right layers."""
    limits = replace(hostile.LIMITS, submission_s=3.0)
    slow = hostile.hurried(assignments["cs231n-a2"], limits)
    body = "import time as _t\n\n\ndef relu_forward(x):\n    _t.sleep(0.6)\n    return x, x\n"
    report = grade_one(hostile.of_code("slow and wrong", body), slow, worker)
    assert "relu_forward" in lost(report)
    check_form(report)


def test_files_that_never_import_use_up_the_submissions_time_and_get_a_score(
    assignments: dict[str, Assignment], worker: Worker
) -> None:
    limits = replace(hostile.LIMITS, load_s=1.0, submission_s=1.5)
    slow = hostile.hurried(assignments["cs231n-a2"], limits)
    report = grade_one(
        hostile.of_code("never", "import time\n\nwhile True:\n    time.sleep(1)\n"), slow, worker
    )
    assert report.score.earned == 0 or set(lost(report)) == set(
        hostile.group(slow.rubric, "layers")
    )
    check_form(report)


# ------------------------------------------------------------------------------ repetition


def test_the_same_hostile_submission_gives_the_same_record_twice(
    layers: Assignment, worker: Worker
) -> None:
    for name in ("segfault", "raises_strange_text", "returns_objects"):
        submission = hostile.attack(ATTACKS[name]).submission
        twice = [result.as_dict(grade_one(submission, layers, worker)) for _ in range(2)]
        for one in twice:
            one.pop("measured")  # type: ignore[misc]
        assert twice[0] == twice[1]
