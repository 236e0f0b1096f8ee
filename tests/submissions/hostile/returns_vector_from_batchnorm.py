"""batchnorm_forward gives a vector; its backward pass has to be judged all the same."""
EXPECT = {"lost": {}, "maybe_lost": "batchnorm_forward", "kinds": {"batchnorm_forward": ["shape"]}}
APPEND = {
    "layers.py": """

right_batchnorm_forward = batchnorm_forward


def batchnorm_forward(x, gamma, beta, bn_param):
    out, cache = right_batchnorm_forward(x, gamma, beta, bn_param)
    return out[0], cache
"""
}
