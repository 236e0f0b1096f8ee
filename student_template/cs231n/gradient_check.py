"""Checking gradients: trust a derivation only after arithmetic agrees with it.

A derivative is a limit of difference quotients, so a quotient over a small step h is a second
opinion on any backward pass. The centred quotient (f(x + h) - f(x - h)) / 2h errs by a multiple of
h^2, plus rounding of about 1e-16 / h in float64: h = 1e-5 balances the two, and an honest gradient
then agrees to about 1e-7 or better.

From thorough to quick: every entry of a scalar function; every entry of an array function; a few
random entries; one random direction. Arrays x are changed in place while a function runs and are
put back after it. Give them in float64: float32 has too few digits for a difference.
"""

import numpy as np


def rel_error(x, y):
    """Return the largest relative difference of two arrays of one shape, a scalar in 0..1.

    Each difference is taken relative to |x| + |y|, or to 1e-8 where both are smaller than that.
    Raises ValueError if the shapes differ: a silent broadcast would hide a mistake.
    """
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        raise ValueError(f"rel_error: shapes {x.shape} and {y.shape} differ; make them equal")
    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))


def _difference(f, x, index, h):
    """Return f(x + h at index) - f(x - h at index), leaving x as it was."""
    old = x[index]
    try:
        x[index] = old + h
        above = np.array(f(x), copy=True)
        x[index] = old - h
        below = np.array(f(x), copy=True)
    finally:
        x[index] = old
    return above - below


def eval_numerical_gradient(f, x, verbose=False, h=1e-5):
    """Return the numerical gradient of a scalar function at x.

    - f: function of one array, returning a scalar
    - x: the point, any shape, a float array
    - verbose: print every entry as it is found
    - h: step

    Returns an array of the shape and dtype of x.
    """
    grad = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        grad[index] = _difference(f, x, index, h) / (2 * h)
        if verbose:
            print(index, grad[index])
    return grad


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """Return the numerical gradient of sum(df * f(x)), for a function that returns an array.

    - f: function of one array, returning an array
    - x: the point, any shape, a float array
    - df: upstream gradient, the shape of f(x)
    - h: step

    Returns an array of the shape and dtype of x.
    """
    grad = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        grad[index] = np.sum(_difference(f, x, index, h) * df) / (2 * h)
    return grad


def grad_check_sparse(f, x, analytic_grad, num_checks=10, h=1e-5):
    """Compare a gradient with a numerical one at a few random entries, and print each comparison.

    - f: function of one array, returning a scalar
    - x: the point, any shape, a float array
    - analytic_grad: the gradient under test, the shape of x
    - num_checks: how many entries, drawn by np.random
    - h: step

    Returns the largest relative error met.
    """
    worst = 0.0
    for _ in range(num_checks):
        index = tuple(np.random.randint(size) for size in x.shape)
        numeric, analytic = _difference(f, x, index, h) / (2 * h), analytic_grad[index]
        error = rel_error(numeric, analytic)
        worst = max(worst, error)
        print(f"at {index}: numeric {numeric:f}, analytic {analytic:f}, off {error:.1e}")
    return worst


def directional_gradient(f, x, df, direction, h=1e-5):
    """Return the numerical slope of sum(df * f(x)) along one direction: two calls of f, any size.

    A right gradient dx satisfies sum(dx * direction) = slope. A wrong one fails this for almost
    every random direction, so one check costs little and misses little. x is not changed.

    - f: function of one array, returning an array or a scalar
    - x: the point, any shape, a float array
    - df: upstream gradient, the shape of f(x); 1 for a scalar f
    - direction: the shape of x
    - h: step

    Returns a scalar.
    """
    step = h * direction
    above = np.array(f(x + step), copy=True)
    below = np.array(f(x - step), copy=True)
    return np.sum((above - below) * df) / (2 * h)
