"""What `make test` leaves out of long trials, by a seed, and says so in its summary.

A long trial is a parametrized test with many cases of one kind. Of those marked
`long_trial(share)` a seeded share runs; BACKGRADE_ALL=1 (`make test-all`) runs all, and so does a
test that is asked for by its id. BACKGRADE_SEED chooses another share.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
LeftOut = dict[str, str]  # trial -> "20 of 200 run"
LEFT_OUT = pytest.StashKey[LeftOut]()
SEED = "BACKGRADE_SEED"
ALL = "BACKGRADE_ALL"
EVERYTHING = bool(os.environ.get(ALL))
Part = Callable[[str, Sequence[T], float], list[T]]


def seed() -> str:
    """Return the seed of this run."""
    return os.environ.get(SEED) or "231"


def chosen(trial: str, of: Sequence[T], share: float) -> list[T]:
    """Return a share of the cases of a trial in their order; at least one unless share is 0."""
    count = max(min(1, len(of)), round(len(of) * share)) if share else 0
    places = random.Random(f"{seed()}/{trial}").sample(range(len(of)), count)
    return [of[place] for place in sorted(places)]


def takes_all(config: pytest.Config) -> bool:
    """Return whether nothing is to be left out."""
    return EVERYTHING or any("::" in argument for argument in config.args)


@pytest.fixture(scope="session")
def part(pytestconfig: pytest.Config) -> Part[Any]:
    """Return a function that takes a share of the cases of a trial within one test."""

    def take(trial: str, of: Sequence[T], share: float) -> list[T]:
        if EVERYTHING:
            return list(of)
        kept = chosen(trial, of, share)
        pytestconfig.stash[LEFT_OUT][trial] = _count(kept, of)
        return kept

    return take


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks."""
    config.addinivalue_line("markers", "long_trial(share, name=''): a seeded share runs, see above")
    config.addinivalue_line("markers", "together: first, so that one worker has all of a module")
    config.stash[LEFT_OUT] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what is marked `together` first; deselect what the short run leaves out.

    A worker takes tests from the end of what another one has left: the first tests stay together,
    and what they share is made once.
    """
    items.sort(key=lambda item: item.get_closest_marker("together") is None)
    if takes_all(config):
        return
    left_out = set()
    for (trial, share), of in _trials(items).items():
        kept = chosen(trial, of, share)
        left_out |= set(of) - set(kept)
        config.stash[LEFT_OUT][trial] = _count(kept, of)
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


def _trials(items: Iterable[pytest.Item]) -> dict[tuple[str, float], list[pytest.Item]]:
    trials: dict[tuple[str, float], list[pytest.Item]] = {}
    for item in items:
        mark = item.get_closest_marker("long_trial")
        if mark is not None:
            name = item.nodeid.partition("[")[0] + mark.kwargs.get("name", "")
            trials.setdefault((name, *mark.args), []).append(item)
    return trials


def _count(kept: Sequence[object], of: Sequence[object]) -> str:
    return f"{len(kept)} of {len(of)} run"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand what a worker left out to the process that prints the summary."""
    output: Any = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash[LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker left out."""
    output = getattr(node, "workeroutput", None) or {}
    node.config.stash[LEFT_OUT].update(output.get("left_out", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name each long trial of which a part was run."""
    left_out = config.stash[LEFT_OUT]
    if left_out:
        terminalreporter.section(f"parts of long trials, {SEED}={seed()}; {ALL}=1 runs all")
        for line in _lines(left_out):
            terminalreporter.write_line(line)


def _lines(left_out: LeftOut) -> Iterator[str]:
    for trial, count in sorted(left_out.items()):
        yield f"{trial}: {count}"
