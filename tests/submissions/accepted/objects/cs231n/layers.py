import functools
from dataclasses import dataclass
from typing import NamedTuple
import numpy as np

@dataclass
class AffineCache:
    x: np.ndarray
    w: np.ndarray
    b: np.ndarray

@dataclass(frozen=True, slots=True)
class BN:
    xh: np.ndarray
    std: np.ndarray
    gamma: np.ndarray

def logged(f):
    @functools.wraps(f)
    def inner(*a, **k):
        return f(*a, **k)
    return inner

def checks(n):
    def wrap(f):
        def inner(*args):
            assert len(args) == n, (f.__name__, len(args))
            return f(*args)
        return inner
    return wrap

flatten = lambda a: a.reshape(a.shape[0], -1)

@logged
def affine_forward(x, w, b): return flatten(x) @ w + b, AffineCache(x, w, b)

@checks(2)
def affine_backward(dout, cache: AffineCache):
    return (dout @ cache.w.T).reshape(cache.x.shape), flatten(cache.x).T @ dout, dout.sum(0)

relu_forward = lambda x: (np.maximum(x, 0), x > 0)
relu_backward = lambda dout, mask: dout * mask

class _BatchNorm:
    def __call__(self, x, gamma, beta, bn_param):
        eps, rho = bn_param.get('eps', 1e-5), bn_param.get('momentum', 0.9)
        stats = (m := x.mean(0)), (v := x.var(0))
        old = bn_param.get('running_mean', np.zeros_like(m)), bn_param.get('running_var', np.zeros_like(v))
        if bn_param['mode'] == 'test':
            m, v = old
            new = old
        else:
            new = tuple(rho * o + (1 - rho) * s for o, s in zip(old, stats))
        bn_param['running_mean'], bn_param['running_var'] = new
        xh = (x - m) / (std := np.sqrt(v + eps))
        return gamma * xh + beta, BN(xh, std, gamma)
batchnorm_forward = _BatchNorm()

def _norm_back(axis, dout, c):
    g = dout * c.gamma
    dx = (g - g.mean(axis, keepdims=True) - c.xh * (g * c.xh).mean(axis, keepdims=True)) / c.std
    return dx, (dout * c.xh).sum(0), dout.sum(0)
batchnorm_backward = functools.partial(_norm_back, 0)
batchnorm_backward_alt = batchnorm_backward
layernorm_backward = functools.partial(_norm_back, 1)

class LN(NamedTuple):
    xh: np.ndarray
    std: np.ndarray
    gamma: np.ndarray

def layernorm_forward(x, gamma, beta, ln_param, /):
    mean, std = x.mean(1, keepdims=True), np.sqrt(x.var(1, keepdims=True) + ln_param.get('eps', 1e-5))
    return gamma * ((x - mean) / std) + beta, LN((x - mean) / std, std, gamma)

@functools.singledispatch
def dropout_forward(x, dropout_param):
    match dropout_param:
        case {'mode': 'train', 'p': p}:
            if 'seed' in dropout_param: np.random.seed(dropout_param['seed'])
            mask = np.random.rand(*x.shape) < p
            return np.where(mask, x / p, 0), (mask, p)
        case {'mode': 'test'}:
            return x, None

def dropout_backward(dout, cache):
    if cache is None: return dout
    mask, p = cache
    return np.where(mask, dout / p, 0)
