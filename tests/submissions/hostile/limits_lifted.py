"""Tries to raise its own limits and to become root again."""
import os
import resource

EXPECT = {"lost": {}}


def relu_forward(x):
    for kind in (resource.RLIMIT_NPROC, resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
        assert resource.getrlimit(kind)[1] != resource.RLIM_INFINITY
        try:
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        except (ValueError, OSError):
            continue
        raise RuntimeError("a limit was lifted")
    assert os.getuid() != 0 and os.geteuid() != 0
    try:
        os.setuid(0)
    except PermissionError:
        return np.maximum(0, x), x
