"""The layers of a neural network, each as a pair of functions: forward and backward.

A forward function maps an input array to an output array and hands over a *cache*: whatever its
backward twin will need. The backward function takes `dout`, the gradient of one scalar loss with
respect to that output, and gives the gradient of the same loss with respect to every input. A
network is then nothing but forwards called in order and backwards called in the opposite order.

The file goes from simple to hard: affine, ReLU, the two losses (which end the chain and so start
the way back), dropout, batch normalization, layer normalization.

N is always the number of examples in a minibatch, D and M are numbers of features, C is the number
of classes. Each gradient has the shape of the thing it is the gradient of. All layers compute in
the dtype of what they are given: float32 in, float32 out; longdouble in, longdouble out.
"""

import numpy as np


def affine_forward(x, w, b):
    """Compute a fully connected layer: every output is a weighted sum of every input, plus a bias.

    Each example is flattened to one row of D = d_1 * ... * d_k numbers, then out = rows @ w + b.

    Inputs:
    - x: examples, shape (N, d_1, ..., d_k)
    - w: weights, shape (D, M)
    - b: biases, shape (M,)

    Returns a tuple:
    - out: shape (N, M)
    - cache: (x, w, b), with x in its original shape
    """
    # BEGIN SOLUTION
    out = x.reshape(x.shape[0], -1) @ w + b
    return out, (x, w, b)
    # END SOLUTION


def affine_backward(dout, cache):
    """Run a fully connected layer backwards.

    Inputs:
    - dout: gradient of the loss with respect to the layer's output, shape (N, M)
    - cache: (x, w, b) as affine_forward returned it

    Returns a tuple:
    - dx: shape (N, d_1, ..., d_k), the shape x had
    - dw: shape (D, M)
    - db: shape (M,)
    """
    # BEGIN SOLUTION
    # With X the (N, D) rows, out[n, m] = sum_d X[n, d] w[d, m] + b[m]. By the chain rule
    #   dX[n, d] = sum_m dout[n, m] w[d, m]    = (dout w^T)[n, d]
    #   dw[d, m] = sum_n X[n, d] dout[n, m]    = (X^T dout)[d, m]
    #   db[m]    = sum_n dout[n, m]            since b[m] is added in every row
    # The shapes alone nearly decide it: (N, D) can only be made from (N, M) and (M, D).
    x, w, _ = cache
    rows = x.reshape(x.shape[0], -1)
    dx = (dout @ w.T).reshape(x.shape)
    dw = rows.T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db
    # END SOLUTION


def relu_forward(x):
    """Compute rectified linear units, out = max(0, x), entry by entry.

    Input:
    - x: any shape

    Returns a tuple:
    - out: same shape as x
    - cache: x
    """
    # BEGIN SOLUTION
    return np.maximum(0, x), x
    # END SOLUTION


def relu_backward(dout, cache):
    """Run rectified linear units backwards.

    Inputs:
    - dout: gradient of the loss with respect to the output, any shape
    - cache: x, same shape, as relu_forward returned it

    Returns:
    - dx: same shape as x. ReLU has no slope at exactly 0; take 0 there.
    """
    # BEGIN SOLUTION
    # Each entry depends on its own input only, with slope 1 where x > 0 and slope 0 elsewhere.
    # Selecting (not multiplying by 0) keeps an infinite dout from turning into nan.
    x = cache
    return np.where(x > 0, dout, np.zeros_like(dout))
    # END SOLUTION


def softmax_loss(x, y):
    """Compute the mean cross-entropy of a softmax classifier, and its gradient.

    Inputs:
    - x: class scores, shape (N, C)
    - y: right classes, integers in 0..C-1, shape (N,)

    Returns a tuple:
    - loss: a scalar in the dtype of x, in nats for each example
    - dx: gradient of the loss with respect to x, shape (N, C)
    """
    # BEGIN SOLUTION
    # Shifting a row by a constant leaves its softmax alone; the largest score becomes 0, so that
    # exp cannot overflow and the sum below is at least 1.
    rows = np.arange(x.shape[0])
    shifted = x - x.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probs[rows, y].mean()
    dx = np.exp(log_probs)
    dx[rows, y] -= 1
    dx /= x.shape[0]
    return loss, dx
    # END SOLUTION


def svm_loss(x, y):
    """Compute the mean multiclass hinge loss with margin 1, and its gradient.

    Inputs:
    - x: class scores, shape (N, C)
    - y: right classes, integers in 0..C-1, shape (N,)

    Returns a tuple:
    - loss: a scalar in the dtype of x
    - dx: gradient of the loss with respect to x, shape (N, C)
    """
    rows = np.arange(x.shape[0])
    margins = np.maximum(0, x - x[rows, y][:, None] + 1)
    margins[rows, y] = 0
    loss = margins.sum(axis=1).mean()
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] -= dx.sum(axis=1)
    dx /= x.shape[0]
    return loss, dx


def dropout_forward(x, dropout_param):
    """Drop entries at random while training; do nothing at test time.

    In 'train' mode each entry is kept with probability p and set to zero otherwise. Kept entries
    are divided by p ("inverted" dropout), so that the expected output equals the input and nothing
    is left to correct in 'test' mode, where out equals x.

    Inputs:
    - x: any shape
    - dropout_param: dictionary with
      - p: probability of KEEPING an entry, 0 < p <= 1
      - mode: 'train' or 'test'
      - seed: optional; seeds np.random, which makes the mask reproducible for gradient checks

    Returns a tuple:
    - out: same shape and dtype as x
    - cache: (dropout_param, mask); mask is None in 'test' mode

    Raises ValueError for any other mode.
    """
    p, mode = dropout_param["p"], dropout_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f"dropout_forward: mode is {mode!r}; make it 'train' or 'test'")
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])

    # BEGIN SOLUTION
    if mode == "test":
        return x, (dropout_param, None)
    # rand is uniform on [0, 1), so P(rand < p) = p. Each mask entry is 0 or 1/p with mean 1.
    mask = (np.random.rand(*x.shape) < p).astype(x.dtype) / p
    out = (x * mask).astype(x.dtype, copy=False)
    return out, (dropout_param, mask)
    # END SOLUTION


def dropout_backward(dout, cache):
    """Run dropout backwards.

    Inputs:
    - dout: gradient of the loss with respect to the output, any shape
    - cache: (dropout_param, mask) as dropout_forward returned it

    Returns:
    - dx: same shape as dout
    """
    # BEGIN SOLUTION
    # Once drawn, the mask is a constant: out = mask * x, hence dx = mask * dout. The factor 1/p is
    # part of the mask. In test mode out = x.
    dropout_param, mask = cache
    if dropout_param["mode"] == "test":
        return dout
    return dout * mask
    # END SOLUTION


def batchnorm_forward(x, gamma, beta, bn_param):
    """Normalize every feature over the minibatch, then scale and shift it.

    In 'train' mode, with mean and var the mean and the (biased, divided by N) variance of each
    column of x:

        x_hat = (x - mean) / sqrt(var + eps)
        out = gamma * x_hat + beta

    and running averages are kept for later:

        running_mean = momentum * running_mean + (1 - momentum) * mean
        running_var = momentum * running_var + (1 - momentum) * var

    In 'test' mode the running averages take the place of mean and var, and do not change.

    Inputs:
    - x: shape (N, D)
    - gamma: scale, shape (D,)
    - beta: shift, shape (D,)
    - bn_param: dictionary with
      - mode: 'train' or 'test'; required
      - eps: added to the variance, inside the root; default 1e-5
      - momentum: share of the old running average that is kept; default 0.9
      - running_mean, running_var: shape (D,), default zeros in the dtype of x. 'train' mode writes
        the new ones back into bn_param.

    Returns a tuple:
    - out: shape (N, D)
    - cache: whatever batchnorm_backward and batchnorm_backward_alt need (both get the same cache);
      it may be None in 'test' mode

    Raises ValueError for any other mode.
    """
    mode = bn_param["mode"]
    if mode not in ("train", "test"):
        raise ValueError(f"batchnorm_forward: mode is {mode!r}; make it 'train' or 'test'")
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], dtype=x.dtype))

    # BEGIN SOLUTION
    if mode == "test":
        return gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta, None
    mean = x.mean(axis=0)
    centred = x - mean
    var = (centred**2).mean(axis=0)
    inv_std = 1 / np.sqrt(var + eps)
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
    bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    return gamma * centred * inv_std + beta, (centred, inv_std, gamma)
    # END SOLUTION


def batchnorm_backward(dout, cache):
    """Run batch normalization backwards, one node of its computational graph at a time.

    Draw the graph of the 'train' mode forward pass first, then walk it from out back to x. A node
    whose value is used twice collects two gradients.

    Inputs:
    - dout: gradient of the loss with respect to the output, shape (N, D)
    - cache: as batchnorm_forward returned it in 'train' mode

    Returns a tuple:
    - dx: shape (N, D)
    - dgamma: shape (D,)
    - dbeta: shape (D,)
    """
    # BEGIN SOLUTION
    # The forward pass, node by node, for one column (s is inv_std, c is centred):
    #   mean = sum(x)/N;  c = x - mean;  var = sum(c^2)/N;  s = (var + eps)^(-1/2)
    #   x_hat = c s;  out = gamma x_hat + beta
    # Backwards, each line is one node:
    #   out:   dbeta = sum(dout);  dgamma = sum(dout x_hat);  dx_hat = dout gamma
    #   x_hat: ds = sum(dx_hat c)   (s is shared by all rows);  dc = dx_hat s
    #   s:     dvar = ds * (-1/2) (var + eps)^(-3/2) = -ds s^3 / 2
    #   var:   dc += dvar * 2 c / N        (the second use of c)
    #   c:     dx = dc;  dmean = -sum(dc)
    #   mean:  dx += dmean / N             (the second use of x)
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * centred * inv_std).sum(axis=0)
    dx_hat = dout * gamma
    dinv_std = (dx_hat * centred).sum(axis=0)
    dvar = -dinv_std * inv_std**3 / 2
    dcentred = dx_hat * inv_std + dvar * 2 * centred / n
    dmean = -dcentred.sum(axis=0)
    dx = dcentred + dmean / n
    return dx, dgamma, dbeta
    # END SOLUTION


def batchnorm_backward_alt(dout, cache):
    """Run batch normalization backwards by one short formula.

    Work the gradient out on paper and simplify it until dx is a single expression. The results are
    those of batchnorm_backward, to rounding, and take less time.

    Inputs:
    - dout: gradient of the loss with respect to the output, shape (N, D)
    - cache: as batchnorm_forward returned it in 'train' mode

    Returns a tuple:
    - dx: shape (N, D)
    - dgamma: shape (D,)
    - dbeta: shape (D,)
    """
    # BEGIN SOLUTION
    # For one column, with h = x_hat and s = 1/sqrt(var + eps):
    #   dmean/dx_i = 1/N,   dvar/dx_i = 2 c_i / N,   ds/dx_i = -s^3/2 * 2 c_i / N = -s^2 h_i / N
    #   dh_j/dx_i = (delta_ij - 1/N) s + c_j (-s^2 h_i / N) = s (delta_ij - 1/N - h_i h_j / N)
    # since c_j s = h_j. Summing gamma dout_j dh_j/dx_i over j:
    #   dx_i = gamma s (dout_i - sum(dout)/N - h_i sum(dout h)/N)
    #        = gamma s (dout_i - dbeta/N - h_i dgamma/N)
    # In words: take from dout its mean and its part along x_hat, the two directions which
    # normalization flattens.
    centred, inv_std, gamma = cache
    n = dout.shape[0]
    x_hat = centred * inv_std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx = gamma * inv_std * (dout - (dbeta + x_hat * dgamma) / n)
    return dx, dgamma, dbeta
    # END SOLUTION


def layernorm_forward(x, gamma, beta, ln_param):
    """Normalize every example over its own features, then scale and shift each feature.

    With mean and var the mean and the (biased, divided by D) variance of each ROW of x:

        x_hat = (x - mean) / sqrt(var + eps)
        out = gamma * x_hat + beta

    An example does not depend on the others in its minibatch, so training and test are the same
    and there are no running averages.

    Inputs:
    - x: shape (N, D)
    - gamma: scale, shape (D,)
    - beta: shift, shape (D,)
    - ln_param: dictionary with
      - eps: added to the variance, inside the root; default 1e-5

    Returns a tuple:
    - out: shape (N, D)
    - cache: whatever layernorm_backward needs
    """
    eps = ln_param.get("eps", 1e-5)

    # BEGIN SOLUTION
    centred = x - x.mean(axis=1, keepdims=True)
    var = (centred**2).mean(axis=1, keepdims=True)
    inv_std = 1 / np.sqrt(var + eps)
    x_hat = centred * inv_std
    return gamma * x_hat + beta, (x_hat, inv_std, gamma)
    # END SOLUTION


def layernorm_backward(dout, cache):
    """Run layer normalization backwards.

    Inputs:
    - dout: gradient of the loss with respect to the output, shape (N, D)
    - cache: as layernorm_forward returned it

    Returns a tuple:
    - dx: shape (N, D)
    - dgamma: shape (D,)
    - dbeta: shape (D,)
    """
    # BEGIN SOLUTION
    # gamma and beta act on columns as in batch normalization, so their gradients are sums over n.
    # The normalization acts on rows: the formula of batchnorm_backward_alt holds for each row, with
    # D in the place of N. But gamma varies along a row now, so it stays inside the sums:
    #   g = gamma dout;   dx_i = s (g_i - mean(g) - h_i mean(g h))
    x_hat, inv_std, gamma = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    along = (dx_hat * x_hat).mean(axis=1, keepdims=True)
    dx = inv_std * (dx_hat - dx_hat.mean(axis=1, keepdims=True) - x_hat * along)
    return dx, dgamma, dbeta
    # END SOLUTION
