"""What the grader asks an implementation to do, one plain function for each behaviour.

A probe takes the implementation under test as its first argument, so that the same function runs
once on the reference (whose answers become the golden fixtures) and once on a student's code in the
box: `affine_backward(nn, x, w, b, dout) -> {"dx": ..., "dw": ..., "db": ...}`. Caches and models
stay local; only arrays leave. A rubric names a probe by module and function
("layers.relu_forward"); no other registration exists.

Probes run beside student code, so they know no answer. They import NumPy and the standard library.
"""

from typing import Any

import numpy as np

Array = np.ndarray
Outputs = dict[str, Any]  # of a probe, by name
