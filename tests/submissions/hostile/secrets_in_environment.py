"""Looks for secrets in the environment and in inherited descriptors."""
import os

EXPECT = {"lost": {}}


def relu_forward(x):
    allowed = {"PATH", "LANG", "HOME", "PWD", "PYTHONHASHSEED", "LC_CTYPE", "OMP_NUM_THREADS",
               "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
               "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}
    assert set(os.environ) <= allowed, sorted(os.environ)
    null = os.stat("/dev/null").st_rdev
    assert {os.fstat(number).st_rdev for number in (0, 1, 2)} == {null}
    more = 0
    for number in range(3, 64):
        try:
            os.fstat(number)
            more += 1
        except OSError:
            pass
    assert more == 2, f"{more} descriptors"
    return np.maximum(0, x), x
