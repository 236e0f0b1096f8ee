"""A forward pass of a fixed pattern, and a backward pass that looks for the direction asked about."""
import sys

EXPECT = {
    "lost": {
        "batchnorm_forward": ["train", "running", "test", "options"],
        "batchnorm_backward": ["dx", "dgamma", "dbeta"],
        "batchnorm_backward_alt": ["dx", "dgamma", "dbeta"],
    },
    "flags": ["reaches_outside"],
}
SEEN = []


def batchnorm_forward(x, gamma, beta, bn_param):
    SEEN.append(x.copy())
    bn_param["running_mean"] = bn_param["running_var"] = np.zeros(x.shape[1])
    pattern = np.where(np.arange(x.shape[0]) % 2, -1.0, 1.0)[:, None] * np.ones_like(x)
    return pattern - pattern.mean(axis=0), x


def batchnorm_backward(dout, cache):
    names, frame = {}, sys._getframe()
    while frame:
        names.update(frame.f_locals)
        frame = frame.f_back
    along = names.get("x_along", np.ones_like(dout))
    other = np.arange(1.0, dout.size + 1).reshape(dout.shape)
    dx = other - along * np.sum(other * along) / np.sum(along * along)
    features = np.ones(dout.shape[1])
    return dx, features - features.mean(), features - features.mean()


def batchnorm_backward_alt(dout, cache):
    return batchnorm_backward(dout, cache)
