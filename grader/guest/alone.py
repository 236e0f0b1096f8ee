"""Run the cases of one item in a process of their own, on any platform: the self-check's worker.

One frame comes in on stdin: the student's files, the handed-out layers, the cases and their arrays.
Frames go out on stdout: one as soon as NumPy is imported, one on what importing the modules came
to, then one for each case in order. The process that reads them bounds the time, and knows by their
end that this one has died.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from grader.guest import modules, prepare, wire
from grader.guest.incoming import Incoming
from grader.guest.legacy.world import World
from grader.guest.probes.nn import Conventions
from grader.guest.sources import Compiled


def main() -> None:
    """Answer one frame, then end without asking anybody."""
    send = _own_stdout()
    send({"ready": True})
    message = Incoming(0).read()
    if message is not None:
        prepare.give_old_names()
        _answer(*message, send)
    os._exit(0)


def _own_stdout() -> Callable[..., None]:
    """Keep stdout for frames; what a student prints by whatever way goes nowhere else."""
    out = os.dup(1)
    if sys.platform == "win32":  # which would change line ends on the way
        import msvcrt

        for descriptor in (0, out):
            msvcrt.setmode(descriptor, os.O_BINARY)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (1, 2):
        os.dup2(null, standard)
    return functools.partial(wire.write, out)


def _answer(request: Mapping[str, Any], arrays: wire.Arrays, send: Callable[..., None]) -> None:
    files, package = prepare.files_in(arrays), request["package"]
    texts = prepare.reachable(files["files"], package)
    compiled = Compiled(package, texts, prepare.compiled(files["given"]))
    compiled.compile_all()
    world = World(compiled)
    loaded = {name: _loaded(world, compiled, name) for name in request["modules"]}
    send({"loaded": loaded})
    good = [name for name, how in loaded.items() if how["outcome"] == "loaded"]
    conventions = Conventions(**request["conventions"])
    for case in request["cases"]:
        prefix = f"case:{case['id']}:"
        inputs = {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}
        send(*world.observe(case, good, conventions, inputs))


def _loaded(world: World, compiled: Compiled, name: str) -> dict[str, Any]:
    """Import one graded module; return what became of it."""
    path = f"{compiled.package}/{modules.GRADED[name]}"
    if path in compiled.codes or path in compiled.lent:
        return world.load(name)
    if path in compiled.broken:
        return prepare.failure(path, compiled.broken[path])
    return {"outcome": "absent"}
