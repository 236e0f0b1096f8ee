"""Other conventions that are right too: each is judged as tightly as the reference's own.

A name stands for functions that replace those of one module of the reference: relu's slope at zero,
the place of epsilon, the form of Adam. Names joined by "+" apply together. A rubric lists the ones
that an item accepts, and `grade fixtures build` stores the answers of each.
"""

from . import dropout, fc_net, norms, optim, relu

# name -> (module of the reference, function that changes that module in place)
ALTERNATIVES = {
    **relu.ALTERNATIVES,
    **dropout.ALTERNATIVES,
    **norms.ALTERNATIVES,
    **optim.ALTERNATIVES,
    **fc_net.ALTERNATIVES,
}
