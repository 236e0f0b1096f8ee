"""Trainings that are repeated: honest ones keep their points, forged ones earn nothing."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from grader import resources
from grader.box.job import Job
from grader.box.worker import Worker
from grader.grading import training
from grader.grading.assignment import Assignment
from grader.grading.score import bare
from grader.grading.training.believe import Repeating
from grader.grading.training.extent import DRAWN, Extent, needed
from grader.grading.training.form import Contradiction, Unrepeatable
from grader.grading.training.images import Images
from grader.grading.training.repeat import Repeat
from grader.grading.training.replay import Code, Replay
from grader.guest import draws
from grader.notebooks.spool import Spool
from grader.rubric.cases import Rubric
from grader.rubric.records import Goal, ImageProfile, Item, RunFilter
from grader.types import Cell, Notebook, Training
from tests.support import forged_runs, handed_in, training_runs
from tests.support.assignments import asking
from tests.support.forged_runs import Forgery, State, between, looks_of, solved
from tests.support.recorded_runs import Course, Tape, course, watched

PROFILE = ImageProfile(training=400, validation=200, test=10, hidden=250)
ITEM = "overfit_three_layer"
RATE = 1e-3


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        made = Images(PROFILE, "a seed", resources.home() / "student_template" / "cs231n")
        made.count("training")
        yield made


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


@pytest.fixture
def spool() -> Iterator[Spool]:
    with Spool() as one:
        yield one


@dataclass(frozen=True)
class Desk:
    """Grades the runs of a tape."""

    assignment: Assignment
    images: Images
    worker: Worker

    def graded(
        self, runs: list[Training], abandoned: int = 0, goal: Goal | None = None
    ) -> training.Graded:
        """Return what the runs earn, with the reference's code as the student's own.

        `goal` is asked for in place of the item's.
        """
        rubric = asking(self.assignment, ITEM).rubric
        if goal is not None:
            rubric = Rubric(replace(rubric.table, items=_with(goal, rubric.table.items)), "")
        cells = (Cell(1, "train()", "ran", wall_s=20.0),)
        book = Notebook(
            "FullyConnectedNets.ipynb", "executed", cells=cells, trainings=tuple(runs),
            abandoned=abandoned,
        )  # fmt: skip
        items = tuple(bare(item, "skipped") for item in rubric.table.items)
        repeating = Repeating(self.worker, self.code)
        return training.grade(items, [book], rubric, self.images, repeating)

    def verified(self, runs: list[Training], extent: Extent) -> Training:
        """Return what is known of the last run. Raises Refused."""
        repeat = Repeat(self.worker, self.images, 100.0)
        assert self.code is not None
        rows = [replace(run, rows=np.asarray(run.rows)) for run in runs]
        try:
            return Replay(rows, repeat, self.images, self.code).verify(rows[-1], extent)
        finally:
            repeat.close()

    @property
    def code(self) -> Code | None:
        """The reference, and the reference as the student's own."""
        own = Job("cs231n", handed_in.reference().files, {"dropout_p": "keep"}, case_s=60.0)
        return Code.of(self.assignment.trainer, (), own, "keep")


def _with(goal: Goal, items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(
        replace(item, parts=(replace(item.parts[0], goal=goal),)) if item.id == ITEM else item
        for item in items
    )


@pytest.fixture(scope="module")
def desk(assignments: dict[str, Assignment], images: Images, worker: Worker) -> Desk:
    return Desk(assignments["cs231n-a2"], images, worker)


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    with course(tmp_path_factory.mktemp("right"), handed_in.reference().files) as one:
        yield one


def made(
    course: Course, data: dict[str, np.ndarray], seed: int = 1, net: Any = None, **told: Any
) -> Any:
    """Return a Solver that overfits, as the notebook's does."""
    np.random.seed(seed)
    if net is None:
        build = course("classifiers.fc_net").FullyConnectedNet
        net = build([forged_runs.HIDDEN] * 2, weight_scale=2e-2, dtype=np.float64)
    solver = told.pop("solver", course("solver").Solver)
    told = {
        "update_rule": "sgd_momentum", "optim_config": {"learning_rate": RATE}, "batch_size": 25,
        "num_epochs": 20, "verbose": False, **told,
    }  # fmt: skip
    return solver(net, data, **told)


def earned(graded: training.Graded) -> float:
    return sum(item.earned for item in graded.items)


# ------------------------------------------------------------------ honest


def one_run(course: Course, tape: Tape) -> None:
    made(course, tape.data(50)).train()


def two_calls(course: Course, tape: Tape) -> None:
    solver = made(course, tape.data(50), num_epochs=10)
    solver.train()
    solver.train()


def another_rate_between(course: Course, tape: Tape) -> None:
    solver = made(course, tape.data(50), num_epochs=5)
    solver.train()
    solver.num_epochs = 15
    for config in solver.optim_configs.values():
        config["learning_rate"] = 5e-4
    solver.train()


def a_second_solver(course: Course, tape: Tape) -> None:
    first = made(course, tape.data(50), num_epochs=10)
    first.train()
    made(course, tape.data(50), net=first.model, num_epochs=10).train()


def own_names(course: Course, tape: Tape) -> None:
    class MySolver(course("solver").Solver):  # type: ignore[misc]
        pass

    class MyNet(course("classifiers.fc_net").FullyConnectedNet):  # type: ignore[misc]
        pass

    np.random.seed(1)
    net = MyNet([50, 50], weight_scale=2e-2, dtype=np.float64)
    made(course, tape.data(50), net=net, solver=MySolver).train()


def single_precision(course: Course, tape: Tape) -> None:
    np.random.seed(1)
    net = course("classifiers.fc_net").FullyConnectedNet([50, 50], weight_scale=2e-2)
    made(course, tape.data(50), net=net).train()


def adam_with_decay(course: Course, tape: Tape) -> None:
    rate = {"learning_rate": 1e-3}
    made(
        course, tape.data(50), update_rule="adam", optim_config=rate, lr_decay=0.97,
        num_val_samples=150,
    ).train()  # fmt: skip


def interrupted(course: Course, tape: Tape) -> None:
    first = made(course, tape.data(50), seed=2)
    step, first._step = first._step, lambda: stop() if len(first.loss_history) == 7 else step()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.train()
    made(course, tape.data(50)).train()


ADAM = {"update_rule": "adam", "optim_config": {"learning_rate": 1e-3}}


def sized(course: Course, *hidden: int, **told: Any) -> Any:
    """Return a net as large as those of the notebooks."""
    np.random.seed(1)
    build = course("classifiers.fc_net").FullyConnectedNet
    return build(list(hidden), **{"weight_scale": 5e-2, **told})


def a_loop_of_calls(course: Course, tape: Tape) -> None:
    data = tape.data(50)
    nets = [sized(course, 100, 100, normalization=kind) for kind in (None, "batchnorm")]
    solvers = [made(course, data, net=net, num_epochs=1, **ADAM) for net in nets]
    for _ in range(25):
        for solver in solvers:
            solver.train()


def a_rate_for_each_call(course: Course, tape: Tape) -> None:
    # Some calls come to know more training images, and no more validation images.
    solver = made(course, tape.data(50), 7, net=sized(course, 100, 100), num_epochs=1, **ADAM)
    for call in range(25):
        for config in solver.optim_configs.values():
            config["learning_rate"] = 1e-3 * 0.95**call
        solver.train()


def three_rules_in_turn(course: Course, tape: Tape) -> None:
    rates = {"sgd_momentum": 5e-3, "rmsprop": 1e-4, "adam": 1e-3}
    solvers = [
        made(course, tape.data(50), net=sized(course, 100, 100), num_epochs=2, update_rule=rule,
             optim_config={"learning_rate": rate})
        for rule, rate in rates.items()
    ]  # fmt: skip
    for _ in range(10):
        for solver in solvers:
            solver.train()
    one_run(course, tape)  # they need not come as far as is asked


def a_solver_for_each_epoch(course: Course, tape: Tape) -> None:
    net, data = sized(course, 100, 100), tape.data(50)
    for seed in range(25):
        made(course, data, seed, net=net, num_epochs=1, **ADAM).train()


def forty_short_runs(course: Course, tape: Tape) -> None:
    for seed in range(40):
        net = sized(course, 100, 100, weight_scale=5e-2 + 1e-3 * seed)
        made(course, tape.data(50), seed, net=net, num_epochs=2, **ADAM).train()
    made(course, tape.data(50), net=sized(course, 100, 100), **ADAM).train()


def a_search_that_keeps_the_best(course: Course, tape: Tape) -> None:
    solvers = []
    for setting in range(20):
        rate = {"learning_rate": 10 ** -(3 + setting / 10)}
        net = sized(course, 100, 100, dtype=np.float64)
        told = {"update_rule": "adam", "optim_config": rate, "num_epochs": 3}
        solvers.append(made(course, tape.data(50), setting, net=net, **told))
        solvers[-1].train()
    best = max(solvers, key=lambda solver: solver.best_val_acc)
    made(course, tape.data(50), net=best.model, num_epochs=17, **ADAM).train()


def own_books(course: Course, tape: Tape) -> None:
    class Careful(course("solver").Solver):  # type: ignore[misc]
        def _reset(self) -> None:
            super()._reset()
            self.ratios: list[float] = []

        def _step(self) -> None:
            before = self.model.params["W1"].copy()
            super()._step()
            self.ratios += [float(np.linalg.norm(self.model.params["W1"] - before))]

    made(course, tape.data(50), solver=Careful, **ADAM).train()


def steps_by_hand_before(course: Course, tape: Tape) -> None:
    trial = made(course, tape.data(50), seed=2)
    for _ in range(10):
        trial._step()
    made(course, tape.data(50)).train()


HONEST = [
    one_run, two_calls, another_rate_between, a_second_solver, own_names, single_precision,
    adam_with_decay, interrupted, a_loop_of_calls, a_rate_for_each_call, three_rules_in_turn,
    a_solver_for_each_epoch, forty_short_runs, a_search_that_keeps_the_best, own_books,
    steps_by_hand_before,
]  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("train", HONEST, ids=lambda train: train.__name__)
def test_an_honest_run_earns(
    train: Callable[[Course, Tape], None], desk: Desk, right: Course, images: Images, spool: Spool
) -> None:
    tape = Tape(images, spool)
    with watched(right, tape):
        train(right, tape)
    graded = desk.graded(tape.runs, tape.transcript.abandoned)
    assert graded.flags == ()
    assert earned(graded) == 2
    assert not any(run.training.log and run.training.log.commits for run in graded.trained)


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("train", HONEST, ids=lambda train: train.__name__)
def test_an_honest_run_earns_if_there_is_room_for_first_states_only(
    train: Callable[[Course, Tape], None], desk: Desk, right: Course, images: Images, spool: Spool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(draws, "OTHERS", 0)
    tape = Tape(images, spool)
    with watched(right, tape):
        train(right, tape)
    shown = [c.step for run in tape.runs if run.log for c in run.log.commits if c.shown]
    assert set(shown) == {0}
    graded = desk.graded(tape.runs, tape.transcript.abandoned)
    assert (graded.flags, earned(graded)) == ((), 2)


def test_of_a_long_chain_each_run_is_repeated_once(
    desk: Desk, right: Course, images: Images, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of runs that go on from each other would take hundreds of times as long."""
    tape, count = Tape(images, spool), 50
    with watched(right, tape):
        net = sized(right, 5)
        for seed in range(count):
            told = {"update_rule": "sgd", "optim_config": {"learning_rate": 2e-4}}
            made(right, tape.data(50), seed, net=net, num_epochs=1, **told).train()
    asked, follow = [], Repeat.follow
    monkeypatch.setattr(
        Repeat, "follow", lambda *of, **more: asked.append(of[2]) or follow(*of, **more)
    )
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 2 * count)
    try:
        assert desk.verified(tape.runs, DRAWN).num_epochs == count
    finally:
        sys.setrecursionlimit(before)
    assert {run.log.number for run in asked} == set(range(count))
    assert len(asked) == count
    asked.clear()
    assert earned(desk.graded(tape.runs, goal=Goal("reaches", at_least=0.05))) == 2
    assert len(asked) <= 2 * count


def test_a_third_call_may_begin_with_what_the_first_learned(
    desk: Desk, right: Course, images: Images, spool: Spool
) -> None:
    tape = Tape(images, spool)
    with watched(right, tape):
        solver = made(right, tape.data(50), num_epochs=16)
        solver.train()
        best, solver.num_epochs = solver.best_val_acc, 2
        for _ in range(2):
            for config in solver.optim_configs.values():
                config["learning_rate"] = 3e-2
            solver.train()
    assert solver.best_val_acc == best
    for on in (frozenset({"training"}), frozenset({"validation"})):
        assert desk.verified(tape.runs, Extent(on)).num_epochs == 20


def own_steps(course: Course, tape: Tape) -> None:
    class Faster(course("solver").Solver):  # type: ignore[misc]
        def _step(self) -> None:
            for _ in range(3):
                super()._step()

    made(course, tape.data(50), solver=Faster).train()


def own_net(course: Course, tape: Tape) -> None:
    class Tanh(course("classifiers.fc_net").FullyConnectedNet):  # type: ignore[misc]
        def loss(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
            found = super().loss(X, y)
            return found if y is None else (found[0], {n: 1.5 * g for n, g in found[1].items()})

    np.random.seed(1)
    net = Tanh([50, 50], weight_scale=2e-2, dtype=np.float64)
    made(course, tape.data(50), net=net).train()


def from_a_net_that_knows(course: Course, tape: Tape) -> None:
    np.random.seed(1)
    net = course("classifiers.fc_net").FullyConnectedNet([50, 50], weight_scale=2e-2, dtype=float)
    state = {f"params/{name}": value for name, value in net.params.items()}
    net.params["W3"] = solved(state, tape)["params/W3"]
    made(course, tape.data(50), net=net, optim_config={"learning_rate": 1e-6}).train()


def other_losses(course: Course, tape: Tape) -> None:
    solver = made(course, tape.data(50))
    look = solver._look
    solver._look = lambda: (solver.loss_history.__setitem__(slice(None), [0.0]
                            * len(solver.loss_history)), look())  # fmt: skip
    solver.train()


PENDING: dict[Callable[[Course, Tape], None], str] = {
    own_steps: "states do not fit",
    own_net: "computes something else",
    from_a_net_that_knows: "knows training images already|not random",
    other_losses: "losses are other",
}


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("train", PENDING, ids=lambda train: train.__name__)
def test_what_cannot_be_repeated_waits_for_a_person(
    train: Callable[[Course, Tape], None], desk: Desk, right: Course, images: Images, spool: Spool
) -> None:
    tape = Tape(images, spool)
    with watched(right, tape):
        train(right, tape)
    refused(desk.graded(tape.runs), PENDING[train])


def refused(graded: training.Graded, sentence: str) -> None:
    """Nothing is earned, the item waits for a person, who is told where to look."""
    (item,) = [item for item in graded.items if item.id == ITEM]
    assert (item.earned, item.status) == (0, "pending")
    assert re.search(sentence, item.faults[0].message), item.faults[0].message
    assert {flag.where for flag in graded.flags} == {"FullyConnectedNets.ipynb, cell 1"}


# ------------------------------------------------------------------ forged


@dataclass(frozen=True)
class Honest:
    """An honest run, of which every state is known, to forge from."""

    states: list[tuple[int, State]]
    tape: Tape

    @property
    def steps(self) -> list[int]:
        return [step for step, _ in self.states]

    def told(self, states: list[State], **more: Any) -> Forgery:
        """Return the forgery that tells these states with their true accuracies."""
        looks = looks_of(states[1:], self.tape)
        losses = np.array(self.tape.runs[0].loss_history[: self.steps[-1]])
        return Forgery(list(zip(self.steps, states)), looks, **{"losses": losses, **more})


@pytest.fixture(scope="module")
def honest(right: Course, images: Images) -> Iterator[Honest]:
    yield recorded(right, images)


def recorded(right: Course, images: Images, data: Any = None, **told: Any) -> Honest:
    with Spool() as spool:
        tape = Tape(images, spool, asks=lambda commit: True)
        with watched(right, tape):
            made(right, tape.data(50) if data is None else data, **told).train()
        log = tape.runs[0].log
        assert log is not None
        return Honest([(one.step, dict(one.shown())) for one in log.commits if one.shown], tape)


def a_line(base: Honest, _: Course) -> Forgery:
    states = [state for _, state in base.states]
    end = solved(states[0], base.tape)
    return base.told([between(s, end, k / (len(states) - 1)) for k, s in enumerate(states)])


def a_jump(base: Honest, _: Course) -> Forgery:
    states = [state for _, state in base.states[:9]]
    after = solved(states[-1], base.tape)
    return base.told([*states, *[{**s, **params(after)} for _, s in base.states[9:]]])


def a_jump_at_the_end(base: Honest, _: Course) -> Forgery:
    slow = recorded(_, base.tape.images, optim_config={"learning_rate": 1e-4})
    states = [state for _, state in slow.states]
    return slow.told([*states[:-1], solved(states[-1], base.tape)])


def spliced(base: Honest, course: Course) -> Forgery:
    other = recorded(course, base.tape.images, seed=5)
    half = 4  # before either has learned much
    both = [*other.states[:half], *base.states[half:]]
    told = [*other.tape.runs[0].loss_history[: both[half][0]], *base.tape.runs[0].loss_history]
    return base.told([state for _, state in both], losses=np.array(told[:20] + told[-20:]))


def truncated(base: Honest, course: Course) -> Forgery:
    long = recorded(course, base.tape.images, num_epochs=40, optim_config={"learning_rate": 5e-4})
    each = dict(long.states)
    states = [each[0], each[1], *[each[2 * step] for step in base.steps[2:]]]
    return base.told(states)


def other_images(base: Honest, course: Course) -> Forgery:
    data = base.tape.data(50)
    swapped = {**data, "X_train": data["X_val"][:50], "y_train": data["y_val"][:50]}
    other = recorded(course, base.tape.images, data=swapped)
    states = [state for _, state in other.states]
    return base.told([*states[:-1], solved(states[-1], base.tape)])


def another_rule(base: Honest, course: Course) -> Forgery:
    rate = {"learning_rate": 1e-3}
    other = recorded(course, base.tape.images, update_rule="adam", optim_config=rate)
    states = [
        {**state, **{name: array for name, array in other_state.items() if name[:7] == "params/"}}
        for (_, state), (_, other_state) in zip(base.states, other.states)
    ]
    return base.told(states)


def memory_that_jumps(base: Honest, _: Course) -> Forgery:
    states = [dict(state) for _, state in base.states]
    end = solved(states[0], base.tape)
    for name in [name for name in end if name.startswith("params/")]:
        states[0][f"config/{name[7:]}/velocity"] = (end[name] - states[0][name]) / 0.9
        states[0][f"config/{name[7:]}/momentum"] = np.array(0.9)
    return base.told([states[0], *[{**s, **params(end)} for s in states[1:]]])


def zeros(base: Honest, _: Course) -> Forgery:
    forged = a_line(base, _)
    return replace(forged, looks=[(0.0, 0.0)] * len(forged.looks), losses=np.zeros(40))


def what_was_asked_is_hidden(base: Honest, course: Course) -> Forgery:
    return replace(a_jump(base, course), hides=tuple(range(2, 41)))


def another_state_is_shown(base: Honest, course: Course) -> Forgery:
    known = dict(base.states)
    return replace(a_jump(base, course), shows=lambda step, state: known[step])


def told_accuracies(base: Honest, course: Course) -> Forgery:
    forged = a_jump_at_the_end(base, course)
    looks = [(k / 20, 0.1 + k / 100) for k in range(len(forged.looks) - 1)]
    return replace(forged, looks=[*looks, forged.looks[-1]])


def gain_untold(base: Honest, course: Course) -> Forgery:
    """What is asked for follows from what was told: so little that hardly anything is."""
    forged = a_jump_at_the_end(base, course)
    return replace(
        forged, looks=[(0.1 + k / 1000, 0.1 + k / 1000) for k in range(len(forged.looks))]
    )


def endless_epochs(base: Honest, course: Course) -> Forgery:
    return replace(a_jump_at_the_end(base, course), epochs=10**9)


def params(state: State) -> State:
    return {name: array for name, array in state.items() if name.startswith("params/")}


FORGED: dict[Callable[[Honest, Course], Forgery], str] = {
    a_line: "", a_jump: "", a_jump_at_the_end: "", spliced: "", truncated: "", other_images: "",
    another_rule: "", memory_that_jumps: "remembers", zeros: "",
    what_was_asked_is_hidden: "did not show", another_state_is_shown: "another state",
    told_accuracies: "", gain_untold: "other accuracies", endless_epochs: "other epochs",
}  # fmt: skip


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("shows", ["all", "what is drawn", "the first state"])
@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__)
def test_a_forged_run_earns_nothing(
    forge: Callable[[Honest, Course], Forgery], shows: str, desk: Desk, right: Course,
    honest: Honest, spool: Spool, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    forged = forge(honest, right)
    if shows == "the first state":
        monkeypatch.setattr(draws, "OTHERS", 0)
    tape = Tape(honest.tape.images, spool, (lambda commit: True) if shows == "all" else None)
    forged.tell(tape)
    assert len(tape.runs) == 1
    refused(desk.graded(tape.runs), FORGED[forge] if shows != "the first state" else "")


def test_a_jump_is_seen_where_its_gain_is_told_an_epoch_later(
    desk: Desk, right: Course, images: Images, spool: Spool
) -> None:
    """The epoch that is drawn is honest, and begins with more than was told of its begin."""

    class Jumps(right("solver").Solver):  # type: ignore[misc]
        def _step(self) -> None:
            super()._step()
            if len(self.loss_history) == 38:  # the end of epoch 19
                state = {f"params/{name}": array for name, array in self.model.params.items()}
                for name, array in params(solved(state, Tape(images, spool))).items():
                    self.model.params[name[7:]] = array

    slow = {"learning_rate": 1e-5}
    base = recorded(right, images, solver=Jumps, optim_config=slow)
    forged = base.told([state for _, state in base.states])
    assert forged.looks[-2][0] > 0.6 > 0.4 > forged.looks[-3][0]
    tape = Tape(images, spool, lambda commit: commit["step"] in (0, 1, 40))
    replace(forged, looks=[*forged.looks[:-2], forged.looks[-3], forged.looks[-1]]).tell(tape)
    with pytest.raises(Contradiction, match="other accuracies"):
        desk.verified(tape.runs, DRAWN)
    honest = Tape(images, spool, lambda commit: commit["step"] in (0, 1, 40))
    forged.tell(honest)  # whose jump was not drawn, though all of it was told
    desk.verified(honest.runs, DRAWN)


# ------------------------------------------------------------------ forged early, gained later

SLOW = {"learning_rate": 1e-5}
FORGED_AT = 20  # steps, the end of epoch 10
Forger = Callable[[Any, State, Tape], None]


def remembers_the_way(solver: Any, state: State, tape: Tape) -> None:
    end = solved(state, tape)
    for name, config in solver.optim_configs.items():
        config["velocity"] = (end[f"params/{name}"] - state[f"params/{name}"]) / 9


def shows_later(bias: float) -> Forger:
    def forge(solver: Any, state: State, tape: Tape) -> None:
        solver.model.params = {
            name[7:]: array for name, array in forged_runs.hidden(state, tape, bias).items()
        }

    return forge


LATER: dict[str, tuple[Forger, dict[str, Any]]] = {
    "the rule remembers the way to the solution": (
        remembers_the_way, {"update_rule": "sgd_momentum", "optim_config": SLOW},
    ),
    "weights that are worth something an epoch later": (
        shows_later(1.1e-4), {"update_rule": "sgd", "optim_config": {"learning_rate": 1e-4}},
    ),
    "weights that are worth something three epochs later": (
        shows_later(2e-4), {"update_rule": "sgd", "optim_config": {"learning_rate": 1e-4}},
    ),
}  # fmt: skip


class Gains:
    """Asks for the begin of a run and for each epoch that brought the best so far, no other."""

    def __init__(self) -> None:
        self._best: dict[int, float] = {}

    def __call__(self, commit: Mapping[str, Any]) -> bool:
        best, now = self._best.get(commit["run"], 0.0), (commit["look"] or [0.0])[0]
        self._best[commit["run"]] = max(best, now)
        return commit["step"] <= 1 or now > best


def forged_early(what: str, course: Course, tape: Tape) -> None:
    """Train a net that learns nothing in honest steps, but for what one epoch begins with."""
    forge, told = LATER[what]

    class Forges(course("solver").Solver):  # type: ignore[misc]
        def _look(self) -> None:
            if len(self.loss_history) == FORGED_AT:
                state = {f"params/{name}": array for name, array in self.model.params.items()}
                forge(self, state, tape)
            super()._look()

    made(course, tape.data(50), solver=Forges, **told).train()


@pytest.mark.parametrize("what", LATER)
def test_a_gain_counts_if_all_before_it_was_repeated(
    what: str, desk: Desk, right: Course, images: Images, spool: Spool
) -> None:
    tape = Tape(images, spool, Gains())
    with watched(right, tape):
        forged_early(what, right, tape)
    (run,) = tape.runs
    accuracies = list(run.train_acc_history)
    assert max(accuracies[:11]) < 0.3 and max(accuracies) > 0.65, accuracies
    desk.verified(tape.runs, DRAWN)  # each stretch that was drawn is honest
    for extent in (Extent(frozenset({"training"})), Extent(learned=0.5)):
        with pytest.raises(Unrepeatable):
            desk.verified(tape.runs, extent)


RULES = ("sgd", "sgd_momentum")


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("judge", ["beats", "sweeps"])
@pytest.mark.parametrize("what", [None, *LATER])
def test_goals_that_compare_runs_are_not_reached_by_gains_put_there_earlier(
    what: str | None, judge: str, desk: Desk, right: Course, images: Images, spool: Spool
) -> None:
    """Beside an honest run that such goals ask for, a forged one earns nothing; an honest does."""
    tape = Tape(images, spool, Gains())
    one = "sgd_momentum" if what is None else LATER[what][1]["update_rule"]
    (other,) = set(RULES) - {one}
    with watched(right, tape):
        if judge == "beats":
            made(right, tape.data(50), 3, update_rule=other, optim_config=SLOW).train()
        else:
            made(right, tape.data(50), 3, update_rule=one, batch_size=10).train()
        if what is None:
            made(right, tape.data(50)).train()
        else:
            forged_early(what, right, tape)
    runs, against = RunFilter(update_rule=one), RunFilter(update_rule=other)
    goal = {
        "beats": Goal("beats", runs, "training", against=against, by=0.1),
        "sweeps": Goal("sweeps", replace(runs, learned=0.5), over="batch_size", values=2),
    }[judge]
    graded = desk.graded(tape.runs, goal=goal)
    if what is None:
        assert (earned(graded), graded.flags) == (2, ())
    else:
        refused(graded, "another state|remembers|computes something else")


def test_what_another_run_begins_with_is_repeated_though_its_best_moment_was_before(
    desk: Desk, right: Course, images: Images, spool: Spool
) -> None:
    forge, told = LATER["weights that are worth something an epoch later"]
    tape, left = Tape(images, spool, Gains()), []

    class Forges(right("solver").Solver):  # type: ignore[misc]
        def _look(self) -> None:
            if len(self.loss_history) == FORGED_AT:
                state = {f"params/{name}": array for name, array in self.model.params.items()}
                forge(self, state, tape)
                left.append(dict(self.model.params))
            super()._look()

    with watched(right, tape):
        first = made(right, tape.data(50), solver=Forges, num_epochs=10, **told)
        first.train()
        first.model.params = left[0]
        made(right, tape.data(50), net=first.model, num_epochs=10, **told).train()
    assert max(tape.runs[0].train_acc_history) < 0.3 and max(tape.runs[1].train_acc_history) > 0.8
    refused(desk.graded(tape.runs), "another state|remembers|computes something else")


def test_a_gain_that_was_not_told_is_repeated_all_the_same(
    desk: Desk, right: Course, images: Images, spool: Spool
) -> None:
    """What is told of a first look at a few images may be too good, and then little is drawn."""
    tape = Tape(images, spool, lambda commit: commit["step"] <= 1)
    what = "weights that are worth something an epoch later"
    look = right("solver").Solver._look

    def told(solver: Any) -> None:
        look(solver)
        if len(solver.loss_history) == 1:
            solver.train_acc_history[-1] = 0.5

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(right("solver").Solver, "_look", told)
        with watched(right, tape):
            forged_early(what, right, tape)
    tape.runs[0].log.settings["train_samples"] = 10  # type: ignore[union-attr, index]
    with pytest.raises(Unrepeatable):
        desk.verified(tape.runs, Extent(learned=0.5))


GOALS: dict[str, tuple[Goal, dict[str, Any], Extent]] = {
    "one that has to be reached": (
        Goal("reaches", on="training", at_least=1.0), {}, Extent(frozenset({"training"}), 0, True),
    ),
    "one that is ahead": (
        Goal("beats", RunFilter(update_rule="adam"), against=RunFilter(update_rule="sgd")),
        {"update_rule": "adam"}, Extent(frozenset({"validation"})),
    ),
    "one that is behind": (
        Goal("beats", RunFilter(update_rule="adam"), against=RunFilter(update_rule="sgd")),
        {"update_rule": "sgd"}, DRAWN,
    ),
    "one that is behind and has to have learned something": (
        Goal("beats", RunFilter(update_rule="adam"),
             against=RunFilter(update_rule="sgd", learned=0.5)),
        {"update_rule": "sgd"}, Extent(learned=0.5),
    ),
    "one that has to have learned something": (
        Goal("sweeps", RunFilter(learned=0.2), over="batch_size"), {}, Extent(learned=0.2),
    ),
    "one that has learned too little to count": (
        Goal("sweeps", RunFilter(learned=0.7), over="batch_size"), {}, DRAWN,
    ),
    "one that need not have learned": (Goal("sweeps", over="initial_scale"), {}, DRAWN),
    "one of another kind": (
        Goal("reaches", RunFilter(layers=9), at_least=0.5), {}, DRAWN,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("goal", "told", "extent"), GOALS.values(), ids=GOALS.keys())
def test_how_much_is_repeated_follows_from_the_goal(
    goal: Goal, told: dict[str, Any], extent: Extent
) -> None:
    one = training_runs.run(train=0.6, val=0.5, **told)
    assert needed([goal], one) == extent
    both = needed([goal, Goal("reaches", on="training", at_least=0.1)], one)
    assert both == extent | Extent(frozenset({"training"}), 0, True)


def test_copies_of_a_run_count_once(desk: Desk, honest: Honest, spool: Spool) -> None:
    tape = Tape(honest.tape.images, spool)
    for run in range(3):
        states = [
            {n: a + 1e-9 * run if n[:8] == "params/W" else a for n, a in state.items()}
            for _, state in honest.states
        ]
        honest.told(states).tell(tape, run)
    graded = desk.graded(tape.runs)
    assert earned(graded) == 2
    (flag,) = graded.flags  # the same is said once
    assert flag.message.startswith("2 trainings could not be repeated: it is a copy of the run")
