"""Why an item failed, shown on the smallest case; costs no point.

diagnose          the causes of all failed items: named misconceptions, symptoms, own formulas
own_gradient      a backward pass held against the student's own forward pass
trace             a failed net on the reference's layers: the first line where it goes wrong
consequence       which failed item follows from another's mistake; folding: over stand-in layers
minimal_example   the smallest case that fails; snippets: how a person reproduces it
"""
