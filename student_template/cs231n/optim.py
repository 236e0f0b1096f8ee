"""Update rules: given a parameter and its gradient, where should the parameter go next?

The rules are in the order of their history, each mending a weakness of the one before: plain
gradient descent; momentum, which remembers a direction; RMSProp, which remembers how large the
gradients of each entry have been; Adam, which remembers both.

Every rule is called once for each parameter array and each step:

    next_w, config = rule(w, dw, config)

- w: the parameter, any shape
- dw: gradient of the loss with respect to w, same shape
- config: dictionary of settings and memory, or None for all defaults. Settings that are missing are
  filled in; memory (velocity, averages, step count) is written back, so pass the returned config to
  the next call. Memory arrays have the shape and dtype of w.
- next_w: the new parameter, same shape and dtype. A rule may also change w itself in place.
"""

import numpy as np


def sgd(w, dw, config=None):
    """Step against the gradient: w - learning_rate * dw, in place.

    Settings: learning_rate (default 1e-2).
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)

    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    """Let the parameter roll: each step keeps a part of the step before.

        velocity = momentum * velocity - learning_rate * dw
        next_w = w + velocity

    Settings: learning_rate (default 1e-2); momentum, 0 to 1 (default 0.9; 0 is plain sgd).
    Memory: velocity (starts at zero).
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    config.setdefault("velocity", np.zeros_like(w))

    raise NotImplementedError("sgd_momentum: write this")


def rmsprop(w, dw, config=None):
    """Give every entry a step size of its own, by the usual size of its gradients.

        cache = decay_rate * cache + (1 - decay_rate) * dw^2
        next_w = w - learning_rate * dw / (sqrt(cache) + epsilon)

    Settings: learning_rate (default 1e-2); decay_rate, 0 to 1 (default 0.99); epsilon, against
    division by zero (default 1e-8).
    Memory: cache, the moving average of squared gradients (starts at zero).
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros_like(w))

    raise NotImplementedError("rmsprop: write this")


def adam(w, dw, config=None):
    """Combine both memories, and correct them for having started at zero.

        t = t + 1
        m = beta1 * m + (1 - beta1) * dw          m_hat = m / (1 - beta1^t)
        v = beta2 * v + (1 - beta2) * dw^2        v_hat = v / (1 - beta2^t)
        next_w = w - learning_rate * m_hat / (sqrt(v_hat) + epsilon)

    Count the step BEFORE using t: the first call works with t = 1.

    Settings: learning_rate (default 1e-3); beta1 and beta2, 0 to 1 (defaults 0.9 and 0.999);
    epsilon, against division by zero (default 1e-8).
    Memory: m and v, moving averages of the gradient and of its square (start at zero); t, the
    number of steps taken so far (starts at 0).
    """
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)

    raise NotImplementedError("adam: write this")
