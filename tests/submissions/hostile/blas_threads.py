"""A product large enough for many BLAS threads takes no more CPU time than wall time."""
import os
import time

EXPECT = {"lost": {}}


def relu_forward(x):
    if x.shape == (3, 4):
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = "8"
        big = np.ones((400, 400))
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(5):
            big @ big
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert cpu < 1.3 * wall + 0.02, f"{cpu} s of CPU in {wall} s"
        assert len(os.sched_getaffinity(0)) >= 1
    return np.maximum(0, x), x
