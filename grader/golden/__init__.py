"""Golden fixtures: the answers of the reference, with where they come from.

    store       the files: one flat .npy for each item and a manifest.json; read, checked, compared
    reference   the reference as an implementation under test, and its alternatives
    build       run every probe on it in long double, round once, cross-check the gradients

Grading needs `store` only, so the machine that runs student code need not hold the reference.
"""
