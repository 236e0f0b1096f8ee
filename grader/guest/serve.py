"""The worker process: one NumPy start, then a driver for each submission.

worker            imports NumPy and the probes once; for each "open" forks
driver            holds one submission's compiled code; never executes it; forks
student process   gives up what is left; compiles, imports the student's modules, answers cases
"""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import select
import sys
import time
from typing import Any

import numpy as np

from grader.guest import confine, library, limits, prepare, probes, scratch, wire
from grader.guest.driver import Driver
from grader.guest.incoming import Incoming

# What many import, and NumPy's extension modules, which are files of their own.
PRELOAD = (
    "numpy.linalg", "numpy.random", "numpy.fft", "numpy.ma",
    "copy", "functools", "itertools", "math", "pickle", "time", "typing",
)  # fmt: skip

CLOSED, NOT_OPENED, NO_MORE = 0, 4, 5  # exit codes of a driver


def main(wanted: confine.Wanted, notebooks: bool = False, plots: bool = False) -> None:
    """Confine this process, then serve submissions until stdin ends; also their `notebooks`.

    Imports that take long are done before, those of `plots` as well.
    """
    gc.disable()  # imports make many objects, which stay
    if notebooks:
        scratch.own(wanted.scratch, wanted.uid if "uid" in wanted.layers else os.geteuid())
    limits.end_with(os.getppid())  # after that, for a user namespace takes it back
    own = (f"{probes.__name__}.{one.name}" for one in pkgutil.iter_modules(probes.__path__))
    for name in (*PRELOAD, *own):
        importlib.import_module(name)
    missing = prepare.give_old_names()
    shell = None
    if notebooks:  # IPython is imported for those only
        from grader.guest import cells, kernel, selfcheck, training_log  # noqa: F401 - see driver

        shell = cells.warm(plots)
        library.warm(wanted.readable)
    library.keep()
    gc.collect()
    gc.freeze()
    gc.enable()
    here = confine.enter(wanted)
    wire.write(1, {
        "ready": True, "numpy": np.__version__, "python": sys.version.split()[0],
        "layers": here.layers, "why": here.why, "through": here.through,
        "cpu_s": time.process_time(),
    })  # fmt: skip
    while True:
        # The driver reads what it is to do: freed memory of this process, which all later drivers
        # inherit, would still hold the submission and the reference's layers.
        select.select([0], [], [])
        me, pid = os.getpid(), os.fork()
        if pid == 0:
            ending = CLOSED
            try:
                limits.end_with(me)
                ending = _drive(here, missing, shell)
            finally:
                os._exit(ending)
        _, status, used = os.wait4(pid, 0)
        ending = os.waitstatus_to_exitcode(status)
        if ending == NO_MORE:
            return
        if ending != NOT_OPENED:
            # Of the driver and of all that it has reaped: no process of a student's says this.
            wire.write(1, {"closed": True, "cpu_s": used.ru_utime + used.ru_stime})


def _drive(here: confine.Confinement, missing: frozenset[str], shell: Any) -> int:
    """Be the driver of one submission from its "open" message on; return how that ended."""
    incoming = Incoming(0, ahead=False)
    message = incoming.read()
    if message is None:
        return NO_MORE
    if message[0].get("do") != "open":
        return NOT_OPENED  # meant for a driver that has ended already
    Driver(*message, here, missing, shell).serve(incoming)
    return CLOSED
