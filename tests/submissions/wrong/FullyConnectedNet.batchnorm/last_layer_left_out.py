"""The last hidden layer has no normalization, of either kind."""

FAILS = {"FullyConnectedNet.batchnorm": ["loss", "gradients", "test_mode"]}
CHANGE = {
    "FullyConnectedNet.loss": [
        ["            if norm_forward:", "            if norm_forward and i < last - 1:"],
        ["            if norm_backward:", "            if norm_backward and i < last - 1:"],
    ]
}
