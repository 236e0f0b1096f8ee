import numpy as np


def affine_forward(x, w, b):
  """
  Computes the forward pass for an affine (fully-connected) layer.
  """
  out = None
  ###########################################################################
  # TODO: Implement the affine forward pass. Store the result in out.       #
  ###########################################################################
  # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****

  num_train = x.shape[0]
  print 'affine', num_train, x.shape
  print
  print "%d rows" % num_train
  D = np.prod(x.shape) / num_train

  out = np.dot(x.reshape(num_train, D), w) + b

  # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****
  cache = (x, w, b)
  return out, cache


def affine_backward(dout, cache):
  x, w, b = cache
  dx, dw, db = None, None, None
  dx = np.dot(dout, w.T).reshape(x.shape)
  dw = np.dot(x.reshape(x.shape[0], -1).T, dout)
  db = np.sum(dout, axis=0)
  return dx, dw, db


def relu_forward(x):
  out = None
  out = np.maximum(0, x)
  cache = x
  return out, cache


def relu_backward(dout, cache):
  dx, x = None, cache
  dx = np.array(dout, copy=True)
  dx[x <= 0] = 0
  return dx


def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param["mode"]
  eps = bn_param.get("eps", 1e-5)
  momentum = bn_param.get("momentum", 0.9)

  N, D = x.shape
  running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

  out, cache = None, None
  if mode == "train":
    sample_mean = np.mean(x, axis=0)
    sample_var = np.var(x, axis=0)
    x_normalized = (x - sample_mean) / np.sqrt(sample_var + eps)
    out = x_normalized * gamma + beta
    running_mean = momentum * running_mean + (1 - momentum) * sample_mean
    running_var = momentum * running_var + (1 - momentum) * sample_var
    cache = (x, x_normalized, sample_mean, sample_var, gamma, eps)
  elif mode == "test":
    x_normalized = (x - running_mean) / np.sqrt(running_var + eps)
    out = x_normalized * gamma + beta
  else:
    raise ValueError, 'Invalid forward batchnorm mode "%s"' % mode

  bn_param["running_mean"] = running_mean
  bn_param["running_var"] = running_var
  return out, cache


def batchnorm_backward(dout, cache):
  dx, dgamma, dbeta = None, None, None
  x, x_normalized, mu, var, gamma, eps = cache
  N, D = x.shape
  dbeta = np.sum(dout, axis=0)
  dgamma = np.sum(dout * x_normalized, axis=0)
  dxn = dout * gamma
  ivar = 1. / np.sqrt(var + eps)
  dvar = np.sum(dxn * (x - mu) * -0.5 * ivar ** 3, axis=0)
  dmu = np.sum(-dxn * ivar, axis=0) + dvar * np.mean(-2. * (x - mu), axis=0)
  dx = dxn * ivar + dvar * 2 * (x - mu) / N + dmu / N
  return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
  dx, dgamma, dbeta = None, None, None
  x, xn, mu, var, gamma, eps = cache
  N = x.shape[0]
  dbeta = np.sum(dout, axis=0)
  dgamma = np.sum(dout * xn, axis=0)
  dx = gamma / (N * np.sqrt(var + eps)) * (N * dout - dbeta - dgamma * xn)
  return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
  p, mode = dropout_param["p"], dropout_param["mode"]
  if "seed" in dropout_param:
    np.random.seed(dropout_param["seed"])

  mask = None
  out = None

  if mode == "train":
    mask = (np.random.rand(*x.shape) < (1 - p)) / (1 - p)
    out = x * mask
  elif mode == "test":
    out = x

  cache = (dropout_param, mask)
  out = out.astype(x.dtype, copy=False)
  return out, cache


def dropout_backward(dout, cache):
  dropout_param, mask = cache
  mode = dropout_param["mode"]
  dx = None
  if mode == "train":
    dx = dout * mask
  elif mode == "test":
    dx = dout
  return dx


def conv_forward_naive(x, w, b, conv_param):
  out = None
  pass
  cache = (x, w, b, conv_param)
  return out, cache


def max_pool_forward_naive(x, pool_param):
  HH = np.int(3)
  return None, (x, pool_param)


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
  out, cache = None, None
  N, C, H, W = x.shape
  o, cache = batchnorm_forward(x.transpose(0, 2, 3, 1).reshape(-1, C), gamma, beta, bn_param)
  out = o.reshape(N, H, W, C).transpose(0, 3, 1, 2)
  return out, cache


def svm_loss(x, y):
  N = x.shape[0]
  correct_class_scores = x[np.arange(N), y]
  margins = np.maximum(0, x - correct_class_scores[:, np.newaxis] + 1.0)
  margins[np.arange(N), y] = 0
  loss = np.sum(margins) / N
  num_pos = np.sum(margins > 0, axis=1)
  dx = np.zeros_like(x)
  dx[margins > 0] = 1
  dx[np.arange(N), y] -= num_pos
  dx /= N
  return loss, dx


def softmax_loss(x, y):
  shifted_logits = x - np.max(x, axis=1, keepdims=True)
  Z = np.sum(np.exp(shifted_logits), axis=1, keepdims=True)
  log_probs = shifted_logits - np.log(Z)
  probs = np.exp(log_probs)
  N = x.shape[0]
  loss = -np.sum(log_probs[np.arange(N), y]) / N
  dx = probs.copy()
  dx[np.arange(N), y] -= 1
  dx /= N
  return loss, dx
