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

from grader.guest import modules, prepare, sources, wire
from grader.guest.legacy import python2
from grader.guest.legacy.world import Compiled, World
from grader.guest.probes.nn import Conventions


def main() -> None:
    """Answer one frame, then end without asking anybody."""
    send = _own_stdout()
    send({"ready": True})
    message = wire.Incoming(0).read()
    if message is not None:
        prepare.give_old_names()
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
    world, codes, failed = _world(package, groups, texts)
    told = {}
    for name in say["modules"]:
        path = f"{package}/{modules.GRADED[name]}"
        absent = failed.get(path, {"outcome": "absent"})
        told[name] = world.load(name) if path in codes else absent
    send({"loaded": told})
    good = [name for name, how in told.items() if how["outcome"] == "loaded"]
    conventions = Conventions(**say["conventions"])
    for case in say["cases"]:
        prefix = f"case:{case['id']}:"
        inputs = {
            name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)
        }
        send(*world.observe(case, good, conventions, inputs))


def _world(
    package: str, groups: Mapping[str, Mapping[str, bytes]], texts: Mapping[str, str]
) -> tuple[World, dict[str, bytes], dict[str, dict[str, Any]]]:
    """Return the submission, its code by path, and what is said of a file that has none."""
    files = {path: groups["files"][path] for path in texts}
    read: Sequence[sources.Source] = [sources.Source(p, data) for p, data in files.items()]
    is_old = python2.is_written_for(texts.values(), any(one.modernised for one in read))
    if is_old:
        read = [sources.Source(p, data, is_old=True) for p, data in files.items()]
    codes = {one.path: one.marshalled for one in read if one.marshalled is not None}
    broken = {one.path: one.error for one in read if one.error}
    given = prepare.compiled(groups["given"])
    utils = f"{package}/layer_utils.py"
    if utils not in texts and "layer_utils" in given:
        codes[utils] = given["layer_utils"]
    aliases = modules.called(texts.values()) - {package}
    compiled = Compiled(package, files, texts, is_old, codes, given, {}, aliases, broken)
    failed = {path: prepare.failure(path, error) for path, error in broken.items()}
    return World(compiled), codes, failed
