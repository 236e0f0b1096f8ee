import numpy as np

"""
This file implements various first-order update rules
"""


def sgd(x, dx, config=None):
  if config is None:
    config = {}
  config.setdefault("learning_rate", 1e-2)
  x -= config["learning_rate"] * dx
  return x, config


def sgd_momentum(x, dx, config=None):
  if config is None:
    config = {}
  config.setdefault("learning_rate", 1e-2)
  config.setdefault("momentum", 0.9)
  v = config.get("velocity", np.zeros_like(x))
  next_w = None
  v *= config["momentum"]
  v += -config["learning_rate"] * dx
  x += v
  next_w = x
  config["velocity"] = v
  return next_w, config


def rmsprop(x, dx, config=None):
  if config is None:
    config = {}
  config.setdefault("learning_rate", 1e-2)
  config.setdefault("decay_rate", 0.99)
  config.setdefault("epsilon", 1e-8)
  config.setdefault("cache", np.zeros_like(x))
  next_w = None
  rho = config["decay_rate"]
  config["cache"] *= rho
  config["cache"] += (1 - rho) * dx ** 2
  x += -config["learning_rate"] * dx / (np.sqrt(config["cache"]) + config["epsilon"])
  next_w = x
  return next_w, config


def adam(x, dx, config=None):
  if config is None:
    config = {}
  config.setdefault("learning_rate", 1e-3)
  config.setdefault("beta1", 0.9)
  config.setdefault("beta2", 0.999)
  config.setdefault("epsilon", 1e-8)
  config.setdefault("m", np.zeros_like(x))
  config.setdefault("v", np.zeros_like(x))
  config.setdefault("t", 0)
  next_w = None

  config["t"] += 1
  config["m"] = config["beta1"] * config["m"] + (1 - config["beta1"]) * dx
  config["v"] = config["beta2"] * config["v"] + (1 - config["beta2"]) * (dx ** 2)
  mt = config["m"] / (1 - config["beta1"] ** config["t"])
  vt = config["v"] / (1 - config["beta2"] ** config["t"])
  next_w = x - config["learning_rate"] * mt / (np.sqrt(vt) + config["epsilon"])

  return next_w, config
