"""Fully connected networks: the layers of `layers.py`, stacked.

TwoLayerNet has a fixed depth and shows the pattern. FullyConnectedNet has any depth, and may
normalize and drop out. Both keep their parameters in the dictionary `params` and know one verb,
`loss`; training belongs to the Solver.

All parameters are float arrays. Scores are unnormalized, one for each class. Images may come in any
shape (N, d_1, ..., d_k) with d_1 * ... * d_k = input_dim.
"""

import numpy as np

# With a star, for notebooks take all layers from here in the same way.
from ..layer_utils import *
from ..layers import *


class TwoLayerNet:
    """A network with one hidden layer: affine - relu - affine - softmax.

    params: W1 (input_dim, hidden_dim), b1 (hidden_dim,), W2 (hidden_dim, num_classes),
    b2 (num_classes,). `loss` works in their dtype.
    """

    def __init__(
        self, input_dim=3 * 32 * 32, hidden_dim=100, num_classes=10, weight_scale=1e-3, reg=0.0
    ):
        """Draw small random weights and zero biases into self.params.

        - input_dim, hidden_dim, num_classes: layer sizes, integers
        - weight_scale: standard deviation of the normally distributed weights (np.random.randn)
        - reg: strength of the L2 penalty
        """
        self.params = {}
        self.reg = reg

        raise NotImplementedError("__init__: write this")

    def loss(self, X, y=None):
        """Compute scores, or the loss and its gradients.

        Inputs:
        - X: images, shape (N, d_1, ..., d_k)
        - y: right classes, integers, shape (N,); or None

        Returns, if y is None:
        - scores: shape (N, num_classes)
        else a tuple:
        - loss: a scalar, softmax loss plus 0.5 * reg * (sum of all squared weights). Biases are not
          penalized.
        - grads: dictionary with the keys of self.params; gradients of the loss, of their shapes
        """
        raise NotImplementedError("loss: write this")


class FullyConnectedNet:
    """A network of any depth: (affine - [norm] - relu - [dropout]) x (L - 1) - affine - softmax.

    L is the number of affine layers, len(hidden_dims) + 1. What stands in brackets is optional.

    params, for layer i = 1..L: Wi (fan-in, fan-out) and bi (fan-out,); with a normalization also
    gammai and betai (fan-out,) for i = 1..L-1.
    """

    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        """Fill self.params: normal weights, zero biases and betas, gammas of one.

        - hidden_dims: sizes of the hidden layers, a list of integers
        - input_dim, num_classes: sizes of the input and of the output
        - dropout: probability of keeping an entry; 1 means no dropout
        - normalization: 'batchnorm', 'layernorm' or None
        - reg: strength of the L2 penalty
        - weight_scale: standard deviation of the weights (np.random.randn)
        - dtype: of all parameters and of every computation; np.float64 for gradient checks
        - seed: of the dropout masks; None leaves them random. The weights do not depend on it.

        Raises ValueError for an unknown normalization.
        """
        if normalization not in (None, "batchnorm", "layernorm"):
            raise ValueError(
                f"FullyConnectedNet: normalization is {normalization!r}; "
                "make it 'batchnorm', 'layernorm' or None"
            )
        self.normalization = normalization
        self.use_dropout = dropout != 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        raise NotImplementedError("__init__: write this")

        # All dropout layers share one dropout_param. Every normalization has its own dictionary:
        # batchnorm keeps its running averages there.
        self.dropout_param = {}
        if self.use_dropout:
            self.dropout_param = {"mode": "train", "p": dropout}
            if seed is not None:
                self.dropout_param["seed"] = seed
        self.bn_params = []
        if normalization == "batchnorm":
            self.bn_params = [{"mode": "train"} for _ in hidden_dims]
        elif normalization == "layernorm":
            self.bn_params = [{} for _ in hidden_dims]
        for name, value in self.params.items():
            self.params[name] = value.astype(dtype)

    def loss(self, X, y=None):
        """Compute scores, or the loss and its gradients.

        Dropout and batch normalization run in 'train' mode when y is given, in 'test' mode else.

        Inputs:
        - X: images, shape (N, d_1, ..., d_k); cast to self.dtype
        - y: right classes, integers, shape (N,); or None

        Returns, if y is None:
        - scores: shape (N, num_classes)
        else a tuple:
        - loss: a scalar, softmax loss plus 0.5 * reg * (sum of all squared weights). Biases, gammas
          and betas are not penalized.
        - grads: dictionary with the keys of self.params; gradients of the loss, of their shapes
        """
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        if self.use_dropout:
            self.dropout_param["mode"] = mode
        if self.normalization == "batchnorm":
            for bn_param in self.bn_params:
                bn_param["mode"] = mode

        raise NotImplementedError("loss: write this")
