"""A verdict on a training is found again where nothing has changed that it follows from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pytest

from grader.box.job import Job, Loaded
from grader.grading.training.extent import DRAWN, Extent
from grader.grading.training.form import Contradiction, Differs, OutOfTime, Unrepeatable
from grader.grading.training.images import Images
from grader.grading.training.recompute import Refused
from grader.grading.training.replay import Code
from grader.grading.training.verdict_cache import VerdictCache
from grader.notebooks.spool import Kept, Place
from grader.types import Commit, Training, TrainingLog

COMMIT = Commit(20, "learned", "memory", "state", (0.5, 0.4), asked=True, shown=lambda: {})
RUN = Training(
    1, (3072, 5, 10), None, None, (), 0.1, "adam", 1e-3, 0.9, 25, 4, 50, 20, "train", "val",
    np.arange(8.0), np.zeros(5), np.zeros(5), 0.4, {"W1": np.ones((3, 5))}, (), np.arange(50),
    log=TrainingLog(1, {"lr": 1e-3}, (COMMIT,)),
)  # fmt: skip
OWN = Job("cs231n", {"cs231n/optim.py": b"x = 1"}, {"dropout_p": "keep"})


@dataclass(frozen=True)
class Pictures:
    name: str = "images"


@dataclass
class Store:
    """Keeps answers in memory."""

    kept: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def name(self, *parts: bytes) -> str:
        return repr(parts)

    def recall(self, name: str) -> Mapping[str, Any] | None:
        return self.kept.get(name)

    def remember(self, name: str, answer: Mapping[str, Any]) -> None:
        self.kept[name] = answer


WHOLE, VALIDATION = Extent(frozenset({"training"})), Extent(frozenset({"validation"}))


@dataclass
class Verify:
    """Stands in for Replay.verify, and counts."""

    refused: Refused | None = None
    calls: int = 0

    def __call__(self, run: Training, extent: Extent) -> Training:
        self.calls += 1
        if self.refused:
            raise self.refused
        return replace(run, initial_weight_std=(0.25, 0.5), num_epochs=run.num_epochs + 3)


def code(matched: tuple[str, ...] = (), own: Job = OWN, reference: bytes = b"y = 1") -> Code:
    job = Job("cs231n", {"cs231n/optim.py": reference}, {})
    return Code(lambda names: job, matched, own, "keep")


def cache(
    store: Store, run: Training = RUN, by: Code | None = None, images: str = "images"
) -> VerdictCache:
    return VerdictCache(store, [run], by or code(), cast(Images, Pictures(images)))


def test_a_run_that_was_verified_is_not_repeated_and_what_is_known_of_it_is_the_same() -> None:
    store, verify = Store(), Verify()
    first = cache(store).verify(RUN, WHOLE, verify)
    again = replace(RUN)  # read from the recording once more
    second = cache(store, again).verify(again, WHOLE, verify)
    assert verify.calls == 1
    assert second.initial_weight_std == first.initial_weight_std == (0.25, 0.5)
    assert second.num_epochs == first.num_epochs == 7


def test_what_the_same_files_compiled_to_this_time_changes_nothing() -> None:
    """Compiled code has other bytes from process to process."""
    store, verify = Store(), Verify()
    for compiled in (b"some", b"others"):
        opened = replace(OWN, known=Loaded({}, (), codes={"cs231n/optim.py": compiled}))
        cache(store, by=code(own=opened)).verify(RUN, WHOLE, verify)
    assert verify.calls == 1


def test_where_a_state_is_kept_changes_nothing() -> None:
    """Its hash is told; in what file it lies this time, and where, says nothing more."""
    store, verify = Store(), Verify()
    for start in (0, 4096):
        place = Place(start, (3,), np.dtype(np.float32))
        run = logged(shown=Kept(object(), {"params/W1": place}))
        cache(store, run).verify(run, WHOLE, verify)
    assert verify.calls == 1


@pytest.mark.parametrize("kind", [Contradiction, Differs, Unrepeatable, Refused])
def test_a_refusal_is_said_again_in_the_same_words(kind: type[Refused]) -> None:
    store, verify = Store(), Verify(kind("it jumps"))
    for _ in range(2):
        with pytest.raises(Refused, match="^it jumps$") as caught:
            cache(store).verify(RUN, DRAWN, verify)
        assert type(caught.value) is kind
    assert verify.calls == 1


def test_what_only_time_decided_is_tried_again() -> None:
    store, late = Store(), Verify(OutOfTime("no time left"))
    with pytest.raises(OutOfTime):
        cache(store).verify(RUN, WHOLE, late)
    verify = Verify()
    cache(store).verify(RUN, WHOLE, verify)
    assert verify.calls == 1


def logged(**changes: Any) -> Training:
    assert RUN.log is not None
    return replace(RUN, log=replace(RUN.log, commits=(replace(COMMIT, **changes),)))


Asked = tuple[Training, Code, str, Extent]
OTHERS: dict[str, Callable[[], Asked]] = {
    "other images": lambda: (RUN, code(), "others", WHOLE),
    "judged on validation images": lambda: (RUN, code(), "images", VALIDATION),
    "not whole": lambda: (RUN, code(), "images", DRAWN),
    "up to where it knows enough": lambda: (RUN, code(), "images", Extent(learned=0.2)),
    "another reference": lambda: (RUN, code(reference=b"y = 2"), "images", WHOLE),
    "another convention": lambda: (RUN, code(("a",)), "images", WHOLE),
    "other code of the student": lambda: (
        RUN, code(own=replace(OWN, files={"cs231n/optim.py": b"x = 2"})), "images", WHOLE
    ),
    "another state": lambda: (logged(state="other"), code(), "images", WHOLE),
    "a state that was not shown": lambda: (logged(shown=None), code(), "images", WHOLE),
    "other accuracies": lambda: (logged(look=(0.6, 0.4)), code(), "images", WHOLE),
    "another loss": lambda: (
        replace(RUN, loss_history=np.arange(8.0) * 2), code(), "images", WHOLE
    ),
    "other parameters": lambda: (
        replace(RUN, params={"W1": np.ones((5, 3))}), code(), "images", WHOLE
    ),
    "another rate": lambda: (replace(RUN, learning_rate=2e-3), code(), "images", WHOLE),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHERS)
def test_a_run_is_repeated_where_the_verdict_may_be_another(what: str) -> None:
    store, verify = Store(), Verify()
    cache(store).verify(RUN, WHOLE, verify)
    run, by, images, extent = OTHERS[what]()
    cache(store, run, by, images).verify(run, extent, verify)
    assert verify.calls == 2


def test_a_run_before_it_is_part_of_what_its_verdict_follows_from() -> None:
    store, verify, last = Store(), Verify(), replace(RUN, cell=2)
    for before in (RUN, replace(RUN, batch_size=5)):
        verdicts = VerdictCache(store, [before, last], code(), cast(Images, Pictures()))
        verdicts.verify(last, WHOLE, verify)
    assert verify.calls == 2
