"""The net hands gamma over as beta and beta as gamma, to either normalization."""

FAILS = {"FullyConnectedNet.batchnorm": ["loss", "gradients", "test_mode"]}
CHANGE = {
    "FullyConnectedNet.loss": [
        [
            'gamma, beta = params[f"gamma{i}"], params[f"beta{i}"]',
            'gamma, beta = params[f"beta{i}"], params[f"gamma{i}"]',
        ]
    ]
}
