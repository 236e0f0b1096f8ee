"""The homework package: layers, update rules, networks, and the tools to train and check them."""

# Made for the rubric cs231n-a2.
