"""Neither normalization adds eps: no checks but those that ask for one of their own can tell."""

FAILS = {"batchnorm_forward": ["options"], "layernorm_forward": ["options"]}
CHANGE = {
    "batchnorm_forward": [
        ["np.sqrt(var + eps)", "np.sqrt(var)"],
        ["np.sqrt(running_var + eps)", "np.sqrt(running_var)"],
    ],
    "layernorm_forward": [["np.sqrt(var + eps)", "np.sqrt(var)"]],
}
