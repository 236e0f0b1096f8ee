import numpy as np

from cs231n.layers import *
from cs231n.layer_utils import *


class TwoLayerNet(object):

  def __init__(self, input_dim=3*32*32, hidden_dim=100, num_classes=10,
               weight_scale=1e-3, reg=0.0):
    self.params = {}
    self.reg = reg
    self.params['W1'] = weight_scale * np.random.randn(input_dim, hidden_dim)
    self.params['W2'] = weight_scale * np.random.randn(hidden_dim, num_classes)
    self.params['b1'] = np.zeros(hidden_dim)
    self.params['b2'] = np.zeros(num_classes)

  def loss(self, X, y=None):
    h, cache1 = affine_relu_forward(X, self.params['W1'], self.params['b1'])
    scores, cache2 = affine_forward(h, self.params['W2'], self.params['b2'])
    if y is None:
      return scores
    loss, dscores = softmax_loss(scores, y)
    grads = {}
    dh, grads['W2'], grads['b2'] = affine_backward(dscores, cache2)
    dx, grads['W1'], grads['b1'] = affine_relu_backward(dh, cache1)
    for k, v in self.params.iteritems():
      if k.startswith('W'):
        loss += 0.5 * self.reg * np.sum(v ** 2)
        grads[k] += self.reg * v
    return loss, grads


class FullyConnectedNet(object):

  def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10,
               dropout=0, use_batchnorm=False, reg=0.0,
               weight_scale=1e-2, dtype=np.float32, seed=None):
    self.use_batchnorm = use_batchnorm
    self.use_dropout = dropout > 0
    self.reg = reg
    self.num_layers = 1 + len(hidden_dims)
    self.dtype = dtype
    self.params = {}

    layers_dims = [input_dim] + hidden_dims + [num_classes]
    for i in xrange(self.num_layers):
      si = str(i + 1)
      self.params['W' + si] = np.random.randn(layers_dims[i], layers_dims[i + 1]) * weight_scale
      self.params['b' + si] = np.zeros(layers_dims[i + 1])
      if self.use_batchnorm and i != self.num_layers - 1:
        self.params['gamma' + si] = np.ones(layers_dims[i + 1])
        self.params['beta' + si] = np.zeros(layers_dims[i + 1])

    self.dropout_param = {}
    if self.use_dropout:
      self.dropout_param = {'mode': 'train', 'p': dropout}
      if seed is not None:
        self.dropout_param['seed'] = seed
    self.bn_params = []
    if self.use_batchnorm:
      self.bn_params = [{'mode': 'train'} for i in xrange(self.num_layers - 1)]
    for k, v in self.params.iteritems():
      self.params[k] = v.astype(dtype)

  def loss(self, X, y=None):
    X = X.astype(self.dtype)
    mode = 'test' if y is None else 'train'
    if self.dropout_param is not None:
      self.dropout_param['mode'] = mode
    if self.use_batchnorm:
      for bn_param in self.bn_params:
        bn_param[mode] = mode

    h = X
    caches = {}
    for i in xrange(1, self.num_layers):
      si = str(i)
      h, caches['fc' + si] = affine_forward(h, self.params['W' + si], self.params['b' + si])
      if self.use_batchnorm:
        h, caches['bn' + si] = batchnorm_forward(
          h, self.params['gamma' + si], self.params['beta' + si], self.bn_params[i - 1])
      h, caches['relu' + si] = relu_forward(h)
      if self.use_dropout:
        h, caches['drop' + si] = dropout_forward(h, self.dropout_param)
    si = str(self.num_layers)
    scores, caches['fc' + si] = affine_forward(h, self.params['W' + si], self.params['b' + si])
    if mode == 'test':
      return scores

    grads = {}
    loss, dh = softmax_loss(scores, y)
    dh, grads['W' + si], grads['b' + si] = affine_backward(dh, caches['fc' + si])
    for i in xrange(self.num_layers - 1, 0, -1):
      si = str(i)
      if self.use_dropout:
        dh = dropout_backward(dh, caches['drop' + si])
      dh = relu_backward(dh, caches['relu' + si])
      if self.use_batchnorm:
        dh, grads['gamma' + si], grads['beta' + si] = batchnorm_backward(dh, caches['bn' + si])
      dh, grads['W' + si], grads['b' + si] = affine_backward(dh, caches['fc' + si])
    for k, v in self.params.iteritems():
      if k[0] == 'W':
        loss += 0.5 * self.reg * np.sum(v ** 2)
        grads[k] += self.reg * v
    if not np.isfinite(loss):
      print 'loss is not finite:', loss
    return loss, grads
