from .layers import *


def affine_relu_forward(x, w, b):
    a, c = affine_forward(x, w, b)
    out, d = relu_forward(a)
    return out, (c, d)


def affine_relu_backward(dout, cache):
    return affine_backward(relu_backward(dout, cache[1]), cache[0])
