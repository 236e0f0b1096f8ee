"""The simplified backward pass was left out."""

FAILS = {"batchnorm_backward_alt": ["dx", "dgamma", "dbeta"]}


def batchnorm_backward_alt(dout, cache):
    dx, dgamma, dbeta = None, None, None
    return dx, dgamma, dbeta
