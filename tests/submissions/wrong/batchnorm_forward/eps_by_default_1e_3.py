"""eps is used where it is given, and has another default than the docstring says."""

FAILS = {"batchnorm_forward": ["options"], "layernorm_forward": ["options"]}
CHANGE = {
    "batchnorm_forward": [['.get("eps", 1e-5)', '.get("eps", 1e-3)']],
    "layernorm_forward": [['.get("eps", 1e-5)', '.get("eps", 1e-8)']],
}
