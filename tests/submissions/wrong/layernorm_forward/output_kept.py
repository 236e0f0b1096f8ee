"""The output is kept in the place of the normalized x."""

FAILS = {"layernorm_forward": ["out"]}
CHANGE = {
    "layernorm_forward": [
        [
            "    return gamma * x_hat + beta, (x_hat, inv_std, gamma)",
            "    out = gamma * x_hat + beta\n    return out, (out, inv_std, gamma)",
        ]
    ]
}
