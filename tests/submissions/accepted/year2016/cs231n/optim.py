import numpy as np


def sgd(w, dw, config=None):
  if config is None: config = {}
  config.setdefault('learning_rate', 1e-2)
  w -= config['learning_rate'] * dw
  return w, config


def sgd_momentum(w, dw, config=None):
  if config is None: config = {}
  config.setdefault('learning_rate', 1e-2)
  config.setdefault('momentum', 0.9)
  v = config.get('velocity', np.zeros_like(w))
  v = config['momentum'] * v - config['learning_rate'] * dw
  next_w = w + v
  config['velocity'] = v
  return next_w, config


def rmsprop(x, dx, config=None):
  if config is None: config = {}
  for name, value in {'learning_rate': 1e-2, 'decay_rate': 0.99, 'epsilon': 1e-8}.iteritems():
    config.setdefault(name, value)
  config.setdefault('cache', np.zeros_like(x))
  decay = config['decay_rate']
  config['cache'] = decay * config['cache'] + (1 - decay) * (dx * dx)
  next_x = x - config['learning_rate'] * dx / (np.sqrt(config['cache']) + config['epsilon'])
  return next_x, config


def adam(x, dx, config=None):
  if config is None: config = {}
  config.setdefault('learning_rate', 1e-3)
  config.setdefault('beta1', 0.9)
  config.setdefault('beta2', 0.999)
  config.setdefault('epsilon', 1e-8)
  config.setdefault('m', np.zeros_like(x))
  config.setdefault('v', np.zeros_like(x))
  config.setdefault('t', 0)
  beta1, beta2, t = config['beta1'], config['beta2'], config['t'] + 1
  m = beta1 * config['m'] + (1 - beta1) * dx
  v = beta2 * config['v'] + (1 - beta2) * (dx ** 2)
  alpha = config['learning_rate'] * np.sqrt(1 - beta2 ** t) / (1 - beta1 ** t)
  next_x = x - alpha * m / (np.sqrt(v) + config['epsilon'])
  config['m'], config['v'], config['t'] = m, v, t
  return next_x, config
