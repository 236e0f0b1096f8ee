"""The worker process: one NumPy start, then a driver for each submission, a child for each group.

    worker   imports NumPy and the probes once; for each "open" forks
    driver   holds one submission's compiled code; never executes it; for each "run" forks
    child    gives up what is left, imports the student's modules, answers its cases, exits

The driver believes nothing a child says but the numbers: which case an answer belongs to, and how
long it took, it knows itself. A child that dies, hangs or floods loses the case it was in; the
cases after it get a fresh child.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import math
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from grader import wire
from grader.probes.nn import Conventions, Implementation
from grader.worker import (
    confine,
    handed_out,
    library,
    limits,
    modules,
    observe,
    prepare,
    python2,
    relay,
)
from grader.worker.children import Answer, in_children

# What student code may import lazily; after the uid is dropped it might not be readable any more.
PRELOAD = (
    "numpy.linalg", "numpy.random", "numpy.fft", "numpy.ma",
    "grader.probes.layers", "grader.probes.norms", "grader.probes.dropout", "grader.probes.optim",
    "grader.probes.nets", "grader.probes.own", "copy", "functools", "itertools", "math", "pickle",
    "time", "typing",
)  # fmt: skip

CLOSED, NOT_OPENED, NO_MORE = 0, 4, 5  # exit codes of a driver


def main(wanted: confine.Wanted, notebooks: bool = False) -> None:
    """Confine this process, then serve submissions until stdin ends; also their `notebooks`."""
    for name in PRELOAD:
        importlib.import_module(name)
    prepare.old_names()
    library.keep_readable()
    shell = _shell() if notebooks else None
    receive = reader(0)
    gc.collect()
    gc.freeze()
    here = confine.enter(wanted)
    send({
        "ready": True, "numpy": np.__version__, "python": sys.version.split()[0],
        "layers": here.layers, "why": here.why, "through": here.through,
    })  # fmt: skip
    while True:
        # The driver reads what it is to do: freed memory of this process, which all later drivers
        # inherit, would still hold the submission and the reference's layers.
        select.select([0], [], [])
        pid = os.fork()
        if pid == 0:
            ending = CLOSED
            try:
                ending = _drive(receive, here, shell)
            finally:
                os._exit(ending)
        ending = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if ending == NO_MORE:
            return
        if ending != NOT_OPENED:
            send({"closed": True})


def _drive(receive: Callable[[int], bytes], here: confine.Confinement, shell: Any) -> int:
    """Be the driver of one submission from its "open" message on; return how that ended."""
    message = wire.read(receive)
    if message is None:
        return NO_MORE
    if message[0].get("do") != "open":
        return NOT_OPENED  # meant for a driver that has ended already
    Driver(*message, here, shell).serve(receive)
    return CLOSED


def _shell() -> Any:
    """Return the shell for notebooks. IPython and matplotlib are imported for those only."""
    from grader.worker import cells

    return cells.warm()


class Driver:
    """One submission in the box: compiled once, executed only in children."""

    def __init__(
        self,
        say: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        confinement: confine.Confinement,
        shell: Any = None,
    ) -> None:
        self._shell = shell
        self._confine = confinement.child
        self._in_children = functools.partial(in_children, confine=confinement.child)
        self.package: str = say["package"]
        self.conventions = Conventions(**say["conventions"])
        self.load_s: float = say["load_s"]
        self.case_s: float = say["case_s"]
        files: dict[str, dict[str, bytes]] = {"files": {}, "given": {}, "graft": {}}
        for name, array in arrays.items():
            group, _, path = name.partition(":")
            files[group][path] = array.tobytes()
        self.given = prepare.compiled(files["given"])
        self.graft = prepare.compiled(files["graft"])
        self.repaired: list[str] = []
        self.failed: dict[str, dict[str, Any]] = {}
        self.texts = prepare.reachable(files["files"], self.package, say["also"])
        self.aliases = modules.called(self.texts.values()) - {self.package}
        sources = {path: files["files"][path] for path in self.texts}
        self.modernised = False
        self.codes = dict(self._compile(sources))
        if python2.is_written_for(self.texts.values(), self.modernised):
            self.repaired = ["whole numbers were divided as in Python 2"]
            self.codes = dict(self._compile(sources, old_division=True))
        utils = f"{self.package}/layer_utils.py"
        if utils not in self.texts and "layer_utils" in self.given:
            self.codes[utils] = self.given["layer_utils"]

    def serve(self, receive: Callable[[int], bytes]) -> None:
        """Say what could be loaded, then answer "run" messages until "close"."""
        loaded = self._load()
        send({"loaded": loaded, "repaired": self.repaired, "changed": self.changed})
        good = [name for name, how in loaded.items() if how["outcome"] == "loaded"]
        while (message := wire.read(receive)) is not None and message[0]["do"] != "close":
            if message[0]["do"] == "notebook":
                self._notebook(*message)
            else:
                self._run(*message, good)

    def _compile(
        self, files: Mapping[str, bytes], old_division: bool = False
    ) -> Iterator[tuple[str, bytes]]:
        """Compile each file in a child, as a parser can be made to crash; yield (path, code)."""

        def work(paths: Sequence[str], answer: Answer) -> None:
            for path in paths:
                source = modules.Source(path, files[path], old_division)
                code = np.frombuffer(source.marshalled or b"", dtype=np.uint8)
                said = {
                    "error": source.error, "repaired": source.repaired,
                    "modernised": source.modernised,
                }  # fmt: skip
                answer(said, {"code": code})

        for path, say, arrays in self._in_children(list(files), work, self.load_s):
            if "outcome" in say:
                self.failed[path] = say
            elif say["error"]:
                self.failed[path] = prepare.failure(path, say["error"])
            else:
                self.repaired += [say["repaired"]] if say["repaired"] else []
                self.modernised |= bool(say.get("modernised"))
                yield path, arrays["code"].tobytes()

    def _load(self) -> dict[str, dict[str, Any]]:
        """Import each graded module once, in a child, to learn which ones can be."""

        def work(names: Sequence[str], answer: Answer) -> None:
            layers = None
            for name, found in self._import(tuple(n for n in names if n in modules.GRADED)):
                if isinstance(found, BaseException):
                    answer(observe.raised(found, self.texts), {})
                else:
                    answer({"outcome": "loaded"}, {})
                    if name == "layers":
                        layers = found
            if "changed" in names:
                differing = handed_out.changed(layers) if layers else []
                answer({"outcome": "loaded", "names": differing}, {})

        names = [n for n, p in modules.GRADED.items() if f"{self.package}/{p}" in self.codes]
        if "layers" in names and "layers" in self.given:
            names.append("changed")
        loaded = {name: say for name, say, _ in self._in_children(names, work, self.load_s)}
        if loaded.get("optim", {}).get("outcome") not in (None, "loaded"):
            # What layers.py did to the process it was imported in is not optim.py's fault.
            loaded |= {
                name: say for name, say, _ in self._in_children(["optim"], work, self.load_s)
            }
        named = loaded.pop("changed", {}).get("names")
        self.changed = [n for n in modules.LOSSES if isinstance(named, list) and n in named]
        for name, path in modules.GRADED.items():
            loaded.setdefault(
                name, self.failed.get(f"{self.package}/{path}", {"outcome": "absent"})
            )
        return loaded

    def _import(self, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        return modules.import_graded(
            self.package, self.codes, self.given, self.graft, names, self.aliases
        )

    def _run(
        self, say: Mapping[str, Any], arrays: Mapping[str, np.ndarray], loadable: Sequence[str]
    ) -> None:
        """Answer each case of one group with a frame of its own."""
        cases = {case["id"]: case for case in say["cases"]}
        needed = tuple(name for name in loadable if name in say["modules"])

        def work(ids: Sequence[str], answer: Answer) -> None:
            found = dict(self._import(needed))
            good = {n: m for n, m in found.items() if not isinstance(m, BaseException)}
            nn = Implementation(good, self.conventions)
            for case_id in ids:
                prefix = case_id + ":"
                inputs = {
                    name.removeprefix(prefix): array
                    for name, array in arrays.items()
                    if name.startswith(prefix)
                }
                answer(*observe.observe(nn, cases[case_id], inputs, self.texts))

        for case_id, observed, outputs in self._in_children(
            list(cases),
            work,
            self.case_s,
            of=lambda case_id: str(cases[case_id]["item"]),
        ):
            send(observed | {"case": case_id}, outputs)

    def _notebook(self, say: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Run a notebook's cells in one child; hand on what it tells."""
        from grader.worker import cells

        sources = json.loads(arrays["cells"].tobytes())

        def work(tell: Answer) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.chdir(say["folder"])
            modules.install(
                self.package, self.codes, self.given, {}, self.aliases, cells.watch(tell)
            )
            cells.run(self._shell, sources, say["name"], dict(self.texts), tell)
            tell({"over": "done"}, {})

        room = limits.Room(**say["room"])
        confine = functools.partial(self._confine, math.ceil(say["notebook_s"]) + 1, room)
        for told, arrays in relay.follow(work, confine, say["cell_s"], say["notebook_s"]):
            send(told, arrays)


def reader(descriptor: int) -> Callable[[int], bytes]:
    """Return a receive function for wire.read: exactly n bytes, or fewer at the end."""

    def receive(count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = os.read(descriptor, min(count - len(parts), 1 << 20))
            if not part:
                break
            parts += part
        return bytes(parts)

    return receive


def send(say: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Write one frame to stdout."""
    view = memoryview(wire.pack(say, arrays))
    while view:
        view = view[os.write(1, view) :]
