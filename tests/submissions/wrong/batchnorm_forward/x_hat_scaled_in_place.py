"""The normalized x that is kept for both backward passes is scaled by gamma in place."""

FAILS = {"batchnorm_forward": ["train"]}
CHANGE = {
    "batchnorm_forward": [
        [
            "    return gamma * centred * inv_std + beta, (centred, inv_std, gamma)",
            "    x_hat = centred * inv_std\n"
            "    out = x_hat\n"
            "    out *= gamma\n"
            "    out = out + beta\n"
            "    return out, (x_hat, inv_std, gamma)",
        ]
    ],
    "batchnorm_backward": [
        ["    centred, inv_std, gamma = cache", "    x_hat, inv_std, gamma = cache"],
        ["    n = dout.shape[0]", "    n = dout.shape[0]\n    centred = x_hat / inv_std"],
    ],
    "batchnorm_backward_alt": [
        ["    centred, inv_std, gamma = cache", "    x_hat, inv_std, gamma = cache"],
        ["    x_hat = centred * inv_std\n", ""],
    ],
}
