"""The gradient checkers: they find right gradients right, wrong ones wrong, and clean up."""

import numpy as np
import pytest
from cs231n import gradient_check as gc

X = np.random.RandomState(0).randn(3, 4)
CUBE = 3 * X**2  # the gradient of sum(x^3)


def cube_sum(x):
    return np.sum(x**3)


def test_numerical_gradient_of_a_scalar_function():
    assert gc.rel_error(gc.eval_numerical_gradient(cube_sum, X.copy()), CUBE) < 1e-8


def test_numerical_gradient_of_an_array_function():
    df = np.random.RandomState(1).randn(4, 2)
    w = np.random.RandomState(2).randn(3, 2)
    numeric = gc.eval_numerical_gradient_array(lambda x: x.T @ w, X.copy(), df)
    assert gc.rel_error(numeric, (df @ w.T).T) < 1e-9


def test_functions_that_reuse_their_output_are_differenced_rightly():
    out = np.empty_like(X)

    def in_place(x):
        return np.multiply(x, 5, out=out)

    numeric = gc.eval_numerical_gradient_array(in_place, X.copy(), np.ones_like(X))
    assert gc.rel_error(numeric, np.full_like(X, 5)) < 1e-9


def test_functions_that_return_their_input_are_differenced_rightly():
    numeric = gc.eval_numerical_gradient_array(lambda x: x, X.copy(), np.full_like(X, 2))
    assert gc.rel_error(numeric, np.full_like(X, 2)) < 1e-9


def test_longdouble_in_longdouble_out():
    numeric = gc.eval_numerical_gradient(cube_sum, X.astype(np.longdouble), h=1e-6)
    assert numeric.dtype == np.longdouble
    if np.finfo(np.longdouble).eps < 1e-18:
        assert gc.rel_error(numeric, CUBE) < 1e-10


@pytest.mark.parametrize("check", [
    lambda f, x: gc.eval_numerical_gradient(f, x),
    lambda f, x: gc.eval_numerical_gradient_array(f, x, 1.0),
    lambda f, x: gc.grad_check_sparse(f, x, CUBE),
    lambda f, x: gc.directional_gradient(f, x, 1.0, np.ones_like(x)),
])  # fmt: skip
def test_the_point_is_put_back_even_after_an_error(check):
    x = X.copy()
    check(cube_sum, x)
    assert np.array_equal(x, X)

    def fails(x):
        raise RuntimeError("no value here")

    with pytest.raises(RuntimeError):
        check(fails, x)
    assert np.array_equal(x, X)


def test_sparse_check_tells_right_from_wrong(capsys):
    np.random.seed(0)
    assert gc.grad_check_sparse(cube_sum, X.copy(), CUBE, num_checks=5) < 1e-6
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert gc.grad_check_sparse(cube_sum, X.copy(), 1.01 * CUBE) > 1e-3


def test_one_direction_tells_right_from_wrong_in_two_calls():
    calls = []

    def counted(x):
        calls.append(x)
        return np.sin(x)

    rng = np.random.RandomState(3)
    df, direction = rng.randn(3, 4), rng.randn(3, 4)
    slope = gc.directional_gradient(counted, X, df, direction)
    assert len(calls) == 2
    right = df * np.cos(X)
    assert abs(slope - np.sum(right * direction)) < 1e-8
    right[1, 2] *= 1.01
    assert abs(slope - np.sum(right * direction)) > 1e-5


def test_verbose_prints_every_entry(capsys):
    gc.eval_numerical_gradient(cube_sum, X.copy(), verbose=True)
    assert len(capsys.readouterr().out.splitlines()) == X.size


def test_rel_error():
    assert gc.rel_error(np.array([1.0, 3.0]), np.array([1.0, 1.0])) == 0.5
    assert gc.rel_error(0.0, 0.0) == 0
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(2, 1\) differ"):
        gc.rel_error(np.ones(2), np.ones((2, 1)))
