"""Sandwich layers: layers that nearly always follow one another, tied into one.

They show the whole method of backpropagation in a few lines: forwards in order, each keeping its
cache; backwards in the opposite order, each taking its cache and handing on its gradient. Shapes
and parameters are those of the layers they are made of: x is (N, d_1, ..., d_k), w is (D, M), and
b, gamma and beta are (M,); out and dout are (N, M).
"""

from .layers import (
    affine_backward,
    affine_forward,
    batchnorm_backward,
    batchnorm_forward,
    layernorm_backward,
    layernorm_forward,
    relu_backward,
    relu_forward,
)


def affine_relu_forward(x, w, b):
    """Compute affine, then ReLU. Returns (out, cache)."""
    hidden, affine_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(hidden)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Run affine_relu_forward backwards. Returns (dx, dw, db)."""
    affine_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), affine_cache)


def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    """Compute affine, batch normalization, then ReLU. Returns (out, cache)."""
    hidden, affine_cache = affine_forward(x, w, b)
    normed, norm_cache = batchnorm_forward(hidden, gamma, beta, bn_param)
    out, relu_cache = relu_forward(normed)
    return out, (affine_cache, norm_cache, relu_cache)


def affine_bn_relu_backward(dout, cache):
    """Run affine_bn_relu_forward backwards. Returns (dx, dw, db, dgamma, dbeta)."""
    affine_cache, norm_cache, relu_cache = cache
    dnormed = relu_backward(dout, relu_cache)
    dhidden, dgamma, dbeta = batchnorm_backward(dnormed, norm_cache)
    return *affine_backward(dhidden, affine_cache), dgamma, dbeta


def affine_ln_relu_forward(x, w, b, gamma, beta, ln_param):
    """Compute affine, layer normalization, then ReLU. Returns (out, cache)."""
    hidden, affine_cache = affine_forward(x, w, b)
    normed, norm_cache = layernorm_forward(hidden, gamma, beta, ln_param)
    out, relu_cache = relu_forward(normed)
    return out, (affine_cache, norm_cache, relu_cache)


def affine_ln_relu_backward(dout, cache):
    """Run affine_ln_relu_forward backwards. Returns (dx, dw, db, dgamma, dbeta)."""
    affine_cache, norm_cache, relu_cache = cache
    dnormed = relu_backward(dout, relu_cache)
    dhidden, dgamma, dbeta = layernorm_backward(dnormed, norm_cache)
    return *affine_backward(dhidden, affine_cache), dgamma, dbeta
