"""Work spread over the machine's cores, in processes forked from this one."""

from __future__ import annotations

import functools
import os
import select
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from grader.errors import GraderFault
from grader.guest.children import end, start
from grader.guest.incoming import Incoming

Say = Mapping[str, Any]
Tell = Callable[[Say], None]
Work = Callable[[Sequence[int], Tell], None]


def run(count: int, work: Work, what: str, jobs: int | None = None) -> Iterator[Say]:
    """Share the numbers below `count` out to processes; yield what `work(numbers, tell)` tells.

    Raises GraderFault where a process fails: then something was not looked at.
    """
    jobs = min(jobs or len(os.sched_getaffinity(0)), count)

    def share(number: int, tell: Callable[..., None]) -> None:
        try:
            work(range(number, count, jobs), lambda say: tell(dict(say), {}))
            tell({"done": True}, {})
        except Exception:  # noqa: BLE001 - it is handed on to the process that asked
            tell({"failed": traceback.format_exc()[-2000:]}, {})

    pids: dict[int, int] = {}
    try:
        for number in range(jobs):
            pid, pipe = start(functools.partial(share, number), lambda: None)
            pids[pipe] = pid
        while pids:
            for pipe in select.select(list(pids), [], [])[0]:
                message = Incoming(pipe, ahead=False).read()
                said = message[0] if message else {"failed": "the process ended"}
                if "failed" in said:
                    raise GraderFault(f"lint: {what}: {said['failed']}; mend that first")
                if "done" in said:
                    end(pids.pop(pipe))
                    os.close(pipe)
                else:
                    yield said
    finally:
        for pipe, pid in pids.items():
            os.close(pipe)
            end(pid)
