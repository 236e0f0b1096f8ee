"""Both are kept, and the backward pass takes the output for the normalized x."""

FAILS = {"layernorm_backward": ["dx", "dgamma"]}
CHANGE = {
    "layernorm_forward": [
        [
            "    return gamma * x_hat + beta, (x_hat, inv_std, gamma)",
            "    out = gamma * x_hat + beta\n    return out, (x_hat, out, inv_std, gamma)",
        ]
    ],
    "layernorm_backward": [["x_hat, inv_std, gamma = cache", "_, x_hat, inv_std, gamma = cache"]],
}
