"""Run a notebook by nbclient, in a loop and a thread of its own; note what became of each cell."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode

from grader.notebooks.executed import SKIP, Driven
from grader.notebooks.kernel import Manager

PATIENCE_S = 5.0  # for the thread to end, once the grader was interrupted
Beginning = Callable[[int], None]


def drive(
    node: NotebookNode, texts: Mapping[int, str], kernel: Manager, cell_s: float, begins: Beginning
) -> Driven:
    """Run the cells of a notebook whose numbers are in `texts`; their outputs go into `node`.

    `texts` are what is run for each. A cell that is to be skipped has the tag that nbclient knows.
    An error of a cell stops nothing. `begins(n)` is called as the nth of them begins.
    """
    driven, counts = Driven(), counted(node)

    def begin(cell: NotebookNode, cell_index: int) -> None:
        driven.last = cell_index + 1
        begins(len(driven.replies) + 1)
        kernel.prepare(driven.last, counts[driven.last], texts[driven.last])

    def keep(cell: NotebookNode, cell_index: int, execute_reply: Mapping[str, Any]) -> None:
        driven.replies[cell_index + 1] = execute_reply["content"]

    async def run() -> None:
        manager: Any = kernel  # which nbclient takes for one of jupyter_client's
        one = NotebookClient(
            node,
            manager,
            # The driver of the box keeps the time too: whoever is first interrupts, once.
            timeout=math.ceil(cell_s),
            interrupt_on_timeout=True,
            allow_errors=True,
            record_timing=False,
            store_widget_state=False,
            skip_cells_with_tag=SKIP,
            on_cell_execute=begin,
            on_cell_executed=keep,
        )
        one.kc = manager.client()
        try:
            await one.async_execute()
        except DeadKernelError:
            pass  # `over` says how

    apart(run)
    if kernel.fault is not None:
        raise kernel.fault
    driven.over = kernel.over or kernel.frames.end()
    return driven


def counted(node: NotebookNode) -> dict[int, int]:
    """Return what Jupyter shows beside code cells after a run from top to bottom, by number.

    Cells that are skipped here have theirs, as in the student's own run; empty ones have none.
    """
    cells = enumerate(node.cells, start=1)
    code = (n for n, cell in cells if cell.cell_type == "code" and cell.source.strip())
    return {number: count for count, number in enumerate(code, start=1)}


def apart(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end in a thread, whether or not the caller is in a loop itself.

    So nbclient takes no signal from the grader, and leaves no loop behind. If the caller is
    interrupted, the work is cancelled first.
    """
    done: Future[None] = Future()
    started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = Future()

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        started.set_result((asyncio.get_running_loop(), task))
        await work()

    def body() -> None:
        try:
            asyncio.run(main())
            done.set_result(None)
        except BaseException as error:  # noqa: BLE001 - the caller raises it
            done.set_exception(error)

    thread = threading.Thread(target=body, name="notebook", daemon=True)
    thread.start()
    try:
        done.result()
    except BaseException:
        if not done.done():
            loop, task = started.result(PATIENCE_S)
            loop.call_soon_threadsafe(task.cancel)
        raise
    finally:
        thread.join(PATIENCE_S)
