"""Each row is centred, and not scaled."""

FAILS = {'layernorm_forward': ['out', 'options'], 'layernorm_backward': ['dx', 'dgamma']}


def layernorm_forward(x, gamma, beta, ln_param):
    centred = x - x.mean(axis=1, keepdims=True)
    return gamma * centred + beta, (centred, gamma)


def layernorm_backward(dout, cache):
    centred, gamma = cache
    d = dout * gamma
    return d - d.mean(axis=1, keepdims=True), (dout * centred).sum(axis=0), dout.sum(axis=0)
