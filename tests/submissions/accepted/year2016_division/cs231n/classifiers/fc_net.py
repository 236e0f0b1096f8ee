import numpy as np

from cs231n.layers import *
from cs231n.layer_utils import *



class TwoLayerNet(object):
  def __init__(self, input_dim=3*32*32, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0):
    self.params = {}
    self.reg = reg
    self.params['W1'] = np.random.normal(0.0, weight_scale, (input_dim, hidden_dim))
    self.params['b1'] = np.zeros(hidden_dim)
    self.params['W2'] = np.random.normal(0.0, weight_scale, (hidden_dim, num_classes))
    self.params['b2'] = np.zeros(num_classes)

  def loss(self, X, y=None):
    W1, b1 = self.params['W1'], self.params['b1']
    W2, b2 = self.params['W2'], self.params['b2']
    out1, cache1 = affine_relu_forward(X, W1, b1)
    scores, cache2 = affine_forward(out1, W2, b2)
    if y is None:
      return scores
    loss, grads = 0, {}
    loss, dscores = softmax_loss(scores, y)
    loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    dx, grads['W2'], grads['b2'] = affine_backward(dscores, cache2)
    _, grads['W1'], grads['b1'] = affine_relu_backward(dx, cache1)
    grads['W1'] += self.reg * W1
    grads['W2'] += self.reg * W2
    return loss, grads


class FullyConnectedNet(object):
  def __init__(
    self,
    hidden_dims,
    input_dim=3 * 32 * 32,
    num_classes=10,
    dropout=0,
    use_batchnorm=False,
    reg=0.0,
    weight_scale=1e-2,
    dtype=np.float32,
    seed=None,
  ):
    self.use_batchnorm = use_batchnorm
    self.use_dropout = dropout > 0
    self.reg = reg
    self.num_layers = 1 + len(hidden_dims)
    self.dtype = dtype
    self.params = {}

    dims = [input_dim] + hidden_dims + [num_classes]
    for i in xrange(self.num_layers):
      self.params['W' + str(i + 1)] = np.random.normal(0, weight_scale, (dims[i], dims[i + 1]))
      self.params['b' + str(i + 1)] = np.zeros(dims[i + 1])
      if self.use_batchnorm and i < self.num_layers - 1:
        self.params['gamma' + str(i + 1)] = np.ones(dims[i + 1])
        self.params['beta' + str(i + 1)] = np.zeros(dims[i + 1])

    self.dropout_param = {}
    if self.use_dropout:
      self.dropout_param = {"mode": "train", "p": dropout}
      if seed is not None:
        self.dropout_param["seed"] = seed
    self.bn_params = []
    if self.use_batchnorm:
      self.bn_params = [{"mode": "train"} for i in xrange(self.num_layers - 1)]
    
    for k, v in self.params.iteritems():
      self.params[k] = v.astype(dtype)

  def loss(self, X, y=None):
    X = X.astype(self.dtype)
    mode = "test" if y is None else "train"
    if self.use_dropout:
      self.dropout_param["mode"] = mode
    if self.use_batchnorm:
      for bn_param in self.bn_params:
        bn_param["mode"] = mode
    scores = None
    caches = {}
    out = X
    for i in xrange(1, self.num_layers):
      W, b = self.params['W%d' % i], self.params['b%d' % i]
      out, caches['affine%d' % i] = affine_forward(out, W, b)
      if self.use_batchnorm:
        out, caches['bn%d' % i] = batchnorm_forward(out, self.params['gamma%d' % i], self.params['beta%d' % i], self.bn_params[i - 1])

      out, caches['relu%d' % i] = relu_forward(out)
      if self.use_dropout:
        out, caches['drop%d' % i] = dropout_forward(out, self.dropout_param)
    L = self.num_layers
    scores, caches['affine%d' % L] = affine_forward(out, self.params['W%d' % L], self.params['b%d' % L])
    if mode == "test":
      return scores

    loss, grads = 0.0, {}
    loss, dscores = softmax_loss(scores, y)
    for i in xrange(1, L + 1):
      loss += 0.5 * self.reg * np.sum(self.params['W%d' % i] ** 2)
    dx, dw, grads['b%d' % L] = affine_backward(dscores, caches['affine%d' % L])
    grads['W%d' % L] = dw + self.reg * self.params['W%d' % L]
    for i in xrange(L - 1, 0, -1):
      if self.use_dropout:
        dx = dropout_backward(dx, caches['drop%d' % i])
      dx = relu_backward(dx, caches['relu%d' % i])
      if self.use_batchnorm:
        dx, grads['gamma%d' % i], grads['beta%d' % i] = batchnorm_backward_alt(dx, caches['bn%d' % i])

      dx, dw, grads['b%d' % i] = affine_backward(dx, caches['affine%d' % i])
      grads['W%d' % i] = dw + self.reg * self.params['W%d' % i]
    return loss, grads
