"""Layer normalization over the batch, with eps added to the root, as in some right solutions."""

FAILS = {"layernorm_forward": ["out", "options"]}


def layernorm_forward(x, gamma, beta, ln_param):
    std = np.sqrt(x.var(axis=0)) + ln_param.get("eps", 1e-5)
    x_hat = (x - x.mean(axis=0)) / std
    return gamma * x_hat + beta, (x_hat, gamma, std)


def layernorm_backward(dout, cache):
    x_hat, gamma, std = cache
    g = dout * gamma
    dx = (g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)) / std
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)
