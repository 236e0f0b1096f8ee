"""One submission in the box: compiled, loaded and run in processes below this one.

The driver believes nothing a student process reports but the numbers: which case an answer belongs
to, and how long it took, it knows itself. A process that dies, hangs or floods loses the case it
was in; the cases after it get a fresh one, as do those that are to run alone.
"""

from __future__ import annotations

import functools
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from grader.guest import (
    confine,
    draws,
    handed_out,
    limits,
    modules,
    prepare,
    relay,
    scratch,
    wire,
)
from grader.guest.children import Answer, StudentProcess
from grader.guest.incoming import Incoming
from grader.guest.legacy import old_names, python2
from grader.guest.legacy.world import World
from grader.guest.probes.nn import Conventions
from grader.guest.sources import Compiled
from grader.guest.wire import Arrays

MANY_CASES = 200  # CPU time of a student process; wall time stops one that works for ever
FEW, MB = 32, 1024**2  # open files of a notebook, and MB of each, where nobody else counts them
MANY_FILES = 50  # that are handed back compiled, with less than a megabyte for each
MANY_NAMES = 50  # lines with names of older NumPy that are reported


class Driver:
    """Serves one submission: compiled once, executed in student processes only.

    `request` and `arrays` are the "open" frame; `missing` are names that NumPy had to be given
    back, `shell` runs notebooks.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        arrays: Arrays,
        confinement: confine.Confinement,
        missing: frozenset[str],
        shell: Any,
    ) -> None:
        self._shell = shell
        self._confine = confinement.child
        self._conventions = Conventions(**request["conventions"])
        self._load_s: float = request["load_s"]
        self._case_s: float = request["case_s"]
        cpu_s = math.ceil(self._load_s + MANY_CASES * self._case_s)
        room: int = request["room"]
        self._loader, self._student = (  # what compiles and imports; what runs cases
            StudentProcess(self._work, cpu_s, confinement.child, room, asker=0) for _ in range(2)
        )
        files, package = prepare.files_in(arrays), request["package"]
        texts = prepare.reachable(files["files"], package, request["also"])
        self._compiled = Compiled(package, texts, files["given"], files["graft"])
        self._failed: dict[str, dict[str, Any]] = {}
        self._repaired: list[str] = []
        self._known: Mapping[str, Any] | None = request.get("known")
        if self._known is not None:
            self._compiled.is_old = self._known["is_old"]
            self._compiled.codes |= files["codes"]
            self._compiled.broken |= self._known["broken"]
            return
        if python2.is_written_for(texts.values(), self._compile()):
            self._compiled.is_old = True
            self._repaired = ["whole numbers were divided as in Python 2"]
            self._compile()
        self._repaired += itertools.islice(old_names.names_used(texts, missing), MANY_NAMES)

    def serve(self, incoming: Incoming) -> None:
        """Report what could be loaded, then answer requests until "close"."""
        good = self._known["loadable"] if self._known is not None else self._report()
        if self._known is not None:
            wire.write(1, {"opened": True})
        while (message := incoming.read()) is not None and message[0]["do"] != "close":
            if message[0]["do"] == "notebook":
                self._notebook(message[0], incoming)
            elif message[0]["do"] == "run":
                self._run(message[0], incoming.take() or b"", good)
        self._student.end()
        self._loader.end()

    def _report(self) -> list[str]:
        """Tell what could be compiled and imported; return the names of what could."""
        loaded = self._load()
        named = loaded.pop("changed", {}).get("names")
        changed = [n for n in modules.LOSSES if isinstance(named, list) and n in named]
        compiled = self._compiled
        codes, broken = compiled.codes, compiled.broken
        if len(codes) + len(broken) > MANY_FILES or sum(map(len, codes.values())) > MANY_FILES * MB:
            codes, broken = {}, {}  # they are compiled again where they are needed again
        wire.write(1, {
            "loaded": loaded, "repaired": self._repaired, "changed": changed, "broken": broken,
            "is_old": compiled.is_old,
        }, {path: np.frombuffer(code, np.uint8) for path, code in codes.items()})  # fmt: skip
        return [name for name, how in loaded.items() if how["outcome"] == "loaded"]

    def _work(self, request: dict[str, Any], arrays: Arrays, answer: Answer) -> None:
        """Do in the student process what the driver asks for; what is imported there stays."""
        work = {"compile": self._compile_files, "load": self._load_modules, "run": self._run_cases}
        work[request["do"]](request, arrays, answer)

    @functools.cached_property
    def _world(self) -> World:
        """The imported modules: asked for in a student process only."""
        return World(self._compiled)

    def _compile(self) -> bool:
        """Compile each file in the student process, as a parser can be made to crash.

        Return whether one of them had to be modernised.
        """
        is_modernised = False
        request = {"do": "compile", "is_old": self._compiled.is_old}
        paths = list(self._compiled.texts)
        for path, reply, arrays in self._loader.ask(request, {}, paths, self._load_s):
            if "outcome" in reply:
                self._failed[path] = reply
            elif reply["error"]:
                self._failed[path] = prepare.failure(path, reply["error"])
                self._compiled.broken[path] = reply["error"]
            else:
                self._repaired += [reply["repaired"]] if reply["repaired"] else []
                is_modernised |= bool(reply["modernised"])
                self._compiled.codes[path] = arrays["code"].tobytes()
        return is_modernised

    def _compile_files(self, request: dict[str, Any], _: Arrays, answer: Answer) -> None:
        self._compiled.is_old = request["is_old"]
        for path in request["names"]:
            source = self._compiled.compile(path)
            code = np.frombuffer(source.marshalled or b"", dtype=np.uint8)
            reply = {n: getattr(source, n) for n in ("error", "repaired", "modernised")}
            answer(reply, {"code": code})

    def _load(self) -> dict[str, dict[str, Any]]:
        """Import each graded module once, in the student process, to learn which ones can be.

        "changed" is one of them, if the submission has losses that were handed out.
        """
        paths = {name: f"{self._compiled.package}/{path}" for name, path in modules.GRADED.items()}
        codes = {**self._compiled.codes, **self._compiled.lent}
        names = [name for name, path in paths.items() if path in codes]
        if "layers" in names and "layers" in self._compiled.given:
            names.append("changed")
        loaded = self._tried(names)
        if loaded.get("optim", {}).get("outcome") not in (None, "loaded"):
            # What layers.py did to the process it was imported in is not optim.py's fault.
            self._loader.end()
            loaded |= self._tried(["optim"])
            self._loader.end()
        for name, path in paths.items():
            loaded.setdefault(name, self._failed.get(path, {"outcome": "absent"}))
        return loaded

    def _tried(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        needs = {name: [name, "layers"] for name in names if name != "optim"}
        asked = self._loader.ask({"do": "load"}, {}, names, self._load_s, needs)
        late = {"outcome": "timeout"}  # what imports a module that hangs would hang
        return {n: late if reply["outcome"] == "not_run" else reply for n, reply, _ in asked}

    def _load_modules(self, request: dict[str, Any], _: Arrays, answer: Answer) -> None:
        for name in request["names"]:
            if name == "changed":
                layers = self._world.imported(["layers"]).get("layers")
                changed = handed_out.changed(layers) if layers else []
                answer({"outcome": "loaded", "names": changed}, {})
            else:
                answer(self._world.load(name), {})

    def _run(
        self, request: Mapping[str, Any], frame: bytes | bytearray, loadable: Sequence[str]
    ) -> None:
        """Answer each case; a group that is `alone` or `new` gets a new process.

        So does one that is asked once more, unless the process that tried the imports is there: it
        has run no case. Only names and items are read here: what is asked goes on as it came. So do
        answers, behind a note of the first one's number and how many they are: who asked opens
        them. Where there is none, a frame says which case it is and how that went.
        """
        needs = {name: request["stuck_with"][item] for name, item in request["items"].items()}
        if request["child"] != "there":
            self._student.end()
        if request["child"] == "again":
            self._student, self._loader = self._loader, self._student
        asked = {"do": "run", "loadable": loadable}
        told = self._student.relay(asked, frame, list(needs), self._case_s, needs)
        number = 0
        for names, how, answers in told:
            if answers:
                wire.send_all(1, wire.note(number, len(names)) + answers)
            else:
                wire.write(1, {**how, "case": names[0]})
            number += len(names)
        if request["child"] in ("alone", "again"):
            self._student.end()

    def _run_cases(self, request: dict[str, Any], arrays: Arrays, answer: Answer) -> None:
        cases = {case["key"]: case for case in request["cases"]}
        inputs: dict[str, dict[str, np.ndarray]] = {key: {} for key in cases}
        for name, array in arrays.items():
            key, _, argument = name.rpartition(":")
            inputs[key][argument] = array
        for key in request["names"]:
            case = cases[key]
            wanted = tuple(name for name in request["loadable"] if name in case["modules"])
            answer(*self._world.observe(case, wanted, self._conventions, inputs[key]))

    def _notebook(self, request: Mapping[str, Any], incoming: Incoming) -> None:
        """Run a notebook's cells in one child, as they are asked for; hand on what it reports."""
        from grader.guest import kernel, selfcheck, training_log

        def work(requests: Incoming, answer: Answer) -> None:
            os.chdir(request["folder"])
            mine = kernel.Kernel(self._shell, request["name"], requests, answer)
            modules.install(self._compiled, training_log.watch(mine.answer, mine.ask))
            selfcheck.lay_over()
            mine.serve(dict(self._compiled.texts))

        room = limits.Room(**request["room"])
        cell_s, notebook_s = request["cell_s"], request["notebook_s"]
        confine = functools.partial(self._confine, math.ceil(notebook_s) + 1, room)
        full = scratch.Watch(request["folder"]).is_full
        if not scratch.is_bounded(request["folder"]):
            # What has no name any more is not seen: open files are then few and small.
            room = replace(room, file=min(room.file, FEW * MB), files=FEW)
        one = relay.Relay(work, confine, cell_s, notebook_s, draws.Draws().reply, full)
        for frame in one.follow(incoming):
            wire.send_all(1, frame)
