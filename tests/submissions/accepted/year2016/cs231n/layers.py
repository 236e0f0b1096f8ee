import numpy as np


def affine_forward(x, w, b):
  N = x.shape[0]
  out = np.dot(np.reshape(x, (N, -1)), w) + b
  cache = (x, w, b)
  return out, cache


def affine_backward(dout, cache):
  x, w, b = cache
  N = x.shape[0]
  dx = np.reshape(np.dot(dout, w.T), x.shape)
  dw = np.dot(np.reshape(x, (N, -1)).T, dout)
  db = np.sum(dout, axis=0)
  return dx, dw, db


def relu_forward(x):
  out = np.maximum(0, x)
  cache = x
  return out, cache


def relu_backward(dout, cache):
  dx, x = dout.copy(), cache
  dx[x < 0] = 0
  return dx


def batchnorm_forward(x, gamma, beta, bn_param):
  mode = bn_param['mode']
  eps = bn_param.get('eps', 1e-5)
  momentum = bn_param.get('momentum', 0.9)

  N, D = x.shape
  running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
  running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

  out, cache = None, None
  if mode == 'train':
    mu = np.mean(x, axis=0)
    var = np.mean((x - mu) ** 2, axis=0)
    xn = (x - mu) / np.sqrt(var + eps)
    out = gamma * xn + beta
    running_mean = momentum * running_mean + (1 - momentum) * mu
    running_var = momentum * running_var + (1 - momentum) * var
    cache = (xn, gamma, np.sqrt(var + eps))
  elif mode == 'test':
    xn = (x - running_mean) / np.sqrt(running_var + eps)
    out = gamma * xn + beta
  else:
    raise ValueError, 'no such batchnorm mode'

  bn_param['running_mean'] = running_mean
  bn_param['running_var'] = running_var
  return out, cache


def batchnorm_backward(dout, cache):
  xn, gamma, std = cache
  N, D = dout.shape
  dbeta = np.zeros(D)
  dgamma = np.zeros(D)
  dx = np.zeros((N, D))
  for j in xrange(D):
    dbeta[j] = np.sum(dout[:, j])
    dgamma[j] = np.sum(dout[:, j] * xn[:, j])
    dxn = dout[:, j] * gamma[j]
    dx[:, j] = (dxn - np.mean(dxn) - xn[:, j] * np.mean(dxn * xn[:, j])) / std[j]
  return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
  xn, gamma, std = cache
  N = dout.shape[0]
  dbeta = np.sum(dout, axis=0)
  dgamma = np.sum(dout * xn, axis=0)
  dx = (gamma / std) * (dout - dbeta / N - xn * dgamma / N)
  return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
  p, mode = dropout_param['p'], dropout_param['mode']
  if 'seed' in dropout_param:
    np.random.seed(dropout_param['seed'])

  mask = None
  out = None
  if mode == 'train':
    mask = (np.random.rand(*x.shape) > p) / (1.0 - p)
    out = x * mask
  elif mode == 'test':
    out = x

  cache = (dropout_param, mask)
  out = out.astype(x.dtype, copy=False)
  return out, cache


def dropout_backward(dout, cache):
  dropout_param, mask = cache
  if dropout_param['mode'] == 'test':
    return dout
  return dout * mask


def softmax_loss(x, y):
  probs = np.exp(x - np.max(x, axis=1, keepdims=True))
  probs /= np.sum(probs, axis=1, keepdims=True)
  N = x.shape[0]
  loss = -np.sum(np.log(probs[np.arange(N), y])) / N
  dx = probs.copy()
  dx[np.arange(N), y] -= 1
  dx /= N
  return loss, dx


if __name__ == '__main__':
  print 'relu of -1 and 1:', relu_forward(np.array([-1.0, 1.0]))[0]
