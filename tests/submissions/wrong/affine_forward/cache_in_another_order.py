"""The cache is (w, x, b), which the backward pass takes apart as (x, w, b)."""

FAILS = {"affine_forward": ["out"]}
CHANGE = {"affine_forward": [["return out, (x, w, b)", "return out, (w, x, b)"]]}
