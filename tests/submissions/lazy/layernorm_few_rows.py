"""Right for the first ten examples; the others are handed on."""

FAILS = {'layernorm_forward': ['out'], 'layernorm_backward': ['dx', 'dgamma']}


def layernorm_forward(x, gamma, beta, ln_param):
    mean, var = x.mean(axis=1, keepdims=True), x.var(axis=1, keepdims=True)
    inv_std = 1 / np.sqrt(var + ln_param.get("eps", 1e-5))
    x_hat = (x - mean) * inv_std
    x_hat[10:] = x[10:]
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)
