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

        # BEGIN SOLUTION
        self.params["W1"] = weight_scale * np.random.randn(input_dim, hidden_dim)
        self.params["b1"] = np.zeros(hidden_dim)
        self.params["W2"] = weight_scale * np.random.randn(hidden_dim, num_classes)
        self.params["b2"] = np.zeros(num_classes)
        # END SOLUTION

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
        # BEGIN SOLUTION
        W1, b1, W2, b2 = (self.params[name] for name in ("W1", "b1", "W2", "b2"))
        hidden, hidden_cache = affine_relu_forward(X, W1, b1)
        scores, scores_cache = affine_forward(hidden, W2, b2)
        if y is None:
            return scores

        # The derivative of 0.5 * reg * W^2 is reg * W: the half is there to cancel the 2.
        loss, dscores = softmax_loss(scores, y)
        loss = loss + 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        dhidden, dW2, db2 = affine_backward(dscores, scores_cache)
        _, dW1, db1 = affine_relu_backward(dhidden, hidden_cache)
        return loss, {"W1": dW1 + self.reg * W1, "b1": db1, "W2": dW2 + self.reg * W2, "b2": db2}
        # END SOLUTION


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
        dropout_keep_ratio=None,
        use_batchnorm=False,
    ):
        """Fill self.params: normal weights, zero biases and betas, gammas of one.

        - hidden_dims: sizes of the hidden layers, a list of integers
        - input_dim, num_classes: sizes of the input and of the output
        - dropout: probability of keeping an entry; 1 means no dropout, and so does 0
        - normalization: 'batchnorm', 'layernorm' or None
        - reg: strength of the L2 penalty
        - weight_scale: standard deviation of the weights (np.random.randn)
        - dtype: of all parameters and of every computation; np.float64 for gradient checks
        - seed: of the dropout masks; None leaves them random. The weights do not depend on it.
        - dropout_keep_ratio, use_batchnorm: what notebooks of other years write for `dropout` and
          for normalization='batchnorm'

        Raises ValueError for an unknown normalization.
        """
        if dropout_keep_ratio is not None:
            dropout = dropout_keep_ratio
        if use_batchnorm:
            normalization = "batchnorm"
        if normalization not in (None, "batchnorm", "layernorm"):
            raise ValueError(
                f"FullyConnectedNet: normalization is {normalization!r}; "
                "make it 'batchnorm', 'layernorm' or None"
            )
        self.normalization = normalization
        self.use_dropout = 0 < dropout < 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}

        # BEGIN SOLUTION
        sizes = [input_dim, *hidden_dims, num_classes]
        for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:]), start=1):
            self.params[f"W{i}"] = weight_scale * np.random.randn(fan_in, fan_out)
            self.params[f"b{i}"] = np.zeros(fan_out)
            if normalization is not None and i < self.num_layers:
                self.params[f"gamma{i}"] = np.ones(fan_out)
                self.params[f"beta{i}"] = np.zeros(fan_out)
        # END SOLUTION

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

        # BEGIN SOLUTION
        params, last = self.params, self.num_layers
        norm_forward, norm_backward = {
            None: (None, None),
            "batchnorm": (batchnorm_forward, batchnorm_backward),
            "layernorm": (layernorm_forward, layernorm_backward),
        }[self.normalization]

        out, caches = X, {}
        for i in range(1, last):
            out, caches["affine", i] = affine_forward(out, params[f"W{i}"], params[f"b{i}"])
            if norm_forward:
                gamma, beta = params[f"gamma{i}"], params[f"beta{i}"]
                out, caches["norm", i] = norm_forward(out, gamma, beta, self.bn_params[i - 1])
            out, caches["relu", i] = relu_forward(out)
            if self.use_dropout:
                out, caches["dropout", i] = dropout_forward(out, self.dropout_param)
        scores, scores_cache = affine_forward(out, params[f"W{last}"], params[f"b{last}"])
        if y is None:
            return scores

        # The same road back: each line undoes the line at the same place of the loop above.
        grads = {}
        loss, dscores = softmax_loss(scores, y)
        dout, grads[f"W{last}"], grads[f"b{last}"] = affine_backward(dscores, scores_cache)
        for i in range(last - 1, 0, -1):
            if self.use_dropout:
                dout = dropout_backward(dout, caches["dropout", i])
            dout = relu_backward(dout, caches["relu", i])
            if norm_backward:
                dout, grads[f"gamma{i}"], grads[f"beta{i}"] = norm_backward(dout, caches["norm", i])
            dout, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(dout, caches["affine", i])

        for i in range(1, last + 1):
            W = params[f"W{i}"]
            loss = loss + 0.5 * self.reg * np.sum(W * W)
            grads[f"W{i}"] += self.reg * W
        return loss, grads
        # END SOLUTION
