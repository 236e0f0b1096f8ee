"""Stored answers of the reference and of known mistakes, read only.

    store    one flat .npy for each item and a manifest.json; read, checked, compared
    wrong    what known mistakes give
    bands    training curves of the reference

They are made by grader.authoring.fixtures; the machine that grades need not hold the reference.
"""
