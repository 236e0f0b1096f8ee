"""Stretches of a training, repeated: they lead to the very states that the Solver came to."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from grader.guest import training_state
from grader.guest.probes import training
from grader.guest.probes.nn import Conventions, Implementation
from tests.reference.conftest import ROOT  # noqa: F401 - the reference can be imported then

IMAGES, BATCH, EPOCHS = 40, 10, 3
PER_EPOCH, STEPS = IMAGES // BATCH, EPOCHS * (IMAGES // BATCH)
State = dict[str, np.ndarray]
# What net is trained, and how: (hidden layers, options of the net, of the Solver).
TRAININGS: dict[str, tuple[list[int], dict[str, Any], dict[str, Any]]] = {
    "plain": ([6, 5], {}, {}),
    "decays": ([6], {"reg": 0.5}, {"lr_decay": 0.5}),
    "momentum": ([6], {}, {"update_rule": "sgd_momentum", "lr_decay": 0.9}),
    "rmsprop": ([6], {}, {"update_rule": "rmsprop"}),
    "adam": ([6], {}, {"update_rule": "adam"}),
    "batchnorm": ([6, 5], {"normalization": "batchnorm"}, {"update_rule": "adam"}),
    "layernorm": ([6, 5], {"normalization": "layernorm"}, {}),
    "dropout": ([6, 5], {"dropout": 0.5}, {}),
    "dropout with a seed": ([6], {"dropout": 0.75, "seed": 7}, {}),
    "in double precision": ([6], {"dtype": np.float64}, {"update_rule": "adam"}),
}


class Solved:
    """A training of the reference with its states, and what it takes to repeat stretches of it."""

    def __init__(self, name: str) -> None:
        from cs231n import layers, optim
        from cs231n.classifiers import fc_net
        from cs231n.solver import Solver

        self.hidden, self.net, self.options = TRAININGS[name]
        # A seed sets NumPy's generator in test mode, too: looks leave it as no step does.
        self.hashed = (False,) if "seed" in self.net else (True, False)
        modules = {"layers": layers, "optim": optim, "fc_net": fc_net}
        self.nn = Implementation(modules, Conventions())
        generator = np.random.RandomState(zlib.crc32(name.encode()))
        self.images = generator.randint(0, 256, (IMAGES, 3072)).astype(np.uint8)
        self.mean = self.images.mean(axis=0)
        self.labels = generator.randint(0, 10, IMAGES)
        X = (self.images - self.mean).reshape(-1, 3, 32, 32)
        data = {"X_train": X, "y_train": self.labels, "X_val": X[:4], "y_val": self.labels[:4]}
        np.random.seed(5)
        model = fc_net.FullyConnectedNet(self.hidden, **self.net)
        options = {"optim_config": {"learning_rate": 1e-3}, **self.options}
        solver = Solver(
            model, data, batch_size=BATCH, num_epochs=EPOCHS, num_train_samples=None,
            verbose=False, **options,
        )  # fmt: skip
        self.states, self.chosen, self.losses = [_copy(solver)], [], solver.loss_history
        step, choice = solver._step, solver.rng.choice

        def stepped() -> None:
            drawn: list[np.ndarray] = []
            state = solver.rng
            solver.rng = SimpleNamespace(choice=lambda *a: drawn.append(choice(*a)) or drawn[-1])
            step()
            solver.rng = state
            self.chosen.append(drawn[0])
            self.after: Callable[[], None] = lambda: self.states.append(_copy(solver))
            if len(self.chosen) % PER_EPOCH and len(self.chosen) > 1:
                self.after()

        look = solver._look
        solver._step, solver._look = stepped, lambda: (look(), self.after())
        solver.train()

    def advanced(
        self, start: int, *counts: int, wrong: int = -1, whole: bool = True, **more: Any
    ) -> State:
        """Return what stretches of `counts` steps from `start` come to; `wrong` is one of them that
        is said to lead elsewhere.
        """
        ends = [start + sum(counts[: n + 1]) for n in range(len(counts))]
        hashes = [
            training_state.digest(self.states[end]) if whole
            else training_state.learned(self.states[end]) for end in ends
        ]  # fmt: skip
        told = [
            (count, "" if n == wrong else one, whole)
            for n, (count, one) in enumerate(zip(counts, hashes))
        ]
        setup = {
            name: value for name, value in self.net.items() if name not in ("dropout", "dtype")
        }
        if "dropout" in self.net:
            setup["keep"] = self.net["dropout"]
        state = dict(self.states[start])
        del state["rng"]
        given = {
            "net": "FullyConnectedNet", "dims": [3072, *self.hidden, 10], "setup": setup,
            "rule": self.options.get("update_rule", "sgd"),
            "lr_decay": self.options.get("lr_decay", 1.0),
            "decays": [n + 1 for n in range(sum(counts)) if (start + n + 1) % PER_EPOCH == 0],
            "chosen": np.array(self.chosen[start : ends[-1]]),
            "after": np.array([self.states[end]["rng"] for end in ends]), "stretches": told,
            "in_pieces": False,
        }  # fmt: skip
        return training.advance(
            self.nn, images=self.images, mean=self.mean, labels=self.labels, **{**given, **more},
            **state,
        )  # fmt: skip


def _copy(solver: Any) -> State:
    return {n: array.copy() for n, array in training_state.state_of(solver).items()}


@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("name", TRAININGS)
def test_stretches_lead_to_the_states_of_the_solver(
    name: str, pieces: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "PIECE", 1000)
    solved = Solved(name)
    assert len(solved.states) == STEPS + 1
    for start, counts in ((0, (1, 3, 4, 4)), (2, (5, 1, 4)), (8, (1,))):
        for whole in solved.hashed:
            found = solved.advanced(start, *counts, whole=whole, in_pieces=pieces)
            assert found.keys() == {"met", "losses"} and found["met"] == len(counts)
            assert found["losses"].tolist() == solved.losses[start : start + sum(counts)]


@pytest.mark.parametrize("name", TRAININGS)
def test_the_first_stretch_that_leads_elsewhere_ends_it_with_its_state(name: str) -> None:
    solved = Solved(name)
    found = solved.advanced(1, 3, 4, 2, wrong=1, whole=solved.hashed[0])
    assert found.pop("met") == 1 and found.pop("losses").tolist() == solved.losses[1:8]
    wanted = {n: array for n, array in solved.states[8].items() if n != "rng"}
    assert found.keys() == wanted.keys()
    for kept, array in wanted.items():
        if kept == "noise" and solved.hashed == (False,):
            continue
        assert found[kept].dtype == array.dtype and found[kept].tobytes() == array.tobytes(), kept


CHANGES: dict[str, tuple[str, dict[str, Any]]] = {  # what is not as it was -> which training, how
    "the rule": ("plain", {"rule": "adam"}),
    "the decay": ("decays", {"lr_decay": 0.6}),
    "when it decays": ("decays", {"decays": [1]}),
    "the penalty": ("decays", {"setup": {"reg": 0.4}}),
    "the share that is kept": ("dropout", {"setup": {"keep": 0.6}}),
    "the seed": ("dropout with a seed", {"setup": {"keep": 0.75, "seed": 8}}),
    "the normalization": ("plain", {"setup": {"normalization": "layernorm"}}),
    "the images": ("plain", {"mean": np.zeros(3072)}),
    "the order": ("plain", {"chosen": np.zeros((3, BATCH), dtype=np.int64)}),
    "the generator": ("plain", {"after": np.zeros((1, 625), dtype=np.int64)}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_training_of_another_kind_leads_elsewhere(what: str) -> None:
    name, more = CHANGES[what]
    solved = Solved(name)
    if "mean" in more:
        solved.mean = more["mean"]
        more = {}
    try:
        assert solved.advanced(2, 3, **more)["met"] == 0
    except KeyError:
        assert what == "the normalization"  # whose parameters this state does not have


NETS: dict[str, tuple[str, list[int], dict[str, Any], tuple[Any, ...]]] = {
    # name, sizes, settings -> what builds it, with what
    "two layers": (
        "TwoLayerNet", [7, 5, 3], {"reg": 0.5},
        ("two_layer_net", (), {"input_dim": 7, "hidden_dim": 5, "num_classes": 3, "reg": 0.5}),
    ),
    "one hidden layer of the other class": (
        "FullyConnectedNet", [7, 5, 3], {"reg": 0.5},
        ("fully_connected_net", ([5],),
         {"input_dim": 7, "num_classes": 3, "dtype": np.float64, "reg": 0.5}),
    ),
    "three hidden layers": (
        "FullyConnectedNet", [7, 6, 5, 4, 3], {"normalization": "batchnorm", "keep": 0.5},
        ("fully_connected_net", ([6, 5, 4],),
         {"input_dim": 7, "num_classes": 3, "dtype": np.float64, "normalization": "batchnorm",
          "keep": 0.5}),
    ),
    "no hidden layer": (
        "FullyConnectedNet", [7, 3], {},
        ("fully_connected_net", ([],), {"input_dim": 7, "num_classes": 3, "dtype": np.float64}),
    ),
}  # fmt: skip


class Seen:
    """Stands for the student's code, and notes how it is called."""

    def __init__(self) -> None:
        self.built: list[tuple[Any, ...]] = []
        self.images: list[np.ndarray] = []
        self.labels: list[list[int]] = []
        self.configs: list[dict[str, Any]] = []
        self.params: dict[str, np.ndarray] = {}
        self.bn_params: list[dict[str, Any]] = [{}]

    def two_layer_net(self, *args: Any, **options: Any) -> Seen:
        self.built.append(("two_layer_net", args, options))
        return self

    def fully_connected_net(self, *args: Any, **options: Any) -> Seen:
        self.built.append(("fully_connected_net", args, options))
        return self

    def loss(self, X: np.ndarray, y: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        self.images.append(X)
        self.labels.append(y.tolist())
        return 1.0, {name: np.ones_like(array) for name, array in self.params.items()}

    def update_rule(self, name: str) -> Callable[..., Any]:
        def rule(w: np.ndarray, dw: np.ndarray, config: dict[str, Any]) -> Any:
            self.configs.append(dict(config))
            return w - dw, config

        return rule

    def advanced(self, **more: Any) -> State:
        """Return the state after two steps, of which one ends an epoch."""
        given: dict[str, Any] = {
            "images": np.arange(4 * 3072).reshape(4, 3072) % 251, "mean": np.ones(3072),
            "labels": np.arange(4), "chosen": np.array([[0, 2], [3, 3]]),
            "after": np.zeros((1, 625), np.int64), "noise": training_state.packed(np.random),
            "net": "FullyConnectedNet", "dims": [7, 3], "setup": {}, "rule": "adam",
            "stretches": [(2, "", True)], "decays": [1], "lr_decay": 0.5, "in_pieces": False,
            "params/W1": np.ones((2, 2)), "config/W1/learning_rate": np.array(1.0),
            "config/W1/t": np.array(3.0), "config/W1/m": np.ones((2, 2)),
            "bn/1/running_mean": np.ones(2),
        }  # fmt: skip
        return training.advance(self, **{**given, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("what", NETS)
def test_a_net_is_built_by_its_own_class_and_its_own_sizes(what: str) -> None:
    net, dims, setup, wanted = NETS[what]
    seen = Seen()
    seen.advanced(net=net, dims=dims, setup=setup)
    assert seen.built == [wanted]


def test_a_step_gives_the_code_what_the_solver_gives_it() -> None:
    seen, before = Seen(), np.ones((2, 2))
    found = seen.advanced(**{"params/W1": before})
    assert [X.shape for X in seen.images] == [(2, 3, 32, 32)] * 2
    assert seen.images[0].reshape(2, -1)[1, :3].tolist() == [
        2 * 3072 % 251 - 1, (2 * 3072 + 1) % 251 - 1, (2 * 3072 + 2) % 251 - 1,
    ]  # fmt: skip
    assert seen.labels == [[0, 2], [3, 3]]
    for config, rate in zip(seen.configs, (1.0, 0.5)):
        assert (config["t"], type(config["t"])) == (3, int)
        assert (config["learning_rate"], type(config["learning_rate"])) == (rate, float)
        assert config["m"].tolist() == np.ones((2, 2)).tolist()
    assert found["params/W1"].tolist() == (before - 2).tolist() and before.all()
    assert found["config/W1/t"].dtype == np.float64  # as a state has it
    assert found["bn/1/running_mean"].tolist() == [1, 1]
