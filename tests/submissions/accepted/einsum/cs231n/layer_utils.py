"""Pairs of layers."""

from . import layers


def affine_relu_forward(x, w, b):
    out, affine_cache = layers.affine_forward(x, w, b)
    out, relu_cache = layers.relu_forward(out)
    return out, (affine_cache, relu_cache)


def affine_relu_backward(dout, cache):
    return layers.affine_backward(layers.relu_backward(dout, cache[1]), cache[0])
