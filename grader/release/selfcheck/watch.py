"""Check again whenever a file is saved: what the file affects, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from grader.box.evidence import modules_of
from grader.errors import UsageError
from grader.guest.modules import GRADED
from grader.release.selfcheck import run
from grader.release.selfcheck.public import Public
from grader.release.selfcheck.sources import own_files
from grader.rubric.records import Item

EVERY_S = 0.3
STOP = "Watching your files; save one to check it again. Ctrl+C stops."


def watch(root: Path, items: Sequence[Item], context: run.Context) -> int:
    """Check `items`, then what each saved file affects, until Ctrl+C; return the last exit code."""
    before = saved(root)
    ended = run.folder(root, items, context)
    try:
        context.screen.line(STOP, "dim")
        while True:
            context.pool.fill(1)
            time.sleep(EVERY_S)
            now = saved(root)
            changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
            before = now
            if hit := affected(changed, items, context.public):
                at = time.strftime("%H:%M:%S")
                context.screen.line()
                context.screen.line(f"{', '.join(changed)} saved {at}", "bold")
                try:
                    ended = run.folder(root, hit, context)
                except UsageError as error:  # a folder that is being rewritten: go on watching
                    context.screen.line(str(error), "bad")
                    ended = run.WRONG
                context.screen.line(STOP, "dim")
    except KeyboardInterrupt:
        context.screen.line()
        return ended


def saved(root: Path) -> dict[str, int]:
    """Return when each Python file of the package was saved last, in nanoseconds."""
    found = {}
    for name, path in own_files(root).items():
        if name.endswith(".py"):
            with suppress(OSError):  # an editor is just putting another file in its place
                found[name] = path.stat().st_mtime_ns
    return found


def affected(changed: Sequence[str], items: Sequence[Item], public: Public) -> list[Item]:
    """Return the items whose cases reach a changed file; a file of the student's own reaches all.

    `changed` are paths such as "cs231n/layers.py".
    """
    graded = {path: name for name, path in GRADED.items()}
    names = [graded.get(path.partition("/")[2], "") for path in changed]
    if "" in names:
        return list(items)
    hit = {case.item for case in public.cases if not set(names).isdisjoint(modules_of(case))}
    return [item for item in items if item.id in hit]
