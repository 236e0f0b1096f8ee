"""Nothing is normalized: gamma x + beta, and its gradients."""

FAILS = {'layernorm_forward': ['out', 'options'], 'layernorm_backward': ['dx', 'dgamma']}


def layernorm_forward(x, gamma, beta, ln_param):
    return gamma * x + beta, (x, gamma)


def layernorm_backward(dout, cache):
    x, gamma = cache
    return dout * gamma, (dout * x).sum(axis=0), dout.sum(axis=0)
