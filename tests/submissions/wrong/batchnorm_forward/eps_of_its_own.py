"""Both normalizations add an eps of their own, whatever is asked for, one of them beside the root."""

FAILS = {"batchnorm_forward": ["options"], "layernorm_forward": ["options"]}
CHANGE = {
    "batchnorm_forward": [['eps = bn_param.get("eps", 1e-5)', "eps = 1e-8"]],
    "layernorm_forward": [["np.sqrt(var + eps)", "(np.sqrt(var) + 1e-7)"]],
}
