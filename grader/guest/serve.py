"""The worker process: one NumPy start, then a driver for each submission, below it its leaf.

    worker   imports NumPy and the probes once; for each "open" forks
    driver   holds one submission's compiled code; never executes it; forks
    leaf     gives up what is left; compiles, imports the student's modules, answers cases

The driver believes nothing a leaf says but the numbers: which case an answer belongs to, and how
long it took, it knows itself. A leaf that dies, hangs or floods loses the case it was in; the cases
after it get a fresh one, as do those that are to run alone.
"""

from __future__ import annotations

import functools
import gc
import importlib
import itertools
import json
import math
import os
import pkgutil
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from grader.guest import (
    confine,
    handed_out,
    library,
    limits,
    modules,
    prepare,
    probes,
    relay,
    sources,
    wire,
)
from grader.guest.children import Answer, Leaf
from grader.guest.legacy import old_names, python2
from grader.guest.legacy.world import Compiled, World
from grader.guest.probes.nn import Conventions

# What student code may import lazily; after the uid is dropped it might not be readable any more.
PRELOAD = (
    "numpy.linalg", "numpy.random", "numpy.fft", "numpy.ma",
    "copy", "functools", "itertools", "math", "pickle", "time", "typing",
)  # fmt: skip

MANY_CASES = 200  # CPU time of a leaf; wall time is what stops one that works for ever
MANY_NAMES = 50  # lines with names of older NumPy that are told
CLOSED, NOT_OPENED, NO_MORE = 0, 4, 5  # exit codes of a driver


def main(wanted: confine.Wanted, notebooks: bool = False) -> None:
    """Confine this process, then serve submissions until stdin ends; also their `notebooks`."""
    own = (f"{probes.__name__}.{one.name}" for one in pkgutil.iter_modules(probes.__path__))
    for name in (*PRELOAD, *own):
        importlib.import_module(name)
    missing = prepare.give_old_names()
    library.keep_readable()
    shell = _shell() if notebooks else None
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
                ending = _drive(here, missing, shell)
            finally:
                os._exit(ending)
        ending = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if ending == NO_MORE:
            return
        if ending != NOT_OPENED:
            send({"closed": True})


def _drive(here: confine.Confinement, missing: frozenset[str], shell: Any) -> int:
    """Be the driver of one submission from its "open" message on; return how that ended."""
    incoming = wire.Incoming(0, ahead=False)
    message = incoming.read()
    if message is None:
        return NO_MORE
    if message[0].get("do") != "open":
        return NOT_OPENED  # meant for a driver that has ended already
    Driver(*message, here, missing, shell).serve(incoming)
    return CLOSED


def _shell() -> Any:
    """Return the shell for notebooks. IPython and matplotlib are imported for those only."""
    from grader.guest import cells

    return cells.warm()


class Driver:
    """One submission in the box: compiled once, executed only in children."""

    def __init__(
        self,
        say: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        confinement: confine.Confinement,
        missing: frozenset[str],
        shell: Any = None,
    ) -> None:
        self._shell = shell
        self._confine = confinement.child
        self.package: str = say["package"]
        self.conventions = Conventions(**say["conventions"])
        self.load_s: float = say["load_s"]
        self.case_s: float = say["case_s"]
        cpu_s = math.ceil(self.load_s + MANY_CASES * self.case_s)
        self._leaf = Leaf(self._work, cpu_s, confinement.child)
        self._world: World | None = None  # in the leaf: what was imported there
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
        self.sources = {path: files["files"][path] for path in self.texts}
        self.modernised = self.is_old = False
        self.codes: dict[str, bytes] = {}
        self.broken: dict[str, list[Any]] = {}
        self._compile(list(self.sources))
        if python2.is_written_for(self.texts.values(), self.modernised):
            self.is_old = True
            self.repaired = ["whole numbers were divided as in Python 2"]
            self._compile(list(self.sources))
        self.repaired += itertools.islice(old_names.names_used(self.texts, missing), MANY_NAMES)

    def serve(self, incoming: wire.Incoming) -> None:
        """Say what could be loaded, then answer "run" messages until "close"."""
        loaded = self._load()
        send({"loaded": loaded, "repaired": self.repaired, "changed": self.changed})
        good = [name for name, how in loaded.items() if how["outcome"] == "loaded"]
        while (message := incoming.read()) is not None and message[0]["do"] != "close":
            if message[0]["do"] == "notebook":
                self._notebook(*message)
            else:
                self._run(*message, good)
        self._leaf.end()

    def _work(self, say: dict[str, Any], arrays: dict[str, np.ndarray], answer: Answer) -> None:
        """Do in the leaf what the driver asks for; what is compiled and imported there stays."""
        if say["do"] == "compile":
            self._compile_in_leaf(say["names"], say["is_old"], answer)
        elif say["do"] == "load":
            self._load_in_leaf(say["names"], answer)
        else:
            self._run_in_leaf(say, arrays, answer)

    def _compile(self, paths: Sequence[str]) -> None:
        """Compile each file in the leaf, as a parser can be made to crash."""
        asked = {"do": "compile", "is_old": self.is_old}
        for path, say, arrays in self._leaf.ask(asked, {}, paths, self.load_s):
            if "outcome" in say:
                self.failed[path] = say
            elif say["error"]:
                self.failed[path] = prepare.failure(path, say["error"])
                self.broken[path] = say["error"]
            else:
                self.repaired += [say["repaired"]] if say["repaired"] else []
                self.modernised |= bool(say.get("modernised"))
                self.codes[path] = arrays["code"].tobytes()

    def _compile_in_leaf(self, paths: Sequence[str], is_old: bool, answer: Answer) -> None:
        self.is_old = is_old
        for path in paths:
            source = sources.Source(path, self.sources[path], is_old)
            if source.marshalled:
                self.codes[path] = source.marshalled
            if source.error:
                self.broken[path] = list(source.error)
            code = np.frombuffer(source.marshalled or b"", dtype=np.uint8)
            said = {
                "error": source.error, "repaired": source.repaired, "modernised": source.modernised,
            }  # fmt: skip
            answer(said, {"code": code})

    def _load(self) -> dict[str, dict[str, Any]]:
        """Import each graded module once, in the leaf, to learn which ones can be."""
        names = [n for n, p in modules.GRADED.items() if f"{self.package}/{p}" in self._all_codes()]
        if "layers" in names and "layers" in self.given:
            names.append("changed")
        loaded = self._tried(names)
        if loaded.get("optim", {}).get("outcome") not in (None, "loaded"):
            # What layers.py did to the process it was imported in is not optim.py's fault.
            self._leaf.end()
            loaded |= self._tried(["optim"])
            self._leaf.end()
        named = loaded.pop("changed", {}).get("names")
        self.changed = [n for n in modules.LOSSES if isinstance(named, list) and n in named]
        for name, path in modules.GRADED.items():
            loaded.setdefault(
                name, self.failed.get(f"{self.package}/{path}", {"outcome": "absent"})
            )
        return loaded

    def _tried(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        def stuck_with(name: str) -> list[str]:
            return [name] if name == "optim" else [name, "layers"]

        asked = self._leaf.ask({"do": "load"}, {}, names, self.load_s, stuck_with)
        late = {"outcome": "timeout"}  # what imports a module that hangs would hang
        return {n: late if say["outcome"] == "not_run" else say for n, say, _ in asked}

    def _load_in_leaf(self, names: Sequence[str], answer: Answer) -> None:
        for name in names:
            world = self._imported_world()
            if name == "changed":
                layers = world.imported(["layers"]).get("layers")
                answer(
                    {"outcome": "loaded", "names": handed_out.changed(layers) if layers else []}, {}
                )
            else:
                answer(world.load(name), {})

    def _imported_world(self) -> World:
        """Return the world of this leaf, whose modules stay imported."""
        if self._world is None:
            compiled = Compiled(
                self.package, self.sources, self.texts, self.is_old, self._all_codes(),
                self.given, self.graft, self.aliases, self.broken,
            )  # fmt: skip
            self._world = World(compiled)
        return self._world

    def _all_codes(self) -> dict[str, bytes]:
        """Return the student's code, and the handed-out layer_utils where they have none."""
        utils = f"{self.package}/layer_utils.py"
        if utils not in self.texts and "layer_utils" in self.given:
            return {**self.codes, utils: self.given["layer_utils"]}
        return self.codes

    def _run(
        self, say: Mapping[str, Any], arrays: Mapping[str, np.ndarray], loadable: Sequence[str]
    ) -> None:
        """Answer each case of one group with a frame of its own; `alone` in a leaf of its own."""
        cases = {case["id"]: case for case in say["cases"]}

        def stuck_with(case_id: str) -> list[str]:
            return [cases[case_id]["item"], *cases[case_id]["stuck_with"]]

        if say["alone"]:
            self._leaf.end()
        asked = {"do": "run", "cases": cases, "loadable": loadable}
        answers = self._leaf.ask(asked, arrays, list(cases), self.case_s, stuck_with)
        for case_id, observed, outputs in answers:
            send(observed | {"case": case_id}, outputs)
        if say["alone"]:
            self._leaf.end()

    def _run_in_leaf(
        self, say: dict[str, Any], arrays: dict[str, np.ndarray], answer: Answer
    ) -> None:
        inputs: dict[str, dict[str, np.ndarray]] = {case_id: {} for case_id in say["cases"]}
        for name, array in arrays.items():
            case_id, _, argument = name.rpartition(":")
            inputs[case_id][argument] = array
        world = self._imported_world()
        for case_id in say["names"]:
            case = say["cases"][case_id]
            wanted = tuple(name for name in say["loadable"] if name in case["modules"])
            answer(*world.observe(case, wanted, self.conventions, inputs[case_id]))

    def _notebook(self, say: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Run a notebook's cells in one child; hand on what it tells."""
        from grader.guest import cells

        sources = json.loads(arrays["cells"].tobytes())

        def work(tell: Answer) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.chdir(say["folder"])
            modules.install(
                self.package, self._all_codes(), self.given, {}, self.aliases, cells.watch(tell),
                broken=self.broken, is_old=self.is_old,
            )  # fmt: skip
            cells.run(self._shell, sources, say["name"], dict(self.texts), tell)
            tell({"over": "done"}, {})

        room = limits.Room(**say["room"])
        confine = functools.partial(self._confine, math.ceil(say["notebook_s"]) + 1, room)
        for told, arrays in relay.follow(work, confine, say["cell_s"], say["notebook_s"]):
            send(told, arrays)


def send(say: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Write one frame to stdout."""
    view = memoryview(wire.pack(say, arrays))
    while view:
        view = view[os.write(1, view) :]
