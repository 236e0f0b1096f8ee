"""Sandwich layers: layers that nearly always follow one another, tied into one.

They show the whole method of backpropagation in a few lines: forwards in order, each keeping its
cache; backwards in the opposite order, each taking its cache and handing on its gradient. Shapes
and parameters are those of the layers they are made of: x is (N, d_1, ..., d_k), w is (D, M), and
b, gamma and beta are (M,); out and dout are (N, M).
"""

from . import layers


def affine_relu_forward(x, w, b):
    """Compute affine, then ReLU. Returns (out, cache)."""
    hidden, affine_cache = layers.affine_forward(x, w, b)
    out, relu_cache = layers.relu_forward(hidden)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Run affine_relu_forward backwards. Returns (dx, dw, db)."""
    affine_cache, relu_cache = cache
    return layers.affine_backward(layers.relu_backward(dout, relu_cache), affine_cache)


def affine_bn_relu_forward(x, w, b, gamma, beta, bn_param):
    """Compute affine, batch normalization, then ReLU. Returns (out, cache)."""
    hidden, affine_cache = layers.affine_forward(x, w, b)
    normed, norm_cache = layers.batchnorm_forward(hidden, gamma, beta, bn_param)
    out, relu_cache = layers.relu_forward(normed)
    return out, (affine_cache, norm_cache, relu_cache)


def affine_bn_relu_backward(dout, cache):
    """Run affine_bn_relu_forward backwards. Returns (dx, dw, db, dgamma, dbeta)."""
    affine_cache, norm_cache, relu_cache = cache
    dnormed = layers.relu_backward(dout, relu_cache)
    dhidden, dgamma, dbeta = layers.batchnorm_backward(dnormed, norm_cache)
    return *layers.affine_backward(dhidden, affine_cache), dgamma, dbeta


def affine_ln_relu_forward(x, w, b, gamma, beta, ln_param):
    """Compute affine, layer normalization, then ReLU. Returns (out, cache)."""
    hidden, affine_cache = layers.affine_forward(x, w, b)
    normed, norm_cache = layers.layernorm_forward(hidden, gamma, beta, ln_param)
    out, relu_cache = layers.relu_forward(normed)
    return out, (affine_cache, norm_cache, relu_cache)


def affine_ln_relu_backward(dout, cache):
    """Run affine_ln_relu_forward backwards. Returns (dx, dw, db, dgamma, dbeta)."""
    affine_cache, norm_cache, relu_cache = cache
    dnormed = layers.relu_backward(dout, relu_cache)
    dhidden, dgamma, dbeta = layers.layernorm_backward(dnormed, norm_cache)
    return *layers.affine_backward(dhidden, affine_cache), dgamma, dbeta
