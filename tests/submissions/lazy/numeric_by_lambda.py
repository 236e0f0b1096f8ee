"""Differences of a lambda that stands for the forward pass, each number moved by 1: right."""

FAILS = {}
FLAGS = ['numeric_gradient']


def affine_forward(x, w, b, f=lambda x, w, b: x.reshape(len(x), -1) @ w + b):
    return f(x, w, b), (x, w, b, f)
def affine_backward(dout, cache):
    x, w, b, f = cache
    def moved(v, put):
        steps = np.eye(v.size).reshape(v.size, *v.shape)
        return np.array([((put(v + s) - put(v)) * dout).sum() for s in steps]).reshape(v.shape)
    return (moved(x, lambda v: f(v, w, b)), moved(w, lambda v: f(x, v, b)),
            moved(b, lambda v: f(x, w, v)))
