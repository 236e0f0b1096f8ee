"""Blocks of layers.

`block_forward` and `block_backward` do affine - [norm] - relu - [dropout] with whatever of it is
asked for; the named sandwiches below are special cases of it, kept because notebooks use them.
"""

from .layers import *

NORMS = {
    "batchnorm": (batchnorm_forward, batchnorm_backward),
    "layernorm": (layernorm_forward, layernorm_backward),
}


def block_forward(x, w, b, norm=None, gamma=None, beta=None, norm_param=None, dropout_param=None):
    out, fc_cache = affine_forward(x, w, b)
    norm_cache = drop_cache = None
    if norm is not None:
        out, norm_cache = NORMS[norm][0](out, gamma, beta, norm_param)
    out, relu_cache = relu_forward(out)
    if dropout_param:
        out, drop_cache = dropout_forward(out, dropout_param)
    return out, (norm, fc_cache, norm_cache, relu_cache, drop_cache)


def block_backward(dout, cache):
    """Return dx and a dictionary with the gradients of the block's parameters."""
    norm, fc_cache, norm_cache, relu_cache, drop_cache = cache
    grads = {}
    if drop_cache is not None:
        dout = dropout_backward(dout, drop_cache)
    dout = relu_backward(dout, relu_cache)
    if norm is not None:
        dout, grads["gamma"], grads["beta"] = NORMS[norm][1](dout, norm_cache)
    dx, grads["W"], grads["b"] = affine_backward(dout, fc_cache)
    return dx, grads


def affine_relu_forward(x, w, b):
    return block_forward(x, w, b)


def affine_relu_backward(dout, cache):
    dx, grads = block_backward(dout, cache)
    return dx, grads["W"], grads["b"]


def affine_bn_relu_dropout_forward(x, w, b, gamma, beta, bn_param, dropout_param):
    return block_forward(x, w, b, "batchnorm", gamma, beta, bn_param, dropout_param)


def affine_bn_relu_dropout_backward(dout, cache):
    dx, grads = block_backward(dout, cache)
    return dx, grads["W"], grads["b"], grads["gamma"], grads["beta"]
