"""The networks: their parameters, their loss, and every gradient of every variant."""

import autograd
import numpy as np
import oracles
import pytest
from cs231n.classifiers.fc_net import FullyConnectedNet, TwoLayerNet
from oracles import close, complex_step, exact

X = np.random.RandomState(0).randn(5, 2, 3)
Y = np.array([0, 2, 1, 2, 0])
VARIANTS = {
    "linear": dict(hidden_dims=[]),
    "plain": dict(hidden_dims=[4, 3]),
    "regularized": dict(hidden_dims=[4, 3], reg=3.14),
    "batchnorm": dict(hidden_dims=[4, 3], reg=0.1, normalization="batchnorm"),
    "layernorm": dict(hidden_dims=[4, 3], reg=0.1, normalization="layernorm"),
    "dropout": dict(hidden_dims=[4, 4], dropout=0.7, seed=3),
    "batchnorm and dropout": dict(
        hidden_dims=[4, 4], reg=0.1, dropout=0.7, normalization="batchnorm", seed=3),
}  # fmt: skip
every_variant = pytest.mark.parametrize("name", VARIANTS)


def net(name, dtype=np.float64, **more):
    np.random.seed(1)
    sizes = dict(input_dim=6, num_classes=3, weight_scale=0.8)
    made = FullyConnectedNet(**{**sizes, **VARIANTS[name], **more}, dtype=dtype)
    for key in made.params:  # biases and betas away from zero, gammas away from one
        noise = 0.3 * np.random.randn(*made.params[key].shape)
        made.params[key] = made.params[key] + noise.astype(dtype)
    return made


def masks_of(variant):
    """The masks that dropout draws: one shared seed, so the same stream for every layer."""
    if "seed" not in variant:
        return None
    masks = []
    for width in variant["hidden_dims"]:
        np.random.seed(variant["seed"])
        masks.append((np.random.rand(len(X), width) < 0.7) / 0.7)
    return masks


@every_variant
def test_loss_and_gradients_agree_with_autograd(name):
    variant, model = VARIANTS[name], net(name)
    loss, grads = model.loss(X, Y)

    def twin(params):
        return oracles.network(
            params, X, Y, variant.get("reg", 0), variant.get("normalization"), masks_of(variant)
        )

    close(loss, twin(model.params), 1e-13)
    expected = autograd.grad(twin)(model.params)
    assert grads.keys() == model.params.keys()
    for key in grads:  # the gradient of a bias before batchnorm is zero, hence the + 1
        close(grads[key] + 1, expected[key] + 1, 1e-12)


@every_variant
def test_gradients_agree_with_the_complex_step_to_longdouble(name):
    model = net(name, np.longdouble)
    twin = net(name, np.clongdouble)
    loss, grads = model.loss(X, Y)
    assert loss.dtype == np.longdouble
    for key, value in model.params.items():

        def at(z, key=key):
            twin.params = {**model.params, key: z}
            return twin.loss(X, Y)[0]

        assert grads[key].dtype == np.longdouble
        close(grads[key] + 1, complex_step(at, value, 1) + 1, exact())


@every_variant
def test_float32_stays_float32(name):
    model = net(name, np.float32)
    loss, grads = model.loss(X, Y)
    assert {a.dtype for a in [*grads.values(), model.loss(X)]} == {np.dtype(np.float32)}
    if int(np.__version__.split(".")[0]) >= 2:  # before, a float32 scalar times 0.5 was a float64
        assert loss.dtype == np.float32


def two_layer_net(dtype):
    np.random.seed(2)
    model = TwoLayerNet(input_dim=6, hidden_dim=4, num_classes=3, weight_scale=0.9, reg=0.7)
    model.params = {name: (w + 0.1).astype(dtype) for name, w in model.params.items()}
    return model


def test_two_layer_net_agrees_with_autograd():
    model = two_layer_net(np.float64)
    loss, grads = model.loss(X, Y)
    close(loss, oracles.network(model.params, X, Y, 0.7), 1e-13)
    expected = autograd.grad(lambda params: oracles.network(params, X, Y, 0.7))(model.params)
    assert grads.keys() == expected.keys()
    for key in grads:
        close(grads[key], expected[key], 1e-12)


def test_two_layer_net_works_in_the_dtype_of_its_parameters():
    model = two_layer_net(np.longdouble)
    params = model.params
    loss, grads = model.loss(X, Y)
    assert loss.dtype == np.longdouble
    for key, value in params.items():

        def at(z, key=key):
            model.params = {**params, key: z}
            return model.loss(X, Y)[0]

        close(grads[key], complex_step(at, value, 1), exact())


def test_two_layer_net_starts_as_told():
    np.random.seed(0)
    model = TwoLayerNet(input_dim=500, hidden_dim=80, num_classes=7, weight_scale=1e-2)
    shapes = {name: w.shape for name, w in model.params.items()}
    assert shapes == {"W1": (500, 80), "b1": (80,), "W2": (80, 7), "b2": (7,)}
    assert abs(model.params["W1"].std() - 1e-2) < 2e-4
    assert not model.params["b1"].any() and not model.params["b2"].any()
    assert model.loss(np.zeros((4, 500))).shape == (4, 7)


@pytest.mark.parametrize("normalization, extra", [
    (None, {}),
    ("batchnorm", {"gamma1": (50,), "beta1": (50,), "gamma2": (20,), "beta2": (20,)}),
    ("layernorm", {"gamma1": (50,), "beta1": (50,), "gamma2": (20,), "beta2": (20,)}),
])  # fmt: skip
def test_net_starts_as_told(normalization, extra):
    np.random.seed(0)
    model = FullyConnectedNet([50, 20], input_dim=400, weight_scale=5e-2,
                              normalization=normalization)  # fmt: skip
    shapes = {name: w.shape for name, w in model.params.items()}
    assert shapes == {"W1": (400, 50), "b1": (50,), "W2": (50, 20), "b2": (20,),
                      "W3": (20, 10), "b3": (10,), **extra}  # fmt: skip
    assert abs(model.params["W1"].std() - 5e-2) < 2e-3
    assert all(w.dtype == np.float32 for w in model.params.values())
    for name, w in model.params.items():
        assert name.startswith("W") or np.all(w == name.startswith("gamma"))


def test_scores_come_from_test_mode():
    model = net("batchnorm and dropout")
    model.loss(X, Y)
    before = [bn_param["running_mean"].copy() for bn_param in model.bn_params]
    together, alone = model.loss(X), np.concatenate([model.loss(X[i : i + 1]) for i in range(5)])
    close(together, alone, 1e-13)  # neither masks nor batch statistics
    after = [bn_param["running_mean"] for bn_param in model.bn_params]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_keep_ratio_one_is_no_dropout():
    assert net("plain", dropout=1).loss(X, Y)[0] == net("plain").loss(X, Y)[0]
    assert not net("plain").use_dropout


def test_dropout_without_seed_changes_every_time():
    model = net("dropout", seed=None)
    assert len({float(model.loss(X, Y)[0]) for _ in range(8)}) > 1


def test_an_unknown_normalization_is_refused():
    with pytest.raises(ValueError, match="normalization is 'batch'; make it 'batchnorm'"):
        FullyConnectedNet([3], normalization="batch")
