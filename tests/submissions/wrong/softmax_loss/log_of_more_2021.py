"""A small number is added inside the logarithm: the loss is another one, and nets follow."""

RUBRIC = "cs231n-a2-2021"
FAILS = {"softmax_loss": ["loss"]}

import numpy as np


def softmax_loss(x, y):
    rows = np.arange(x.shape[0])
    shifted = x - x.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -np.log(np.exp(log_probs[rows, y]) + 1e-4).mean()
    dx = np.exp(log_probs)
    dx[rows, y] -= 1
    dx /= x.shape[0]
    return loss, dx
