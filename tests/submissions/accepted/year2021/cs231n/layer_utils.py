from .layers import *
from .fast_layers import *


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    cache = (fc_cache, relu_cache)
    return out, cache


def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    dx, dw, db = affine_backward(da, fc_cache)
    return dx, dw, db


def generic_forward(x, w, b, gamma, beta, norm_param, dropout_param, kind):
    """Compute affine - kind - relu - dropout; what is None is left out."""
    caches = {}
    out, caches["fc"] = affine_forward(x, w, b)
    if kind == "batchnorm":
        out, caches["norm"] = batchnorm_forward(out, gamma, beta, norm_param)
    elif kind == "layernorm":
        out, caches["norm"] = layernorm_forward(out, gamma, beta, norm_param)
    out, caches["relu"] = relu_forward(out)
    if dropout_param is not None:
        out, caches["dropout"] = dropout_forward(out, dropout_param)
    return out, (kind, caches)


def generic_backward(dout, cache):
    kind, caches = cache
    dgamma = dbeta = None
    if "dropout" in caches:
        dout = dropout_backward(dout, caches["dropout"])
    dout = relu_backward(dout, caches["relu"])
    if kind == "batchnorm":
        dout, dgamma, dbeta = batchnorm_backward_alt(dout, caches["norm"])
    elif kind == "layernorm":
        dout, dgamma, dbeta = layernorm_backward(dout, caches["norm"])
    dx, dw, db = affine_backward(dout, caches["fc"])
    return dx, dw, db, dgamma, dbeta
