"""The Solver: its loop, its books, and what it leaves behind."""

import dataclasses
import hashlib
import struct

import numpy as np
import pytest
from cs231n.classifiers.fc_net import FullyConnectedNet
from cs231n.solver import Run, Solver, fingerprint

RNG = np.random.RandomState(0)
CENTRES = RNG.randn(3, 8)
LABELS = np.arange(60) % 3
POINTS = CENTRES[LABELS] + 0.3 * RNG.randn(60, 8)
DATA = {"X_train": POINTS[:40], "y_train": LABELS[:40], "X_val": POINTS[40:], "y_val": LABELS[40:]}


class Scripted:
    """A model whose validation accuracy after each step is written down beforehand."""

    def __init__(self, accuracies):
        self.params = {"w": np.zeros(1)}
        self.accuracies = accuracies

    def loss(self, X, y=None):
        step = int(self.params["w"][0])
        if y is not None:
            return np.float64(step), {"w": np.array([-1.0])}  # sgd with rate 1 counts steps in w
        scores = np.zeros((len(X), 2))
        scores[: round(self.accuracies[step - 1] * len(X)), 1] = 1
        return scores


def scripted(accuracies, **more):
    """Train a scripted model: one step an epoch."""
    images = {"X_train": np.zeros((10, 2)), "y_train": np.ones(10, int),
              "X_val": np.zeros((10, 2)), "y_val": np.ones(10, int)}  # fmt: skip
    settings = dict(optim_config={"learning_rate": 1.0}, batch_size=10, verbose=False)
    solver = Solver(Scripted(accuracies), images, **{**settings, **more})
    solver.num_epochs = len(accuracies)
    solver.train()
    return solver


def net(seed=0, **more):
    np.random.seed(seed)
    return FullyConnectedNet([10], input_dim=8, num_classes=3, dtype=np.float64, **more)


def trained(model=None, data=DATA, **more):
    settings = dict(update_rule="adam", optim_config={"learning_rate": 1e-2}, batch_size=8,
                    num_epochs=4, verbose=False)  # fmt: skip
    solver = Solver(model or net(), data, **{**settings, **more})
    solver.train()
    return solver


def test_it_learns():
    assert trained(num_epochs=10).best_val_acc > 0.9


def test_the_best_parameters_come_back():
    solver = scripted([0.2, 0.9, 0.5])
    assert solver.val_acc_history == [0.2, 0.9, 0.5]
    assert solver.best_val_acc == 0.9
    assert solver.model.params["w"] == solver.best_params["w"] == 2


def test_of_equals_the_first_is_best_and_zero_accuracy_still_has_a_best():
    assert scripted([0.5, 0.5]).model.params["w"] == 1
    assert scripted([0.0, 0.0]).model.params["w"] == 1


def test_the_learning_rate_decays_after_each_epoch():
    rates = []

    class Watched(Scripted):
        def loss(self, X, y=None):
            self.params["w"][0] = 1
            return super().loss(X, y)

    images = {"X_train": np.zeros((4, 2)), "y_train": np.ones(4, int),
              "X_val": np.zeros((4, 2)), "y_val": np.ones(4, int)}  # fmt: skip
    solver = Solver(Watched([0.5]), images, optim_config={"learning_rate": 1.0}, lr_decay=0.5,
                    batch_size=2, num_epochs=3, verbose=False)  # fmt: skip
    inner = solver.update_rule

    def watched_rule(w, dw, config):
        rates.append(config["learning_rate"])
        return inner(w, dw, config)

    solver.update_rule = watched_rule
    solver.train()
    assert rates == [1, 1, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("batch_size, iterations", [(8, 5), (12, 3), (40, 1), (100, 1)])
def test_histories_have_one_entry_a_step_and_one_an_epoch(batch_size, iterations):
    solver = trained(batch_size=batch_size)
    looks = 4 + (iterations > 1)  # after the first step, and after each of 4 epochs
    assert len(solver.loss_history) == 4 * iterations
    assert len(solver.train_acc_history) == len(solver.val_acc_history) == looks


def test_every_parameter_has_a_config_of_its_own():
    solver = trained()
    assert {config["t"] for config in solver.optim_configs.values()} == {20}
    assert solver.optim_config == {"learning_rate": 1e-2}


def test_batchnorm_averages_of_the_best_epoch_come_back_too():
    solver = trained(net(normalization="batchnorm"), num_epochs=10)
    again = solver.check_accuracy(DATA["X_val"], DATA["y_val"])
    assert again == solver.best_val_acc
    kept = solver.model.bn_params[0]["running_mean"]
    assert np.array_equal(kept, solver.best_statistics[0]["running_mean"])
    assert kept is not solver.best_statistics[0]["running_mean"]


def test_a_seed_makes_training_reproducible():
    assert trained().loss_history == trained().loss_history


def test_dropout_with_a_seed_does_not_repeat_the_minibatches():
    seen = []

    class Spy(FullyConnectedNet):
        def loss(self, X, y=None):
            if y is not None:
                seen.append(X.tobytes())
            return super().loss(X, y)

    trained(Spy([10], input_dim=8, num_classes=3, dropout=0.5, seed=1))
    assert len(set(seen)) == len(seen)


def test_accuracy_is_measured_in_batches_and_on_samples():
    solver, X, y = trained(), DATA["X_train"], DATA["y_train"]
    whole = np.mean(solver.model.loss(X).argmax(1) == y)
    assert solver.check_accuracy(X, y, batch_size=7) == whole
    assert solver.check_accuracy(X, y, num_samples=1000) == whole
    assert solver.check_accuracy(X, y, num_samples=1) in (0, 1)


def test_the_log_gets_one_frozen_run():
    runs = []
    model = net(normalization="batchnorm", dropout=0.9, reg=0.1)
    solver = trained(model, log=runs.append)
    [run] = runs
    assert isinstance(run, Run)
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.best_val_acc = 1.0
    assert (run.layer_sizes, run.num_train, run.batch_size) == ((8, 10, 3), 40, 8)
    assert (run.normalization, run.dropout_keep_ratio, run.reg) == ("batchnorm", 0.9, 0.1)
    assert (run.update_rule, run.optim_config) == ("adam", {"learning_rate": 1e-2})
    assert run.loss_history == tuple(solver.loss_history)
    assert run.val_acc_history == tuple(solver.val_acc_history)
    assert max(run.val_acc_history) == run.best_val_acc
    assert (run.num_val, run.num_train_samples, run.num_val_samples) == (20, 1000, None)


def test_the_run_says_on_which_images_it_was_trained():
    runs = []
    other = {**DATA, "X_train": DATA["X_train"] + 1e-12}
    shorter = {name: array[:10] for name, array in DATA.items()}
    for data in (DATA, other, shorter, DATA):
        trained(data=data, log=runs.append, num_epochs=1)
    first, moved, few, again = runs
    assert first.train_sha256 == fingerprint(DATA["X_train"], DATA["y_train"]) == again.train_sha256
    assert first.val_sha256 == fingerprint(DATA["X_val"], DATA["y_val"]) == moved.val_sha256
    assert len({first.train_sha256, moved.train_sha256, few.train_sha256, few.val_sha256}) == 4
    # The first 10 images can be told from the whole set, without having the run's own.
    assert few.train_sha256 == fingerprint(DATA["X_train"][:10], DATA["y_train"][:10])


def test_a_fingerprint_is_a_hash_of_dtype_shape_and_entries():
    X, y = np.array([[1.5, 2.0]]), np.array([7])
    by_hand = (b"<f8(1, 2)" + struct.pack("<2d", 1.5, 2.0)) + (b"<i8(1,)" + struct.pack("<q", 7))
    assert fingerprint(X, y) == hashlib.sha256(by_hand).hexdigest()
    assert fingerprint(np.asfortranarray(POINTS), LABELS) == fingerprint(POINTS, LABELS)
    assert fingerprint(X.T, y) != fingerprint(X, y)
    assert fingerprint(X, y.astype(np.int32)) != fingerprint(X, y)


def test_the_run_remembers_how_large_the_first_weights_were():
    runs = []
    model = net(weight_scale=0.25)
    first = [float(model.params[name].std()) for name in ("W1", "W2")]
    trained(model, log=runs.append)
    assert runs[0].initial_weight_std == tuple(first)
    assert 0.2 < first[0] < 0.3
    assert float(runs[0].params["W1"].std()) != first[0]


def test_the_run_tells_that_accuracy_was_measured_on_a_sample():
    runs = []
    trained(log=runs.append, num_train_samples=30, num_val_samples=5)
    assert (runs[0].num_train_samples, runs[0].num_val_samples) == (30, 5)


def test_an_accuracy_can_be_recomputed_from_the_run_alone():
    runs = []
    trained(net(normalization="batchnorm"), num_epochs=8, log=runs.append)
    [run] = runs
    fresh = net(seed=9, normalization=run.normalization)
    fresh.params = dict(run.params)
    for bn_param, statistics in zip(fresh.bn_params, run.bn_statistics, strict=True):
        bn_param.update(statistics)
    accuracy = np.mean(fresh.loss(DATA["X_val"]).argmax(1) == DATA["y_val"])
    assert accuracy == run.best_val_acc


@pytest.mark.parametrize("normalization", [None, "batchnorm"])
def test_the_best_training_accuracy_can_be_recomputed_too(normalization):
    runs = []
    flipped = {**DATA, "y_val": (DATA["y_val"] + 1) % 3}  # the better it fits, the worse it is here
    solver = trained(net(normalization=normalization), flipped, num_epochs=12, log=runs.append)
    [run] = runs
    assert run.fitted_params is not run.params
    fresh = net(seed=9, normalization=normalization)
    fresh.params = dict(run.fitted_params)
    for bn_param, statistics in zip(fresh.bn_params, run.fitted_bn_statistics, strict=True):
        bn_param.update(statistics)
    accuracy = np.mean(fresh.loss(DATA["X_train"]).argmax(1) == DATA["y_train"])
    assert accuracy == max(run.train_acc_history) > 0.9
    assert np.array_equal(run.params["W1"], solver.model.params["W1"])


def test_the_run_holds_parameters_once_where_both_moments_are_one():
    runs = []
    trained(net(normalization="batchnorm"), num_epochs=1, log=runs.append)
    [run] = runs
    assert max(run.train_acc_history) == run.train_acc_history[-1] > run.train_acc_history[0]
    assert max(run.val_acc_history) == run.val_acc_history[-1] > run.val_acc_history[0]
    assert run.fitted_params is run.params
    assert run.fitted_bn_statistics is run.bn_statistics


def test_the_run_does_not_change_when_the_model_does():
    runs = []
    solver = trained(log=runs.append)
    solver.model.params["W1"] *= 0
    solver.best_params["W1"] *= 0
    solver.fitted_params["W1"] *= 0
    assert runs[0].params["W1"].any() and runs[0].fitted_params["W1"].any()


def test_the_log_can_be_set_for_solvers_made_by_others(monkeypatch):
    runs = []

    def keep(run):  # a plain function, which a class would turn into a method
        runs.append(run)

    monkeypatch.setattr(Solver, "log", keep)
    trained()
    trained()
    assert len(runs) == 2


def test_a_model_without_the_usual_names_is_recorded_too():
    runs = []
    scripted([0.5], log=runs.append)
    assert (runs[0].layer_sizes, runs[0].normalization, runs[0].bn_statistics) == ((), None, ())
    assert (runs[0].initial_weight_std, runs[0].dropout_keep_ratio, runs[0].reg) == ((), None, None)


def test_checkpoints_are_arrays_without_pickle(tmp_path):
    solver = trained(checkpoint_name=tmp_path / "run", num_epochs=2)
    with np.load(tmp_path / "run_epoch_2.npz", allow_pickle=False) as saved:
        assert saved["params/W1"].shape == (8, 10)
        assert np.array_equal(saved["loss_history"], solver.loss_history)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"run_epoch_{i}.npz" for i in range(3)]


def test_it_prints_when_asked_and_only_then(capsys):
    trained(num_epochs=1)
    assert capsys.readouterr().out == ""
    trained(num_epochs=1, verbose=True, print_every=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "iteration 1 / 5", "epoch 0 / 1", "iteration 3 / 5", "iteration 5 / 5", "epoch 1 / 1"
    ]  # fmt: skip


def test_mistyped_settings_are_refused():
    with pytest.raises(ValueError, match="no update rule 'adma'"):
        Solver(net(), DATA, update_rule="adma")
    with pytest.raises(TypeError, match="learning_rate"):
        Solver(net(), DATA, learning_rate=1e-3)
