"""Modules of the worker's own names in the submission."""
EXPECT = {"lost": {}}
ROOT = {
    "grader/__init__.py": "raise RuntimeError('shadowed')\n",
    "grader/guest/probes/layers.py": "def affine_forward(nn, x, w, b):\n    return {'out': 0}\n",
    "grader/guest/observe.py": "raise RuntimeError('shadowed')\n",
}


def relu_forward(x):
    import grader.guest.probes.layers as probes

    assert hasattr(probes, "relu_backward"), "shadowed"
    return np.maximum(0, x), x
