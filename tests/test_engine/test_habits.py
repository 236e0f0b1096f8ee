"""What one function does, changes in place or keeps for the next call costs no other a point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from grader.box.worker import Worker
from grader.engine import grade_one
from grader.grading.assignment import Assignment
from tests.support import handed_in
from tests.support.handed_in import planted

HABITS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    # habit: (functions in the place of the reference's, item -> points that are lost)
    "a net writes into the arrays that it returned before": ('''
class FullyConnectedNet:
    def loss(self, X, y=None):
        if not hasattr(self, "kept"):
            self.kept = {}
        if y is None:
            return buffered(self.kept, "scores", fresh_loss(self, X))
        loss, grads = fresh_loss(self, X, y)
        return buffered(self.kept, "loss", loss), {
            name: buffered(self.kept, name, grad) for name, grad in grads.items()}


def buffered(kept, name, value):
    shape = np.shape(value)
    room = kept.setdefault((name, shape), np.empty(shape))
    room[...] = value
    return room


def fresh_loss(self, X, y=None):
    {loss}
''', {}),
    "a net takes its sizes out of the caller's list": ('''
class FullyConnectedNet:
    def __init__(self, hidden_dims, input_dim=3072, num_classes=10, dropout=1,
                 normalization=None, reg=0.0, weight_scale=1e-2, dtype=np.float32, seed=None,
                 dropout_keep_ratio=None, use_batchnorm=False):
        sizes = list(hidden_dims)
        while hidden_dims:
            hidden_dims.pop()
        kept_init(self, sizes, input_dim, num_classes, dropout, normalization, reg,
                  weight_scale, dtype, seed, dropout_keep_ratio, use_batchnorm)


def kept_init(self, hidden_dims, input_dim, num_classes, dropout, normalization, reg,
              weight_scale, dtype, seed, dropout_keep_ratio, use_batchnorm):
    {init}
''', {}),
    "a loss is an array of one number, and gradients of x stand beside the others": ('''
class FullyConnectedNet:
    def loss(self, X, y=None):
        if y is None:
            return fresh_loss(self, X)
        loss, grads = fresh_loss(self, X, y)
        return np.reshape(loss, (1, 1)), {**grads, "x": np.zeros_like(X)}


def fresh_loss(self, X, y=None):
    {loss}
''', {}),
    "update rules write into the arrays of w, dw and config": ('''
def rmsprop(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("cache", np.zeros_like(w))
    config["cache"] *= config.get("decay_rate", 0.99)
    config["cache"] += (1 - config.get("decay_rate", 0.99)) * dw**2
    dw *= config.get("learning_rate", 1e-2)
    dw /= np.sqrt(config["cache"]) + config.get("epsilon", 1e-8)
    w -= dw
    return w, config
''', {}),
    "a normalization centres the caller's x": ('''
def layernorm_forward(x, gamma, beta, ln_param):
    x -= x.mean(axis=1, keepdims=True)
    std = np.sqrt((x**2).mean(axis=1, keepdims=True) + ln_param.get("eps", 1e-5))
    x /= std
    return gamma * x + beta, (x, 1 / std, gamma)


def layernorm_backward(dout, cache):
    x_hat, inv_std, gamma = cache
    dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    dout *= gamma
    pull = (dout * x_hat).mean(axis=1, keepdims=True)
    dout -= dout.mean(axis=1, keepdims=True)
    x_hat *= pull
    dout -= x_hat
    dout *= inv_std
    return dout, dgamma, dbeta
''', {}),
    "a mask that drops nothing is no mistake of the backward pass": ('''
def dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None if dropout_param["mode"] == "test" else np.random.rand(*x.shape) < p / p
    return x if mask is None else x * mask, (dropout_param, mask)
''', {"dropout_forward": 2.5}),
    "nor is one that is made and never used": ('''
def dropout_forward(x, dropout_param):
    p = dropout_param["p"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None if dropout_param["mode"] == "test" else (np.random.rand(*x.shape) < p) / p
    return x, (dropout_param, mask)
''', {"dropout_forward": 2.5}),
    "a forward pass spoils x before it stops": ('''
def affine_forward(x, w, b):
    x *= 0
    raise ValueError("not finished")
''', {"affine_forward": 2.0}),
}  # fmt: skip


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker() as one:
        yield one


def body(name: str) -> str:
    """Return the body of a method of the reference, without its docstring."""
    source = handed_in.reference().files["cs231n/classifiers/fc_net.py"]
    node = handed_in.find(source, name)
    assert node is not None and node.end_lineno is not None
    lines = source.decode().splitlines()[node.body[1].lineno - 1 : node.end_lineno]
    return "\n".join(line[4:] for line in lines).strip()


@pytest.mark.long_trial(0.1)
@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_costs_nothing_but_its_own_item(
    habit: str, assignments: dict[str, Assignment], worker: Worker
) -> None:
    text, lost = HABITS[habit]
    for mark, method in (("{loss}", "loss"), ("{init}", "__init__")):
        text = text.replace(mark, body(f"FullyConnectedNet.{method}"))
    files = planted(dict(handed_in.reference().files), f"import numpy as np\n{text}")
    report = grade_one(handed_in.of_files("habit", files), assignments["cs231n-a2"], worker)
    found = {i.id: i.possible - i.earned for i in report.items if i.parts and i.earned < i.possible}
    assert found == lost, [(i.id, f.message) for i in report.items for f in i.faults]
