"""The cases of one item in a process of their own, on any platform: what the self-check starts.

One frame comes in on stdin: the student's files, the handed-out layers, the cases and their arrays.
Frames go out on stdout: one as soon as NumPy is imported, one on what importing the modules came
to, then one for each case in order. The process that reads them bounds the time, and knows by their
end that this one has died.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader import wire
from grader.probes.nn import Conventions, Implementation
from grader.worker import modules, observe, prepare, python2


def main() -> None:
    """Answer one frame, then end without asking anybody."""
    send = _own_stdout()
    send({"ready": True})
    message = wire.Incoming(0).read()
    if message is not None:
        prepare.old_names()
        _answer(*message, send)
    os._exit(0)


def _own_stdout() -> Any:
    """Keep stdout for frames; what a student prints by whatever way goes nowhere else."""
    _as_bytes(0)
    out = os.fdopen(os.dup(1), "wb")
    _as_bytes(out.fileno())
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (1, 2):
        os.dup2(null, standard)

    def send(say: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
        out.write(wire.pack(say, arrays))
        out.flush()

    return send


def _as_bytes(descriptor: int) -> None:
    """Windows would change line ends on the way."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)


def _answer(say: Mapping[str, Any], arrays: Mapping[str, np.ndarray], send: Any) -> None:
    groups: dict[str, dict[str, bytes]] = {"files": {}, "given": {}}
    for name, array in arrays.items():
        group, _, path = name.partition(":")
        if group in groups:
            groups[group][path] = array.tobytes()
    package: str = say["package"]
    texts = prepare.reachable(groups["files"], package)
    codes, failed = _compiled({path: groups["files"][path] for path in texts}, texts)
    given = prepare.compiled(groups["given"])
    utils = f"{package}/layer_utils.py"
    if utils not in texts and "layer_utils" in given:
        codes[utils] = given["layer_utils"]
    aliases = modules.called(texts.values()) - {package}
    modules.install(package, codes, given, {}, aliases)
    good, told = {}, {}
    wanted = tuple(name for name in say["modules"] if f"{package}/{modules.GRADED[name]}" in codes)
    for name, found in modules.import_graded(package, wanted):
        if isinstance(found, BaseException):
            told[name] = observe.raised(found, texts)
        else:
            good[name], told[name] = found, {"outcome": "loaded"}
    for name in say["modules"]:
        path = f"{package}/{modules.GRADED[name]}"
        told.setdefault(name, failed.get(path, {"outcome": "absent"}))
    send({"loaded": told})
    nn = Implementation(good, Conventions(**say["conventions"]))
    for case in say["cases"]:
        prefix = f"case:{case['id']}:"
        inputs = {
            name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)
        }
        send(*observe.observe(nn, case, inputs, texts))


def _compiled(
    files: Mapping[str, bytes], texts: Mapping[str, str]
) -> tuple[dict[str, bytes], dict[str, dict[str, Any]]]:
    """Return (path -> marshalled code, path -> what is said of a file that has none)."""
    sources: Sequence[modules.Source] = [modules.Source(p, data) for p, data in files.items()]
    if python2.is_written_for(texts.values(), any(one.modernised for one in sources)):
        sources = [modules.Source(p, data, old_division=True) for p, data in files.items()]
    codes = {one.path: one.marshalled for one in sources if one.marshalled is not None}
    failed = {one.path: prepare.failure(one.path, one.error) for one in sources if one.error}
    return codes, failed
