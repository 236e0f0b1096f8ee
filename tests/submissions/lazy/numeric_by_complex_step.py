"""Complex steps through a helper of the forward pass, all at once: right."""

FAILS = {}
FLAGS = ['numeric_gradient']


def _norm(x, eps):
    m = x.mean(axis=1, keepdims=True)
    c = x - m
    return c / np.sqrt((c * c).mean(axis=1, keepdims=True) + eps)
def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    h = _norm(x, eps)
    return gamma * h + beta, (x, gamma, eps, h)
def layernorm_backward(dout, cache):
    x, gamma, eps, h = cache
    dx = np.zeros_like(x)
    D = x.shape[1]
    step = np.array(1e-30).astype(complex) * np.sqrt(np.array(-1 + 0j))
    z = x[:, None, :] + step * np.eye(D)
    z = z.reshape(-1, D)
    out = (_norm(z, eps) - 0).reshape(x.shape[0], D, D)
    slope = np.imag(out) / 1e-30
    dx = (slope * (dout * gamma)[:, None, :]).sum(axis=2)
    return dx, (dout * h).sum(axis=0), dout.sum(axis=0)
