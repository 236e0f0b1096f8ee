"""Which submissions share what nobody else has: evidence for a person, never a verdict.

run         the whole: compare a class, write staff/similarity/
tokens      Python source as tokens by function, whatever Python it is
canonical   the same, as usual disguises leave it
prints      fingerprints: k-grams of tokens, winnowed
traces      what one submission leaves: fingerprints, forms, comments, names, notebooks, answers
given       the same of what was handed out: none of it counts
evidence    the records: a submission, a reason, a pair
pairs       who shares what, by how rare it is
answers     inline answers that are nearly the same
sources     submissions of a class, those of earlier terms as hashes, who may work together
page        pairs with both texts side by side, as HTML
exports     folders and tables for JPlag and Dolos, CSV
"""

FOLDER = "staff/similarity"  # below the folder of a class
