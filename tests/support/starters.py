"""What the course handed out, year by year, in our own words: stubs, and what is given with them.

`files` returns a submission of which nothing is written. The stubs do what those of their year do:
assign None, pass, keep averages of zeros, return a loss of 0.0 and no gradient.
"""

from __future__ import annotations

import json
import re

# Course year -> the rubric that asks for what it left to write.
YEARS = {
    2016: "cs231n-a2-2016", 2017: "cs231n-a2-2017", 2018: "cs231n-a2", 2019: "cs231n-a2",
    2020: "cs231n-a2", 2021: "cs231n-a2-2021", 2023: "cs231n-a2-2021", 2025: "cs231n-a2-2025",
    2026: "cs231n-a2-2026",
}  # fmt: skip
WORK = "    #WORK#\n"  # where a student writes
START = (
    "    # *****START OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****\n    pass\n"
    "    # *****END OF YOUR CODE (DO NOT DELETE/MODIFY THIS LINE)*****\n"
)

LAYERS = '''
def affine_forward(x, w, b):
    """Multiply each flattened example by the weights and add the bias."""
    out = None
    #WORK#
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    """Go back through affine_forward."""
    x, w, b = cache
    dx, dw, db = None, None, None
    #WORK#
    return dx, dw, db


def relu_forward(x):
    """Cut off below zero."""
    out = None
    #WORK#
    cache = x
    return out, cache


def relu_backward(dout, cache):
    """Go back through relu_forward."""
    dx, x = None, cache
    #WORK#
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    """Normalize each feature over the batch, keeping running averages."""
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))
    out, cache = None, None
    if mode == "train":
        #WORK#
    elif mode == "test":
        #WORK#
    else:
        raise ValueError("no such mode")
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """Go back through batchnorm_forward."""
    dx, dgamma, dbeta = None, None, None
    #WORK#
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    """The same by a short formula."""
    dx, dgamma, dbeta = None, None, None
    #WORK#
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """Switch units off at random.

    - dropout_param: a dictionary with
      - p: Dropout parameter. We %s each neuron output with probability p.
      - mode: 'test' or 'train'
    """
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = None
    if mode == "train":
        #WORK#
    elif mode == "test":
        #WORK#
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def dropout_backward(dout, cache):
    """Go back through dropout_forward."""
    dropout_param, mask = cache
    mode = dropout_param["mode"]
    dx = None
    if mode == "train":
        #WORK#
    elif mode == "test":
        dx = dout
    return dx


def conv_forward_naive(x, w, b, conv_param):
    """Convolve."""
    out = None
    #WORK#
    cache = (x, w, b, conv_param)
    return out, cache


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Normalize each channel."""
    out, cache = None, None
    #WORK#
    return out, cache
'''
LAYERNORM = '''

def layernorm_forward(x, gamma, beta, ln_param):
    """Normalize each example over its features."""
    out, cache = None, None
    eps = ln_param.get("eps", 1e-5)
    #WORK#
    return out, cache


def layernorm_backward(dout, cache):
    """Go back through layernorm_forward."""
    dx, dgamma, dbeta = None, None, None
    #WORK#
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Normalize groups of channels."""
    out, cache = None, None
    eps = gn_param.get("eps", 1e-5)
    #WORK#
    return out, cache
'''
GIVEN_LOSSES = '''

def svm_loss(x, y):
    """The hinge loss over classes, and its gradient."""
    N = x.shape[0]
    right = x[np.arange(N), y]
    margins = np.maximum(0, x - right[:, np.newaxis] + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    above = np.sum(margins > 0, axis=1)
    dx = np.zeros_like(x)
    dx[margins > 0] = 1
    dx[np.arange(N), y] -= above
    dx /= N
    return loss, dx


def softmax_loss(x, y):
    """Softmax and cross-entropy, and their gradient."""
    probs = np.exp(x - np.max(x, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    N = x.shape[0]
    loss = -np.sum(np.log(probs[np.arange(N), y])) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx
'''
OWN_LOSS = '''

def softmax_loss(x, y):
    """Softmax and cross-entropy, and their gradient."""
    loss, dx = None, None
    #WORK#
    return loss, dx
'''
OPTIM = '''
def sgd(w, dw, config=None):
    """Go against the gradient."""
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    w -= config["learning_rate"] * dw
    return w, config


def sgd_momentum(w, dw, config=None):
    """Keep a velocity."""
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    next_w = None
    #WORK#
    config["velocity"] = v
    return next_w, config


def rmsprop(w, dw, config=None):
    """Divide by the usual size of the gradient."""
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("decay_rate", 0.99)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("cache", np.zeros_like(w))
    next_w = None
    #WORK#
    return next_w, config


def adam(w, dw, config=None):
    """Both, with bias correction."""
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)
    next_w = None
    #WORK#
    return next_w, config
'''
SOLVED = {  # 2025 gave these away
    "sgd_momentum": "v *= config['momentum']\n    v -= config['learning_rate'] * dw\n"
    "    next_w = w + v",
    "rmsprop": "keep = config['decay_rate']\n    config['cache'] *= keep\n"
    "    config['cache'] += (1 - keep) * dw ** 2\n"
    "    next_w = w - config['learning_rate'] * dw"
    " / (np.sqrt(config['cache']) + config['epsilon'])",
    "adam": "b1, b2, lr = config['beta1'], config['beta2'], config['learning_rate']\n"
    "    config['t'] += 1\n    config['m'] = b1 * config['m'] + (1 - b1) * dw\n"
    "    config['v'] = b2 * config['v'] + (1 - b2) * dw ** 2\n"
    "    lr *= np.sqrt(1 - b2 ** config['t']) / (1 - b1 ** config['t'])\n"
    "    next_w = w - lr * config['m'] / (np.sqrt(config['v']) + config['epsilon'])",
}  # fmt: skip
TWO_LAYER = '''
class TwoLayerNet(object):
    """Affine, ReLU, affine, softmax."""

    def __init__(self, input_dim=3*32*32, hidden_dim=100, num_classes=10,
                 weight_scale=1e-3, reg=0.0):
        self.params = {}
        self.reg = reg
        #WORK#

    def loss(self, X, y=None):
        """Scores, or loss and gradients."""
        scores = None
        #WORK#
        if y is None:
            return scores
        loss, grads = 0, {}
        #WORK#
        return loss, grads

'''
NET = '''
class FullyConnectedNet(object):
    """Any number of hidden layers."""

    def __init__(self, hidden_dims, input_dim=3*32*32, num_classes=10,
                 %s reg=0.0,
                 weight_scale=1e-2, dtype=np.float32, seed=None):
        %s
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        #WORK#
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": DROPOUT}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if NORMALIZED:
            self.bn_params = [{"mode": "train"} for i in range(self.num_layers - 1)]
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        """Scores, or loss and gradients."""
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if NORMALIZED_SELF:
            for bn_param in self.bn_params:
                bn_param["mode"] = mode
        scores = None
        #WORK#
        if mode == "test":
            return scores
        loss, grads = 0.0, {}
        #WORK#
        return loss, grads
'''
UTILS = '''
def affine_relu_forward(x, w, b):
    """Affine, then ReLU."""
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)


def affine_relu_backward(dout, cache):
    """Back through both."""
    fc_cache, relu_cache = cache
    return affine_backward(relu_backward(dout, relu_cache), fc_cache)
'''


def files(year: int, package: str = "cs231n") -> dict[str, bytes]:
    """Return what was handed out in a course year: path -> content."""
    texts = {
        "__init__.py": "",
        "layers.py": _layers(year),
        "optim.py": _optim(year),
        "layer_utils.py": _imports(year, "layers", package) + UTILS,
        "classifiers/fc_net.py": _net(year, package),
    }
    if year < 2021:
        texts["classifiers/__init__.py"] = ""
    found = {f"{package}/{path}": _worded(text, year).encode() for path, text in texts.items()}
    names = ["BatchNormalization", "Dropout", *(["FullyConnectedNets"] if year < 2025 else [])]
    return found | {f"{name}.ipynb": _notebook(year) for name in names}


def _layers(year: int) -> str:
    head = "import numpy as np\n"
    if year > 2016:
        head = f"from builtins import range\n{head}"
    text = head + LAYERS % ("drop" if year < 2018 else "keep")
    text += LAYERNORM if year >= 2018 else ""
    return text + (GIVEN_LOSSES if year < 2021 else OWN_LOSS)


def _optim(year: int) -> str:
    text = OPTIM
    if year < 2018:
        text = re.sub(r"\bdw\b", "dx", re.sub(r"\bnext_w\b", "next_x", text))
        text = re.sub(r"\bw\b", "x", text)
    if year == 2017:
        text = text.replace('"t", 0', '"t", 1')
    if year == 2025:
        for name, body in SOLVED.items():
            head, _, tail = text.partition(f"def {name}(")
            body = f"# ~~START DELETE~~\n    {body}\n    # ~~END DELETE~~"
            text = f"{head}def {name}(" + tail.replace("#WORK#", body, 1)
    return f"import numpy as np\n{text}"


def _net(year: int, package: str) -> str:
    if year < 2018:
        arguments, named = "dropout=0, use_batchnorm=False,", "dropout"
        own = "self.use_batchnorm = use_batchnorm\n        self.use_dropout = dropout > 0"
        normalized = "use_batchnorm"
    else:
        named = "dropout" if year < 2021 else "dropout_keep_ratio"
        arguments = f"{named}=1, normalization=None,"
        own = f"self.normalization = normalization\n        self.use_dropout = {named} != 1"
        normalized = 'normalization == "batchnorm"'
    text = (NET % (arguments, own)).replace("NORMALIZED_SELF", f"self.{normalized}")
    text = text.replace("NORMALIZED", f"self.{normalized}").replace("DROPOUT", named)
    if year == 2016:
        text = text.replace('bn_param["mode"] = mode', "bn_param[mode] = mode")
    head = _imports(year, "layers", package, 2) + _imports(year, "layer_utils", package, 2)
    return head + "import numpy as np\n\n" + (TWO_LAYER if year < 2021 else "") + text


def _imports(year: int, module: str, package: str, dots: int = 1) -> str:
    place = f"{package}." if year < 2020 else "." * dots
    return f"from {place}{module} import *\n"


def _worded(text: str, year: int) -> str:
    """Put the year's lines where the student's work goes; 2016 is Python 2 with two spaces."""
    sentinels = 2019 <= year <= 2024

    def work(match: re.Match[str]) -> str:
        lines = START if sentinels else "    # TODO: this is for you to write.\n    pass\n"
        return lines.replace("    ", match.group(1)).rstrip("\n") + "\n"

    text = re.sub(r"(?m)^( *)#WORK#\n", work, text)
    if year == 2016:
        text = re.sub(r"(?m)^( +)", lambda m: " " * (len(m.group(1)) // 2), text)
        text = text.replace(".items()", ".iteritems()").replace("range(", "xrange(")
        text = text.replace('raise ValueError("no such mode")', 'print "no such mode"')
    return text


def _notebook(year: int) -> bytes:
    cells = []
    if year == 2026:
        cells.append("# Student Declaration\n- [ ] I confirm: my own work.\n_Your Answer_")
    cells.append("# Notebook of the course")
    content = {
        "cells": [{"cell_type": "markdown", "metadata": {}, "source": [cell]} for cell in cells],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 0,
    }  # fmt: skip
    return json.dumps(content).encode()
